//go:build linux

package e2etest

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// Job is a job on a GitHub runner, with nothing else of this machine: its steps
// share an environment, a home and a workspace.
type Job struct {
	T       *testing.T
	Dir     string // the workspace
	Env     map[string]string
	Secrets []string
}

// NewJob begins a job. Its user's git keeps every password that it gets hold of
// on disk, and trusts the servers' own certificates.
func NewJob(t *testing.T, servers ...*bitbuckettest.Server) *Job {
	t.Helper()
	disk := t.TempDir()
	j := &Job{T: t, Dir: filepath.Join(disk, "workspace"), Env: map[string]string{
		"PATH": os.Getenv("PATH"), "LC_ALL": "C", "CI": "true", "GITHUB_ACTIONS": "true",
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_LFS_SKIP_SMUDGE": "1",
		// Fetched objects come from the test's servers only.
		"GOENV": "off", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw",
	}}
	for name, folder := range map[string]string{"HOME": "home", "TMPDIR": "tmp", "GOPATH": "go"} {
		j.Env[name] = filepath.Join(disk, folder)
	}
	for _, dir := range []string{j.Dir, j.Env["HOME"], j.Env["TMPDIR"]} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var authorities string
	for _, server := range servers {
		authorities += server.CA()
	}
	j.Write("../authorities.pem", authorities)
	j.Write("../home/.gitconfig", `[user]
	name = Dev
	email = dev@example.com
[init]
	defaultBranch = main
[credential]
	helper = store
[http]
	sslCAInfo = "`+j.Path("../authorities.pem")+`"
[filter "lfs"]
	clean = git-lfs clean -- %f
	smudge = git-lfs smudge -- %f
	process = git-lfs filter-process
	required = true
`)
	t.Cleanup(j.checkDisk)
	return j
}

// Path is the path of a file in the workspace.
func (j *Job) Path(name string) string { return filepath.Join(j.Dir, name) }

// Write writes a file in the workspace.
func (j *Job) Write(name, text string) {
	j.T.Helper()
	if err := os.WriteFile(j.Path(name), []byte(text), 0o600); err != nil {
		j.T.Fatal(err)
	}
}

// Copy copies a folder of this machine into the workspace.
func (j *Job) Copy(from, name string) {
	j.T.Helper()
	if err := os.CopyFS(j.Path(name), os.DirFS(from)); err != nil {
		j.T.Fatal(err)
	}
}

// Step runs the action, which must succeed, and returns its outputs. What else it
// hands over is in the environment of later steps.
func (j *Job) Step(inputs ...string) (outputs map[string]string) {
	j.T.Helper()
	values := map[string]string{}
	for i := 0; i < len(inputs); i += 2 {
		values[inputs[i]] = inputs[i+1]
	}
	outputs, text, err := j.tryAction(nil, ActionInputs(), values)
	if err != nil {
		j.T.Fatalf("the action: %v\n%s", err, text)
	}
	return outputs
}

// tryAction runs an action with these inputs, and with the defaults of all others. It
// returns the outputs and what the action prints.
func (j *Job) tryAction(args []string, defaults, inputs map[string]string) (outputs map[string]string, printed string, err error) {
	j.T.Helper()
	files := j.T.TempDir() // not on the job's disk: the runner keeps and removes them
	env := map[string]string{}
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"} {
		env[name] = filepath.Join(files, name)
		if err := os.WriteFile(env[name], nil, 0o600); err != nil {
			j.T.Fatal(err)
		}
	}
	for id, value := range defaults {
		env["INPUT_"+strings.ToUpper(id)] = value
	}
	for id, value := range inputs {
		env["INPUT_"+strings.ToUpper(id)] = value
		if id == "token" {
			j.KeepSecret(value)
		}
	}
	text, err := j.Command(env, append([]string{Program(j.T)}, args...)...).CombinedOutput()
	if err != nil {
		return nil, string(text), err
	}
	for name, value := range Results(j.T, Content(env["GITHUB_ENV"])) {
		j.Env[name] = value
		if strings.HasSuffix(name, "_PASSWORD") {
			j.KeepSecret(value) // a minted one, perhaps
		}
	}
	return Results(j.T, Content(env["GITHUB_OUTPUT"])), string(text), nil
}

// KeepSecret adds a secret that may show nowhere.
func (j *Job) KeepSecret(secret string) {
	if !slices.Contains(j.Secrets, secret) {
		j.Secrets = append(j.Secrets, secret)
	}
}

// Try runs a command in a later step, and returns what it prints. It has no
// terminal and no input, as on a CI host: a command that asks anyhow, or hangs,
// fails the test.
func (j *Job) Try(args ...string) (string, error) {
	j.T.Helper()
	cmd := j.Command(nil, args...)
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		j.T.Fatalf("%s is needed for this test (.ci/setup installs it): %v", args[0], err)
	}
	if ended, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ended.Signaled() {
		j.T.Fatalf("%q didn't end by itself: %v\n%s", args, err, text)
	}
	j.CheckHidden(strings.Join(args, " "), string(text))
	return string(text), err
}

// Run is try with a command that must succeed.
func (j *Job) Run(args ...string) string {
	j.T.Helper()
	text, err := j.Try(args...)
	if err != nil {
		j.T.Fatalf("%q: %v\n%s", args, err, text)
	}
	return strings.TrimSpace(text)
}

// Command prepares a command in the job, with more variables than the job has.
func (j *Job) Command(env map[string]string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	j.T.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = j.Dir
	for _, values := range []map[string]string{j.Env, env} {
		for name, value := range values {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	// A separate session has no terminal, and ends with all its processes.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// checkDisk wants no secret in any file of the job.
func (j *Job) checkDisk() {
	if len(j.Secrets) == 0 {
		return
	}
	err := filepath.WalkDir(filepath.Dir(j.Dir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		j.CheckHidden(path, string(text))
		return err
	})
	if err != nil {
		j.T.Error(err)
	}
}

// CheckHidden requires that a text shows none of the secrets.
func (j *Job) CheckHidden(where, text string) {
	j.T.Helper()
	for _, secret := range j.Secrets {
		if leaks := hosttest.Leaks(text, secret); len(leaks) > 0 {
			j.T.Errorf("%s holds the token: %s", where, leaks[0])
		}
	}
}
