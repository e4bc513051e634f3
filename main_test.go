package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A runner that reads no more must not keep the program from ending at its
// signal: it gives 7.5 seconds before it kills.
func TestASignalEndsABlockedRun(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "bitbucket-auth")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	fill(t, writer)
	output := filepath.Join(t.TempDir(), "output")
	if err := os.WriteFile(output, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin)
	cmd.Env = []string{"GITHUB_ACTIONS=true", "GITHUB_OUTPUT=" + output, "INPUT_TOKEN=s3cret-s3cret"}
	cmd.Stdout = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(7*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
	time.Sleep(200 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	exit, ok := errors.AsType[*exec.ExitError](cmd.Wait())
	if !ok || exit.ExitCode() != 143 {
		t.Errorf("ended with %v", cmd.ProcessState)
	}
	if text, err := os.ReadFile(output); err != nil || len(text) > 0 {
		t.Errorf("handed over %q, %v", text, err)
	}
}

// fill writes to a pipe until it takes no more.
func fill(t *testing.T, writer *os.File) {
	t.Helper()
	if err := writer.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := writer.Write(make([]byte, 4096)); err != nil {
			return
		}
	}
}
