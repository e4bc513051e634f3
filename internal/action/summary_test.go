package action_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden is the text of a file, which -update first replaces with got.
func golden(t *testing.T, path, got string) string {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(want)
}

// Five typical runs.
func TestSummaries(t *testing.T) {
	fake := newFake(t)
	consumer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository:write", "repository:admin"}})
	for name, e := range map[string]env{
		"api-token": {"INPUT_TOKEN": credentialtest.APIToken(), "INPUT_IDENTITY": "me@example.com"},
		"mirror": {
			"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_REPOSITORY": "https://bitbucket.org/team/repo/src/main/",
			"INPUT_GIT": "repository", "INPUT_REWRITE-SSH": "true", "INPUT_EXPIRES-ON": "2026-11-30", "GITHUB_EVENT_NAME": "workflow_run",
		},
		"avo-assure": {
			"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_REPOSITORY": "git clone https://someone@bitbucket.org/team/tests.git",
			"INPUT_AVO-CONNECTION-NAME": "Team | tests", "INPUT_AVO-USERNAME": "someone", "INPUT_EXPORT-ENV": "false",
		},
		"data-center": {
			"INPUT_TOKEN": credentialtest.HTTPAccessToken(), "INPUT_IDENTITY": "someone", "INPUT_SERVER-URL": "https://git.example.com/ctx",
			"INPUT_WORKSPACE": "PROJ", "INPUT_GIT": "workspace", "INPUT_ENV-PREFIX": "MIRROR", "INPUT_EXPIRES-ON": "2027-10-01",
		},
		"oauth-consumer": settings(fake, consumer).with(env{"INPUT_VERIFY": "strict", "INPUT_GIT": "host"}),
	} {
		t.Run(name, func(t *testing.T) {
			o := onGitHub(t, e)
			equal(t, "exit code", o.exit, 0)
			got := strings.ReplaceAll(o.summary, fake.URL, "http://127.0.0.1:7990")
			path := filepath.Join("testdata", "summary", name+".md")
			equal(t, path, got, golden(t, path, got))
		})
	}
}

// The summary says what the check found, and doesn't blame the credential for a
// repository that wasn't found.
func TestSummaryOfAFailedCheck(t *testing.T) {
	fake := newFake(t)
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket"}})
	for name, test := range map[string]struct {
		more env
		want string
	}{
		"accepted":      {env{}, "| Check | accepted by Bitbucket |"},
		"no repository": {env{"INPUT_REPOSITORY": "team/other"}, "| Check | not found: it doesn't exist, or the token has no access to it |"},
		"no such token": {env{"INPUT_IDENTITY": "other@example.com"}, "| Check | refused by Bitbucket |"},
		"no server":     {env{"INPUT_SERVER-URL": "http://127.0.0.1:1", "INPUT_TIMEOUT": "50ms"}, "| Check | failed: Bitbucket gave no answer about the credential |"},
		"not requested": {env{"INPUT_VERIFY": "none"}, "| Check | not requested |"},
	} {
		o := onGitHub(t, settings(fake, token).with(env{"INPUT_VERIFY": "warn"}).with(test.more))
		if !strings.Contains(o.summary, test.want) {
			t.Errorf("%s: got %s", name, o.summary)
		}
	}
}

func TestSummaryIsShortAndHarmless(t *testing.T) {
	hostile := `<img src=x onerror=alert(1)>|` + "`" + `[a](javascript:b)**c** @someone #1 $x$ &lt; ` + strings.Repeat("é", 3000)
	o := onGitHub(t, env{
		"INPUT_TOKEN": strings.Repeat("a", 40), "INPUT_IDENTITY": "some<b>one", "INPUT_REPOSITORY": strings.Repeat("w", 3000) + "/" + strings.Repeat("r", 3000),
		"INPUT_AVO-CONNECTION-NAME": hostile, "INPUT_GIT": "workspace", "INPUT_EXPIRES-ON": "2026-11-22",
		"GITHUB_EVENT_NAME": "pull_request_target", "BITBUCKET_CREDENTIAL": "other",
	})
	equal(t, "exit code", o.exit, 0)
	if len(o.summary) >= 4096 {
		t.Errorf("the summary has %d bytes", len(o.summary))
	}
	for _, bad := range []string{"<img", "[a](", " **c**", " @some", " #1", " $x", "\x00"} {
		if strings.Contains(o.summary, bad) {
			t.Errorf("%q is in the summary:\n%s", bad, o.summary)
		}
	}
	for line := range strings.Lines(o.summary) {
		if strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") > 4 {
			t.Errorf("a name creates an extra column: %s", line)
		}
	}
	var form map[string]any
	if err := json.Unmarshal([]byte(o.outputs["avo-assure"]), &form); err != nil || form["connectionName"] != hostile {
		t.Errorf("the form isn't what was set: %v", err)
	}
}

