//go:build unix

package hosttest

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
)

// Shells are those that source an environment file here: every one that this
// machine has, sh and bash at least.
func Shells() [][]string {
	shells := [][]string{{"sh"}, {"bash"}}
	for _, more := range [][]string{{"dash"}, {"busybox", "sh"}, {"bash", "--posix"}, {"ksh"}, {"zsh"}} {
		if _, err := exec.LookPath(more[0]); err == nil {
			shells = append(shells, more)
		}
	}
	return shells
}

// Source sources a file in a real shell that treats unset variables and failing
// commands as errors, and returns the environment that a child then has. The
// shell gets only a PATH as its environment.
func Source(shell []string, path string) (map[string]string, error) {
	args := append(append([]string{}, shell[1:]...), "-euc", `. "$1"; exec env -0`, "sh", path)
	cmd := exec.Command(shell[0], args...)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		return nil, fmt.Errorf("%v: %w, %q", shell, err, stderr.String())
	}
	return environment(stdout.String()), nil
}

// environment reads what env -0 prints.
func environment(text string) map[string]string {
	values := map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimSuffix(text, "\x00"), "\x00") {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	return values
}

// GitLabEnv reads the file that GITLAB_ENV names like a version of GitLab's runner, before
// each stage of a job: up to 17.6 as a script, since 17.7 line by
// line (gitlab-runner, shells/bash.go, SourceEnv). It returns the environment of
// that stage, and all that the job's log shows.
func GitLabEnv(path string, byLine bool) (env map[string]string, log string) {
	script := `. "$1"`
	if byLine {
		script = `while read -r line; do export "$line"; done < "$1"`
	}
	cmd := exec.Command("sh", "-c", "set -a; "+script+"; exec env -0", "sh", path)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		stderr.WriteString(err.Error())
	}
	return environment(stdout.String()), stderr.String()
}
