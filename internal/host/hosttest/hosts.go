package hosttest

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Host is a CI host as a step finds it.
type Host struct {
	Name   string            // in sentences
	ID     string            // in BITBUCKET_AUTH_HOST; empty if it can't be named
	Env    map[string]string // by which it is detected
	Prefix string            // of the names of settings
	Runner Runner            // for GitHub's kin

	Masks   bool // a step can mask text at run time
	EnvFile bool // results go to env-file
}

// Settings' families.
const (
	inputs  = "INPUT_"
	plugins = "PLUGIN_"
	own     = "BITBUCKET_AUTH_"
)

// Hosts are all hosts, each with the variables that it really sets, those of
// the hosts that it comes from included.
var Hosts = []Host{
	{Name: "GitHub Actions", Env: env("GITHUB_ACTIONS", "true", "CI", "true"), Prefix: inputs, Runner: GitHub, Masks: true},
	{Name: "act", Env: env("GITHUB_ACTIONS", "true", "ACT", "true"), Prefix: inputs, Runner: Act, Masks: true},
	{Name: "Gitea Actions", Env: env("GITHUB_ACTIONS", "true", "GITEA_ACTIONS", "true"), Prefix: inputs, Runner: Gitea, Masks: true},
	{Name: "Forgejo Actions", Env: env("GITHUB_ACTIONS", "true", "GITEA_ACTIONS", "true", "FORGEJO_ACTIONS", "true"), Prefix: inputs, Runner: Forgejo, Masks: true},
	{Name: "Azure Pipelines", Env: env("TF_BUILD", "True"), Prefix: own, Masks: true},
	{Name: "Buildkite", Env: env("BUILDKITE", "true", "CI", "true"), Prefix: own, Masks: true},
	{Name: "Harness", ID: "harness", Env: env("HARNESS_BUILD_ID", "7", "DRONE", "true", "CI", "true"), Prefix: plugins},
	{Name: "Woodpecker CI", ID: "woodpecker", Env: env("CI", "woodpecker", "CI_SYSTEM_NAME", "woodpecker", "DRONE", "true"), Prefix: plugins, EnvFile: true},
	{Name: "Drone", ID: "drone", Env: env("DRONE", "true", "CI", "true"), Prefix: plugins, EnvFile: true},
	{Name: "GitLab CI", ID: "gitlab", Env: env("GITLAB_CI", "true", "CI", "true"), Prefix: own, EnvFile: true},
	{Name: "Bitbucket Pipelines", ID: "bitbucket-pipelines", Env: env("BITBUCKET_BUILD_NUMBER", "7", "BITBUCKET_COMMIT", "c0ffee", "CI", "true"), Prefix: own, EnvFile: true},
	{Name: "CircleCI", ID: "circleci", Env: env("CIRCLECI", "true", "CI", "true"), Prefix: own, EnvFile: true},
	{Name: "TeamCity", ID: "teamcity", Env: env("TEAMCITY_VERSION", "2026.1"), Prefix: own, EnvFile: true},
	{Name: "Jenkins", ID: "jenkins", Env: env("JENKINS_URL", "https://ci.example.com/", "BUILD_ID", "7"), Prefix: own, EnvFile: true},
	{Name: "Tekton", ID: "tekton", Env: env("BITBUCKET_AUTH_HOST", "tekton"), Prefix: own, EnvFile: true},
}

func env(pairs ...string) map[string]string {
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return values
}

// Setting is the name under which a setting is read on the host.
func (h Host) Setting(id string) string {
	name := strings.ToUpper(id)
	if h.Prefix == own {
		name = strings.ReplaceAll(name, "-", "_")
	}
	return h.Prefix + name
}

// Site is a job on a host.
type Site struct {
	Host
	Env map[string]string // of the step
	API *JobAPI           // on Buildkite
	dir string
}

