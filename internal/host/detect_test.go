package host_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// lookup reads an environment of NAME=value pairs, separated by spaces.
func lookup(environment string) func(name string) (value string, present bool) {
	return func(name string) (string, bool) {
		for _, pair := range strings.Fields(environment) {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return value, true
			}
		}
		return "", false
	}
}

// Each host is found by its own variables, some of them by each of two, and by a value
// that says so.
func TestWhatAHostIsFoundBy(t *testing.T) {
	t.Parallel()
	const none = "no CI host"
	for environment, want := range map[string]string{
		"": none, "CI=true": none, "GITHUB_ACTIONS=false": none, "GITHUB_ACTIONS=1": none, "GITHUB_ACTIONS=": none, "GITHUB_OUTPUT=/x": none,
		"GITHUB_ACTIONS=true": "GitHub Actions", "ACT=true": "act", "GITEA_ACTIONS=true": "Gitea Actions", "FORGEJO_ACTIONS=true": "Forgejo Actions",
		"GITHUB_ACTIONS=true ACT=false": "GitHub Actions", "GITHUB_ACTIONS=true GITEA_ACTIONS=false": "GitHub Actions",
		"ACT=true GITEA_ACTIONS=true": "Gitea Actions", "ACT=true FORGEJO_ACTIONS=true": "Forgejo Actions", "GITEA_ACTIONS=true FORGEJO_ACTIONS=true": "Forgejo Actions",
		"TF_BUILD=True": "Azure Pipelines", "TF_BUILD=true": "Azure Pipelines", "TF_BUILD=False": none,
		"BUILDKITE=true": "Buildkite", "BUILDKITE=false": none, "BUILDKITE_BUILD_ID=x": none,
		"HARNESS_BUILD_ID=7": "Harness", "HARNESS_BUILD_ID=": none, "HARNESS_ACCOUNT_ID=x": none,
		"CI=woodpecker": "Woodpecker CI", "CI_SYSTEM_NAME=woodpecker": "Woodpecker CI", "CI_SYSTEM_NAME=other": none, "CI=true CI_SYSTEM_NAME=woodpecker": "Woodpecker CI",
		"DRONE=true": "Drone", "DRONE=false": none, "DRONE_BUILD_NUMBER=7": none,
		"GITLAB_CI=true": "GitLab CI", "GITLAB_CI=false": none,
		"BITBUCKET_BUILD_NUMBER=7": "Bitbucket Pipelines", "BITBUCKET_BUILD_NUMBER=": none,
		"BITBUCKET_WORKSPACE=team BITBUCKET_REPO_SLUG=repo": none, // results of ours have these names
		"CIRCLECI=true": "CircleCI", "CIRCLECI=false": none,
		"TEAMCITY_VERSION=2026.1": "TeamCity", "TEAMCITY_VERSION=": none,
		"JENKINS_URL=x BUILD_ID=7": "Jenkins", "JENKINS_URL=x": none, "BUILD_ID=7": none, "JENKINS_URL=x BUILD_ID=": none,
	} {
		h, err := host.Choose(host.World{Lookup: lookup(environment), Stdout: io.Discard, Stderr: io.Discard}, false)
		if h.Name != want || (err != nil) != (want == none) || err != nil && fault.From(err).Code != fault.NoHost {
			t.Errorf("%q: got %s, %v; want %s", environment, h.Name, err, want)
		}
	}
}

// Of two hosts, the fault says by which variables they were found. Neither can be named if
// one of them has masks.
func TestHintsAboutTwoHosts(t *testing.T) {
	t.Parallel()
	for environment, nameable := range map[string]bool{
		"TEAMCITY_VERSION=2026.1 CIRCLECI=true": true, "GITLAB_CI=true JENKINS_URL=x BUILD_ID=7": true,
		"TF_BUILD=True CIRCLECI=true": false, "BUILDKITE=true GITLAB_CI=true": false, "TF_BUILD=True CIRCLECI=true BITBUCKET_AUTH_HOST=circleci": false,
	} {
		h, err := host.Choose(host.World{Lookup: lookup(environment), Stdout: io.Discard, Stderr: io.Discard}, false)
		f := fault.From(err)
		if h.Name != "no CI host" || f.Code != fault.HostAmbiguous || strings.Contains(strings.Join(f.Hints, "\n"), "BITBUCKET_AUTH_HOST") != nameable || len(f.Hints) == 0 {
			t.Errorf("%s: got %v, %q", environment, f, f.Hints)
		}
		for pair := range strings.FieldsSeq(environment) {
			name, _, _ := strings.Cut(pair, "=")
			if name != "BUILD_ID" && name != "BITBUCKET_AUTH_HOST" && !strings.Contains(f.What, "(by "+name+")") {
				t.Errorf("%s: %s isn't named: %v", environment, name, f)
			}
		}
	}
}

