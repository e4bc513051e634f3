//go:build linux

package documents

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

// installCommands returns the two commands of a section of docs/install.md.
func installCommands(t *testing.T, section string) string {
	t.Helper()
	page := e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/install.md"))
	_, text, _ := strings.Cut(page, "\n## "+section+"\n")
	match := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(text)
	if match == nil || strings.Count(match[1], "\n") != 2 {
		t.Fatalf("the section %s doesn't have two commands", section)
	}
	return match[1]
}

// runs requires that a script leaves a program that runs.
func runs(t *testing.T, dir, script string, env ...string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return string(out)
}

// The commands that download and check the program leave one that runs.
func TestInstallByDownload(t *testing.T) {
	t.Parallel()
	program := []byte(e2etest.ReadFile(t, e2etest.Program(t)))
	const path = "/seed-e1d06701/bitbucket-auth/releases/download/v1.0.0/bitbucket-auth_linux_amd64"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(program)
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	script := strings.ReplaceAll(installCommands(t, "Download and check it"), "https://github.com", server.URL)
	runs(t, dir, script, "SHA256="+e2etest.Hash(program))
	if got := runs(t, dir, "./bitbucket-auth --version"); !strings.HasPrefix(got, "bitbucket-auth ") {
		t.Errorf("got %s", got)
	}
}

// The commands that copy the program out of an image leave one that runs.
func TestInstallFromImage(t *testing.T) {
	e2etest.NeedEngine(t)
	t.Parallel()
	context, dir := t.TempDir(), t.TempDir()
	program := []byte(e2etest.ReadFile(t, e2etest.Program(t)))
	temptest.WriteProgram(t, filepath.Join(context, "bitbucket-auth"), string(program))
	image, container := e2etest.NewName(e2etest.Label+"/install:test"), filepath.Base(dir)
	build := exec.Command("docker", "build", "--quiet", "--tag", image, "--file", "-", context)
	build.Stdin = strings.NewReader("FROM scratch\nCOPY bitbucket-auth /\nENTRYPOINT [\"/bitbucket-auth\"]\n")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", "--force", image).Run() })
	script := installCommands(t, "From the image")
	for old, replacement := range map[string]string{
		"ghcr.io/seed-e1d06701/bitbucket-auth:v1.0.0": image, "--name bitbucket-auth": "--name " + container,
		"cp bitbucket-auth:": "cp " + container + ":", "docker rm bitbucket-auth": "docker rm " + container,
	} {
		if !strings.Contains(script, old) {
			t.Fatalf("no %s in %s", old, script)
		}
		script = strings.ReplaceAll(script, old, replacement)
	}
	runs(t, dir, script)
	if got := runs(t, dir, "./bitbucket-auth --version"); !strings.HasPrefix(got, "bitbucket-auth ") {
		t.Errorf("got %s", got)
	}
}

// The commands for Go build the released module, and nothing but the program's own
// packages and libraries.
func TestInstallWithGo(t *testing.T) {
	t.Parallel()
	const module = "github.com/seed-e1d06701/bitbucket-auth"
	dir := t.TempDir()
	versions := filepath.Join(dir, "proxy", module, "@v")
	if err := os.MkdirAll(versions, 0o700); err != nil {
		t.Fatal(err)
	}
	archive := exec.Command("git", "archive", "--format=zip", "--prefix="+module+"@v1.0.0/", "--output="+filepath.Join(versions, "v1.0.0.zip"), "HEAD", "go.mod", "go.sum", "main.go", "internal", "LICENSE")
	archive.Dir = e2etest.Root()
	if out, err := archive.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, text := range map[string]string{
		"v1.0.0.info": `{"Version": "v1.0.0"}`, "v1.0.0.mod": e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "go.mod")), "list": "v1.0.0\n",
	} {
		if err := os.WriteFile(filepath.Join(versions, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := runs(t, dir, installCommands(t, "With Go"),
		"GOPATH="+filepath.Join(dir, "go"), "GOBIN=", "GOFLAGS=-modcacherw", "GOSUMDB=off", "GONOSUMDB=", "GOPRIVATE=", "GONOPROXY=none", "GOTOOLCHAIN=local",
		"GOPROXY=file://"+filepath.Join(dir, "proxy")+",file://"+strings.TrimSpace(string(cache))+"/cache/download")
	if !strings.HasSuffix(got, "bitbucket-auth v1.0.0\n") {
		t.Errorf("got %s", got)
	}
}
