//go:build unix

package host_test

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

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
	results := resultsOf([]string{strings.Repeat("x", 4000)})
	limitFileSize(t, 2048)

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
	if err := harness.host.HandOver(context.Background(), results); fault.From(err).Code != fault.EnvFileWrite {
		t.Errorf("got %v", err)
	}
	if files := harness.Written(t); len(files) > 0 {
		t.Errorf("left on Harness: %v", files)
	}
}

// A pipe has nobody at its other end: opening it must not wait.
func TestEnvFileIsNoPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- onJenkins(t, path).host.HandOver(context.Background(), one) }()
	select {
	case err := <-done:
		if fault.From(err).Code != fault.EnvFile {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("waits for the pipe")
	}
}

// A payload that is a pipe tells nothing, and holds nothing up.
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
