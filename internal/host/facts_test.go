package host_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// What is constant about each host, all in one place.
func TestFactsAboutHosts(t *testing.T) {
	t.Parallel()
	images := []string{"INPUT_ENTRYPOINT", "INPUT_ARGS"} // inputs of every action that is an image
	gitHub := host.Definition{HasOutputs: true, HasMasks: true, HostVariables: images}
	want := map[string]host.Definition{
		"GitHub Actions":  {HasOutputs: true, HasMasks: true, MasksBase64: true, HostVariables: images},
		"Gitea Actions":   gitHub,
		"Forgejo Actions": gitHub,
		"act":             gitHub,
		"Azure Pipelines": {
			ID: "azure-pipelines", HasOutputs: true, HasMasks: true, OutputsAreVariables: true, LeavesUndefined: true,
			MapSecrets: "map it under env: in this step",
		},
		"Buildkite": {ID: "buildkite", HasMasks: true},
		"Harness": {
			ID: "harness", HasOutputs: true, MapSecrets: "map it under envVariables: in this step",
			HostVariables: []string{"PLUGIN_ARTIFACT_FILE", "PLUGIN_METADATA_FILE", "PLUGIN_CACHE_METRICS_FILE", "PLUGIN_CACHE_INTEL_METRICS_FILE", "PLUGIN_BUILD_TOOL_FILE"},
		},
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
		if got := factsOf(d); got != factsOf(w) || d.ID != w.ID || !slices.Equal(d.HostVariables, w.HostVariables) {
			t.Errorf("%s (%s): got %+v, %q, want %+v", d.Name, d.ID, got, d.HostVariables, factsOf(w))
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
	type keys []string // one for each hint, in their order
	misspelt, caller := "set the input token to a secret that exists", "secrets: inherit"
	gitHubReference := keys{"write env-prefix: ${{ secrets.NAME }}", "${{ inputs.NAME }}"}
	withheld := keys{"(PLUGIN_TOKEN) to a secret that exists, by from_secret", "pull requests get no secrets"}
	fromSecret := keys{"write env-prefix: { from_secret: NAME }", "${NAME} is replaced before"}
	for name, want := range map[string]struct {
		token, reference keys
		file             string
	}{
		"GitHub Actions":  {keys{misspelt, "a secret of an environment needs that environment", caller}, gitHubReference, ""},
		"Gitea Actions":   {keys{misspelt, caller}, gitHubReference, ""},
		"Forgejo Actions": {keys{misspelt, caller}, gitHubReference, ""},
		"act":             {keys{misspelt, "--secret-file"}, gitHubReference, ""},
		"Azure Pipelines": {
			keys{"BITBUCKET_AUTH_TOKEN: $(BITBUCKET_TOKEN)", "builds of forks get none"},
			keys{"write BITBUCKET_AUTH_ENV_PREFIX: $(NAME) under env:", "a variable of a group needs that group"},
			"",
		},
		"Buildkite": {
			keys{"buildkite-agent secret get", "with the docker plugin"},
			keys{`export BITBUCKET_AUTH_ENV_PREFIX="$NAME"`, "$NAME is expanded when the pipeline is uploaded"},
			"",
		},
		"Harness":       {keys{`(PLUGIN_TOKEN) to <+secrets.getValue("name")>`}, keys{`env-prefix: <+secrets.getValue("name")> under settings:`}, ""},
		"Woodpecker CI": {withheld, fromSecret, "./.bitbucket.env"},
		"Drone":         {withheld, fromSecret, "./.bitbucket.env"},
		"GitLab CI": {
			keys{"to a CI/CD variable that exists", "a protected variable is empty", "an environment scope"},
			keys{"BITBUCKET_AUTH_ENV_PREFIX refers to", "Expand variable reference"},
			"../bitbucket.env",
		},
		"Bitbucket Pipelines": {
			keys{"a secured variable of the repository or workspace", "a deployment variable needs deployment:"},
			keys{`export BITBUCKET_AUTH_ENV_PREFIX="$NAME"`, "Repository settings"},
			"../bitbucket.env",
		},
		"CircleCI": {
			keys{"a variable of the project or of a context", "a variable of a context needs that context", "pull requests from forks get no secrets"},
			keys{`set it in the command, with double quotes: export BITBUCKET_AUTH_ENV_PREFIX="$NAME"`, "<< parameters.name >>"},
			`"$BASH_ENV"`,
		},
		"TeamCity": {keys{"env.BITBUCKET_AUTH_TOKEN, of type password"}, keys{"env.BITBUCKET_AUTH_ENV_PREFIX to %name%"}, `"$TMPDIR/bitbucket.env"`},
		"Jenkins":  {keys{"withCredentials"}, keys{`write BITBUCKET_AUTH_ENV_PREFIX = "${env.NAME}"`}, `"$WORKSPACE_TMP/bitbucket.env"`},
		"Tekton":   {keys{"secretKeyRef"}, keys{"$(params.NAME)"}, "/credentials/bitbucket.env"},
		"a shell":  {keys{"set BITBUCKET_AUTH_TOKEN and export it", "in BITBUCKET_AUTH_TOKEN_FILE"}, keys{`export BITBUCKET_AUTH_ENV_PREFIX="$NAME"`}, ""},
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
		if !slices.EqualFunc(h.EmptyTokenHints, want.token, strings.Contains) {
			t.Errorf("%s: an empty token: %q", name, h.EmptyTokenHints)
		}
		if hints := h.HintsAboutReferences("env-prefix"); !slices.EqualFunc(hints, want.reference, strings.Contains) || strings.Contains(strings.Join(hints, ""), "SETTING") {
			t.Errorf("%s: a reference: %q", name, hints)
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

// Whether a pull request comes from a fork, by the event's payload. A head without a
// repository is one that has been deleted since.
func TestForks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "event.json")
	const own, foreign = `{"repo": {"full_name": "team/repo"}}`, `{"repo": {"full_name": "mallory/repo"}}`
	for _, test := range []struct {
		event, payload string
		fork           bool
	}{
		{"pull_request", `{"pull_request": {"head": ` + foreign + `, "base": ` + own + `}}`, true},
		{"pull_request_review", `{"pull_request": {"head": ` + foreign + `, "base": ` + own + `}}`, true},
		{"pull_request_target", `{"pull_request": {"head": ` + foreign + `, "base": ` + own + `}}`, false}, // has the secrets
		{"pull_request", `{"pull_request": {"head": {"repo": null}, "base": ` + own + `}}`, true},
		{"pull_request", `{"pull_request": {"head": ` + own + `, "base": ` + own + `}}`, false},
		{"pull_request", `{"pull_request": {"head": ` + foreign + `}}`, false},
		{"push", `{"repository": {"full_name": "team/repo"}}`, false},
		{"pull_request", `{"pull_request": {"head": ` + foreign + `, "base": ` + own, false},
		{"pull_request", ``, false},
	} {
		write(t, path, test.payload, 0o600)
		j := startJob(t, named(t, "GitHub Actions"), "GITHUB_EVENT_NAME", test.event, "GITHUB_EVENT_PATH", path)
		if got := j.host.Event().Fork(); got != test.fork {
			t.Errorf("%s, %s: got %t", test.event, test.payload, got)
		}
	}
}
