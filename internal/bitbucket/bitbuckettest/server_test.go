package bitbuckettest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

const repo = "acme/site"

// ask sends a request, such as "GET /2.0/user", with these Authorization
// headers, and returns the reply with its body.
func ask(t *testing.T, server *Server, request string, authorization ...string) (status int, header http.Header, body string) {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Authorization"] = authorization
	response, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}

// authorization logs in with a token: Basic with a user, Bearer without.
func authorization(user, secret string) string {
	if user == "" {
		return "Bearer " + secret
	}
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, secret)
	return r.Header.Get("Authorization")
}

// A fake that accepts more than Bitbucket lets a wrong program pass.
func TestRefusals(t *testing.T) {
	const (
		user       = "GET /2.0/user"
		site       = "GET /2.0/repositories/acme/site"
		invalid    = "Token is invalid, expired, or not supported for this endpoint."
		missing    = "Your credentials lack one or more required privilege scopes."
		mint       = "POST /site/oauth2/access_token"
		read       = "GET /acme/site.git/info/refs?service=git-upload-pack"
		write      = "GET /acme/site.git/info/refs?service=git-receive-pack"
		noAccess   = "You may not have access to this repository or it no longer exists in this workspace."
		email      = "dev@example.com"
		apiUser    = "x-bitbucket-api-token-auth"
		tokenUser  = "x-token-auth"
		dataCenter = "GET /dc/rest/api/latest/projects/acme/repos/site"
		readDC     = "GET /dc/scm/acme/site/info/refs?service=git-upload-pack"
		writeDC    = "GET /dc/scm/acme/site/info/refs?service=git-receive-pack"
		wrong      = "IncorrectPasswordAuthenticationException"
		forbidden  = "AuthorisationException"
	)
	scopes := func(list ...string) []string { return list }
	granular := scopes("read:repository:bitbucket", "read:user:bitbucket")
	api := Token{Kind: APIToken, Scopes: granular}
	access := Token{Kind: RepositoryAccessToken, Scopes: scopes("pullrequest"), Reach: []string{repo}}
	oauth := Token{Kind: OAuthToken, Scopes: scopes("account", "repository")}
	personal := Token{Kind: PersonalHTTPToken, Scopes: scopes("REPO_READ")}
	ofRepository := Token{Kind: RepositoryHTTPToken, Scopes: scopes("REPO_READ"), Reach: []string{repo}}
	ended := func(token Token) Token { token.ended = true; return token }
	server := New(t, Options{Repositories: []string{repo, "acme/other", "other/site"}, ContextPath: "/dc"})

	for _, c := range []struct {
		name     string
		request  string
		token    Token  // none where its kind is empty
		user     string // Basic; Bearer where empty
		status   int
		contains string
	}{
		{"API token without any scope", user, Token{Kind: APIToken}, email, 401, invalid},
		{"API token with a username", user, api, "dev", 401, invalid},
		{"API token as Bearer", user, api, "", 401, invalid},
		{"API token, write alone", site, Token{Kind: APIToken, Scopes: scopes("write:repository:bitbucket")}, email, 403, missing},
		{"API token without a scope", "GET /2.0/workspaces/acme", api, email, 403, `"required":["read:workspace:bitbucket"]`},
		{"access token and a user", user, access, "", 403, "not accessible by this authentication mechanism"},
		{"access token out of its reach", "GET /2.0/repositories/acme/other", access, "", 404, "either does not exist or you do not have access"},
		{"access token without a scope", site, Token{Kind: WorkspaceAccessToken, Scopes: scopes("account")}, "", 403, `"required":["repository"]`},
		{"access token as Basic", site, access, tokenUser, 401, invalid},
		{"access token that has ended", site, ended(access), "", 401, invalid},
		{"OAuth token that has ended", site, ended(oauth), "", 401, "Access token expired."},
		{"app password", user, Token{Kind: AppPassword}, "dev", 401, invalid},
		{"Data Center's token on Cloud", user, personal, "", 401, invalid},
		{"anonymous user", user, Token{}, "", 401, invalid},
		{"anonymous repository", site, Token{}, "", 404, "make sure you're authenticated"},

		{"OAuth client with another's id", mint, Token{Kind: OAuthConsumer}, "other", 400, "Invalid OAuth client credentials"},
		{"OAuth client that has ended", mint, ended(Token{Kind: OAuthConsumer, Key: "key"}), "key", 400, "Invalid OAuth client credentials"},
		{"OAuth client without a grant", mint, Token{Kind: OAuthConsumer, Key: "key"}, "key", 400, "unsupported_grant_type"},
		{"OAuth client as Bearer", mint, Token{Kind: OAuthConsumer, Key: "key"}, "", 400, "unauthorized_client"},

		{"git, API token with an e-mail", read, api, email, 401, noAccess},
		{"git, API token with the wrong fixed name", read, api, tokenUser, 401, noAccess},
		{"git, API token as Bearer", read, api, "", 401, noAccess},
		{"git, API token without any scope", read, Token{Kind: APIToken}, apiUser, 401, noAccess},
		{"git, API token, admin alone", read, Token{Kind: APIToken, Scopes: scopes("admin:repository:bitbucket")}, apiUser, 403, missing},
		{"git, API token, read alone, to push", write, api, apiUser, 403, missing},
		{"git, API token, write alone, to push", write, Token{Kind: APIToken, Scopes: scopes("write:repository:bitbucket")}, apiUser, 403, missing},
		{"git, access token, read alone, to push", write, access, tokenUser, 403, missing},
		{"git, access token with the wrong fixed name", read, access, apiUser, 401, noAccess},
		{"git, access token out of its reach", "GET /acme/other.git/info/refs?service=git-upload-pack", access, tokenUser, 401, noAccess},
		{"git, OAuth token that has ended", read, ended(oauth), tokenUser, 401, noAccess},
		{"git, app password", read, Token{Kind: AppPassword}, "dev", 410, "CHANGE-3222"},
		{"git, anonymous", read, Token{}, "", 401, noAccess},

		{"Data Center, personal token with a wrong name", dataCenter, personal, "john", 401, wrong},
		{"Data Center, personal token that has ended", dataCenter, ended(personal), "", 401, wrong},
		{"Data Center, repository token as Basic", dataCenter, ofRepository, tokenUser, 401, wrong},
		{"Data Center, repository token out of its reach", "GET /dc/rest/api/latest/projects/other/repos/site", ofRepository, "", 401, forbidden},
		{"Data Center, repository token without a scope", dataCenter, Token{Kind: RepositoryHTTPToken}, "", 401, forbidden},
		{"Data Center, Cloud's token", dataCenter, api, email, 401, wrong},
		{"Data Center, anonymous", dataCenter, Token{}, "", 401, forbidden},
		{"Data Center, git, personal token with an e-mail", readDC, personal, email, 401, "Authentication failed"},
		{"Data Center, git, personal token that has ended", readDC, ended(personal), "dev", 401, "Authentication failed"},
		{"Data Center, git, repository token with a name", readDC, ofRepository, tokenUser, 401, "Authentication failed"},
		{"Data Center, git, read alone, to push", writeDC, ofRepository, "", 403, "not permitted"},
		{"Data Center, git, Cloud's token", readDC, api, apiUser, 401, "Authentication failed"},
	} {
		var login []string
		if c.token.Kind != "" {
			login = []string{authorization(c.user, server.Add(c.token).Secret)}
		}
		if status, _, body := ask(t, server, c.request, login...); status != c.status || !strings.Contains(body, c.contains) {
			t.Errorf("%s: got %d %s", c.name, status, body)
		}
	}
}