// The last line of a fault, and its code in the summary, lead to the page of the version
// that runs. The summary says what the log says.
func TestFaultsLeadToTheirPage(t *testing.T) {
	t.Parallel()
	fake := newFake(t)
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket"}})
	access := credentialtest.AccessToken()
	for name, test := range map[string]struct {
		env  env
		args []string
		code string
	}{
		"an empty token":            {env: env{"INPUT_IDENTITY": "me@example.com"}, code: "BBA101"},
		"another name":              {env: env{"INPUT_USERNAME": "me@example.com", "INPUT_PASSWORD": access}, code: "BBA101"},
		"a wrong setting":           {env: env{"INPUT_TOKEN": access, "INPUT_VERIFY": "yes"}, code: "BBA103"},
		"a refused credential":      {env: settings(fake, token).with(env{"INPUT_IDENTITY": "x@example.com", "INPUT_VERIFY": "strict"}), code: "BBA202"},
		"the mirror, a wrong value": {env: env{"INPUT_TOKEN": access, "INPUT_PRUNE": "yes"}, args: []string{"mirror"}, code: "BBA103"},
		"the mirror, no repository": {env: env{"INPUT_TOKEN": access}, args: []string{"mirror"}, code: "BBA136"},
	} {
		o := onGitHub(t, test.env, test.args...)
		equal(t, name+": error-code", o.outputs["error-code"], test.code)
		page := "https://github.com/seed-e1d06701/bitbucket-auth/blob/main/docs/troubleshooting.md#" + strings.ToLower(test.code)
		shown := ""
		for _, a := range hosttest.GitHub.Show(o.stdout).Annotations {
			if a.Level == "error" {
				shown = a.Message
			}
		}
		lines := strings.Split(shown, "\n")
		equal(t, name+": last line", lines[len(lines)-1], page)
		if len(lines) < 3 {
			t.Errorf("%s: no hint in %q", name, shown)
		}
		for _, line := range lines[:len(lines)-1] {
			line = strings.TrimSuffix(strings.TrimPrefix(line, "hint: "), " ("+test.code+")")
			if summary := unescaped.Replace(o.summary); !strings.Contains(summary, line) {
				t.Errorf("%s: the summary lacks %q:\n%s", name, line, summary)
			}
		}
		if title := map[bool]string{true: "### Mirror", false: "### Bitbucket credential\n"}[test.args != nil]; !strings.HasPrefix(o.summary, title) {
			t.Errorf("%s: the summary has no title:\n%s", name, o.summary)
		}
		if !strings.Contains(o.summary, "(["+test.code+"]("+page+"))\n") {
			t.Errorf("%s: the summary has no link:\n%s", name, o.summary)
		}
		off := onGitHub(t, test.env.with(env{"INPUT_SUMMARY": "false"}), test.args...)
		equal(t, name+": the summary that is turned off", off.summary, "")
	}
}

