//go:build linux

package git

import (
	"encoding/base64"
	"strings"
	"testing"

	gobitbucket "github.com/ktrysmt/go-bitbucket"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// TestClients logs in to Bitbucket's REST API with what the action handed over, by
// programs of other people: a Go client of Bitbucket Cloud for each kind that
// Cloud has, and curl, which Data Center's are used with too.
func TestClients(t *testing.T) {
	for _, test := range []struct {
		name   string
		token  bitbuckettest.Token
		inputs func(bitbuckettest.Token) []string
	}{
		{"API token", bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket"}}, func(token bitbuckettest.Token) []string {
			return []string{"identity", token.Email}
		}},
		{"repository access token", bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository"}, Reach: []string{"team/repo"}}, nil},
		{"workspace access token", bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken, Scopes: []string{"repository"}, Reach: []string{"team"}}, nil},
		{"OAuth consumer", bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository"}}, func(token bitbuckettest.Token) []string {
			return []string{"kind", "oauth-consumer", "identity", token.Key}
		}},
		{"Data Center's personal token", bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_READ"}}, func(token bitbuckettest.Token) []string {
			return []string{"identity", token.Username}
		}},
		{"Data Center's project token", bitbuckettest.Token{Kind: bitbuckettest.ProjectHTTPToken, Scopes: []string{"PROJECT_READ"}, Reach: []string{"team"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}, ContextPath: "/ctx"})
			token := fake.Add(test.token)
			onCloud := !strings.HasSuffix(string(token.Kind), "http-token")
			server, api := fake.URL, fake.URL+"/2.0/repositories/team/repo"
			if !onCloud {
				server, api = fake.URL+"/ctx", fake.URL+"/ctx/rest/api/latest/projects/team/repos/repo"
			}
			inputs := []string{"token", token.Secret, "server-url", server, "repository", "team/repo"}
			if test.inputs != nil {
				inputs = append(inputs, test.inputs(token)...)
			}
			j := e2etest.NewJob(t, fake)
			j.Step(inputs...)

			j.Run("sh", "-c", `printf 'header = "Authorization: %s"' "$BITBUCKET_AUTHORIZATION" | curl -fsS --config - `+api)
			if onCloud {
				signIn(t, j, fake.URL+"/2.0")
			}
		})
	}
}

// signIn asks for the repository with the Go client.
func signIn(t *testing.T, j *e2etest.Job, api string) {
	t.Helper()
	pair, err := base64.StdEncoding.DecodeString(j.Env["BITBUCKET_CREDENTIAL"])
	if err != nil {
		t.Fatal(err)
	}
	identity, token, _ := strings.Cut(string(pair), ":")
	c, err := gobitbucket.NewOAuthbearerTokenWithBaseUrlStr(token, api)
	if identity != "x-token-auth" {
		c, err = gobitbucket.NewAPITokenAuthWithBaseUrlStr(identity, token, api)
	}
	if err != nil {
		t.Fatal(err)
	}
	repository, err := c.Repositories.Repository.Get(&gobitbucket.RepositoryOptions{Owner: "team", RepoSlug: "repo"})
	if err != nil || repository.Full_name != "team/repo" {
		t.Errorf("the client got %+v, %v", repository, err)
	}
}
