//go:build linux

package e2e

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

// job is a job on a GitHub runner, with nothing else of this machine: its steps
// share an environment, a home and a workspace.
type job struct {
	t       *testing.T
	dir     string // the workspace
	env     map[string]string
	secrets []string
}

// newJob begins a job. Its user's git keeps every password that it gets hold of
// on disk, and trusts the servers' own certificates.
func newJob(t *testing.T, servers ...*bitbuckettest.Server) *job {
	t.Helper()
	disk := t.TempDir()
	j := &job{t: t, dir: filepath.Join(disk, "workspace"), env: map[string]string{
		"PATH": os.Getenv("PATH"), "LC_ALL": "C", "CI": "true", "GITHUB_ACTIONS": "true",
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_LFS_SKIP_SMUDGE": "1",
		// Fetched objects come from the test's servers only.
		"GOENV": "off", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw",
	}}
	for name, folder := range map[string]string{"HOME": "home", "TMPDIR": "tmp", "GOPATH": "go"} {
		j.env[name] = filepath.Join(disk, folder)
	}
	for _, dir := range []string{j.dir, j.env["HOME"], j.env["TMPDIR"]} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var authorities string
	for _, server := range servers {
		authorities += server.CA()
	}
	j.write("../authorities.pem", authorities)
	j.write("../home/.gitconfig", `[user]
	name = Dev
	email = dev@example.com
[init]
	defaultBranch = main
[credential]
	helper = store
[http]
	sslCAInfo = "`+j.path("../authorities.pem")+`"
[filter "lfs"]
	clean = git-lfs clean -- %f
	smudge = git-lfs smudge -- %f
	process = git-lfs filter-process
	required = true
`)
	t.Cleanup(j.checkDisk)
	return j
}

func (j *job) path(name string) string { return filepath.Join(j.dir, name) }

func (j *job) write(name, text string) {
	j.t.Helper()
	if err := os.WriteFile(j.path(name), []byte(text), 0o600); err != nil {
		j.t.Fatal(err)
	}
}

func (j *job) keepSecret(secret string) {
	if !slices.Contains(j.secrets, secret) {
		j.secrets = append(j.secrets, secret)
	}
}

// try runs a command in a later step, and returns what it prints. It has no
// terminal and no input, as on a CI host: a command that asks anyhow, or hangs,
// fails the test.
func (j *job) try(args ...string) (string, error) {
	j.t.Helper()
	cmd := j.command(nil, args...)
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		j.t.Fatalf("%s is needed for this test (.ci/setup installs it): %v", args[0], err)
	}
	if ended, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ended.Signaled() {
		j.t.Fatalf("%q didn't end by itself: %v\n%s", args, err, text)
	}
	j.checkHidden(strings.Join(args, " "), string(text))
	return string(text), err
}

// run is try with a command that must succeed.
func (j *job) run(args ...string) string {
	j.t.Helper()
	text, err := j.try(args...)
	if err != nil {
		j.t.Fatalf("%q: %v\n%s", args, err, text)
	}
	return strings.TrimSpace(text)
}

func (j *job) command(env map[string]string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	j.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = j.dir
	for _, values := range []map[string]string{j.env, env} {
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
func (j *job) checkDisk() {
	if len(j.secrets) == 0 {
		return
	}
	err := filepath.WalkDir(filepath.Dir(j.dir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		j.checkHidden(path, string(text))
		return err
	})
	if err != nil {
		j.t.Error(err)
	}
}

func (j *job) checkHidden(where, text string) {
	j.t.Helper()
	for _, secret := range j.secrets {
		if leaks := hosttest.Leaks(text, secret); len(leaks) > 0 {
			j.t.Errorf("%s holds the token: %s", where, leaks[0])
		}
	}
}