// Whoever asks for a shell gets one, however many hosts without masks there are, unless
// another host is named.
func TestShellBetweenHosts(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]fault.Code{
		"TEAMCITY_VERSION=2026.1 CIRCLECI=true": {}, "CIRCLECI=true BITBUCKET_AUTH_HOST=shell": {}, "BITBUCKET_AUTH_HOST=shell": {}, "HARNESS_BUILD_ID=7 DRONE=true": {},
		"CIRCLECI=true BITBUCKET_AUTH_HOST=circleci": fault.SettingRefused, "BITBUCKET_AUTH_HOST=nothing": fault.SettingRefused,
		"TF_BUILD=True CIRCLECI=true": fault.ShellRefused, "GITHUB_ACTIONS=true BITBUCKET_AUTH_HOST=shell": fault.ShellRefused,
	} {
		h, err := host.Choose(host.World{Lookup: lookup(environment), Stdout: io.Discard, Stderr: io.Discard}, true)
		code := fault.Code{}
		if err != nil {
			code = fault.From(err).Code
		}
		if h.Name != "a shell" || code != want {
			t.Errorf("%s: got %s, %v", environment, h.Name, err)
		}
	}
}

// From before the first result is written, signals are ignored, once. If one was caught
// just before, it ends the run too late: all results are written.
func TestBeforeResultsAreWritten(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, name string, site *hosttest.Site, asked bool) {
		t.Helper()
		var stdout bytes.Buffer
		calls := 0
		ctx, cancel := context.WithCancelCause(t.Context())
		h, err := host.Choose(host.World{
			Lookup: site.Lookup, Stdout: &stdout, Stderr: io.Discard,
			BeforeWriting: func() {
				calls++
				cancel(fault.New(fault.Terminated, "terminated"))
				if stdout.Len() > 0 {
					t.Errorf("%s: standard output has %q before", name, stdout.String())
				}
				if asked {
					return
				}
				if outputs, variables := site.HandedOver(t, ""); len(outputs)+len(variables) > 0 {
					t.Errorf("%s: handed over before: %v, %v", name, outputs, variables)
				}
			},
		}, asked)
		if err != nil {
			t.Fatal(name, err)
		}
		if err := h.Prepare(site.Env[site.Setting("env-file")], true); err != nil {
			t.Fatal(name, err)
		}
		if err := h.HandOver(ctx, resultsOf([]string{"value"})); err != nil || calls != 1 {
			t.Errorf("%s: %d calls, %v", name, calls, err)
		}
		if asked {
			if !strings.Contains(stdout.String(), "export PUBLIC_0='value'\n") {
				t.Errorf("%s: printed %q", name, stdout.String())
			}
			return
		}
		if _, variables := site.HandedOver(t, stdout.String()); variables["PUBLIC_0"] != "value" {
			t.Errorf("%s: handed over %v", name, variables)
		}
	}
	for _, h := range hosttest.Hosts {
		check(t, h.Name, h.Start(t), false)
	}
	check(t, "a shell", &hosttest.Site{Env: map[string]string{}}, true)
}

// The files that a step lacks are found out before anything is printed, but only those
// that it needs: that of the environment isn't, if nothing is exported.
func TestWhichFilesAreNeeded(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][3]string{ // for outputs, for variables, for the summary
		"GitHub Actions": {"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"}, "Forgejo Actions": {"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"},
		"Harness": {"DRONE_OUTPUT", "DRONE_ENV", "HARNESS_METRICS_FILE"},
	} {
		for i, file := range files {
			for _, exports := range []bool{true, false} {
				j := startJob(t, named(t, name), file, "")
				err := j.host.Prepare("", exports)
				needed := i == 0 || i == 1 && exports
				if (err != nil) != needed || needed && (fault.From(err).Code != fault.CommandFileName || !strings.Contains(err.Error(), file)) {
					t.Errorf("%s, without %s, exports %t: got %v", name, file, exports, err)
				}
			}
		}
	}
}
