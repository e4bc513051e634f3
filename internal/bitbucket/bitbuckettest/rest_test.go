package bitbuckettest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// restCase is one row: who asks for what, and what comes back.
type restCase struct {
	name     string
	path     string
	token    Token  // none where its kind is empty
	user     string // Basic; Bearer where empty
	status   int
	contains string            // of the body
	header   map[string]string // "" for an absent one
}

func (c restCase) run(t *testing.T, server *Server) {
	t.Run(c.name, func(t *testing.T) {
		secret := ""
		if c.token.Kind != "" {
			secret = server.Add(c.token).Secret
		}
		response, body := ask(t, "GET", server.URL+c.path, c.user, secret)
		if response.StatusCode != c.status || !strings.Contains(body, c.contains) || !json.Valid([]byte(body)) {
			t.Errorf("got %d %s", response.StatusCode, body)
		}
		for name, value := range c.header {
			if got := response.Header.Get(name); got != value {
				t.Errorf("%s: got %q, want %q", name, got, value)
			}
		}
	})
}

func TestCloudREST(t *testing.T) {
	const (
		email     = "dev@example.com"
		user      = "/2.0/user"
		site      = "/2.0/repositories/acme/site"
		workspace = "/2.0/workspaces/acme"
		invalid   = "Token is invalid, expired, or not supported for this endpoint."
		missing   = "Your credentials lack one or more required privilege scopes."
	)
	scopes := func(list ...string) []string { return list }
	api := Token{Kind: APIToken, Scopes: scopes("read:repository:bitbucket", "read:user:bitbucket")}
	access := Token{Kind: RepositoryAccessToken, Scopes: scopes("pullrequest:write"), Reach: []string{repo}}
	oauth := Token{Kind: OAuthToken, Scopes: scopes("account")}
	server := New(t, Options{Repositories: []string{repo, "acme/other"}})

	for _, c := range []restCase{
		{"API token", user, api, email, 200, `"username":"dev"`, map[string]string{
			"x-credential-type": "api_token", "x-oauth-scopes": "read:repository:bitbucket, read:user:bitbucket", "x-accepted-oauth-scopes": "account",
		}},
		{"API token and a repository", site, api, email, 200, `"full_name":"acme/site"`, map[string]string{"x-accepted-oauth-scopes": "repository"}},
		{
			"API token without a scope", workspace, api, email, 403,
			`"detail":{"granted":["read:repository:bitbucket","read:user:bitbucket"],"required":["read:workspace:bitbucket"]}`,
			map[string]string{"x-credential-type": "api_token", "x-accepted-oauth-scopes": ""},
		},
		{"API token without any scope", user, Token{Kind: APIToken}, email, 401, invalid, nil},
		{"API token with a username", user, api, "dev", 401, invalid, map[string]string{"WWW-Authenticate": `Basic realm="Bitbucket.org HTTP"`}},
		{"API token as Bearer", user, api, "", 401, invalid, nil},
		{"write alone", site, Token{Kind: APIToken, Scopes: scopes("write:repository:bitbucket")}, email, 403, missing, nil},
		{"access token", site, access, "", 200, `"slug":"site"`, map[string]string{"x-credential-type": "repo_access_token", "x-oauth-scopes": "pullrequest:write"}},
		{"access token and a workspace", workspace, access, "", 200, `"slug":"acme"`, nil},
		{
			"access token and a user", user, access, "", 403, "not accessible by this authentication mechanism",
			map[string]string{"x-oauth-scopes": "pullrequest:write", "x-accepted-oauth-scopes": "account"},
		},
		{"access token out of its reach", "/2.0/repositories/acme/other", access, "", 404, "either does not exist or you do not have access", nil},
		{
			"access token without a scope", site,
			Token{Kind: WorkspaceAccessToken, Scopes: scopes("account")},
			"", 403, `"required":["repository"]`,
			map[string]string{"x-credential-type": "workspace_access_token"},
		},
		{"access token as Basic", site, access, "x-token-auth", 401, invalid, nil},
		{"OAuth token", user, oauth, "", 200, `"type":"user"`, map[string]string{"x-credential-type": "oauth"}},
		{"app password", user, Token{Kind: AppPassword}, "dev", 401, invalid, nil},
		{"Data Center's token", user, Token{Kind: PersonalHTTPToken}, "", 401, invalid, nil},
		{"anonymous user", user, Token{}, "", 401, invalid, map[string]string{"x-accepted-oauth-scopes": "account"}},
		{"anonymous repository", site, Token{}, "", 404, "make sure you're authenticated", nil},
		{"unknown repository", "/2.0/repositories/acme/none", api, email, 404, "either does not exist", nil},
	} {
		c.run(t, server)
	}
}

