//go:build linux

package release

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

// TestBinaryGet downloads the program for each kind of runner.
func TestBinaryGet(t *testing.T) {
	t.Parallel()
	platforms := map[string]string{
		"Linux X64": "linux_amd64", "Linux ARM64": "linux_arm64", "macOS X64": "darwin_amd64",
		"macOS ARM64": "darwin_arm64", "Windows X64": "windows_amd64.exe", "Windows ARM64": "windows_arm64.exe",
	}
	files, sums := map[string][]byte{}, ""
	for _, platform := range platforms {
		name := "bitbucket-auth_" + platform
		files[name+".gz"] = e2etest.Gzipped(t, []byte("the program for "+platform))
		sums += e2etest.Hash([]byte("the program for "+platform)) + "  " + name + "\n"
	}
	url, authorities := e2etest.ServeRelease(t, files)
	good := url + "\n" + sums
	for on, platform := range platforms {
		system, machine, _ := strings.Cut(on, " ")
		for _, spelling := range spellings(system, machine) {
			program, log, err := getProgram(t, authorities, good, "RUNNER_OS="+spelling[0], "RUNNER_ARCH="+spelling[1])
			if err != nil {
				t.Errorf("%q: %v\n%s", spelling, err, log)
				continue
			}
			if got, want := e2etest.ReadFile(t, program), "the program for "+platform; got != want {
				t.Errorf("%q downloads %q, want %q", spelling, got, want)
			}
			if filepath.Ext(program) != filepath.Ext(platform) {
				t.Errorf("%q names the program %s", spelling, program)
			}
			if info, err := os.Stat(program); err != nil || info.Mode()&0o100 == 0 {
				t.Errorf("%q can't run the program: %v", spelling, err)
			}
		}
	}

	changed, changedAuthorities := e2etest.ServeRelease(t, map[string][]byte{
		"bitbucket-auth_linux_amd64.gz":       e2etest.Gzipped(t, []byte("another program")),
		"bitbucket-auth_darwin_amd64.gz":      []byte("no archive"),
		"bitbucket-auth_windows_amd64.exe.gz": e2etest.Gzipped(t, make([]byte, 40<<20)),
	})
	bad := changed + "\n" + sums
	curlrc := filepath.Join(t.TempDir(), ".curlrc")
	if err := os.WriteFile(curlrc, []byte("insecure\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		authorities, release string
		env                  []string
		says                 string
	}{
		"not a release":        {authorities, "", nil, "isn't a release"},
		"unknown system":       {authorities, good, []string{"RUNNER_OS=Solaris"}, "Solaris"},
		"a system with a tail": {authorities, good, []string{"RUNNER_OS=LinuxX"}, "use Linux, macOS or Windows"},
		"unknown machine":      {authorities, good, []string{"RUNNER_ARCH=ARM"}, "ARM"},
		"a 32-bit machine":     {authorities, good, []string{"RUNNER_ARCH=x86"}, "x86"},
		"missing checksum":     {authorities, url + "\n", nil, "has no bitbucket-auth_linux_amd64"},
		"missing file":         {changedAuthorities, bad, []string{"RUNNER_ARCH=ARM64"}, "can't download"},
		"another program":      {changedAuthorities, bad, nil, "isn't what was released"},
		"not an archive":       {changedAuthorities, bad, []string{"RUNNER_OS=macOS"}, "can't unpack"},
		"endless archive":      {changedAuthorities, bad, []string{"RUNNER_OS=Windows"}, "can't unpack"},
		"untrusted server":     {"", good, nil, "can't download"},
		"settings of curl":     {"", good, []string{"HOME=" + filepath.Dir(curlrc)}, "can't download"},
		"plain HTTP":           {authorities, strings.Replace(good, "https:", "http:", 1), nil, "can't download"},
		"other tools in PATH":  {changedAuthorities, bad, []string{"PATH=" + lyingTools(t) + ":" + os.Getenv("PATH")}, "isn't what was released"},
	} {
		t.Run(name, func(t *testing.T) {
			program, log, err := getProgram(t, test.authorities, test.release, test.env...)
			if err == nil || program != "" {
				t.Errorf("it outputs the program %q", program)
			}
			if !strings.Contains(log, "::error title=bitbucket-auth::") || !strings.Contains(log, test.says) {
				t.Errorf("it says %q, want %q", log, test.says)
			}
		})
	}
}

// runnerNames are names of systems and machines that runners use besides GitHub's: Go's,
// which Gitea's and Forgejo's runners use outside of containers
// (act/container/host_environment.go), and uname's.
var runnerNames = map[string][]string{
	"Linux": {"linux"}, "macOS": {"macos", "darwin", "Darwin"}, "Windows": {"windows", "Windows_NT"},
	"X64": {"x64", "amd64", "AMD64", "x86_64"}, "ARM64": {"arm64", "aarch64"},
}

// spellings returns GitHub's names of a platform, and then each of the others.
func spellings(system, machine string) [][2]string {
	all := [][2]string{{system, machine}}
	for _, name := range runnerNames[system] {
		all = append(all, [2]string{name, runnerNames[machine][0]})
	}
	for _, name := range runnerNames[machine] {
		all = append(all, [2]string{runnerNames[system][0], name})
	}
	return all
}

// getProgram runs binary/get on a Linux runner, unless env says otherwise, with
// these CA certificates and this file `release`.
func getProgram(t *testing.T, authorities, release string, env ...string) (program, log string, err error) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"get": e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "binary/get")), "ca.pem": authorities, "output": ""}
	if release != "" {
		files["release"] = release
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", filepath.Join(dir, "get"))
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "RUNNER_OS=Linux", "RUNNER_ARCH=X64", "RUNNER_TEMP=" + dir,
		"GITHUB_OUTPUT=" + filepath.Join(dir, "output"), "CURL_CA_BUNDLE=" + filepath.Join(dir, "ca.pem"),
	}, env...)
	text, err := cmd.CombinedOutput()
	output := e2etest.ReadFile(t, filepath.Join(dir, "output"))
	return strings.TrimSpace(strings.TrimPrefix(output, "program=")), string(text), err
}

