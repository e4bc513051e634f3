//go:build linux

package git

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// plugin runs the action as a plugin step on Harness, which must succeed, and
// returns the step's outputs. Later steps get the plain variables by themselves,
// but for empty ones (lite-engine, engine/spec/helper.go, ToEnv); everything that
// is secret is an output.
func plugin(j *e2etest.Job, settings map[string]string) (outputs map[string]string) {
	j.T.Helper()
	harness := hosttest.Hosts[slices.IndexFunc(hosttest.Hosts, func(h hosttest.Host) bool { return h.Name == "Harness" })]
	site := harness.Start(j.T)
	for id, value := range settings {
		site.Env["PLUGIN_"+strings.ToUpper(id)] = value
	}
	j.KeepSecret(settings["token"])
	if text, err := j.Command(site.Env, e2etest.Program(j.T)).CombinedOutput(); err != nil {
		j.T.Fatalf("the plugin: %v\n%s", err, text)
	}
	read := func(name string) map[string]string {
		records, err := hosttest.ReadHarnessFile(site.Written(j.T)[name])
		if err != nil {
			j.T.Fatal(err)
		}
		return hosttest.ByName(records)
	}
	for name, value := range read("DRONE_ENV") {
		if value != "" {
			j.Env[name] = value
		}
	}
	outputs = read("HARNESS_OUTPUT_FILE")
	for name, value := range read("HARNESS_OUTPUT_SECRET_FILE") {
		outputs[name] = value
	}
	return outputs
}

// newHarnessJob begins a job on Harness.
func newHarnessJob(t *testing.T, server interface{ CA() string }) *e2etest.Job {
	t.Helper()
	j := e2etest.NewJob(t)
	delete(j.Env, "GITHUB_ACTIONS")
	j.Write("../authorities.pem", server.CA())
	return j
}

// The documented pipeline, as it is written but for the address of Bitbucket and
// the token, by the rules of Harness's engine.
func TestHarnessPipeline(t *testing.T) {
	var pipeline struct {
		Execution struct {
			Steps []struct {
				Step struct {
					Identifier string
					Spec       struct {
						Settings     map[string]string
						EnvVariables map[string]string `yaml:"envVariables"`
						Command      string
					}
				}
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(e2etest.Root(), "docs/hosts/harness.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &pipeline); err != nil {
		t.Fatal(err)
	}
	steps := pipeline.Execution.Steps
	if len(steps) != 2 {
		t.Fatalf("%d steps", len(steps))
	}

	login, settings := steps[0].Step, steps[0].Step.Spec.Settings
	server := e2etest.NewServer(t, settings["repository"])
	token := server.Add(e2etest.APIToken.Token)
	settings["server-url"], settings["identity"], settings["token"] = server.URL, token.Email, token.Secret
	j := newHarnessJob(t, server)
	outputs := plugin(j, settings)

	later := steps[1].Step.Spec
	expression := regexp.MustCompile(`^<\+execution\.steps\.` + login.Identifier + `\.output\.outputVariables\.(\w+)>$`)
	for name, value := range later.EnvVariables {
		match := expression.FindStringSubmatch(value)
		if match == nil || outputs[match[1]] == "" {
			t.Fatalf("%s has no value: %s", name, value)
		}
		j.Env[name] = outputs[match[1]]
	}
	j.Run("sh", "-c", later.Command)
	if last := server.Requests()[len(server.Requests())-1]; last.Status != 200 || last.User == "" {
		t.Errorf("the last request is %+v", last)
	}
}

// Steps that don't ask for git's password can use git for everything else; calls
// add up, each with its own password; an earlier step's header is reset, and
// its other settings stay.
func TestHarnessGit(t *testing.T) {
	const other = "acme/other"
	server := e2etest.NewServer(t, e2etest.Site, other)
	j := newHarnessJob(t, server)
	j.Env["GIT_CONFIG_COUNT"], j.Env["GIT_CONFIG_KEY_0"], j.Env["GIT_CONFIG_VALUE_0"] = "1", "user.name", "from an entry"
	j.Env["GIT_CONFIG_PARAMETERS"] = `'http.extraHeader=Authorization: Basic d3Jvbmc=' 'user.email'='it'\''s@example.com'`

	first, second := server.Add(e2etest.AccessToken.Token), server.Add(e2etest.AccessToken.Reach(other).Token)
	outputs := plugin(j, map[string]string{"token": first.Secret, "repository": e2etest.Site, "git": "repository", "server-url": server.URL})
	j.Run("git", "init", "--quiet", "local")
	j.Run("git", "-C", "local", "commit", "--quiet", "--allow-empty", "--message", "Local")
	if got := j.Run("git", "-C", "local", "log", "--format=%an, %ae"); got != "from an entry, it's@example.com" {
		t.Errorf("the commit is by %s", got)
	}
	// The first number is that of the first entry that is free.
	j.Env["BITBUCKET_GIT_1_PASSWORD"] = outputs["BITBUCKET_GIT_1_PASSWORD"]
	j.Reads(e2etest.Cloud.URL(server, e2etest.Site))

	outputs = plugin(j, map[string]string{"token": second.Secret, "repository": other, "git": "repository", "server-url": server.URL})
	j.Env["BITBUCKET_GIT_2_PASSWORD"] = outputs["BITBUCKET_GIT_2_PASSWORD"]
	j.Reads(e2etest.Cloud.URL(server, e2etest.Site), e2etest.Cloud.URL(server, other))
}
