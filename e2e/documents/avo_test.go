//go:build linux

package documents

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// TestAvo reads the fields of Avo Assure's form in later steps, for each kind of token,
// and runs the example of docs/avo-assure.md as users copy it.
func TestAvo(t *testing.T) {
	e2etest.NeedAct(t)
	tree := e2etest.CopyTree(t)
	token := credentialtest.AccessToken()

	// The one substitution: this action instead of a released one, on push, and
	// the token as a plain variable, so that act itself masks nothing.
	const example = "docs/examples/avo-assure.yml"
	text := strings.NewReplacer(
		"on: workflow_dispatch", "on: push",
		"- uses: seed-e1d06701/bitbucket-auth@v1", "- uses: actions/checkout@v6\n      - uses: ./",
		"secrets.BITBUCKET_TOKEN", "vars.BITBUCKET_TOKEN",
	).Replace(e2etest.ReadFile(t, filepath.Join(tree, example)))
	if err := os.WriteFile(filepath.Join(tree, example), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e2etest.Commit(t, tree)

	t.Run("the example", func(t *testing.T) {
		log := e2etest.Act{Workflow: example, Vars: map[string]string{"BITBUCKET_TOKEN": token, "BITBUCKET_USERNAME": "someone"}}.Run(t, tree)
		for _, line := range []string{
			`name:     My tests`, `URL:      https://bitbucket\.org/my-team/my-tests\.git`, `username: someone`, `PAT:      false`, `token:    \*\*\*`,
		} {
			e2etest.CheckLine(t, log, line)
		}
		e2etest.CheckNoSecret(t, log, token)
	})

	t.Run("each kind", func(t *testing.T) {
		fake := bitbuckettest.New(t, bitbuckettest.Options{})
		consumer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer})
		secrets := map[string]string{
			"API_TOKEN": credentialtest.APIToken(), "ACCESS_TOKEN": token, "APP_PASSWORD": credentialtest.AppPassword(),
			"CONSUMER_SECRET": consumer.Secret, "HTTP_TOKEN": credentialtest.HTTPAccessToken(),
		}
		vars := map[string]string{"SERVER": fake.URL, "CONSUMER_KEY": consumer.Key}
		for name, secret := range secrets {
			vars[name] = secret
		}
		log := e2etest.Act{Workflow: "e2e/documents/testdata/workflows/e2e-avo.yml", Vars: vars}.Run(t, tree)
		for _, kind := range []string{"api-token", "access-token", "app-password", "oauth-consumer", "http-access-token"} {
			e2etest.CheckLine(t, log, "the form of "+kind+" is right, for someone at "+regexp.QuoteMeta(fake.URL)+`(/scm)?/team/tests\.git with \*\*\*`)
		}
		for _, secret := range secrets {
			e2etest.CheckNoSecret(t, log, secret)
		}
	})
}
