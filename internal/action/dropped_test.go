package action_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// commands are both commands with their settings.
var commands = []struct {
	args     []string
	settings []contract.Setting
}{
	{nil, contract.CredentialSettings},
	{[]string{"mirror"}, contract.MirrorSettings},
}

// declared are the inputs that a runner sets, most of them empty.
func declared(settings []contract.Setting) env {
	e := env{}
	for _, setting := range settings {
		if !setting.NotInput {
			e["INPUT_"+strings.ToUpper(setting.ID)] = ""
		}
	}
	return e.with(env{"INPUT_TOKEN": credentialtest.AccessToken()})
}

// eachKin starts a step on each host of GitHub's kin.
func eachKin(t *testing.T, test func(t *testing.T, site *hosttest.Site)) {
	for _, h := range hosttest.Hosts {
		if h.Prefix == "INPUT_" {
			t.Run(h.Name, func(t *testing.T) { test(t, h.Start(t)) })
		}
	}
}

// runs does a run in an environment of a site's, and returns the code of its fault.
func runs(t *testing.T, site *hosttest.Site, inputs env, args []string) (o outcome, code string) {
	t.Helper()
	w := world(env(site.Env).with(inputs), nil, nil)
	w.Args = args
	o = runWith(t, w)
	return o, commandFile(t, site.Written(t)["GITHUB_OUTPUT"])["error-code"]
}

// A step that lost its inputs with a hyphen does nothing, and shows no mask.
func TestDroppedInputs(t *testing.T) {
	for _, command := range commands {
		eachKin(t, func(t *testing.T, site *hosttest.Site) {
			all := declared(command.settings)
			left := env{}
			for name, value := range all {
				if !strings.Contains(name, "-") {
					left[name] = value
				}
			}
			for name, more := range map[string]env{
				"alone":                 {},
				"with an unknown input": {"INPUT_TOKN": "x"},
				"with a wrong value":    {"INPUT_KIND": "x"},
				"without a token":       {"INPUT_TOKEN": ""},
				"with a named host":     {"BITBUCKET_AUTH_HOST": "circleci"},
				"with another's":        {"PLUGIN_DRY-RUN": "true", "BITBUCKET_AUTH_DRY_RUN": "true"},
			} {
				o, code := runs(t, site, left.with(more), command.args)
				if o.exit != fault.ExitHost || code != "BBA315" {
					t.Errorf("%v, %s: exit code %d, %s", command.args, name, o.exit, code)
				}
				if strings.Contains(o.stdout, "add-mask") || strings.Contains(o.stdout+o.stderr, left["INPUT_TOKEN"]) || strings.Count(o.stdout, "::error") != 1 {
					t.Errorf("%v, %s: shown %q", command.args, name, o.stdout)
				}
			}
		})
	}
}

// Inputs that are only some of ours prove nothing: a step that uses the image
// directly (docker://) has those that it sets.
func TestInputsThatAreNotDropped(t *testing.T) {
	for _, command := range commands {
		eachKin(t, func(t *testing.T, site *hosttest.Site) {
			all := declared(command.settings)
			for name := range all {
				left := all.with(env{})
				for other := range all {
					if strings.Contains(other, "-") && other != name {
						delete(left, other)
					}
				}
				if !strings.Contains(name, "-") {
					delete(left, name) // and all others with a hyphen
				}
				if _, code := runs(t, site, left, command.args); code == "BBA315" {
					t.Errorf("%v, with or without %s: %s", command.args, name, code)
				}
			}
			for name, inputs := range map[string]env{"all": all, "a token alone": {"INPUT_TOKEN": all["INPUT_TOKEN"]}, "none": {}} {
				if _, code := runs(t, site, inputs, command.args); code == "BBA315" {
					t.Errorf("%v, %s: %s", command.args, name, code)
				}
			}
		})
	}
}

// Real shells: dash drops such names, bash keeps them.
func TestShellsThatDropInputs(t *testing.T) {
	for shell, want := range map[string]bool{"dash": true, "bash": false} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s on this machine", shell)
			continue
		}
		for _, command := range commands {
			cmd := exec.Command(path, "-c", "exec env")
			for name, value := range declared(command.settings) {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			cmd.Env = append(cmd.Env, "PATH=/usr/bin:/bin")
			text, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			left := env{}
			for line := range strings.Lines(string(text)) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
				left[name] = value
			}
			if left["INPUT_TOKEN"] == "" {
				t.Fatalf("%s lost the token", shell)
			}
			_, code := runs(t, hosttest.Hosts[0].Start(t), left, command.args)
			if got := code == "BBA315"; got != want {
				t.Errorf("%s, %v: %s", shell, command.args, code)
			}
		}
	}
}
