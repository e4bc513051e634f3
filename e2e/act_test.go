//go:build linux

package e2e

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

// needAct skips a test if act can't be run.
func needAct(t *testing.T) {
	t.Helper()
	needJobImage(t)
	if err := buildTarget(".bin/act"); err != nil {
		t.Fatal(err)
	}
}

// act is one run of act.
type act struct {
	workflow string
	event    string            // push, unless it says otherwise
	job      string            // one of its jobs, or empty: all
	vars     map[string]string // the workflow's variables
	args     []string          // more of act's own
}

// run runs a workflow of a tree, and returns its log. It fails the test where a
// job fails.
func (a act) run(t *testing.T, tree string) string {
	t.Helper()
	// With a unique name, two runs don't share containers; .ci/setup --stop finds
	// the volumes by the prefix.
	text, err := os.ReadFile(filepath.Join(tree, a.workflow))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`(?m)^name: .*$`)
	if !name.Match(text) {
		t.Fatalf("%s has no name", a.workflow)
	}
	text = name.ReplaceAll(text, []byte("name: "+newName("e2e")))
	// Beside the tree, not in it: then the runs of all tests have the same tree.
	home := t.TempDir()
	workflow := filepath.Join(home, "workflow.yml")
	if err := os.WriteFile(workflow, text, 0o600); err != nil {
		t.Fatal(err)
	}

	args := []string{
		cmp.Or(a.event, "push"), "--directory", tree, "--workflows", workflow, "--platform", "ubuntu-latest=" + jobImage,
		"--pull=false", "--no-cache-server", "--rm", "--container-options", "--label=" + label,
		"--env-file", os.DevNull, "--secret-file", os.DevNull, "--var-file", os.DevNull, "--input-file", os.DevNull,
	}
	args = append(args, a.args...)
	if a.job != "" {
		args = append(args, "--job", a.job)
	}
	env := append(clientEnvironment(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home)
	for name, value := range a.vars {
		args = append(args, "--var", name) // the value comes out of the environment
		env = append(env, name+"="+value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	binary, err := filepath.Abs(filepath.Join(root, ".bin/act"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = home, env
	// Asked to end, act removes its containers.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	log, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("act: %v\n%s", err, log)
	}
	return string(log)
}

// checkLine wants a line of a job's output in act's log.
func checkLine(t *testing.T, log, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`(?m)^\[.*\] +[|❗🚧] +` + pattern + `\r?$`).MatchString(log) {
		t.Errorf("no line of the log is %s\n%s", pattern, log)
	}
}

// checkNoSecret wants nothing of a token, nor of its base64, in act's log.
func checkNoSecret(t *testing.T, log, token string) {
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
