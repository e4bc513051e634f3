package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// step is a step of a job on GitHub: its environment, and its command files,
// which are new for each run.
type step struct {
	dir    string
	inputs map[string]string
	env    map[string]string // what earlier steps of the job left

	installed map[string][]string
}

// The command files, by the variables that name them.
var commandFiles = []string{"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"}

// newStep makes a step with inputs, by their ids.
func (b bench) newStep(inputs map[string]string) (step, error) {
	dir, err := os.MkdirTemp(b.scratch, "step")
	return step{dir: dir, inputs: inputs, installed: b.installed}, err
}

// fresh empties the command files, as they are at the start of a step.
func (s step) fresh() error {
	for _, name := range commandFiles {
		if err := os.WriteFile(filepath.Join(s.dir, name), nil, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// file is what a command file holds.
func (s step) file(variable string) (string, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, variable))
	return string(text), err
}

// environ is what the runner hands to a step: every input, given or not, and
// what it says of the job.
func (s step) environ() ([]string, error) {
	env := map[string]string{
		"PATH": "/usr/bin:/bin", "HOME": "/home/runner", "CI": "true", "GITHUB_ACTIONS": "true",
		"GITHUB_ACTOR": "octocat", "GITHUB_EVENT_NAME": "push", "GITHUB_JOB": "bench", "GITHUB_REF": "refs/heads/main",
		"GITHUB_REPOSITORY": "octocat/hello", "GITHUB_RUN_ID": "1", "GITHUB_SERVER_URL": "https://github.com",
		"GITHUB_WORKSPACE": "/home/runner/work/hello/hello", "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_TEMP": "/home/runner/work/_temp",
	}
	for name, value := range s.env {
		env[name] = value
	}
	for _, name := range commandFiles {
		env[name] = filepath.Join(s.dir, name)
	}
	inputs, err := actionInputs()
	if err != nil {
		return nil, err
	}
	for id, value := range s.inputs {
		if _, known := inputs[id]; !known {
			return nil, fmt.Errorf("action.yml has no input %s", id)
		}
		inputs[id] = value
	}
	for id, value := range inputs {
		env["INPUT_"+strings.ToUpper(id)] = value
	}
	var all []string
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	return all, nil
}

// program is a program as this step.
func (s step) program(name string, args ...string) (program, error) {
	env, err := s.environ()
	return program{name: name, args: args, places: s.installed[args[0]], env: env, before: s.fresh}, err
}

// actionInputs are the inputs of action.yml with their defaults.
func actionInputs() (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		return nil, err
	}
	_, section, _ := strings.Cut(string(text), "\ninputs:\n")
	section, _, _ = strings.Cut(section, "\noutputs:\n")
	inputs, id := map[string]string{}, ""
	for line := range strings.Lines(section) {
		line = strings.TrimRight(line, "\n")
		if name, found := strings.CutPrefix(line, "  "); found && !strings.HasPrefix(name, " ") {
			id = strings.TrimSuffix(name, ":")
			inputs[id] = ""
		}
		if value, found := strings.CutPrefix(line, "    default: "); found {
			inputs[id] = strings.Trim(value, `'"`)
		}
	}
	if len(inputs) == 0 {
		return nil, fmt.Errorf("action.yml has no inputs")
	}
	return inputs, nil
}
