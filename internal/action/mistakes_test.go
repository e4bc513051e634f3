package action_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// mistake is one that people make, as a step or on a command line.
type mistake struct {
	title string
	env   env      // of a step on GitHub
	args  []string // of a command line, instead of a step
}

// TestMistakes compares the exact words that answer the usual mistakes with
// testdata/mistakes.md, which reads like a page of the manual. After a change of
// words, read the page that this writes:
//
//	go test ./internal/action -run TestMistakes -update
func TestMistakes(t *testing.T) {
	fake := newFake(t)
	readOnly := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket"}})
	limited := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:user:bitbucket"}})
	api, access, app, dc := credentialtest.APIToken(), credentialtest.AccessToken(), credentialtest.AppPassword(), credentialtest.HTTPAccessToken()
	base := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	client := credentialtest.Letters(76)
	gitHub := "ghp_" + strings.Repeat("a1B2", 9)
	good := env{"INPUT_TOKEN": api, "INPUT_IDENTITY": "me@example.com"}
	repository := env{"INPUT_TOKEN": access, "INPUT_REPOSITORY": "team/repo"}

	// What is secret, or differs between runs, shows as a name.
	names := strings.NewReplacer(
		base("me@example.com:"+api), "BASE64-OF-PAIR", base(api), "BASE64-OF-TOKEN",
		api, "API-TOKEN", access, "ACCESS-TOKEN", app, "APP-PASSWORD", dc, "HTTP-ACCESS-TOKEN", gitHub, "ghp_TOKEN", client, "CLIENT-SECRET",
		readOnly.Secret, "API-TOKEN", limited.Secret, "API-TOKEN",
		fake.URL, "http://127.0.0.1:7990", strings.TrimPrefix(fake.URL, "http://"), "127.0.0.1:7990",
	)
	var page strings.Builder
	page.WriteString("# Common mistakes, and the output that each one produces\n\nWritten by `go test ./internal/action -run TestMistakes -update`.\n")
	for _, m := range []mistake{
		{title: "The secret is empty", env: good.with(env{"INPUT_TOKEN": ""})},
		{title: "A setting is misspelt", env: good.with(env{"INPUT_TOKN": "x"})},
		{title: "A setting that another action has", env: env{"INPUT_USERNAME": "me@example.com", "INPUT_TOKEN": api}},
		{title: "Two settings that another action has", env: env{"INPUT_USERNAME": "me@example.com", "INPUT_PASSWORD": api}},
		{title: "A setting that doesn't exist", env: good.with(env{"INPUT_DEBUG": "true"})},
		{title: "A setting has underscores", env: good.with(env{"INPUT_EXPORT_ENV": "false"})},
		{title: "Token and identity are swapped", env: env{"INPUT_TOKEN": "me@example.com", "INPUT_IDENTITY": api}},
		{title: "An app password with an e-mail address", env: env{"INPUT_TOKEN": app, "INPUT_IDENTITY": "me@example.com"}},
		{title: "An API token with a username", env: good.with(env{"INPUT_IDENTITY": "someone"})},
		{title: "An API token without an identity", env: good.with(env{"INPUT_IDENTITY": ""})},
		{title: "A colon in the identity", env: good.with(env{"INPUT_IDENTITY": "me@example.com:secret"})},
		{title: "A short token", env: good.with(env{"INPUT_TOKEN": "abc123"})},
		{title: "A whole header", env: good.with(env{"INPUT_TOKEN": "Bearer " + api})},
		{title: "An encoded pair", env: good.with(env{"INPUT_TOKEN": base("me@example.com:" + api)})},
		{title: "An encoded token", env: good.with(env{"INPUT_TOKEN": base(api)})},
		{title: "A pair", env: good.with(env{"INPUT_TOKEN": "me@example.com:" + api})},
		{title: "A line of a file of variables", env: good.with(env{"INPUT_TOKEN": "BITBUCKET_TOKEN=" + api})},
		{title: "A line of YAML", env: good.with(env{"INPUT_TOKEN": "token: " + api})},
		{title: "A clone URL with the token in it", env: env{"INPUT_TOKEN": "https://x-token-auth:" + access + "@bitbucket.org/team/repo.git"}},
		{title: "A reference to a secret manager", env: env{"INPUT_TOKEN": "op://vault/bitbucket/token"}},
		{title: "An unset variable of a script", env: env{"INPUT_TOKEN": "undefined"}},
		{title: "A placeholder of a document", env: good.with(env{"INPUT_TOKEN": "<your-api-token>"})},
		{title: "The name of a secret", env: good.with(env{"INPUT_TOKEN": "secrets.BITBUCKET_TOKEN"})},
		{title: "A name before the e-mail address", env: good.with(env{"INPUT_IDENTITY": "Some One <me@example.com>"})},
		{title: "An account ID as the identity", env: good.with(env{"INPUT_IDENTITY": "557058:0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"})},
		{title: "An OAuth client without its kind", env: env{"INPUT_TOKEN": client, "INPUT_IDENTITY": "Ab12Cd34Ef56Gh78Jk"}},
		{title: "A token of GitHub's", env: env{"INPUT_TOKEN": gitHub, "INPUT_IDENTITY": "someone"}},
		{title: "A reference that isn't expanded", env: good.with(env{"INPUT_TOKEN": "${{ secret.BITBUCKET_TOKEN }}"})},
		{title: "A reference in the identity", env: good.with(env{"INPUT_IDENTITY": "$BITBUCKET_USER"})},
		{title: "A reference in the repository", env: repository.with(env{"INPUT_REPOSITORY": "team/${REPOSITORY}"})},
		{title: "Quotes around the repository", env: repository.with(env{"INPUT_REPOSITORY": `"team/repo"`})},
		{title: "Quotes around the token", env: good.with(env{"INPUT_TOKEN": `"` + api + `"`})},
		{title: "An access token for a Data Center", env: env{"INPUT_TOKEN": access, "INPUT_SERVER-URL": "https://git.example.com"}},
		{title: "A page as server-url", env: env{"INPUT_TOKEN": dc, "INPUT_SERVER-URL": "https://git.example.com/projects/PROJ"}},
		{title: "Plain http", env: env{"INPUT_TOKEN": dc, "INPUT_SERVER-URL": "http://git.example.com"}},
		{title: "What the Clone button copies", env: repository.with(env{"INPUT_REPOSITORY": "git clone https://someone@bitbucket.org/team/repo.git"})},
		{title: "A repository on another server", env: repository.with(env{"INPUT_REPOSITORY": "https://github.com/team/repo"})},
		{title: "The clone URL of a wiki", env: repository.with(env{"INPUT_REPOSITORY": "git clone https://someone@bitbucket.org/team/repo.git/wiki"})},
		{title: "A page of a workspace", env: repository.with(env{"INPUT_REPOSITORY": "https://bitbucket.org/team/workspace/projects/PROJ"})},
		{title: "A password in the repository's address", env: repository.with(env{"INPUT_REPOSITORY": "https://someone:" + access + "@bitbucket.org/team/repo.git"})},
		{title: "Another workspace", env: repository.with(env{"INPUT_WORKSPACE": "other"})},
		{title: "git: repository without a repository", env: good.with(env{"INPUT_GIT": "repository"})},
		{title: "git: true", env: good.with(env{"INPUT_GIT": "true"})},
		{title: "verify: yes", env: good.with(env{"INPUT_VERIFY": "yes"})},
		{title: "A boolean of older YAML", env: good.with(env{"INPUT_EXPORT-ENV": "no"})},
		{title: "An env-prefix in lower case", env: good.with(env{"INPUT_ENV-PREFIX": "mirror"})},
		{title: "A timeout without a unit", env: good.with(env{"INPUT_TIMEOUT": "30"})},
		{title: "A certificate file that doesn't exist", env: good.with(env{"INPUT_CA-CERTIFICATE": "company-ca.pem"})},
		{title: "A date that has passed", env: good.with(env{"INPUT_EXPIRES-ON": "2026-11-20"})},
		{title: "A kind that doesn't exist", env: good.with(env{"INPUT_KIND": "token"})},
		{title: "An access token that has expired", env: repository.with(env{"INPUT_EXPIRES-ON": "2026-11-20", "INPUT_VERIFY": "strict"})},
		{title: "The words of the page on which tokens are made", env: settings(fake, readOnly).with(env{"INPUT_REQUIRED-SCOPES": "Repositories: Write"})},
		{title: "A level that doesn't exist there", env: good.with(env{"INPUT_REQUIRED-SCOPES": "Pull requests: Admin"})},
		{title: "A scope that doesn't exist", env: good.with(env{"INPUT_REQUIRED-SCOPES": "write:repositories:bitbucket"})},
		{title: "A wrong identity (401)", env: settings(fake, readOnly).with(env{"INPUT_IDENTITY": "other@example.com", "INPUT_VERIFY": "strict"})},
		{title: "A scope is missing (403)", env: settings(fake, limited).with(env{"INPUT_VERIFY": "strict"})},
		{title: "A required scope is missing", env: settings(fake, readOnly).with(env{"INPUT_REQUIRED-SCOPES": "repository:write"})},
		{title: "A repository that doesn't exist (404)", env: settings(fake, readOnly).with(env{"INPUT_REPOSITORY": "team/repository", "INPUT_VERIFY": "strict"})},
		{title: "The token as an argument", args: []string{"--token=" + api}},
	} {
		fmt.Fprintf(&page, "\n## %s\n\n", m.title)
		var exit int
		var shown string
		if m.args != nil {
			var stdout, stderr bytes.Buffer
			w := world(nil, &stdout, &stderr)
			w.Args = m.args
			exit, shown = action.Run(context.Background(), w), stderr.String()
			fmt.Fprintf(&page, "    bitbucket-auth %s\n", strings.Join(m.args, " "))
		} else {
			o := onGitHub(t, m.env)
			exit, shown = o.exit, answers(o)
			for _, name := range slices.Sorted(maps.Keys(m.env)) {
				if id, isInput := strings.CutPrefix(name, "INPUT_"); isInput {
					page.WriteString(strings.TrimRight("    "+strings.ToLower(id)+": "+m.env[name], " ") + "\n")
				}
			}
		}
		fmt.Fprintf(&page, "\nExit code %d\n\n", exit)
		for line := range strings.Lines(shown) {
			page.WriteString("    " + line)
		}
	}

	const path = "testdata/mistakes.md"
	// The system's words for a file that isn't there: the page has those of Linux.
	_, missing := os.Open("company-ca.pem")
	got := strings.ReplaceAll(names.Replace(page.String()), fault.Reason(missing), "no such file or directory")
	// Section by section, so that a failure shows the mistake alone.
	gotSections, wantSections := strings.Split(got, "\n## "), strings.Split(golden(t, path, got), "\n## ")
	equal(t, "number of sections", len(gotSections), len(wantSections))
	for i := range min(len(gotSections), len(wantSections)) {
		equal(t, path, gotSections[i], wantSections[i])
	}
}

// answers are the notices, warnings and errors of a step, as people see them.
func answers(o outcome) string {
	var b strings.Builder
	for _, a := range hosttest.GitHub.Show(o.stdout).Annotations {
		b.WriteString(a.Level + ": " + a.Message + "\n")
	}
	return b.String()
}
