//go:build linux

package e2e

import (
	"fmt"
	"strings"
	"testing"

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

func newServer(t *testing.T, repositories ...string) *bitbuckettest.Server {
	t.Helper()
	return bitbuckettest.New(t, bitbuckettest.Options{Repositories: repositories, ContextPath: dataCenter.server, TLS: true})
}

// url is a repository's address on a server, for git.
func (s side) url(server *bitbuckettest.Server, repository string) string {
	return server.URL + s.scm + "/" + repository
}

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

// logIn runs the action with a new token, which the server knows, and with these
// values of the inputs git and repository.
func (l login) logIn(j *job, server *bitbuckettest.Server, reach, repository string, more ...string) bitbuckettest.Token {
	j.t.Helper()
	token := server.Add(l.token)
	inputs := []string{
		"token", token.Secret, "identity", l.identity(token), "server-url", server.URL + l.side.server,
		"git", reach, "repository", repository,
	}
	if token.Kind == bitbuckettest.OAuthConsumer {
		inputs = append(inputs, "kind", "oauth-consumer", "ca-certificate", server.CA())
	}
	j.step(append(inputs, more...)...)
	return token
}

// requests returns the requests after the first ones, as lines.
func requests(server *bitbuckettest.Server, first int) []string {
	var lines []string
	for _, r := range server.Requests()[first:] {
		lines = append(lines, fmt.Sprintln(r.Method, r.Path, r.Query, r.Status, r.Scheme, r.User))
	}
	return lines
}

// checkRefs requires a repository to have these refs and no others.
func (j *job) checkRefs(server *bitbuckettest.Server, repository, want string) {
	j.t.Helper()
	refs := j.run("git", "--git-dir", server.Dir(repository), "for-each-ref", "--format=%(refname)")
	if got := strings.Join(strings.Fields(refs), " "); got != want {
		j.t.Errorf("%s has %s, want %s", repository, got, want)
	}
}

// lsRemote lists the refs of a repository.
func (j *job) lsRemote(url string) (string, error) {
	j.t.Helper()
	return j.try("git", "ls-remote", url)
}

// reads requires that the job can read the repositories at these addresses.
func (j *job) reads(urls ...string) {
	j.t.Helper()
	for _, url := range urls {
		if text, err := j.lsRemote(url); err != nil {
			j.t.Errorf("%s: %v\n%s", url, err, text)
		}
	}
}
