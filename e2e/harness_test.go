//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// plugin runs the action as a plugin step on Harness, which must succeed, and
// returns the step's outputs. Later steps get the plain variables by themselves,
// but for empty ones (lite-engine, engine/spec/helper.go, ToEnv); everything that
// is secret is an output.
func (j *job) plugin(settings map[string]string) (outputs map[string]string) {
	j.t.Helper()
	harness := hosttest.Hosts[slices.IndexFunc(hosttest.Hosts, func(h hosttest.Host) bool { return h.Name == "Harness" })]
	site := harness.Start(j.t)
	for id, value := range settings {
		site.Env["PLUGIN_"+strings.ToUpper(id)] = value
	}
	j.keepSecret(settings["token"])
	binary, err := filepath.Abs(filepath.Join(root, ".bin/bitbucket-auth"))
	if err != nil {
		j.t.Fatal(err)
	}
	if text, err := j.command(site.Env, binary).CombinedOutput(); err != nil {
		j.t.Fatalf("the plugin: %v\n%s", err, text)
	}
	read := func(name string) map[string]string {
		records, err := hosttest.ReadHarnessFile(site.Written(j.t)[name])
		if err != nil {
			j.t.Fatal(err)
		}
		return hosttest.ByName(records)
	}
	for name, value := range read("DRONE_ENV") {
		if value != "" {
			j.env[name] = value
		}
	}
	outputs = read("HARNESS_OUTPUT_FILE")
	for name, value := range read("HARNESS_OUTPUT_SECRET_FILE") {
		outputs[name] = value
	}
	return outputs
}

// newHarnessJob begins a job on Harness.
func newHarnessJob(t *testing.T, server interface{ CA() string }) *job {
	t.Helper()
	j := newJob(t)
	delete(j.env, "GITHUB_ACTIONS")
	j.write("../authorities.pem", server.CA())
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
	text, err := os.ReadFile(filepath.Join(root, "docs/hosts/harness.yml"))
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
	server := newServer(t, settings["repository"])
	token := server.Add(apiToken.token)
	settings["server-url"], settings["identity"], settings["token"] = server.URL, token.Email, token.Secret
	j := newHarnessJob(t, server)
	outputs := j.plugin(settings)

	later := steps[1].Step.Spec
	expression := regexp.MustCompile(`^<\+execution\.steps\.` + login.Identifier + `\.output\.outputVariables\.(\w+)>$`)
	for name, value := range later.EnvVariables {
		match := expression.FindStringSubmatch(value)
		if match == nil || outputs[match[1]] == "" {
			t.Fatalf("%s has no value: %s", name, value)
		}
		j.env[name] = outputs[match[1]]
	}
	j.run("sh", "-c", later.Command)
	if last := server.Requests()[len(server.Requests())-1]; last.Status != 200 || last.User == "" {
		t.Errorf("the last request is %+v", last)
	}
}

// Steps that don't ask for git's password can use git for everything else; calls
// add up, each with its own password; an earlier step's header is reset, and
// its other settings stay.
func TestHarnessGit(t *testing.T) {
	const other = "acme/other"
	server := newServer(t, site, other)
	j := newHarnessJob(t, server)
	j.env["GIT_CONFIG_COUNT"], j.env["GIT_CONFIG_KEY_0"], j.env["GIT_CONFIG_VALUE_0"] = "1", "user.name", "from an entry"
	j.env["GIT_CONFIG_PARAMETERS"] = `'http.extraHeader=Authorization: Basic d3Jvbmc=' 'user.email'='it'\''s@example.com'`

	first, second := server.Add(accessToken.token), server.Add(accessToken.reach(other).token)
	outputs := j.plugin(map[string]string{"token": first.Secret, "repository": site, "git": "repository", "server-url": server.URL})
	j.run("git", "init", "--quiet", "local")
	j.run("git", "-C", "local", "commit", "--quiet", "--allow-empty", "--message", "Local")
	if got := j.run("git", "-C", "local", "log", "--format=%an, %ae"); got != "from an entry, it's@example.com" {
		t.Errorf("the commit is by %s", got)
	}
	// The first number is that of the first entry that is free.
	j.env["BITBUCKET_GIT_1_PASSWORD"] = outputs["BITBUCKET_GIT_1_PASSWORD"]
	j.reads(cloud.url(server, site))

	outputs = j.plugin(map[string]string{"token": second.Secret, "repository": other, "git": "repository", "server-url": server.URL})
	j.env["BITBUCKET_GIT_2_PASSWORD"] = outputs["BITBUCKET_GIT_2_PASSWORD"]
	j.reads(cloud.url(server, site), cloud.url(server, other))
}