// lyingTools is a folder that an earlier step could put into PATH: its tools
// print the checksum that the release has.
func lyingTools(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text := "#!/bin/sh\necho " + e2etest.Hash([]byte("the program for linux_amd64")) + "\n"
	for _, tool := range []string{"openssl", "sha256sum", "shasum"} {
		temptest.WriteProgram(t, filepath.Join(dir, tool), text)
	}
	return dir
}

// testBinaryAction runs the action without a container, as released, under act.
func testBinaryAction(t *testing.T, dist string) {
	e2etest.NeedAct(t)
	name := "bitbucket-auth_linux_" + runtime.GOARCH
	url, authorities := e2etest.ServeRelease(t, map[string][]byte{name + ".gz": []byte(e2etest.ReadFile(t, filepath.Join(dist, name+".gz")))})
	// act gives the job only what is in the working tree.
	tree := e2etest.CopyTree(t)
	if err := os.WriteFile(filepath.Join(tree, "authorities.pem"), []byte(authorities), 0o600); err != nil {
		t.Fatal(err)
	}
	e2etest.Commit(t, tree)
	script(t, tree, "commit", "v1.2.3", "localhost/bitbucket-auth@sha256:"+strings.Repeat("0", 64), dist, url)

	token := credentialtest.APIToken()
	log := e2etest.Act{Workflow: "e2e/release/testdata/workflows/e2e-binary.yml", Vars: map[string]string{
		"TOKEN": token, "CREDENTIAL_SUM": e2etest.Hash([]byte(base64.StdEncoding.EncodeToString([]byte("me@example.com:" + token)))),
	}}.Run(t, tree)
	e2etest.CheckLine(t, log, `"credential": "\*\*\*",?`)
	e2etest.CheckLine(t, log, `"repository-url": "https://bitbucket\.org/team/repo\.git",?`)
	e2etest.CheckLine(t, log, `MIRROR_AUTHORIZATION=(Basic )?\*\*\*`)
	e2etest.CheckLine(t, log, `.*\(BBA101\).*`)
	e2etest.CheckNoSecret(t, log, token)
}
