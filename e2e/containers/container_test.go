//go:build linux

package containers

import (
	"bytes"
	"errors"
	"maps"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// entrypoint is the program in the image.
const entrypoint = "/bitbucket-auth"

// container is a step of a container action, as GitHub's runner runs it
// (actions/runner, ContainerActionHandler.cs).
type container struct {
	image  string
	inputs map[string]string // by their ids; the others have their defaults
	cancel string            // the signal that ends it while it waits for Bitbucket's answer
}

// outcome is the result of a step.
type outcome struct {
	exit                 int
	stdout, stderr       string
	output, env, summary string // the command files
}

// The runner's files inside the container.
const (
	commandFiles = "/github/file_commands"
	outputFile   = "set_output_7f2a"
	envFile      = "set_env_7f2a"
	summaryFile  = "step_summary_7f2a"
)

func (c container) run(t *testing.T) outcome {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"_github_home", "_github_workflow", "_runner_file_commands", "workspace"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files := filepath.Join(dir, "_runner_file_commands")
	for _, name := range []string{outputFile, envFile, summaryFile} {
		writeAsRunner(t, filepath.Join(files, name), "")
	}
	writeAsRunner(t, filepath.Join(dir, "_github_workflow/event.json"), "{}")
	mounts := []string{
		dockerSocket() + ":/var/run/docker.sock",
		dir + ":/github/runner_temp",
		filepath.Join(dir, "_github_home") + ":/github/home",
		filepath.Join(dir, "_github_workflow") + ":/github/workflow",
		files + ":" + commandFiles,
		filepath.Join(dir, "workspace") + ":/github/workspace",
	}

	var bitbucket net.Listener // accepts connections and never answers
	if c.cancel != "" {
		var err error
		if bitbucket, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		defer bitbucket.Close()
		c.inputs = maps.Clone(c.inputs)
		maps.Copy(c.inputs, map[string]string{"kind": "api-token", "verify": "strict", "server-url": "http://" + bitbucket.Addr().String()})
	}
	cmd, name := c.command(t, mounts)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if c.cancel != "" {
		connection, err := bitbucket.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		e2etest.Docker(t, "kill", "--signal", c.cancel, name)
	}
	err := cmd.Wait()
	o := outcome{stdout: stdout.String(), stderr: stderr.String()}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		o.exit = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	o.output = e2etest.Content(filepath.Join(files, outputFile))
	o.env = e2etest.Content(filepath.Join(files, envFile))
	o.summary = e2etest.Content(filepath.Join(files, summaryFile))
	for _, folder := range []string{"workspace", "_github_home"} {
		if entries, err := os.ReadDir(filepath.Join(dir, folder)); err != nil || len(entries) > 0 {
			t.Errorf("the step left something in %s: %v %v", folder, entries, err)
		}
	}
	return o
}

// dockerSocket is the socket of the Docker engine in use.
func dockerSocket() string {
	if socket, found := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); found {
		return socket
	}
	return "/var/run/docker.sock"
}

// command returns a Docker client that isn't started yet, and the container's name.
func (c container) command(t *testing.T, mounts []string) (cmd *exec.Cmd, name string) {
	t.Helper()
	name = e2etest.NewName(e2etest.Label)
	network := "none"
	if c.cancel != "" {
		network = "host"
	}
	args := []string{
		"run", "--name", name, "--label", e2etest.Label, "--workdir", "/github/workspace", "--rm",
		"--network", network, "--entrypoint", entrypoint,
	}
	for _, mount := range mounts {
		args = append(args, "-v", mount)
	}
	// Only names are on the command line; the values are in the client's environment.
	environment := e2etest.ClientEnvironment()
	for name, value := range c.environment(t) {
		args = append(args, "-e", name)
		environment = append(environment, name+"="+value)
	}
	args = append(args, "-e", "GITHUB_ACTIONS=true", "-e", "CI=true", c.image)
	cmd = exec.Command("docker", args...)
	cmd.Env = environment
	return cmd, name
}

// environment is the environment of the step.
func (c container) environment(t *testing.T) map[string]string {
	t.Helper()
	env := map[string]string{
		"HOME":                "/github/home",
		"GITHUB_ACTOR":        "octocat",
		"GITHUB_EVENT_NAME":   "push",
		"GITHUB_EVENT_PATH":   "/github/workflow/event.json",
		"GITHUB_WORKSPACE":    "/github/workspace",
		"GITHUB_OUTPUT":       path.Join(commandFiles, outputFile),
		"GITHUB_ENV":          path.Join(commandFiles, envFile),
		"GITHUB_STEP_SUMMARY": path.Join(commandFiles, summaryFile),
		"RUNNER_TEMP":         "/github/runner_temp",
	}
	for _, inputs := range []map[string]string{e2etest.ActionInputs(), c.inputs} {
		for id, value := range inputs {
			env["INPUT_"+strings.ToUpper(id)] = value
		}
	}
	return env
}

// writeAsRunner writes a file that belongs to the runner's user, if this process
// can change owners.
func writeAsRunner(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	const runner = 1001
	if os.Geteuid() == 0 {
		if err := os.Chown(name, runner, runner); err != nil {
			t.Fatal(err)
		}
	}
}

// checkFault requires a step that reported this fault and no other, and that wrote
// nothing but its code.
func checkFault(t *testing.T, o outcome, exit int, code string) {
	t.Helper()
	if o.exit != exit {
		t.Errorf("the exit code is %d, want %d", o.exit, exit)
	}
	var titles []string
	for _, a := range hosttest.GitHub.Show(o.stdout).Annotations {
		if a.Level == "error" {
			titles = append(titles, a.Title)
		}
	}
	if want := []string{"bitbucket-auth " + code}; !slices.Equal(titles, want) {
		t.Errorf("the errors are %q, want %q\n%s", titles, want, o.stderr)
	}
	want := map[string]string{"error-code": code}
	if got := e2etest.Results(t, o.output); !maps.Equal(got, want) {
		t.Errorf("the output file contains %q, want %q", got, want)
	}
	if o.env != "" {
		t.Errorf("the environment file contains %q", o.env)
	}
	if !strings.Contains(o.summary, "❌") || !strings.Contains(o.summary, "["+code+"](https://") {
		t.Errorf("the summary is %q", o.summary)
	}
}

// checkHidden requires that no part of a token, nor of its base64, is visible.
func checkHidden(t *testing.T, o outcome, token string) {
	t.Helper()
	if line := e2etest.LateMask(o.stdout); line != "" {
		t.Errorf("a mask comes after the line %q", line)
	}
	seen := hosttest.GitHub.Show(o.stdout).Text() + "\n" + o.stderr + "\n" + o.summary
	if leaks := hosttest.Leaks(seen, token); len(leaks) > 0 {
		t.Errorf("the token is visible: %s", leaks[0])
	}
}