// Start begins a job, for the time of the test.
func (h Host) Start(t testing.TB) *Site {
	t.Helper()
	s := &Site{Host: h, Env: maps.Clone(h.Env), dir: t.TempDir()}
	switch {
	case h.Prefix == inputs:
		for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"} {
			s.Env[name] = s.path(name)
			if err := os.WriteFile(s.path(name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	case h.Name == "Buildkite":
		s.API = StartJobAPI(t, map[string]string{"CI": "true"})
		s.Env["BUILDKITE_AGENT_JOB_API_SOCKET"] = s.API.Socket
		s.Env["BUILDKITE_AGENT_JOB_API_TOKEN"] = s.API.Token
	case h.Name == "Harness":
		// The engine names its files, and doesn't make them.
		for _, name := range []string{"HARNESS_OUTPUT_SECRET_FILE", "HARNESS_OUTPUT_FILE", "DRONE_ENV"} {
			s.Env[name] = s.path(name)
		}
		s.Env["DRONE_OUTPUT"] = s.Env["HARNESS_OUTPUT_FILE"]
	case h.EnvFile:
		s.Env[h.Setting("env-file")] = s.EnvFilePath()
	}
	return s
}

func (s *Site) path(name string) string { return filepath.Join(s.dir, name) }

// EnvFilePath is the path of env-file, if the host has one.
func (s *Site) EnvFilePath() string { return s.path("bitbucket.env") }

// Lookup reads the step's environment.
func (s *Site) Lookup(name string) (string, bool) {
	value, found := s.Env[name]
	return value, found
}

// Written is the content of every file that a step may write, by name.
func (s *Site) Written(t testing.TB) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(s.path(entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(text)
	}
	return files
}

// HandedOver returns the outputs and variables that later steps get, by name. It
// includes secret variables that a step has to map (Azure, Harness).
func (s *Site) HandedOver(t testing.TB, stdout string) (outputs, variables map[string]string) {
	t.Helper()
	outputs, variables = map[string]string{}, map[string]string{}
	files := s.Written(t)
	must := func(records []Record, err error) map[string]string {
		if err != nil {
			t.Errorf("%s can't read its file: %v", s.Name, err)
		}
		return ByName(records)
	}
	switch {
	case s.Prefix == inputs:
		return must(ReadGitHubFile(files["GITHUB_OUTPUT"])), must(ReadGitHubFile(files["GITHUB_ENV"]))
	case s.Name == "Azure Pipelines":
		for _, v := range ShowAzure(stdout).Variables {
			if v.Output {
				outputs[v.Name] = v.Value
			} else {
				variables[v.Name] = v.Value
			}
		}
	case s.API != nil:
		variables = s.API.Env()
		delete(variables, "CI")
	case s.Name == "Harness":
		outputs = must(ReadHarnessFile(files["HARNESS_OUTPUT_FILE"]))
		variables = must(ReadHarnessFile(files["DRONE_ENV"]))
		// Empty ones are dropped (lite-engine, engine/spec/helper.go, ToEnv).
		maps.DeleteFunc(variables, func(_, value string) bool { return value == "" })
		for name, value := range must(ReadHarnessFile(files["HARNESS_OUTPUT_SECRET_FILE"])) {
			// Names in lower case are outputs.
			if name == strings.ToLower(name) {
				outputs[name] = value
			} else {
				variables[name] = value
			}
		}
	case files["bitbucket.env"] != "":
		var err error
		if variables, err = Source([]string{"sh"}, s.EnvFilePath()); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		delete(variables, "PATH")
		delete(variables, "PWD")
		delete(variables, "_")
		delete(variables, "SHLVL")
		delete(variables, "OLDPWD")
	}
	return outputs, variables
}

// Seen returns the output of a step as people see it, and on hosts with masks also that
// of a later step that prints everything it received.
func (s *Site) Seen(t testing.TB, stdout, stderr string) string {
	t.Helper()
	if !s.Masks {
		return stdout + "\n" + stderr
	}
	outputs, variables := s.HandedOver(t, stdout)
	var later strings.Builder
	for _, values := range []map[string]string{outputs, variables} {
		for name, value := range values {
			later.WriteString(name + "=" + value + "\n")
		}
	}
	switch {
	case s.API != nil:
		return s.API.Show(stdout + "\n" + stderr + "\n" + later.String())
	case s.Name == "Azure Pipelines":
		return ShowAzure(stdout+later.String()).Text() + "\n" + stderr
	}
	// The runner may show standard error before an earlier mask took effect.
	return s.Runner.Show(stdout+later.String()).Text() + "\n" + stderr
}
