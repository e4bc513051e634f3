package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A runner that reads no more must not keep the program from ending at its
// signal: it gives 7.5 seconds before it kills.
func TestASignalEndsABlockedRun(t *testing.T) {
	bin := build(t)
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

// Go opens /dev/null in the place of a closed standard output: masks would go
// nowhere, unnoticed. A step that throws its output away says so itself.
func TestAClosedOutputHandsOverNothing(t *testing.T) {
	bin := build(t)
	for redirect, want := range map[string]int{">&-": 3, ">/dev/null": 0} {
		dir := t.TempDir()
		output, env := filepath.Join(dir, "output"), filepath.Join(dir, "env")
		for _, path := range []string{output, env} {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("sh", "-c", "exec "+bin+" "+redirect)
		cmd.Env = []string{"GITHUB_ACTIONS=true", "GITHUB_OUTPUT=" + output, "GITHUB_ENV=" + env, "INPUT_TOKEN=s3cret-s3cret", "INPUT_KIND=access-token"}
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: exit code %d, want %d", redirect, got, want)
		}
		text, err := os.ReadFile(output)
		if err != nil || strings.Contains(string(text), "s3cret") != (want == 0) {
			t.Errorf("%s: handed over %q, %v", redirect, text, err)
		}
	}
}

func build(t *testing.T) (bin string) {
	t.Helper()
	bin = filepath.Join(t.TempDir(), "bitbucket-auth")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
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
