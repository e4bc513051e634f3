package host_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// What is constant about each host, all in one place.
func TestFactsAboutHosts(t *testing.T) {
	t.Parallel()
	gitHub := host.Definition{HasOutputs: true, HasMasks: true}
	want := map[string]host.Definition{
		"GitHub Actions":  {HasOutputs: true, HasMasks: true, MasksBase64: true},
		"Gitea Actions":   gitHub,
		"Forgejo Actions": gitHub,
		"act":             gitHub,
		"Azure Pipelines": {
			ID: "azure-pipelines", HasOutputs: true, HasMasks: true, OutputsAreVariables: true, LeavesUndefined: true,
			MapSecrets: "map it under env: in this step",
		},
		"Buildkite":           {ID: "buildkite", HasMasks: true},
		"Harness":             {ID: "harness", HasOutputs: true, MapSecrets: "map it under envVariables: in this step"},
		"Woodpecker CI":       {ID: "woodpecker"},
		"Drone":               {ID: "drone"},
		"GitLab CI":           {ID: "gitlab", FileVariableHint: "or change the variable's type from File to Variable: Settings → CI/CD → Variables"},
		"Bitbucket Pipelines": {ID: "bitbucket-pipelines", OnBitbucket: true},
		"CircleCI":            {ID: "circleci"},
		"TeamCity":            {ID: "teamcity"},
		"Jenkins":             {ID: "jenkins"},
		"Tekton":              {ID: "tekton"},
	}
	for _, d := range host.Definitions() {
		w, listed := want[d.Name]
		if !listed {
			t.Errorf("%s isn't listed here", d.Name)
		}
		type facts struct {
			outputs, masks, base64, variables, undefined, onBitbucket bool
			mapSecrets, fileVariable                                  string
		}
		factsOf := func(d host.Definition) facts {
			return facts{d.HasOutputs, d.HasMasks, d.MasksBase64, d.OutputsAreVariables, d.LeavesUndefined, d.OnBitbucket, d.MapSecrets, d.FileVariableHint}
		}
		if got := factsOf(d); got != factsOf(w) || d.ID != w.ID {
			t.Errorf("%s (%s): got %+v, want %+v", d.Name, d.ID, got, factsOf(w))
		}
		family := map[string]host.Family{
			"INPUT_": {ByID: true, InputsOnly: true}, "PLUGIN_": {ByID: true, Place: " under settings:"}, "BITBUCKET_AUTH_": {},
		}[d.Settings.Prefix]
		if d.Settings.ByID != family.ByID || d.Settings.InputsOnly != family.InputsOnly || d.Settings.Place != family.Place {
			t.Errorf("%s: settings are %+v", d.Name, d.Settings)
		}
	}
}

// The hints about an empty token, a reference and env-file are the host's own.
func TestHintsOfHosts(t *testing.T) {
	t.Parallel()
	const gitHubReference = "write env-prefix: ${{ secrets.NAME }}"
	for name, want := range map[string]struct{ token, reference, file string }{
		"GitHub Actions":      {"a secret of an environment needs that environment", gitHubReference, ""},
		"Gitea Actions":       {"if its caller passes them", gitHubReference, ""},
		"Forgejo Actions":     {"if its caller passes them", gitHubReference, ""},
		"act":                 {"--secret-file", gitHubReference, ""},
		"Azure Pipelines":     {"BITBUCKET_AUTH_TOKEN: $(BITBUCKET_TOKEN)", "write BITBUCKET_AUTH_ENV_PREFIX: $(NAME) under env:", ""},
		"Buildkite":           {"buildkite-agent secret get", `export BITBUCKET_AUTH_ENV_PREFIX="$NAME"`, ""},
		"Harness":             {`(PLUGIN_TOKEN) to <+secrets.getValue("name")>`, `env-prefix: <+secrets.getValue("name")> under settings:`, ""},
		"Woodpecker CI":       {"pull requests get no secrets", "write env-prefix: { from_secret: NAME }", "./.bitbucket.env"},
		"Drone":               {"pull requests get no secrets", "write env-prefix: { from_secret: NAME }", "./.bitbucket.env"},
		"GitLab CI":           {"a protected variable is empty", "BITBUCKET_AUTH_ENV_PREFIX refers to", "../bitbucket.env"},
		"Bitbucket Pipelines": {"a deployment variable needs deployment:", `export BITBUCKET_AUTH_ENV_PREFIX="$NAME"`, "../bitbucket.env"},
		"CircleCI":            {"a variable of a context", `set it in the command, with double quotes: export BITBUCKET_AUTH_ENV_PREFIX="$NAME"`, `"$BASH_ENV"`},
		"TeamCity":            {"env.BITBUCKET_AUTH_TOKEN, of type password", "BITBUCKET_AUTH_ENV_PREFIX to %name%", `"$TMPDIR/bitbucket.env"`},
		"Jenkins":             {"withCredentials", `write BITBUCKET_AUTH_ENV_PREFIX = "${env.NAME}"`, `"$WORKSPACE_TMP/bitbucket.env"`},
		"Tekton":              {"secretKeyRef", "$(params.NAME)", "/credentials/bitbucket.env"},
		"a shell":             {"export it", `export BITBUCKET_AUTH_ENV_PREFIX="$NAME"`, ""},
	} {
		var h *host.Host
		if name == "a shell" {
			j := &job{Site: &hosttest.Site{Env: map[string]string{}}}
			if err := j.choose(true); err != nil {
				t.Fatal(err)
			}
			h = j.host
		} else {
			h = startJob(t, named(t, name)).host
		}
		if hints := strings.Join(h.EmptyTokenHints, "\n"); !strings.Contains(hints, want.token) {
			t.Errorf("%s: an empty token: %s", name, hints)
		}
		if hints := strings.Join(h.HintsAboutReferences("env-prefix"), "\n"); !strings.Contains(hints, want.reference) || strings.Contains(hints, "SETTING") {
			t.Errorf("%s: a reference: %s", name, hints)
		}
		if want.file == "" {
			continue
		}
		setting := map[string]string{"PLUGIN_": "env-file under settings:", "BITBUCKET_AUTH_": "BITBUCKET_AUTH_ENV_FILE"}[h.Settings.Prefix]
		hints := strings.Join(fault.From(h.Prepare("", true)).Hints, "\n")
		if !strings.Contains(hints, "set "+setting+" to a path that later steps share, such as "+want.file+"\n") || !strings.Contains(hints, "first run: . "+want.file) {
			t.Errorf("%s: env-file: %s", name, hints)
		}
	}
}

// Only GitHub and its kin name the event, and who started it.
func TestEvents(t *testing.T) {
	t.Parallel()
	for _, h := range hosttest.Hosts {
		j := startJob(t, h, "GITHUB_EVENT_NAME", "pull_request", "GITHUB_ACTOR", "dependabot[bot]", "GITHUB_TRIGGERING_ACTOR", "someone")
		event := j.host.Event()
		isKin := h.Prefix == "INPUT_"
		if (event.Name == "pull_request") != isKin || event.Dependabot != isKin || event.Fork() {
			t.Errorf("%s: got %+v", h.Name, event)
		}
	}
}
