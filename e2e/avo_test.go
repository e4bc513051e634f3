//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// TestAvo reads the fields of Avo Assure's form in later steps, for each kind of token,
// and runs the example of docs/avo-assure.md as users copy it.
func TestAvo(t *testing.T) {
	needAct(t)
	tree := copyTree(t)
	token := credentialtest.AccessToken()

	// The one substitution: this action instead of a released one, on push, and
	// the token as a plain variable, so that act itself masks nothing.
	const example = "docs/examples/avo-assure.yml"
	text := strings.NewReplacer(
		"on: workflow_dispatch", "on: push",
		"- uses: seed-e1d06701/bitbucket-auth@v1", "- uses: actions/checkout@v6\n      - uses: ./",
		"secrets.BITBUCKET_TOKEN", "vars.BITBUCKET_TOKEN",
	).Replace(readFile(t, filepath.Join(tree, example)))
	if err := os.WriteFile(filepath.Join(tree, example), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	commit(t, tree)

	t.Run("the example", func(t *testing.T) {
		log := act{workflow: example, vars: map[string]string{"BITBUCKET_TOKEN": token, "BITBUCKET_USERNAME": "someone"}}.run(t, tree)
		for _, line := range []string{
			`name:     My tests`, `URL:      https://bitbucket\.org/my-team/my-tests\.git`, `username: someone`, `PAT:      false`, `token:    \*\*\*`,
		} {
			checkLine(t, log, line)
		}
		checkNoSecret(t, log, token)
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
		log := act{workflow: "e2e/testdata/workflows/e2e-avo.yml", vars: vars}.run(t, tree)
		for _, kind := range []string{"api-token", "access-token", "app-password", "oauth-consumer", "http-access-token"} {
			checkLine(t, log, "the form of "+kind+" is right, for someone at "+regexp.QuoteMeta(fake.URL)+`(/scm)?/team/tests\.git with \*\*\*`)
		}
		for _, secret := range secrets {
			checkNoSecret(t, log, secret)
		}
	})
}
