//go:build linux

package runners

import (
	"context"
	"crypto/rand"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

const (
	root = "../.."
	// What e2e/setup makes, and what .ci/setup looks for when it clears up.
	label    = "bitbucket-auth-e2e"
	jobImage = label + "/job:local"
)

// build has the Makefile build a program into .bin, and returns its path.
func build(t *testing.T, target, name string) string {
	t.Helper()
	if text, err := exec.Command("make", "--silent", "-C", root, target).CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", target, err, text)
	}
	path, err := filepath.Abs(filepath.Join(root, ".bin", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func product(t *testing.T) string { return build(t, "build", "bitbucket-auth") }

func tool(t *testing.T, name string) string { return build(t, ".bin/"+name, name) }

// needEngine skips a test if there is no Docker engine with the job image,
// unless E2E_DOCKER=required says that there must be one.
func needEngine(t *testing.T) {
	t.Helper()
	if exec.Command("docker", "image", "inspect", jobImage).Run() == nil {
		return
	}
	reason := "there is no Docker engine with the image " + jobImage + "; e2e/setup makes both"
	if os.Getenv("E2E_DOCKER") == "required" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// image puts the program into an image for the time of a test, as a release does,
// and returns the image's name.
func image(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bitbucket-auth"), read(t, product(t)), 0o755)
	write(t, filepath.Join(dir, "Dockerfile"), "FROM scratch\nCOPY bitbucket-auth /\nENTRYPOINT [\"/bitbucket-auth\"]\n", 0o644)
	name := label + "/image-" + strings.ToLower(rand.Text()[:10]) + ":runners"
	run(t, dir, "docker", "build", "--quiet", "--force-rm", "--tag", name, ".")
	t.Cleanup(func() { run(t, ".", "docker", "image", "rm", name) })
	return name
}

// mirrorImage builds the mirror's image as a release does, once, and returns its name.
func mirrorImage(t *testing.T) string {
	t.Helper()
	const name = label + "/mirror:runners"
	buildMirrorImage.Do(func() { run(t, root, "scripts/mirror-image", "v0.0.0-test", name) })
	return name
}

var buildMirrorImage sync.Once

// privateRepository is a repository on the job's own host, which only the job's
// token can read.
type privateRepository struct{ url, token, dir string }

func privateSource(t *testing.T) privateRepository {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	repositories := t.TempDir()
	dir := filepath.Join(repositories, source)
	write(t, filepath.Join(dir, "README.md"), "source\n", 0o644)
	commit(t, dir)
	run(t, dir, "git", "branch", "topic")
	run(t, dir, "git", "tag", "v1")
	host := &coordinator{token: rand.Text()}
	server := httptest.NewServer(host.handler(git, repositories))
	t.Cleanup(server.Close)
	return privateRepository{url: server.URL + "/" + source, token: host.token, dir: dir}
}

// checkMirrored wants every branch and tag in another repository.
func (r privateRepository) checkMirrored(t *testing.T, mirror string) {
	t.Helper()
	for _, ref := range []string{"refs/heads/main", "refs/heads/topic", "refs/tags/v1"} {
		if got, want := revision(t, mirror, ref), revision(t, r.dir, ref); got != want {
			t.Errorf("%s is %s in Bitbucket, and %s in the source", ref, got, want)
		}
	}
}

// program runs a host's program in a folder that is its home, with nothing else of
// this environment but where commands and the Docker engine are, unless env says so.
func program(t *testing.T, home string, env []string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = home
	cmd.Env = []string{"HOME=" + home}
	for _, name := range []string{"PATH", "DOCKER_HOST"} {
		if value, set := os.LookupEnv(name); set {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	// Asked to end, a runner removes its containers.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, text)
	}
}

// commit makes a repository of the files in a folder.
func commit(t *testing.T, dir string) {
	t.Helper()
	run(t, dir, "git", "init", "--quiet", "--initial-branch", "main")
	run(t, dir, "git", "add", "--all")
	run(t, dir, "git", "-c", "user.name=e2e", "-c", "user.email=e2e@example.com", "-c", "core.hooksPath="+os.DevNull,
		"commit", "--quiet", "--no-gpg-sign", "--message", "as it is now")
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// edit replaces texts, each of which must occur exactly once in the original.
func edit(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if n := strings.Count(text, pairs[i]); n != 1 {
			t.Fatalf("%q is there %d times:\n%s", pairs[i], n, text)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// readsAndWrites is an API token that git may use.
var readsAndWrites = bitbuckettest.Token{
	Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket"},
}

// showOnFailure shows a job's log where the test fails.
func showOnFailure(t *testing.T, log string) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log)
		}
	})
}

// revision is the object that a ref of a repository names.
func revision(t *testing.T, dir, ref string) string {
	t.Helper()
	text, err := exec.Command("git", "-C", dir, "rev-parse", "--verify", "--quiet", ref).Output()
	if err != nil {
		t.Errorf("%s has no %s", dir, ref)
	}
	return strings.TrimSpace(string(text))
}

// checkPushed wants the branch main in repositories.
func checkPushed(t *testing.T, bitbucket *bitbuckettest.Server, repositories ...string) {
	t.Helper()
	for _, repository := range repositories {
		revision(t, bitbucket.Dir(repository), "refs/heads/main")
	}
}

// checkContains wants texts in a log.
func checkContains(t *testing.T, log string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(log, text) {
			t.Errorf("the log has no %q", text)
		}
	}
}

// checkHidden wants nothing of the secrets in a log, in any form.
func checkHidden(t *testing.T, log string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if leaks := hosttest.Leaks(log, secret); len(leaks) > 0 {
			t.Errorf("a secret shows: %s", leaks[0])
		}
	}
}
