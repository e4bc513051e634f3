package main_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// A token never reaches a screen: --shell is for eval.
func TestNoShellOnATerminal(t *testing.T) {
	for _, test := range []struct {
		name string
		env  []string
		args []string
	}{
		{"--shell", accessToken("HOME=/"), []string{"--shell"}},
		{"a shell that is only named", accessToken("BITBUCKET_AUTH_HOST=shell"), nil},
	} {
		terminal, screen := hosttest.Terminal(t)
		var stderr bytes.Buffer
		cmd := exec.Command(program, test.args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = test.env, terminal, &stderr
		_ = cmd.Run() // the exit code is compared below
		shown := make([]byte, 1<<16)
		n, err := screen.Read(shown)
		if err != nil || strings.TrimSpace(string(shown[:n])) != "(exit 2)" {
			t.Errorf("%s: the screen shows %q, %v", test.name, shown[:n], err)
		}
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(stderr.String(), "(BBA109)") ||
			!strings.Contains(stderr.String(), `eval "$(bitbucket-auth --shell)"`) || strings.Contains(stderr.String(), "s3cret") {
			t.Errorf("%s: exit code %d, %q", test.name, code, stderr.String())
		}
	}
}

// A mirror that is stuck after a signal, since nobody reads its log, is ended. It says so
// and leaves nothing behind.
func TestASignalEndsAStuckMirror(t *testing.T) {
	t.Parallel()
	reader, writer := narrowPipe(t)
	folder := t.TempDir()
	cmd := exec.Command(program, "mirror")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + folder, "BITBUCKET_AUTH_TOKEN=" + credentialtest.AccessToken(),
		"BITBUCKET_AUTH_REPOSITORY=acme/site", "BITBUCKET_AUTH_SOURCE=http://127.0.0.1:1/octo/site",
	}
	cmd.Stderr = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	defer time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
	hasTemporary := func() bool {
		left, err := filepath.Glob(folder + "/*/.gitconfig")
		return err == nil && len(left) > 0
	}
	// The pipe holds the notice about the token. The next line is about the listing.
	for !hasTemporary() && cmd.Process.Signal(syscall.Signal(0)) == nil {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(200 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); hasTemporary() && time.Since(began) < 7*time.Second; {
		time.Sleep(20 * time.Millisecond)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	log, err := io.ReadAll(reader)
	_ = cmd.Wait() // the exit code is compared below
	if code := cmd.ProcessState.ExitCode(); code != 143 || err != nil || !strings.Contains(string(log), "(BBA307)") {
		t.Errorf("exit code %d, %v: %s", code, err, log)
	}
}

// narrowPipe is a pipe that holds one write (pipe(2), O_DIRECT).
func narrowPipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	const setSize = 1031 // F_SETPIPE_SZ (fcntl(2))
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_DIRECT|syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	reader, writer = os.NewFile(uintptr(ends[0]), "reader"), os.NewFile(uintptr(ends[1]), "writer")
	t.Cleanup(func() { reader.Close() })
	if size, _, failed := syscall.Syscall(syscall.SYS_FCNTL, writer.Fd(), setSize, uintptr(os.Getpagesize())); failed != 0 || int(size) != os.Getpagesize() {
		t.Fatalf("the pipe has %d bytes: %v", size, failed)
	}
	return reader, writer
}
