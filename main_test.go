//go:build unix

package main_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

// program is the path of the program, which TestMain builds as this version.
var program string

const version = "v0.0.0-test"

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) (exit int) {
	temptest.InMemory()
	dir, err := os.MkdirTemp("", "bitbucket-auth-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "bitbucket-auth")
	// Without what only debuggers read, and with a version, like a release.
	if out, err := exec.Command("go", "build", "-ldflags=-s -w -X main.version="+version, "-o", program, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// What the tests run is what the sources are now. To look at all of them also makes go test
// see them: without that, it would repeat the result of an earlier run, since other
// processes read them (go help test).
func TestTheProgramIsUpToDate(t *testing.T) {
	t.Parallel()
	built, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{"main.go", "go.mod", "internal", "hooks", "scripts"} {
		err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err == nil && info.ModTime().After(built.ModTime()) {
				t.Errorf("%s has changed since the program was built", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A signal ends a run that writes to a runner which reads no more: the runner
// waits 7.5 seconds before it kills.
func TestASignalEndsABlockedRun(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	fill(t, writer)
	output := newFile(t)
	cmd := exec.Command(program)
	cmd.Env = []string{"GITHUB_ACTIONS=true", "GITHUB_OUTPUT=" + output, "GITHUB_ENV=" + newFile(t), "INPUT_TOKEN=s3cret-s3cret"}
	cmd.Stdout = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	defer time.AfterFunc(7*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if signal := cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(); signal != syscall.SIGTERM {
		t.Errorf("ended with %v", cmd.ProcessState)
	}
	if text := readFile(t, output); text != "" {
		t.Errorf("handed over %q", text)
	}
}

// From the first wait on, each signal that asks a run to end is named, and has its
// own exit code.
func TestSignalsDuringAWait(t *testing.T) {
	// Under nohup, the program would ignore SIGHUP, too: it inherits that, unless this
	// process handles the signal.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(hangups) })
	type end struct {
		exit int
		word string
	}
	for signal, want := range map[syscall.Signal]end{
		syscall.SIGINT: {130, "interrupted"}, syscall.SIGTERM: {143, "terminated"}, syscall.SIGHUP: {129, "ended by SIGHUP"}, syscall.SIGQUIT: {131, "ended by SIGQUIT"},
	} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			var got int
			var log string
			waits := func(after time.Duration) bool {
				cmd := exec.Command(program)
				cmd.Env = []string{"CIRCLECI=true", "BITBUCKET_AUTH_TOKEN_FILE=-", "BITBUCKET_AUTH_ENV_FILE=" + newFile(t)}
				stdin, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				defer stdin.Close()
				log = signalled(t, cmd, after, signal)
				got = cmd.ProcessState.ExitCode()
				return !cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() && !strings.Contains(log, "goroutine")
			}
			if !later(waits) {
				t.Errorf("it is ended at once:\n%s", log)
			}
			code := map[bool]string{true: "BBA306", false: "BBA307"}[signal == syscall.SIGINT]
			if got != want.exit || !strings.Contains(log, want.word) || !strings.Contains(log, code) || strings.Contains(log, "goroutine") {
				t.Errorf("exit code %d, want %v\n%s", got, want, log)
			}
		})
	}
}

// SIGHUP ends no run that was started with it ignored, as by nohup, even while the run
// waits and catches the other signals.
func TestAnIgnoredHangupEndsNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command("sh", "-c", `trap "" HUP; exec "$0"`, program)
	cmd.Env = append(accessToken("CIRCLECI=true"), "BITBUCKET_AUTH_ENV_FILE="+newFile(t), "BITBUCKET_AUTH_TOKEN=", "BITBUCKET_AUTH_TOKEN_FILE="+file)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	// The pipe can be opened once the program reads from it, and so waits.
	var pipe *os.File
	opens := func(after time.Duration) (ok bool) {
		time.Sleep(after)
		var err error
		pipe, err = os.OpenFile(file, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		return err == nil
	}
	if !later(opens) {
		t.Fatal("the program doesn't read its token")
	}
	_ = cmd.Process.Signal(syscall.SIGHUP)
	time.Sleep(300 * time.Millisecond)         // in which it would end
	_, _ = pipe.WriteString("s3cret-s3cret\n") // fails if it has ended
	_ = pipe.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, stderr.String())
	}
}

// signalled runs a program that gets a signal after a time, and returns its standard
// error.
func signalled(t *testing.T, cmd *exec.Cmd, after time.Duration, signal syscall.Signal) string {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Signal(signal)
	stuck := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	_ = cmd.Wait() // the test looks at how it ended
	return stderr.String()
}

// later tries something again after longer and longer times, until it happens: how soon
// a program comes to wait depends on how busy the machine is.
func later(happens func(after time.Duration) bool) bool {
	for after := 50 * time.Millisecond; after < time.Minute; after *= 3 {
		if happens(after) {
			return true
		}
	}
	return false
}

// Before the first wait, SIGQUIT has Go's runtime print all stacks. They hold no
// secret.
func TestADumpHoldsNoSecret(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	fill(t, writer)
	var text string
	writes := func(after time.Duration) bool {
		cmd := exec.Command(program)
		cmd.Env = []string{"GITHUB_ACTIONS=true", "GITHUB_OUTPUT=" + newFile(t), "GITHUB_ENV=" + newFile(t), "INPUT_TOKEN=s3cret-s3cret"}
		cmd.Stdout = writer
		text = signalled(t, cmd, after, syscall.SIGQUIT)
		return strings.Contains(text, "goroutine 1 ") && strings.Contains(text, "syscall.Write(")
	}
	if !later(writes) {
		t.Fatalf("no dump was taken during a write: %s", text)
	}
	for _, piece := range []string{"s3cret", hex.EncodeToString([]byte("s3cret")), base64.StdEncoding.EncodeToString([]byte("s3cret-s3cret"))[:8]} {
		if strings.Contains(text, piece) {
			t.Errorf("the dump holds %q:\n%s", piece, text)
		}
	}
}

// Whenever a signal comes, all results are handed over, or none.
func TestASignalLeavesAllResultsOrNone(t *testing.T) {
	const moments = 30
	hosts := map[string]func() (env, files []string){
		"GitHub": func() (env, files []string) {
			files = []string{newFile(t), newFile(t)}
			return append(accessToken("GITHUB_ACTIONS=true"), "GITHUB_OUTPUT="+files[0], "GITHUB_ENV="+files[1]), files
		},
		"a file": func() (env, files []string) {
			files = []string{filepath.Join(t.TempDir(), "env")}
			return append(accessToken("CIRCLECI=true"), "BITBUCKET_AUTH_ENV_FILE="+files[0]), files
		},
		"standard output": func() (env, files []string) {
			return append(accessToken("TF_BUILD=True"), "BITBUCKET_AUTH_REPOSITORY=team/repo"), nil
		},
	}
	for name, newStep := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// run returns how much of each result is left, and how long it took.
			run := func(after time.Duration) (sizes []int, took time.Duration, signalled bool) {
				env, files := newStep()
				output, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
				if err != nil {
					t.Fatal(err)
				}
				defer output.Close()
				cmd := exec.Command(program)
				cmd.Env, cmd.Stdout = env, output
				start := time.Now()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(after)
				if after > 0 {
					_ = cmd.Process.Signal(syscall.SIGTERM)
				}
				_ = cmd.Wait()
				took = time.Since(start)
				for _, path := range files {
					text, err := os.ReadFile(path)
					if err != nil && !errors.Is(err, os.ErrNotExist) {
						t.Fatal(err)
					}
					sizes = append(sizes, strings.Count(string(text), "s3cret-s3cret")*1000+strings.Count(string(text), "\n"))
				}
				if files == nil {
					sizes = []int{strings.Count(readFile(t, output.Name()), "task.setvariable")}
				}
				return sizes, took, cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled()
			}
			all, took, _ := run(0)
			for range 5 {
				_, again, _ := run(0)
				took = min(took, again)
			}
			none := make([]int, len(all))
			ended, finished := 0, 0
			// How long it takes until the results are written depends on how busy the machine
			// is. The signals come around that moment, about half of them before it.
			moment := took / 2
			for range moments {
				sizes, _, signalled := run(1 + moment/2 + time.Duration(rand.Int64N(int64(moment))))
				if signalled {
					ended++
					moment += moment / 16
				} else {
					finished++
					moment -= moment / 16
				}
				if want := map[bool][]int{true: none, false: all}[signalled]; !slices.Equal(sizes, want) {
					t.Errorf("left %v, want %v", sizes, want)
				}
			}
			if ended == 0 || finished == 0 {
				t.Errorf("of %d runs, %d were ended by the signal", moments, ended)
			}
		})
	}
}

