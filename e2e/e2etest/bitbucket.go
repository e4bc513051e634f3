//go:build linux

package e2etest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// Site is the repository of most tests.
const Site = "acme/site"

// Side is Cloud or Data Center, as git sees them.
type Side struct {
	Server string // the path to the web site
	SCM    string // the path to clone URLs
	SSH    string // an ssh address, up to the repository
	Module string // a Go module's path, up to the repository
	End    string // of it
}

// Bitbucket Cloud, and a Data Center below a context path.
var (
	Cloud      = Side{"", "", "git@127.0.0.1:", "bitbucket.org/", ""}
	DataCenter = Side{"/context", "/context/scm", "ssh://git@127.0.0.1:7999/", "bitbucket.example.com/scm/", ".git"}
)

// NewServer starts a fake Bitbucket, as Cloud and as Data Center, with these repositories.
func NewServer(t *testing.T, repositories ...string) *bitbuckettest.Server {
	t.Helper()
	return bitbuckettest.New(t, bitbuckettest.Options{Repositories: repositories, ContextPath: DataCenter.Server, TLS: true})
}

// URL is a repository's address on a server, for git.
func (s Side) URL(server *bitbuckettest.Server, repository string) string {
	return server.URL + s.SCM + "/" + repository
}

// Login is a kind of credential.
type Login struct {
	Name     string
	Side     Side
	Header   bool // git logs in with a header, not with a helper
	Token    bitbuckettest.Token
	Identity func(bitbuckettest.Token) string
}

func nobody(bitbuckettest.Token) string         { return "" }
func email(t bitbuckettest.Token) string        { return t.Email }
func username(t bitbuckettest.Token) string     { return t.Username }
func consumersKey(t bitbuckettest.Token) string { return t.Key }

// The kinds of credential, each of which may read and write.
var (
	APIToken = Login{"API token", Cloud, false, bitbuckettest.Token{
		Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket"},
	}, email}
	AccessToken = Login{"access token", Cloud, false, bitbuckettest.Token{
		Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository:write"}, Reach: []string{Site},
	}, nobody}
	Consumer = Login{"OAuth consumer", Cloud, false, bitbuckettest.Token{
		Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository:write"},
	}, consumersKey}
	PersonalToken = Login{"personal token", DataCenter, false, bitbuckettest.Token{
		Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_WRITE"},
	}, username}
	ProjectToken = Login{"project token", DataCenter, true, bitbuckettest.Token{
		Kind: bitbuckettest.ProjectHTTPToken, Scopes: []string{"REPO_WRITE"}, Reach: []string{"acme"},
	}, nobody}
	Logins = []Login{APIToken, AccessToken, Consumer, PersonalToken, ProjectToken}
)

// Reach limits l to a repository or a workspace.
func (l Login) Reach(name string) Login {
	l.Token.Reach = []string{name}
	return l
}

// LogIn runs the action with a new token, which the server knows, and with these
// values of the inputs git and repository.
func (l Login) LogIn(j *Job, server *bitbuckettest.Server, reach, repository string, more ...string) bitbuckettest.Token {
	j.T.Helper()
	token := server.Add(l.Token)
	inputs := []string{
		"token", token.Secret, "identity", l.Identity(token), "server-url", server.URL + l.Side.Server,
		"git", reach, "repository", repository,
	}
	if token.Kind == bitbuckettest.OAuthConsumer {
		inputs = append(inputs, "kind", "oauth-consumer", "ca-certificate", server.CA())
	}
	j.Step(append(inputs, more...)...)
	return token
}

// Requests returns the requests after the first ones, as lines.
func Requests(server *bitbuckettest.Server, first int) []string {
	var lines []string
	for _, r := range server.Requests()[first:] {
		lines = append(lines, fmt.Sprintln(r.Method, r.Path, r.Query, r.Status, r.Scheme, r.User))
	}
	return lines
}

// CheckRefs requires a repository to have these refs and no others.
func (j *Job) CheckRefs(server *bitbuckettest.Server, repository, want string) {
	j.T.Helper()
	refs := j.Run("git", "--git-dir", server.Dir(repository), "for-each-ref", "--format=%(refname)")
	if got := strings.Join(strings.Fields(refs), " "); got != want {
		j.T.Errorf("%s has %s, want %s", repository, got, want)
	}
}

// LsRemote lists the refs of a repository.
func (j *Job) LsRemote(url string) (string, error) {
	j.T.Helper()
	return j.Try("git", "ls-remote", url)
}

// Reads requires that the job can read the repositories at these addresses.
func (j *Job) Reads(urls ...string) {
	j.T.Helper()
	for _, url := range urls {
		if text, err := j.LsRemote(url); err != nil {
			j.T.Errorf("%s: %v\n%s", url, err, text)
		}
	}
}
