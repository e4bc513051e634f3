//go:build unix

package host_test

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// fits is a size up to which a file can grow, far above that of go test's own log.
const fits = 4 << 20

// limitFileSize makes writes behind a size fail, as on a full disk: what fits
// is written, the rest is not.
func limitFileSize(t *testing.T, size uint64) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Error(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	})
}

// A write that stops half-way leaves nothing behind.
func TestAShortWriteIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	old, created := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	write(t, old, "export B=1\n", 0o644)
	harness := startJob(t, named(t, "Harness"))
	results := resultsOf([]string{strings.Repeat("x", fits)})
	limitFileSize(t, fits)

	for _, path := range []string{old, created} {
		if err := onJenkins(t, path).host.HandOver(context.Background(), results); fault.From(err).Code != fault.EnvFileWrite {
			t.Errorf("got %v", err)
		}
	}
	if read(t, old) != "export B=1\n" || mode(t, old) != 0o644 {
		t.Errorf("got %q, %v", read(t, old), mode(t, old))
	}
	if _, err := os.Lstat(created); err == nil {
		t.Error("a new file is left")
	}
	if err := harness.host.HandOver(context.Background(), results); fault.From(err).Code != fault.CommandWrite {
		t.Errorf("got %v", err)
	}
	if files := harness.Written(t); len(files) > 0 {
		t.Errorf("left on Harness: %v", files)
	}
}

// Opening a pipe whose other end nothing reads must not wait.
func TestEnvFileIsNoPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		j := startJob(t, named(t, "Jenkins"))
		done <- j.host.Prepare(path, true)
		done <- j.host.HandOver(context.Background(), one)
	}()
	select {
	case err := <-done:
		if fault.From(err).Code != fault.EnvFile || fault.From(<-done).Code != fault.EnvFile {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("waits for the pipe")
	}
}

// A payload that is a pipe is ignored, and delays nothing.
func TestThePayloadIsNoPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "event.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	j := startJob(t, named(t, "GitHub Actions"), "GITHUB_EVENT_NAME", "pull_request", "GITHUB_EVENT_PATH", path)
	done := make(chan bool, 1)
	go func() { done <- j.host.Event().Fork() }()
	select {
	case fork := <-done:
		if fork {
			t.Error("a pipe is a fork's pull request")
		}
	case <-time.After(10 * time.Second):
		t.Error("waits for the pipe")
	}
}

// A new file is for its owner alone whatever the umask allows.
func TestEnvFileIgnoresTheUmask(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	for _, h := range hosttest.Hosts {
		j := startJob(t, h)
		if h.Masks {
			continue
		}
		if err := j.host.HandOver(context.Background(), resultsOf([]string{"value"})); err != nil {
			t.Fatal(err)
		}
		for name := range j.Written(t) {
			path := filepath.Join(filepath.Dir(j.EnvFilePath()), name)
			if mode(t, path) != 0o600 {
				t.Errorf("%s: %s has %v", h.Name, name, mode(t, path))
			}
		}
	}
}

// A file that somebody else can read or change all the same must not receive the
// results, whatever its mode.
func TestEnvFileIsTheRunningUsersAlone(t *testing.T) {
	dir := t.TempDir()
	linked := filepath.Join(dir, "linked")
	write(t, linked, "", 0o600)
	if err := os.Link(linked, filepath.Join(dir, "second-name")); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{linked: "hard link"}
	if os.Geteuid() == 0 {
		foreign := filepath.Join(dir, "foreign")
		write(t, foreign, "", 0o644)
		if err := os.Chown(foreign, 65534, 0); err != nil {
			t.Fatal(err)
		}
		paths[foreign] = "another user"
	}
	for path, reason := range paths {
		before := mode(t, path)
		j := startJob(t, named(t, "Jenkins"))
		for _, err := range []error{j.host.Prepare(path, true), j.host.HandOver(context.Background(), one)} {
			if fault.From(err).Code != fault.EnvFile || !strings.Contains(err.Error(), reason) {
				t.Errorf("got %v", err)
			}
		}
		if read(t, path) != "" || mode(t, path) != before {
			t.Errorf("changed: %q, %v", read(t, path), mode(t, path))
		}
	}
}

// Where even taking it back fails, the user learns what is left: this file can
// be appended to, and nothing else (chattr +a).
func TestWhatCantBeTakenBackIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	write(t, path, "", 0o600)
	if err := exec.Command("chattr", "+a", path).Run(); err != nil {
		t.Skip("needs root and a file system with append-only files:", err)
	}
	t.Cleanup(func() { _ = exec.Command("chattr", "-a", path).Run() })
	s := onGitHub(t)
	s.Env["GITHUB_ENV"] = path
	limitFileSize(t, fits)
	err := s.host.HandOver(context.Background(), host.Results{
		Outputs:   []secret.Value{host.Public("kind", "x")},
		Variables: []secret.Value{hidden("A", secret.New(strings.Repeat("x", fits)))},
	})
	f := fault.From(err)
	if f.Code != fault.CommandWrite || !strings.Contains(f.What, "can't be taken back") || !strings.Contains(strings.Join(f.Hints, "\n"), "GITHUB_ENV") {
		t.Errorf("got %v, %q", err, f.Hints)
	}
	if read(t, path) == "" || read(t, s.Env["GITHUB_OUTPUT"]) != "" {
		t.Errorf("this doesn't test what it should: %q, %q", read(t, path), read(t, s.Env["GITHUB_OUTPUT"]))
	}
}