// Two Authorization headers are refused, and LFS's storage accepts none but its
// own, so that a header of git's that is sent there as well breaks LFS.
func TestForeignHeadersAreRefused(t *testing.T) {
	server := New(t, Options{Repositories: []string{repo}})
	login := authorization("", server.Add(Token{Kind: PersonalHTTPToken, Scopes: []string{"REPO_WRITE"}}).Secret)
	if status, _, _ := ask(t, server, "GET /rest/api/latest/users", login, login); status != http.StatusBadRequest {
		t.Errorf("two headers: status %d", status)
	}
	if status, _, _ := ask(t, server, "GET /rest/git-lfs/storage/acme/site/0123", login); status != http.StatusUnauthorized {
		t.Errorf("storage: status %d", status)
	}
}

func TestHostileReplies(t *testing.T) {
	server := New(t, Options{})
	server.Answer("/2.0/user", Echo(http.StatusFound), Commands(http.StatusForbidden))
	if _, header, body := ask(t, server, "GET /2.0/user", "Bearer open-sesame"); !strings.Contains(body, `"Bearer open-sesame"`) || header.Get("Location") != "/login?token=open-sesame" {
		t.Errorf("%v %s", header, body)
	}
	if _, header, body := ask(t, server, "GET /2.0/user"); !strings.Contains(body, `\n::add-mask::`) || !strings.Contains(header.Get("x-oauth-scopes"), "##[error]") {
		t.Errorf("%v %s", header, body)
	}
}

// witness is a test that only notes its failures.
type witness struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (w *witness) Helper()          {}
func (w *witness) Cleanup(f func()) { w.cleanups = append(w.cleanups, f) }
func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

func TestUnexpectedRequestsAndUnusedAnswersFailTheTest(t *testing.T) {
	w := &witness{TB: t}
	server := New(w, Options{})
	token := server.Add(Token{Kind: APIToken})
	server.Answer("GET /2.0/user", RateLimited(""), RateLimited(""))
	ask(t, server, "GET /2.0/user")
	for path, want := range map[string]int{
		"/2.0/nothing":                         http.StatusNotFound,  // no such API
		"/user":                                http.StatusForbidden, // the API without /2.0
		"/rest/api/latest/admin":               http.StatusNotFound,
		"/acme/site.git/settings":              http.StatusNotFound,
		"/2.0/workspaces/acme?" + token.Secret: http.StatusUnauthorized, // a secret in the URL
	} {
		if status, _, body := ask(t, server, "GET "+path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, cleanup := range w.cleanups {
		cleanup()
	}
	if len(w.failures) != 6 {
		t.Errorf("%q", w.failures)
	}
}