// Where masks are printed, a step whose output is discarded hands over nothing,
// however that is done. Go opens the null device in the place of a closed
// output.
func TestADiscardedOutputHandsOverNothing(t *testing.T) {
	t.Parallel()
	for _, redirect := range []string{">&-", ">/dev/null", "1<>/dev/null"} {
		for _, host := range []string{"GITHUB_ACTIONS=true", "TF_BUILD=True"} {
			output := newFile(t)
			env := append(accessToken(host), "GITHUB_OUTPUT="+output, "GITHUB_ENV="+newFile(t))
			code, stderr := runShell(t, env, "exec "+program+" "+redirect)
			text := readFile(t, output)
			if code != 3 || !strings.Contains(stderr, "BBA305") || strings.Contains(text+stderr, "s3cret") {
				t.Errorf("%s, %s: exit code %d, %q; handed over %q", host, redirect, code, stderr, text)
			}
		}
		for _, args := range []string{"--version", "--help"} {
			if code, stderr := runShell(t, []string{"GITHUB_ACTIONS=true"}, "exec "+program+" "+args+" "+redirect); code != 0 {
				t.Errorf("%s %s: exit code %d, %q", args, redirect, code, stderr)
			}
		}
		// Where nothing is masked, nothing is lost.
		path := filepath.Join(t.TempDir(), "env")
		code, stderr := runShell(t, append(accessToken("CIRCLECI=true"), "BITBUCKET_AUTH_ENV_FILE="+path), "exec "+program+" "+redirect)
		if code != 0 || !strings.Contains(readFile(t, path), "s3cret") {
			t.Errorf("CircleCI, %s: exit code %d, %q", redirect, code, stderr)
		}
	}
}

