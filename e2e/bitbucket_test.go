//go:build linux

package e2e

import (
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

const site = "acme/site"

// side is Cloud or Data Center, as git sees them.
type side struct {
	server string // the path to the web site
	scm    string // the path to clone URLs
	ssh    string // an ssh address, up to the repository
	module string // a Go module's path, up to the repository
	end    string // of it
}

var (
	cloud      = side{"", "", "git@127.0.0.1:", "bitbucket.org/", ""}
	dataCenter = side{"/context", "/context/scm", "ssh://git@127.0.0.1:7999/", "bitbucket.example.com/scm/", ".git"}
)

// login is a kind of credential.
type login struct {
	name     string
	side     side
	header   bool // git logs in with a header, not with a helper
	token    bitbuckettest.Token
	identity func(bitbuckettest.Token) string
}

func nobody(bitbuckettest.Token) string { return "" }

func email(t bitbuckettest.Token) string { return t.Email }

func username(t bitbuckettest.Token) string { return t.Username }

func consumersKey(t bitbuckettest.Token) string { return t.Key }

var (
	apiToken = login{"API token", cloud, false, bitbuckettest.Token{
		Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket"},
	}, email}
	accessToken = login{"access token", cloud, false, bitbuckettest.Token{
		Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository:write"}, Reach: []string{site},
	}, nobody}
	consumer = login{"OAuth consumer", cloud, false, bitbuckettest.Token{
		Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository:write"},
	}, consumersKey}
	personalToken = login{"personal token", dataCenter, false, bitbuckettest.Token{
		Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_WRITE"},
	}, username}
	projectToken = login{"project token", dataCenter, true, bitbuckettest.Token{
		Kind: bitbuckettest.ProjectHTTPToken, Scopes: []string{"REPO_WRITE"}, Reach: []string{"acme"},
	}, nobody}
	logins = []login{apiToken, accessToken, consumer, personalToken, projectToken}
)

// reach limits l to a repository or a workspace.
func (l login) reach(name string) login {
	l.token.Reach = []string{name}
	return l
}
