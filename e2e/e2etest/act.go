//go:build linux

package e2etest

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// NeedAct skips a test if act can't be run.
func NeedAct(t *testing.T) {
	t.Helper()
	NeedJobImage(t)
	if err := Make(".bin/act"); err != nil {
		t.Fatal(err)
	}
}

// Act is one run of act.
type Act struct {
	Workflow string
	Event    string            // push, unless it says otherwise
	Job      string            // one of its jobs, or empty: all
	Vars     map[string]string // the workflow's variables
	Args     []string          // more of act's own
	Fails    bool              // a job must fail
}

// Run runs a workflow of a tree, and returns its log. It fails the test where a
// job fails, or where none does although one must.
func (a Act) Run(t *testing.T, tree string) string {
	t.Helper()
	// With a unique name, two runs don't share containers; .ci/setup --stop finds
	// the volumes by the prefix.
	text, err := os.ReadFile(filepath.Join(tree, a.Workflow))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`(?m)^name: .*$`)
	if !name.Match(text) {
		t.Fatalf("%s has no name", a.Workflow)
	}
	text = name.ReplaceAll(text, []byte("name: "+NewName("e2e")))
	// Beside the tree, not in it: then the runs of all tests have the same tree.
	home := t.TempDir()
	workflow := filepath.Join(home, "workflow.yml")
	if err := os.WriteFile(workflow, text, 0o600); err != nil {
		t.Fatal(err)
	}

	args := []string{
		cmp.Or(a.Event, "push"), "--directory", tree, "--workflows", workflow, "--platform", "ubuntu-latest=" + JobImage,
		"--pull=false", "--no-cache-server", "--rm", "--container-options", "--label=" + Label,
		"--env-file", os.DevNull, "--secret-file", os.DevNull, "--var-file", os.DevNull, "--input-file", os.DevNull,
	}
	args = append(args, a.Args...)
	if a.Job != "" {
		args = append(args, "--job", a.Job)
	}
	env := append(ClientEnvironment(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home)
	for name, value := range a.Vars {
		args = append(args, "--var", name) // the value comes out of the environment
		env = append(env, name+"="+value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(Root(), ".bin/act"), args...)
	cmd.Dir, cmd.Env = home, env
	// Asked to end, act removes its containers.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	log, err := cmd.CombinedOutput()
	if (err != nil) != a.Fails {
		t.Fatalf("act: %v\n%s", err, log)
	}
	return string(log)
}

// CheckLine wants a line of a job's output in act's log.
func CheckLine(t *testing.T, log, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`(?m)^\[.*\] +[|❗🚧] +` + pattern + `\r?$`).MatchString(log) {
		t.Errorf("no line of the log is %s\n%s", pattern, log)
	}
}

// CheckNoSecret wants nothing of a token, nor of its base64, in act's log.
func CheckNoSecret(t *testing.T, log, token string) {
	t.Helper()
	if leaks := hosttest.Leaks(log, token); len(leaks) > 0 {
		t.Errorf("the token shows: %s", leaks[0])
	}
	// A wrapped text has act's prefix on each of its lines.
	bare := regexp.MustCompile(`(?m)^\[.*\] +\S+ *`).ReplaceAllString(log, "")
	if leaks := hosttest.Leaks(bare, token); len(leaks) > 0 {
		t.Errorf("the token shows: %s", leaks[0])
	}
}
