package action_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"os"
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
	output, env    string // the command files, raw
	outputs, vars  map[string]string
	summary        string
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
		Version: "test",
	}
}

// onGitHub runs as a step of GitHub Actions.
func onGitHub(t *testing.T, e env) outcome {
	t.Helper()
	dir := t.TempDir()
	e = env{
		"GITHUB_ACTIONS":      "true",
		"GITHUB_OUTPUT":       filepath.Join(dir, "output"),
		"GITHUB_ENV":          filepath.Join(dir, "env"),
		"GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
	}.with(e)
	for _, name := range []string{"output", "env", "summary"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	o := outcome{exit: action.Run(context.Background(), world(e, &stdout, &stderr))}
	o.stdout, o.stderr = stdout.String(), stderr.String()
	o.output, o.outputs = commandFile(t, filepath.Join(dir, "output"))
	o.env, o.vars = commandFile(t, filepath.Join(dir, "env"))
	summary, err := os.ReadFile(filepath.Join(dir, "summary"))
	if err != nil {
		t.Fatal(err)
	}
	o.summary = string(summary)
	return o
}

func commandFile(t *testing.T, path string) (raw string, values map[string]string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := hosttest.ReadGitHubFile(string(text))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	again, err := hosttest.ReadActFile(string(text))
	if err != nil || len(again) != len(records) {
		t.Fatalf("%s: act reads %d records instead of %d: %v", path, len(again), len(records), err)
	}
	return string(text), hosttest.ByName(records)
}

// inShell runs with --shell.
func inShell(t *testing.T, e env, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	w := world(e, &stdout, &stderr)
	w.Args = append([]string{"--shell"}, args...)
	o := outcome{exit: action.Run(context.Background(), w)}
	o.stdout, o.stderr = stdout.String(), stderr.String()
	return o
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
