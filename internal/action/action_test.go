package action_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// env is an environment.
type env map[string]string

func (e env) with(more env) env {
	all := maps.Clone(e)
	maps.Copy(all, more)
	return all
}

// outcome is all that a run leaves behind.
type outcome struct {
	exit           int
	stdout, stderr string
	outputs, vars  map[string]string
	env, summary   string // these files, raw
}

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// world is a run's world, with nothing of the test's own environment.
func world(e env, stdout, stderr io.Writer) action.World {
	var environ []string
	for name, value := range e {
		environ = append(environ, name+"="+value)
	}
	return action.World{
		Environ: environ,
		Lookup:  func(name string) (string, bool) { value, ok := e[name]; return value, ok },
		Stdin:   strings.NewReader(""),
		Stdout:  stdout,
		Stderr:  stderr,
		Now:     func() time.Time { return now },
		Git:     gitOf(e),
		Version: "test",
	}
}

// gitOf is the git that an environment's PATH leads to.
func gitOf(e env) string {
	for _, dir := range filepath.SplitList(e["PATH"]) {
		if path, err := exec.LookPath(filepath.Join(dir, "git")); err == nil {
			return path
		}
	}
	return "/nowhere/git"
}

// onGitHub runs as a step of GitHub Actions.
func onGitHub(t *testing.T, e env, args ...string) outcome {
	t.Helper()
	site := hosttest.Hosts[0].Start(t)
	maps.Copy(site.Env, e)
	w := world(site.Env, nil, nil)
	w.Args = args
	o := runWith(t, w)
	files := site.Written(t)
	o.outputs, o.vars = commandFile(t, files["GITHUB_OUTPUT"]), commandFile(t, files["GITHUB_ENV"])
	o.env, o.summary = files["GITHUB_ENV"], files["GITHUB_STEP_SUMMARY"]
	return o
}

// commandFile is the values in a command file, which every runner must read alike.
func commandFile(t *testing.T, text string) map[string]string {
	t.Helper()
	records, err := hosttest.ReadGitHubFile(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := hosttest.ReadActFile(text)
	if err != nil || len(again) != len(records) {
		t.Fatalf("act reads %d records instead of %d: %v", len(again), len(records), err)
	}
	return hosttest.ByName(records)
}

// inShell runs with --shell.
func inShell(t *testing.T, e env) outcome {
	t.Helper()
	w := world(e, nil, nil)
	w.Args = []string{"--shell"}
	return runWith(t, w)
}

// runWith runs in a world, and collects what it prints.
func runWith(t *testing.T, w action.World) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	w.Stdout, w.Stderr = &stdout, &stderr
	exit := action.Run(context.Background(), w)
	return outcome{exit: exit, stdout: stdout.String(), stderr: stderr.String()}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}

func names(values map[string]string) string {
	return strings.Join(slices.Sorted(maps.Keys(values)), " ")
}
