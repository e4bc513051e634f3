//go:build linux

package release

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
)

// TestReleaseWorkflow runs the release workflow from its first job to its last,
// with a registry and a file server on this machine instead of GitHub's, and with
// stand-ins for gh and for actions. Its jobs run on this machine, except for the one
// that uses the released action, which runs in a container. Attestations and
// signatures are left out: the stand-in for their actions fails.
func TestReleaseWorkflow(t *testing.T) {
	t.Parallel()
	e2etest.NeedJobImage(t)
	if err := e2etest.Make(".bin/act"); err != nil {
		t.Fatal(err)
	}
	dir, tree := t.TempDir(), e2etest.CopyTree(t)
	useThisGo(t, tree)
	const workflow = ".github/workflows/release.yml"
	text := e2etest.ReadFile(t, filepath.Join(tree, workflow))
	image := startRegistry(t) + "/owner/project"
	for from, to := range map[string]string{
		"ghcr.io/${{ github.repository }}": image,
		// A permission that act doesn't know.
		"      artifact-metadata: write\n": "",
		// act can't run actions with an image for a job outside a container.
		"os: [ubuntu-latest, ubuntu-24.04-arm, macos-latest, windows-latest]": "os: [container]",
	} {
		if !strings.Contains(text, from) {
			t.Fatalf("%s doesn't contain %q", workflow, from)
		}
		text = strings.Replace(text, from, to, 1)
	}
	if err := os.WriteFile(filepath.Join(tree, workflow), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e2etest.Commit(t, tree)
	origin := filepath.Join(dir, "origin")
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"-C", tree}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("clone", "--quiet", "--bare", tree, origin)
	git("remote", "add", "origin", origin)

	published := httptest.NewTLSServer(http.StripPrefix("/owner/project/releases/download", http.FileServer(http.Dir(filepath.Join(dir, "releases")))))
	t.Cleanup(published.Close)
	authorities := e2etest.ReadFile(t, "/etc/ssl/certs/ca-certificates.crt") + e2etest.CertificateOf(published)
	if err := os.WriteFile(filepath.Join(dir, "authorities.pem"), []byte(authorities), 0o600); err != nil {
		t.Fatal(err)
	}
	standIns, err := filepath.Abs("testdata/actions")
	if err != nil {
		t.Fatal(err)
	}
	var volumes strings.Builder
	args := []string{
		"--platform", "ubuntu-latest=-self-hosted", "--platform", "container=" + e2etest.JobImage,
		"--env", "PATH=" + standIns + ":" + os.Getenv("PATH"), "--env", "RELEASE_TEST=" + dir,
		"--env", "GITHUB_SERVER_URL=" + published.URL, "--env", "GITHUB_REPOSITORY=owner/project",
		"--env", "CURL_CA_BUNDLE=" + filepath.Join(dir, "authorities.pem"),
		"--env", "PLATFORMS=linux/amd64 linux/arm64", "--env", "PARTS=" + getParts(t), "--secret", "GITHUB_TOKEN=stand-in",
	}
	for _, name := range []string{"GOROOT", "GOCACHE", "GOMODCACHE", "GOPROXY"} {
		text, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		value := strings.TrimSpace(string(text))
		args = append(args, "--env", name+"="+value)
		if name != "GOPROXY" { // a folder
			volumes.WriteString(" --volume=" + value + ":" + value)
		}
	}
	args = append(args, "--container-options", "--label="+e2etest.Label+" --volume="+dir+":"+dir+volumes.String())
	folders := map[string]string{
		"actions/setup-go": "../setup-go", "actions/attest": "left-out", "sigstore/cosign-installer": "left-out",
		"actions/checkout": "checkout", "actions/upload-artifact": "upload-artifact", "actions/download-artifact": "download-artifact",
	}
	for _, action := range regexp.MustCompile(`uses: (([a-z-]+/[a-z-]+)@\S+)`).FindAllStringSubmatch(text, -1) {
		args = append(args, "--local-repository", action[1]+"="+filepath.Join(standIns, folders[action[2]]))
	}
	jobs := strings.Count(text, "\n    runs-on: ")
	version := "v" + regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+)`).FindStringSubmatch(e2etest.ReadFile(t, filepath.Join(tree, "CHANGELOG.md")))[1]

	// First a rehearsal, which moves no major tag and publishes nothing elsewhere.
	for _, run := range []struct {
		version    string
		jobs       int
		prerelease string
	}{
		{version + "-rc.1", jobs - 2, "true"},
		{version, jobs, "false"},
	} {
		log := e2etest.Act{Event: "workflow_dispatch", Workflow: workflow, Args: append([]string{"--input", "version=" + run.version}, args...)}.Run(t, tree)
		if got := strings.Count(log, "Job succeeded"); got != run.jobs {
			t.Errorf("%s: %d jobs succeeded, want %d\n%s", run.version, got, run.jobs, log)
		}
		if got := strings.TrimSpace(e2etest.ReadFile(t, filepath.Join(dir, "releases/prerelease"))); got != run.prerelease {
			t.Errorf("%s: the release is a prerelease: %s, want %s", run.version, got, run.prerelease)
		}
		// There is no secret for another registry.
		if got, want := strings.Contains(log, "There is no secret CIRCLECI_TOKEN"), run.jobs == jobs; got != want {
			t.Errorf("%s: a notice about a missing secret: %v, want %v", run.version, got, want)
		}
		major := ""
		if run.jobs == jobs {
			major = strings.Replace(git("ls-remote", "origin", "refs/tags/"+run.version), run.version, "v1", 1)
		}
		if got := git("ls-remote", "origin", "refs/tags/v1"); got != major {
			t.Errorf("%s: the major tag is %q, want %q", run.version, got, major)
		}
		for _, name := range []string{"bitbucket-auth_linux_amd64", "bitbucket-auth_linux_arm64.gz", "bitbucket-auth-shell.spdx.json", "bitbucket-auth-mirror.spdx.json", "LICENSES.txt", "SHA256SUMS"} {
			if _, err := os.Stat(filepath.Join(dir, "releases", run.version, name)); err != nil {
				t.Errorf("the release lacks a file: %v", err)
			}
		}
		for _, tag := range []string{image + ":" + run.version, image + ":" + run.version + "-shell", image + "-mirror:" + run.version} {
			if text, err := exec.Command("docker", "manifest", "inspect", "--insecure", tag).CombinedOutput(); err != nil {
				t.Errorf("%s wasn't pushed: %v\n%s", tag, err, text)
			}
		}
		if err := os.RemoveAll(filepath.Join(dir, "artifact-dist")); err != nil { // as each run has its own
			t.Fatal(err)
		}
	}
}
