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

// Where masks are printed, an output that nobody reads hands over nothing,
// however it was thrown away. Go opens the null device in the place of a closed
// output.
func TestADiscardedOutputHandsOverNothing(t *testing.T) {
	bin := build(t)
	for _, redirect := range []string{">&-", ">/dev/null", "1<>/dev/null"} {
		for _, host := range []string{"GITHUB_ACTIONS=true", "TF_BUILD=True"} {
			output := newFile(t)
			env := append(accessToken(host), "GITHUB_OUTPUT="+output, "GITHUB_ENV="+newFile(t))
			code, stderr := runShell(t, env, "exec "+bin+" "+redirect)
			text := readFile(t, output)
			if code != 3 || !strings.Contains(stderr, "BBA305") || strings.Contains(text+stderr, "s3cret") {
				t.Errorf("%s, %s: exit code %d, %q; handed over %q", host, redirect, code, stderr, text)
			}
		}
		for _, args := range []string{"--version", "--help"} {
			if code, stderr := runShell(t, []string{"GITHUB_ACTIONS=true"}, "exec "+bin+" "+args+" "+redirect); code != 0 {
				t.Errorf("%s %s: exit code %d, %q", args, redirect, code, stderr)
			}
		}
		// Where nothing is masked, nothing is lost.
		path := filepath.Join(t.TempDir(), "env")
		code, stderr := runShell(t, append(accessToken("CIRCLECI=true"), "BITBUCKET_AUTH_ENV_FILE="+path), "exec "+bin+" "+redirect)
		if code != 0 || !strings.Contains(readFile(t, path), "s3cret") {
			t.Errorf("CircleCI, %s: exit code %d, %q", redirect, code, stderr)
		}
	}
}

// accessToken is the environment of a step with a token.
func accessToken(host string) []string {
	return []string{
		host,
		"INPUT_TOKEN=s3cret-s3cret", "INPUT_KIND=access-token",
		"BITBUCKET_AUTH_TOKEN=s3cret-s3cret", "BITBUCKET_AUTH_KIND=access-token",
	}
}

func runShell(t *testing.T, env []string, script string) (code int, stderr string) {
	t.Helper()
	var b strings.Builder
	cmd := exec.Command("sh", "-c", script)
	cmd.Env, cmd.Stderr = env, &b
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), b.String()
}

func newFile(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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