// unescaped removes what summaries escape.
var unescaped = strings.NewReplacer(`\`, "", "&amp;", "&", "&lt;", "<", "&gt;", ">")

// A release leads to its own page.
func TestReleaseLeadsToItsPage(t *testing.T) {
	w := world(env{"GITHUB_ACTIONS": "true"}, nil, nil)
	w.Version = "v1.2.3"
	if o := runWith(t, w); !strings.Contains(o.stdout, "/blob/v1.2.3/docs/troubleshooting.md#bba302\n") {
		t.Errorf("got %s", o.stdout)
	}
}

func TestSummaryCanBeTurnedOff(t *testing.T) {
	e := env{"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_SUMMARY": "false"}
	equal(t, "summary", onGitHub(t, e).summary, "")

	e["INPUT_SUMMARY"] = ""
	o := onGitHub(t, e.with(env{"GITHUB_STEP_SUMMARY": "/nowhere/summary"}))
	equal(t, "exit code where it can't be written", o.exit, 0)
	if !strings.Contains(o.stdout, "::warning title=bitbucket-auth BBA303::") || o.outputs["token"] == "" {
		t.Errorf("got %s", o.stdout)
	}
	o = onGitHub(t, e.with(env{"GITHUB_STEP_SUMMARY": ""}))
	equal(t, "warnings where there is none", strings.Count(o.stdout, "::warning"), 0)
}

// For each kind, the fields of the form have the values that were set.
func TestAvoAssure(t *testing.T) {
	fake := newFake(t)
	consumer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer})
	api, access, app, http := credentialtest.APIToken(), credentialtest.AccessToken(), credentialtest.AppPassword(), credentialtest.HTTPAccessToken()
	const dc = "https://git.example.com"
	for _, test := range []struct {
		name, token string
		env         env
		personal    bool
		url, user   string
	}{
		{"API token", api, env{"INPUT_TOKEN": api, "INPUT_IDENTITY": "me@example.com", "INPUT_AVO-USERNAME": "me"}, true, "https://bitbucket.org/team/repo.git", "me"},
		{"access token, username of a person", access, env{"INPUT_TOKEN": access, "INPUT_AVO-USERNAME": "me"}, false, "https://bitbucket.org/team/repo.git", "me"},
		{"access token's own username", access, env{"INPUT_TOKEN": access, "INPUT_AVO-USERNAME": "x-token-auth"}, false, "https://bitbucket.org/team/repo.git", "x-token-auth"},
		{"access token, username as identity", access, env{"INPUT_TOKEN": access, "INPUT_IDENTITY": "me"}, false, "https://bitbucket.org/team/repo.git", "me"},
		{"app password", app, env{"INPUT_TOKEN": app, "INPUT_IDENTITY": "me"}, true, "https://bitbucket.org/team/repo.git", "me"},
		{"Data Center, personal", http, env{"INPUT_TOKEN": http, "INPUT_IDENTITY": "me", "INPUT_SERVER-URL": dc}, true, dc + "/scm/team/repo.git", "me"},
		{"Data Center, project", http, env{"INPUT_TOKEN": http, "INPUT_AVO-USERNAME": "me", "INPUT_SERVER-URL": dc}, false, dc + "/scm/team/repo.git", "me"},
		{"OAuth consumer", "", settings(fake, consumer).with(env{"INPUT_AVO-USERNAME": "me"}), false, fake.URL + "/team/repo.git", "me"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := onGitHub(t, env{"INPUT_REPOSITORY": "team/repo", "INPUT_AVO-CONNECTION-NAME": "Mine"}.with(test.env))
			equal(t, "exit code", o.exit, 0)
			if test.token == "" {
				test.token = o.outputs["token"]
			}
			var form map[string]any
			if err := json.Unmarshal([]byte(o.outputs["avo-assure"]), &form); err != nil {
				t.Fatal(err)
			}
			equal(t, "form", form, map[string]any{
				"connectionName": "Mine", "accessToken": test.token, "personalAccessToken": test.personal, "repositoryUrl": test.url, "username": test.user,
			})
			// Bitbucket's own user name of an access token is another one.
			if says := strings.Contains(o.stdout, "contains a personal username"); says != strings.HasPrefix(test.name, "access token, ") {
				t.Errorf("a notice about the username: %t", says)
			}
			for _, shown := range []string{"Mine", "team/repo", "me@example.com"} {
				if strings.Contains(o.stdout, "::add-mask::"+shown) {
					t.Errorf("%q is masked", shown)
				}
			}
		})
	}
	for name, e := range map[string]env{
		"no repository":                   {"INPUT_TOKEN": app, "INPUT_IDENTITY": "me"},
		"no username":                     {"INPUT_TOKEN": access, "INPUT_REPOSITORY": "team/repo"},
		"no username, but an e-mail":      {"INPUT_TOKEN": api, "INPUT_IDENTITY": "me@example.com", "INPUT_REPOSITORY": "team/repo"},
		"no username, but a consumer key": settings(fake, consumer),
	} {
		o := onGitHub(t, e.with(env{"INPUT_AVO-CONNECTION-NAME": "Mine"}))
		if o.outputs["error-code"] != "BBA143" {
			t.Errorf("%s: got %s", name, o.outputs["error-code"])
		}
	}
}
