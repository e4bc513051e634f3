package action_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// A setting by another action's name is a warning that names ours, and a fault if
// it is missing because of that.
func TestNamesOfOtherActions(t *testing.T) {
	api, access := credentialtest.APIToken(), credentialtest.AccessToken()
	skip := env{"INPUT_ON-MISSING-TOKEN": "skip"}
	for _, test := range []struct {
		name    string
		command string
		env     env
		exit    int
		first   string // of what is reported: the only line if it is a fault
		hint    string // its first one
	}{
		{
			"username, not needed", "",
			env{"INPUT_TOKEN": access, "INPUT_USERNAME": "me"},
			0,
			"warning: the input username doesn't exist; it is called identity here (BBA144)", "rename username to identity",
		},
		{
			"username, needed", "",
			env{"INPUT_TOKEN": api, "INPUT_USERNAME": "me@example.com"},
			2,
			"error: the input username doesn't exist; it is called identity here (BBA144)", "rename username to identity",
		},
		{
			"git_username, to tell the kind", "",
			env{"INPUT_TOKEN": "a-token-of-no-known-kind", "INPUT_GIT_USERNAME": "me@example.com"},
			2,
			"error: the input git_username doesn't exist; it is called identity here (BBA144)", "rename git_username to identity",
		},
		{
			"username, empty", "",
			env{"INPUT_TOKEN": api, "INPUT_USERNAME": ""},
			2,
			"warning: the input username doesn't exist; it is called identity here (BBA144)", "rename username to identity",
		},
		{
			"email, with an identity", "",
			env{"INPUT_TOKEN": api, "INPUT_IDENTITY": "me@example.com", "INPUT_EMAIL": "me@example.com"},
			0,
			"warning: the input email doesn't exist; it is called identity here (BBA144)", "remove email: identity is set",
		},
		{
			"password", "",
			env{"INPUT_PASSWORD": api, "INPUT_IDENTITY": "me@example.com"},
			2,
			"error: the input password doesn't exist; it is called token here (BBA144)", "rename password to token",
		},
		{
			"password, with skip", "", env{"INPUT_PASSWORD": api}.with(skip), 2,
			"error: the input password doesn't exist; it is called token here (BBA144)", "rename password to token",
		},
		{
			"no password, with skip", "", env{"INPUT_PASSWORD": ""}.with(skip), 0,
			"warning: the input password doesn't exist; it is called token here (BBA144)", "rename password to token",
		},
		{
			"username, with skip", "", env{"INPUT_USERNAME": "me"}.with(skip), 0,
			"warning: the input username doesn't exist; it is called identity here (BBA144)", "rename username to identity",
		},
		{"no password", "", env{"INPUT_PASSWORD": ""}, 2, "error: the token is empty (BBA101)", "rename password to token"},
		{
			"username and password", "",
			env{"INPUT_PASSWORD": api, "INPUT_USERNAME": "me"},
			2,
			"error: the token is empty (BBA101)", "rename password to token, and username to identity",
		},
		{
			"username and password, with skip", "mirror", env{"INPUT_PASSWORD": api, "INPUT_USERNAME": "me"}.with(skip), 2,
			"error: the token is empty (BBA101)", "rename password to token, and username to identity",
		},
		{"username only, without a token", "", env{"INPUT_USERNAME": "me"}, 2, "error: the token is empty (BBA101)", "rename username to identity"},
		{
			"repo, needed", "",
			env{"INPUT_TOKEN": access, "INPUT_GIT": "repository", "INPUT_REPO": "team/repo"},
			2,
			"error: the input repo doesn't exist; it is called repository here (BBA144)", "rename repo to repository",
		},
		{
			"target_repo_url, needed", "mirror",
			env{"INPUT_TOKEN": access, "INPUT_TARGET_REPO_URL": "https://bitbucket.org/team/repo.git"},
			2,
			"error: the input target_repo_url doesn't exist; it is called repository here (BBA144)", "rename target_repo_url to repository",
		},
		{
			"source-url, needed", "mirror",
			env{"INPUT_TOKEN": access, "INPUT_REPOSITORY": "team/repo", "INPUT_SOURCE-URL": "https://git.example.com/a"},
			2,
			"error: the input source-url doesn't exist; it is called source here (BBA144)", "rename source-url to source",
		},
		{
			"force", "mirror",
			env{"INPUT_TOKEN": access, "INPUT_REPOSITORY": "team/repo", "INPUT_SOURCE": "ssh://nowhere/x", "INPUT_FORCE": "true"},
			2,
			"warning: the input force doesn't exist; it is called overwrite here (BBA144)", "rename force to overwrite",
		},
		{
			"force, without a token", "mirror",
			env{"INPUT_PASSWORD": api, "INPUT_FORCE": "true"},
			2,
			"warning: the input force doesn't exist; it is called overwrite here (BBA144)", "rename force to overwrite",
		},
		{
			"verify_ssl", "",
			env{"INPUT_TOKEN": access, "INPUT_VERIFY_SSL": "false"},
			0,
			"warning: the input verify_ssl doesn't exist (BBA144)",
			"remove it: certificates are always verified; for a CA that this machine doesn't know, set ca-certificate",
		},
		{
			"what isn't a setting", "",
			env{"INPUT_TOKEN": access, "INPUT_QUIET": "true"},
			0,
			"warning: the input quiet doesn't exist (BBA144)", "remove it, or look for its name in the list of settings",
		},
		{"the other command's", "", env{"INPUT_TOKEN": access, "INPUT_DRY-RUN": "true", "INPUT_ARGS": "", "INPUT_ENTRYPOINT": ""}, 0, "", ""},
		{"the other command's", "mirror", env{"INPUT_TOKEN": "", "INPUT_VERIFY": "strict", "GITHUB_ACTOR": "dependabot[bot]"}.with(skip), 0, "", ""},
	} {
		var args []string
		if test.command != "" {
			args = []string{test.command}
		}
		o := onGitHub(t, test.env, args...)
		var reports []string
		for _, a := range hosttest.GitHub.Show(o.stdout).Annotations {
			if a.Level != "notice" {
				reports = append(reports, a.Level+": "+a.Message)
			}
		}
		lines := strings.Split(strings.Join(reports, "\n"), "\n")
		wanted := []string{test.first, "hint: " + test.hint}
		switch {
		case o.exit != test.exit:
			t.Errorf("%s: exit code %d\n%s", test.name, o.exit, o.stdout)
		case test.first == "" && len(reports) > 0:
			t.Errorf("%s: reported %q", test.name, reports)
		case test.first != "" && !strings.HasPrefix(strings.Join(lines, "\n")+"\n", strings.Join(wanted, "\n")+"\n"):
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, strings.Join(lines, "\n"), strings.Join(wanted, "\n"))
		case strings.HasPrefix(test.first, "error: the input") && len(reports) != 1:
			t.Errorf("%s: more is reported: %q", test.name, reports)
		}
	}
}

