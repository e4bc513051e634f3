package host

import (
	"runtime"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// isGitLabEnv reports whether env-file is the runner's own file for the later
// stages of a job.
func isGitLabEnv(w World, path string) bool { return samePath(path, w.getenv("GITLAB_ENV")) }

// refuseGitLabEnv returns a fault for GITLAB_ENV if the runner can't read values from it.
func refuseGitLabEnv(w World, path string) error {
	if !isGitLabEnv(w, path) {
		return nil
	}
	return gitLabEnvFault(runtime.GOOS, w.getenv("CI_RUNNER_VERSION"))
}

// gitLabEnvFault returns a fault if a runner can't read values from GITLAB_ENV. Before
// 17.7 it runs that file as a script: the shell would run the second word of a value as
// a command, and print the word in the job's log (gitlab-runner, shells/bash.go,
// SourceEnv). On Windows it uses PowerShell, and splits each line at every =
// (shells/powershell.go), with which base64 ends.
func gitLabEnvFault(system, version string) error {
	switch {
	case system == "windows":
		return fault.New(fault.EnvFile, "env-file names the file of GITLAB_ENV, whose values GitLab Runner on Windows cuts at each =",
			"set env-file to another path, such as ../bitbucket.env, and read it in the script")
	case !readsLines(version):
		return fault.New(fault.EnvFile, "env-file names the file of GITLAB_ENV, which GitLab Runner before 17.7 runs as a script",
			"set env-file to another path, such as ../bitbucket.env, and source it in the script",
			"or update the runner to 17.7 or later")
	}
	return nil
}

// readsLines reports whether a runner's version is 17.7 or later. A pre-release
// of 17.7 may be older than the change, and an unknown version may be anything.
func readsLines(version string) bool {
	majorText, rest, _ := strings.Cut(version, ".")
	minorText, _, _ := strings.Cut(rest, ".")
	major, majorErr := strconv.Atoi(majorText)
	minor, minorErr := strconv.Atoi(minorText)
	if majorErr != nil || minorErr != nil {
		return false
	}
	preRelease := strings.ContainsAny(version, "~-")
	return major > 17 || major == 17 && (minor > 7 || minor == 7 && !preRelease)
}

// gitLabFormat writes lines for a shell to source, but in the runner's own file values
// without quotes. The runner's shell removes spaces from both ends of a line, so a value
// that ends in a space would be altered.
func gitLabFormat(w World, path string, values []secret.Value) (string, error) {
	if !isGitLabEnv(w, path) {
		return exports(w, values), nil
	}
	var b strings.Builder
	for _, v := range values {
		text := v.Text.Reveal()
		if strings.HasSuffix(text, " ") {
			return "", fault.New(fault.ResultRefused, "the result "+v.Name+" ends in a space, which GITLAB_ENV can't carry",
				"set env-file to another path, and source it in the script")
		}
		b.WriteString(v.Name + "=" + text + "\n")
	}
	return b.String(), nil
}
