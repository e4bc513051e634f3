package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io"
	stdlog "log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// No value is spliced into a text that a shell reads.
func TestCompositeSplicesNothing(t *testing.T) {
	_, steps, _ := strings.Cut(readFile(t, filepath.Join(root, "binary/action.yml")), "\nruns:\n")
	for line := range strings.Lines(steps) {
		if strings.Contains(line, "run: ") && strings.Contains(line, "${{") {
			t.Errorf("a value is spliced into a script: %s", line)
		}
	}
}

// release plays the place where a release's programs are: files by name.
func release(t *testing.T, files map[string][]byte) (url, authorities string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, there := files[strings.TrimPrefix(r.URL.Path, "/v1.2.3/")]
		if !there {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(text)
	}))
	server.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // some clients here are right to hang up
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL + "/v1.2.3", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

// TestBinaryGet downloads for each kind of runner.
func TestBinaryGet(t *testing.T) {
	t.Parallel()
	const good, bad = "#!/bin/sh\necho good\n", "#!/bin/sh\necho bad\n"
	platforms := map[string]string{
		"Linux X64": "linux_amd64", "Linux ARM64": "linux_arm64", "macOS X64": "darwin_amd64",
		"macOS ARM64": "darwin_arm64", "Windows X64": "windows_amd64.exe", "Windows ARM64": "windows_arm64.exe",
	}
	files, sums := map[string][]byte{}, ""
	for _, platform := range platforms {
		name := "bitbucket-auth_" + platform
		files[name] = []byte(good + "# " + platform)
		sums += hash(files[name]) + "  " + name + "\n"
	}
	url, authorities := release(t, files)
	changed, changedAuthorities := release(t, map[string][]byte{"bitbucket-auth_linux_amd64": []byte(bad)})

	type runner struct {
		os, arch, release, authorities string
		noSHA256sum                    bool
	}
	get := func(t *testing.T, r runner) (program, log string, err error) {
		t.Helper()
		dir := t.TempDir()
		script, err := os.ReadFile(filepath.Join(root, "binary/get"))
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"get": string(script), "release": r.release, "ca.pem": r.authorities, "output": ""} {
			if text == "" && name == "release" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		path := os.Getenv("PATH")
		if r.noSHA256sum {
			path = toolsWithout(t, "sha256sum")
		}
		cmd := exec.Command("bash", filepath.Join(dir, "get"))
		cmd.Env = []string{
			"PATH=" + path, "RUNNER_OS=" + r.os, "RUNNER_ARCH=" + r.arch, "RUNNER_TEMP=" + dir,
			"GITHUB_OUTPUT=" + filepath.Join(dir, "output"), "CURL_CA_BUNDLE=" + filepath.Join(dir, "ca.pem"),
		}
		text, err := cmd.CombinedOutput()
		return strings.TrimSpace(strings.TrimPrefix(readFile(t, filepath.Join(dir, "output")), "program=")), string(text), err
	}

	for on, platform := range platforms {
		system, arch, _ := strings.Cut(on, " ")
		for _, without := range []bool{false, true} {
			program, log, err := get(t, runner{system, arch, url + "\n" + sums, authorities, without})
			if err != nil {
				t.Errorf("%s: %v\n%s", on, err, log)
				continue
			}
			if got := readFile(t, program); got != good+"# "+platform {
				t.Errorf("%s got %q", on, got)
			}
			if strings.HasSuffix(platform, ".exe") != strings.HasSuffix(program, ".exe") {
				t.Errorf("%s calls the program %s", on, program)
			}
			if info, err := os.Stat(program); err != nil || info.Mode()&0o100 == 0 {
				t.Errorf("%s can't run the program: %v", on, err)
			}
		}
	}

	for name, test := range map[string]struct {
		runner
		says string
	}{
		"no release":      {runner{"Linux", "X64", "", authorities, false}, "not a release"},
		"unknown system":  {runner{"Solaris", "X64", url + "\n" + sums, authorities, false}, "Solaris"},
		"unknown machine": {runner{"Linux", "ARM", url + "\n" + sums, authorities, false}, "ARM"},
		"not in it":       {runner{"Linux", "X64", url + "\n", authorities, false}, "has no bitbucket-auth_linux_amd64"},
		"not there":       {runner{"Linux", "ARM64", changed + "\n" + sums, changedAuthorities, false}, "could not be downloaded"},
		"changed":         {runner{"Linux", "X64", changed + "\n" + sums, changedAuthorities, false}, "is not what was released"},
		"unknown server":  {runner{"Linux", "X64", url + "\n" + sums, "", false}, "could not be downloaded"},
		"plain http":      {runner{"Linux", "X64", strings.Replace(url, "https:", "http:", 1) + "\n" + sums, authorities, false}, "could not be downloaded"},
	} {
		t.Run(name, func(t *testing.T) {
			program, log, err := get(t, test.runner)
			if err == nil || program != "" {
				t.Errorf("there is a program %q", program)
			}
			if !strings.Contains(log, "::error title=bitbucket-auth::") || !strings.Contains(log, test.says) {
				t.Errorf("it says %q, want %q", log, test.says)
			}
		})
	}
}

// toolsWithout is a PATH of what binary/get needs but for one tool; macOS's
// shasum stands in for it.
func toolsWithout(t *testing.T, tool string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"bash", "dirname", "head", "awk", "mktemp", "curl", "rm", "chmod", "sha256sum"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == tool {
			name = "shasum"
			text := "#!/bin/sh\n[ \"$*\" = '-a 256' ] && exec " + path + "\n"
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// testBinaryAction runs the action without a container under act, as a release
// would have it.
func testBinaryAction(t *testing.T, dist string) {
	needJobImage(t)
	if err := buildTarget(".bin/act"); err != nil {
		t.Fatal(err)
	}
	name := "bitbucket-auth_linux_" + runtime.GOARCH
	url, authorities := release(t, map[string][]byte{name: []byte(readFile(t, filepath.Join(dist, name)))})
	// What isn't in the working tree, act doesn't hand to the job.
	tree := copyTree(t)
	if err := os.WriteFile(filepath.Join(tree, "authorities.pem"), []byte(authorities), 0o600); err != nil {
		t.Fatal(err)
	}
	commit(t, tree)
	script(t, tree, "commit", "v1.2.3", "localhost/bitbucket-auth@sha256:"+strings.Repeat("0", 64), dist, url)

	token := credentialtest.APIToken()
	log := act{workflow: "e2e/testdata/workflows/e2e-binary.yml", vars: map[string]string{
		"TOKEN": token, "CREDENTIAL_SUM": hash([]byte(base64.StdEncoding.EncodeToString([]byte("me@example.com:" + token)))),
	}}.run(t, tree)
	checkLine(t, log, `"credential": "\*\*\*",?`)
	checkLine(t, log, `"repository-url": "https://bitbucket\.org/team/repo\.git",?`)
	checkLine(t, log, `MIRROR_AUTHORIZATION=(Basic )?\*\*\*`)
	checkLine(t, log, `.*\(BBA101\).*`)
	checkNoSecret(t, log, token)
}