// A pipe whose reader has gone doesn't end the process: the fault is reported on the other
// stream, with an exit code of its own.
func TestAClosedPipeIsAFault(t *testing.T) {
	t.Parallel()
	output := newFile(t)
	step := append(accessToken("GITHUB_ACTIONS=true"), "GITHUB_OUTPUT="+output, "GITHUB_ENV="+newFile(t))
	for _, args := range [][]string{nil, {"--help"}, {"--version"}} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close()
		var stderr strings.Builder
		cmd := exec.Command(program, args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = step, writer, &stderr
		_ = cmd.Run() // the exit code is compared below
		writer.Close()
		if code := cmd.ProcessState.ExitCode(); code != 3 || args == nil != strings.Contains(stderr.String(), "(BBA305)") {
			t.Errorf("%q: %v, %q", args, cmd.ProcessState, stderr.String())
		}
	}
	if text := readFile(t, output); strings.Contains(text, "s3cret") {
		t.Errorf("handed over %q", text)
	}
}

// The program has the version that it was built as, reads a token from standard input,
// knows the names in its environment, sends requests to the proxy there, and runs the git
// of its PATH.
func TestTheWorldOfTheProgram(t *testing.T) {
	t.Parallel()
	if shown, err := exec.Command(program, "--version").Output(); err != nil || string(shown) != "bitbucket-auth "+version+"\n" {
		t.Errorf("--version: %q, %v", shown, err)
	}

	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\necho the git of PATH >&2\nexit 9\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	mirror := exec.Command(program, "mirror")
	mirror.Env = append(accessToken("CIRCLECI=true"), "PATH="+bin, "BITBUCKET_AUTH_REPOSITORY=team/repo", "BITBUCKET_AUTH_SOURCE=https://127.0.0.1:1/octo/site")
	if log, _ := mirror.CombinedOutput(); !strings.Contains(string(log), "the git of PATH") {
		t.Errorf("the mirror says %s", log)
	}

	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	for _, variable := range []string{"HTTPS_PROXY", "https_proxy"} {
		var stdout, stderr strings.Builder
		cmd := exec.Command(program, "--shell")
		cmd.Env = []string{"BITBUCKET_AUTH_TOKEN_FILE=-", "BITBUCKET_AUTH_KIND=access-token", "BITBUCKET_AUTH_REPOSITORY=team/repo", "BITBUCKET_AUTH_QUIET=true"}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("s3cret-s3cret\n"), &stdout, &stderr
		if err := cmd.Run(); err != nil || !strings.Contains(stdout.String(), "export BITBUCKET_TOKEN='s3cret-s3cret'\n") {
			t.Errorf("a token in standard input: %v, %s", err, stderr.String())
		}
		if !strings.Contains(stderr.String(), "BITBUCKET_AUTH_QUIET doesn't exist") {
			t.Errorf("a variable that no setting has: %s", stderr.String())
		}
		checked := exec.Command(program, "--shell")
		checked.Env = append(cmd.Env, "BITBUCKET_AUTH_VERIFY=strict", variable+"="+proxy.URL)
		checked.Stdin = strings.NewReader("s3cret-s3cret\n")
		_ = checked.Run() // the exit code is compared below
		if code := checked.ProcessState.ExitCode(); code != 5 || len(asked) == 0 || <-asked != "CONNECT api.bitbucket.org:443" {
			t.Errorf("%s: exit code %d", variable, code)
		}
		for len(asked) > 0 {
			<-asked
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

// fill writes to a pipe until it is full.
func fill(t *testing.T, writer *os.File) {
	t.Helper()
	for {
		// On a busy machine, all writes together can take longer.
		if err := writer.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write(make([]byte, 4096)); err != nil {
			return
		}
	}
}