// On every host, unknown settings are reported by the names that users write, and
// a host's own variables aren't.
func TestUnknownSettingsOnEveryHost(t *testing.T) {
	for _, h := range hosttest.Hosts {
		own := env{"INPUT_ENTRYPOINT": "x", "INPUT_ARGS": "x"}
		if h.Name == "Harness" {
			own = env{"PLUGIN_ARTIFACT_FILE": "x", "PLUGIN_METADATA_FILE": "x", "PLUGIN_CACHE_METRICS_FILE": "x", "PLUGIN_CACHE_INTEL_METRICS_FILE": "x", "PLUGIN_BUILD_TOOL_FILE": "x"}
		}
		_, o := onHost(t, h, env{"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_QUIET": "true", "INPUT_USERNAME": "me"}, own)
		shown := o.stdout + o.stderr
		for _, id := range []string{"quiet", "username"} {
			name := "the setting " + id + " doesn't exist"
			switch h.Prefix {
			case "BITBUCKET_AUTH_":
				name = "the setting BITBUCKET_AUTH_" + strings.ToUpper(id) + " doesn't exist"
			case "INPUT_":
				name = "the input " + id + " doesn't exist"
			}
			equal(t, h.Name+": "+name, strings.Count(shown, name), 1)
		}
		equal(t, h.Name+": warnings", strings.Count(shown, "(BBA144)"), 2)
	}
	o := inShell(t, env{"BITBUCKET_AUTH_TOKEN": credentialtest.AccessToken(), "BITBUCKET_AUTH_MIRROR_DRY_RUN": "true", "BITBUCKET_AUTH_DRY_RUN": "true"})
	equal(t, "in a shell", strings.Count(o.stderr, "BBA144"), 1)
}

// With log: errors, a run that has nothing to warn of shows nothing, where that
// setting exists.
func TestLog(t *testing.T) {
	t.Parallel()
	token := credentialtest.AccessToken()
	for _, h := range hosttest.Hosts {
		settings := env{"INPUT_TOKEN": token, "INPUT_IDENTITY": "not-used", "INPUT_LOG": "errors"}
		_, o := onHost(t, h, settings)
		equal(t, h.Name+": exit code", o.exit, 0)
		shown := o.stdout + o.stderr
		if h.Masks {
			if strings.Count(shown, "(BBA144)") != 1 || !strings.Contains(shown, "the host is") || !strings.Contains(shown, "only hosts without masks") {
				t.Errorf("%s: got %s", h.Name, shown)
			}
			continue
		}
		equal(t, h.Name, shown, "")
		_, o = onHost(t, h, settings.with(env{"INPUT_QUIET": "true", "INPUT_KIND": "token"}))
		shown = o.stdout + o.stderr
		if strings.Contains(shown, "the host is") || !strings.Contains(shown, "(BBA144)") || !strings.Contains(shown, "(BBA103)") {
			t.Errorf("%s: got %s", h.Name, shown)
		}
		_, o = onHost(t, h, settings.with(env{"INPUT_LOG": "normal"}))
		if shown := o.stdout + o.stderr; !strings.Contains(shown, "the host is") || !strings.Contains(shown, "notice: ") {
			t.Errorf("%s: log: normal shows %s", h.Name, shown)
		}
	}
	source := newSource(t, "main")
	for log, want := range map[string]bool{"normal": true, "errors": false} {
		o := mirrors(t, env{
			"BITBUCKET_AUTH_TOKEN": token, "BITBUCKET_AUTH_REPOSITORY": "team/repo", "BITBUCKET_AUTH_SERVER_URL": "http://127.0.0.1:1",
			"BITBUCKET_AUTH_SOURCE": source, "BITBUCKET_AUTH_LOG": log,
		})
		if got := strings.Contains(o.stderr, "reading the branches"); got != want || o.exit == 0 || !strings.Contains(o.stderr, "error: ") {
			t.Errorf("the mirror with log: %s shows %s", log, o.stderr)
		}
	}
}