func TestTokensEnd(t *testing.T) {
	server := New(t, Options{Repositories: []string{repo}})
	for _, c := range []struct {
		kind         Kind
		method, path string
		user         string
		status       int
		message      string
	}{
		{WorkspaceAccessToken, "GET", "/2.0/repositories/acme/site", "", 401, "Token is invalid"},
		{OAuthToken, "GET", "/2.0/repositories/acme/site", "", 401, "Access token expired."},
		{OAuthToken, "GET", "/acme/site/info/refs?service=git-upload-pack", "x-token-auth", 401, "You may not have access"},
		{OAuthConsumer, "POST", "/site/oauth2/access_token", "key", 400, "Invalid OAuth client credentials"},
		{PersonalHTTPToken, "GET", "/rest/api/latest/users", "", 401, "IncorrectPasswordAuthenticationException"},
		{PersonalHTTPToken, "GET", "/scm/acme/site/info/refs?service=git-upload-pack", "dev", 401, "Authentication failed"},
	} {
		token := server.Add(Token{Kind: c.kind, Key: "key", Scopes: []string{"repository", "REPO_READ"}})
		if response, _ := ask(t, c.method, server.URL+c.path, c.user, token.Secret); response.StatusCode == c.status && c.kind != OAuthConsumer {
			t.Errorf("%s %s: %d too early", c.kind, c.path, response.StatusCode)
		}
		server.End(token.Secret)
		if response, body := ask(t, c.method, server.URL+c.path, c.user, token.Secret); response.StatusCode != c.status || !strings.Contains(body, c.message) {
			t.Errorf("%s %s: %d %s", c.kind, c.path, response.StatusCode, body)
		}
	}
}

func TestOAuthClient(t *testing.T) {
	server := New(t, Options{})
	known := server.Add(Token{Kind: OAuthConsumer, Scopes: []string{"account", "repository:write"}})
	other := server.Add(Token{Kind: OAuthConsumer})
	for _, c := range []struct {
		id, secret, grant string
		status            int
		contains          string
	}{
		{known.Key, known.Secret, "client_credentials", 200, `"expires_in":7200,"scope":"account repository:write","state":"client_credentials"`},
		{known.Key, known.Secret, "password", 400, `"error":"unsupported_grant_type"`},
		{other.Key, known.Secret, "client_credentials", 400, `"error_description":"Invalid OAuth client credentials"`},
		{"", "", "client_credentials", 400, `"error":"unauthorized_client"`},
	} {
		form := url.Values{"grant_type": {c.grant}}
		request, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/site/oauth2/access_token", strings.NewReader(form.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if c.id != "" {
			request.SetBasicAuth(c.id, c.secret)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var raw json.RawMessage
		if err := json.NewDecoder(response.Body).Decode(&raw); err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.status || !strings.Contains(string(raw), c.contains) {
			t.Errorf("%+v: got %d %s", c, response.StatusCode, raw)
		}
	}
}

func TestDataCenterREST(t *testing.T) {
	const (
		users     = "/git/rest/api/latest/users?limit=1"
		site      = "/git/rest/api/1.0/projects/ACME/repos/site"
		wrong     = `"exceptionName":"com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException"`
		forbidden = `"exceptionName":"com.atlassian.bitbucket.AuthorisationException"`
	)
	read := []string{"REPO_READ"}
	personal := Token{Kind: PersonalHTTPToken, Username: "jane", Scopes: read}
	ofProject := Token{Kind: ProjectHTTPToken, Scopes: []string{"PROJECT_ADMIN"}, Reach: []string{"ACME"}}
	server := New(t, Options{Repositories: []string{"ACME/site", "OTHER/site"}, ContextPath: "/git"})
	for _, c := range []restCase{
		{"personal token", users, personal, "", 200, `"isLastPage":true`, map[string]string{"X-AUSERNAME": "jane"}},
		{"personal token as Basic", site, personal, "jane", 200, `/git/scm/acme/site.git"`, nil},
		{"personal token with a wrong name", site, personal, "john", 401, wrong, map[string]string{"WWW-Authenticate": `Basic realm="Atlassian Bitbucket"`, "X-AUSERNAME": ""}},
		{"project token", site, ofProject, "", 200, `"key":"ACME"`, nil},
		{"project token and its project", "/git/rest/api/latest/projects/acme", ofProject, "", 200, `"key":"ACME"`, nil},
		{"project token as Basic", site, ofProject, "x-token-auth", 401, wrong, nil},
		{"project token out of its reach", "/git/rest/api/latest/projects/OTHER/repos/site", ofProject, "", 401, forbidden, nil},
		{"repository token without a scope", site, Token{Kind: RepositoryHTTPToken}, "", 401, forbidden, nil},
		{"Cloud's token", site, Token{Kind: APIToken, Scopes: read}, "dev@example.com", 401, wrong, nil},
		{"anonymous", site, Token{}, "", 401, forbidden, nil},
		{"unknown project", "/git/rest/api/latest/projects/NONE/repos/site", personal, "", 404, "project.NoSuchProjectException", map[string]string{"X-AUSERNAME": "jane"}},
		{"unknown repository", "/git/rest/api/latest/projects/ACME/repos/none", personal, "", 404, "repository.NoSuchRepositoryException", nil},
	} {
		c.run(t, server)
	}
	if response, _ := ask(t, "GET", server.URL+users, "", ""); !strings.HasPrefix(response.Header.Get("X-AREQUESTID"), "@") {
		t.Errorf("X-AREQUESTID: %q", response.Header.Get("X-AREQUESTID"))
	}
}
