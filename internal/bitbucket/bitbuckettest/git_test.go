package bitbuckettest

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// client is a user of git with a directory and a configuration of its own.
type client struct {
	t           *testing.T
	dir         string
	environment []string
}

// newClient makes a client with a user name and a password, which git gets from
// a credential helper, and further configuration.
func newClient(t *testing.T, user, password string, config ...string) client {
	t.Helper()
	config = append(config, "credential.helper", `!f() { test "$1" = get && echo "username=$FAKE_USER" && echo "password=$FAKE_PASSWORD"; }; f`,
		"user.name", "Dev", "user.email", "dev@example.com", "init.defaultBranch", "main", "http.postBuffer", "65536")
	environment := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"FAKE_USER=" + user, "FAKE_PASSWORD=" + password, "GIT_CONFIG_COUNT=" + strconv.Itoa(len(config)/2),
	}
	for i := 0; i < len(config); i += 2 {
		n := strconv.Itoa(i / 2)
		environment = append(environment, "GIT_CONFIG_KEY_"+n+"="+config[i], "GIT_CONFIG_VALUE_"+n+"="+config[i+1])
	}
	return client{t, t.TempDir(), environment}
}

// try runs git; a git that isn't there fails the test.
func (c client) try(args ...string) (string, error) {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), "git", args...)
	command.Dir, command.Env = c.dir, c.environment
	output, err := command.CombinedOutput()
	if command.ProcessState == nil {
		c.t.Fatalf("git is needed for this test: %v", err)
	}
	return string(output), err
}

// git runs git, which must succeed.
func (c client) git(args ...string) string {
	c.t.Helper()
	output, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("git %q: %v\n%s", args, err, output)
	}
	return output
}

// write puts random content into a file.
func (c client) write(name string, size int) []byte {
	c.t.Helper()
	content := make([]byte, size)
	_, _ = rand.Read(content)
	if err := os.WriteFile(filepath.Join(c.dir, name), content, 0o600); err != nil {
		c.t.Fatal(err)
	}
	return content
}

// commit makes a repository with one commit.
func (c client) commit(size int) {
	c.t.Helper()
	c.git("init")
	c.write("file", size)
	c.git("add", ".")
	c.git("commit", "-m", "one")
}

func TestGitLogins(t *testing.T) {
	const (
		cloud      = "/acme/site.git/info/refs?service="
		dataCenter = "/scm/acme/site/info/refs?service="
		read       = "git-upload-pack"
		write      = "git-receive-pack"
		noAccess   = "You may not have access to this repository or it no longer exists in this workspace."
		noScope    = "Your credentials lack one or more required privilege scopes."
		apiUser    = "x-bitbucket-api-token-auth"
		tokenUser  = "x-token-auth"
	)
	scopes := func(list ...string) []string { return list }
	api := Token{Kind: APIToken, Scopes: scopes("read:repository:bitbucket", "write:repository:bitbucket")}
	access := Token{Kind: ProjectAccessToken, Scopes: scopes("repository:write")}
	personal := Token{Kind: PersonalHTTPToken, Scopes: scopes("REPO_WRITE")}
	ofRepository := Token{Kind: RepositoryHTTPToken, Scopes: scopes("REPO_READ"), Reach: []string{repo}}
	server := New(t, Options{Repositories: []string{repo}})
	for _, c := range []struct {
		name     string
		path     string
		token    Token
		user     string // Basic; Bearer where empty
		status   int
		contains string
	}{
		{"API token", cloud + read, api, apiUser, 200, "# service=git-upload-pack"},
		{"API token to push", cloud + write, api, apiUser, 200, "# service=git-receive-pack"},
		{"API token with a username", cloud + read, api, "dev", 200, ""},
		{"upper case, no .git", "/Acme/SITE/info/refs?service=" + read, api, apiUser, 200, ""},
		{"API token with an e-mail", cloud + read, api, "dev@example.com", 401, noAccess},
		{"API token with the wrong fixed name", cloud + read, api, tokenUser, 401, noAccess},
		{"API token as Bearer", cloud + read, api, "", 401, noAccess},
		{"API token without any scope", cloud + read, Token{Kind: APIToken}, apiUser, 401, noAccess},
		{"API token, read alone", cloud + write, Token{Kind: APIToken, Scopes: scopes("read:repository:bitbucket")}, apiUser, 403, noScope},
		{"API token, write alone, to push", cloud + write, Token{Kind: APIToken, Scopes: scopes("write:repository:bitbucket")}, apiUser, 403, noScope},
		{"API token, admin alone", cloud + read, Token{Kind: APIToken, Scopes: scopes("admin:repository:bitbucket")}, apiUser, 403, noScope},
		{"access token to push", cloud + write, access, tokenUser, 200, ""},
		{"access token, read alone, to push", cloud + write, Token{Kind: WorkspaceAccessToken, Scopes: scopes("project")}, tokenUser, 403, noScope},
		{"access token with the wrong fixed name", cloud + read, access, apiUser, 401, noAccess},
		{"access token out of its reach", cloud + read, Token{Kind: RepositoryAccessToken, Scopes: scopes("repository"), Reach: []string{"acme/other"}}, tokenUser, 401, noAccess},
		{"OAuth token", cloud + read, Token{Kind: OAuthToken, Scopes: scopes("repository")}, tokenUser, 200, ""},
		{"app password", cloud + read, Token{Kind: AppPassword}, "dev", 410, "CHANGE-3222"},
		{"anonymous", cloud + read, Token{}, "", 401, noAccess},
		{"unknown repository", "/acme/none/info/refs?service=" + read, api, apiUser, 401, noAccess},

		{"personal token", dataCenter + write, personal, "dev", 200, ""},
		{"personal token with an e-mail", dataCenter + read, personal, "dev@example.com", 401, ""},
		{"repository token", dataCenter + read, ofRepository, "", 200, ""},
		{"repository token with a name", dataCenter + read, ofRepository, tokenUser, 401, ""},
		{"repository token, read alone, to push", dataCenter + write, ofRepository, "", 403, ""},
		{"unknown on Data Center", "/scm/acme/none/info/refs?service=" + read, personal, "dev", 404, "Repository not found"},
		{"Cloud's token on Data Center", dataCenter + read, api, apiUser, 401, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			secret := ""
			if c.token.Kind != "" {
				secret = server.Add(c.token).Secret
			}
			response, body := ask(t, "GET", server.URL+c.path, c.user, secret)
			if response.StatusCode != c.status || !strings.Contains(body, c.contains) {
				t.Errorf("got %d %s", response.StatusCode, body)
			}
			realm := map[bool]string{true: `Basic realm="Atlassian Bitbucket"`, false: `Basic realm="Bitbucket.org HTTP"`}[strings.HasPrefix(c.path, "/scm/")]
			if got := response.Header.Get("WWW-Authenticate"); c.status == 401 && got != realm {
				t.Errorf("WWW-Authenticate: %s", got)
			}
		})
	}
}

func TestGitPushesAndClones(t *testing.T) {
	server := New(t, Options{Repositories: []string{repo}, ContextPath: "/git"})
	token := server.Add(Token{Kind: WorkspaceAccessToken, Scopes: []string{"repository:write"}})
	personal := server.Add(Token{Kind: PersonalHTTPToken, Scopes: []string{"REPO_WRITE"}})

	cloud := newClient(t, "x-token-auth", token.Secret)
	cloud.commit(1 << 20) // more than http.postBuffer: git pushes in chunks
	cloud.git("tag", "v1")
	cloud.git("push", server.URL+"/acme/site.git", "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
	if output := cloud.git("clone", "--filter=blob:none", server.URL+"/acme/site", "clone"); strings.Contains(output, "warning") {
		t.Errorf("a partial clone said:\n%s", output)
	}

	dataCenter := newClient(t, personal.Username, personal.Secret)
	dataCenter.git("clone", server.URL+"/git/scm/ACME/site.git", "clone")
	if got, want := dataCenter.git("-C", "clone", "rev-parse", "v1"), cloud.git("rev-parse", "HEAD"); got != want {
		t.Errorf("cloned %s, want %s", got, want)
	}
}

func TestHooksDecline(t *testing.T) {
	for _, c := range []struct {
		hook Hook
		said string
		refs string // that the push left behind
	}{
		{PreReceive, "remote: " + BranchRestricted, ""},
		{Update, "remote: " + BranchRestricted, "refs/heads/other\nrefs/tags/v1\n"},
		{"", "refs/pull/1/head is neither a branch nor a tag", ""}, // without a rule
	} {
		t.Run(string(c.hook), func(t *testing.T) {
			server := New(t, Options{Repositories: []string{repo}})
			token := server.Add(Token{Kind: RepositoryAccessToken, Scopes: []string{"repository:write"}})
			user := newClient(t, "x-token-auth", token.Secret)
			user.commit(10)
			user.git("tag", "v1")
			user.git("branch", "other")
			if c.hook == "" {
				user.git("update-ref", "refs/pull/1/head", "HEAD")
			} else {
				server.Decline(t, repo, c.hook, BranchRestricted, "refs/heads/m*")
			}
			output, err := user.try("push", "--mirror", server.URL+"/acme/site.git")
			if err == nil || !strings.Contains(output, c.said) || !strings.Contains(output, "hook declined)") {
				t.Errorf("%v\n%s", err, output)
			}
			if refs := user.git("-C", server.Dir(repo), "for-each-ref", "--format=%(refname)"); refs != c.refs {
				t.Errorf("accepted: %q", refs)
			}
		})
	}
}

func TestUserLimitStopsPushesAlone(t *testing.T) {
	server := New(t, Options{Repositories: []string{repo}})
	token := server.Add(Token{Kind: RepositoryAccessToken, Scopes: []string{"repository:write"}})
	server.AnswerAlways("GET /acme/site.git/info/refs?service=git-receive-pack", UserLimit())
	user := newClient(t, "x-token-auth", token.Secret)
	user.commit(10)
	user.git("ls-remote", server.URL+"/acme/site.git")
	if output, err := user.try("push", server.URL+"/acme/site.git", "main"); err == nil || !strings.Contains(output, "error: 402") || !strings.Contains(output, "remote: [ALERT]") {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestGitShowsRefusals(t *testing.T) {
	server := New(t, Options{Repositories: []string{repo}})
	for _, c := range []struct {
		token Token
		user  string
		want  string
	}{
		{Token{Kind: APIToken, Scopes: []string{"read:repository:bitbucket"}}, "dev@example.com", "fatal: Authentication failed for"},
		{Token{Kind: APIToken, Scopes: []string{"read:user:bitbucket"}}, "x-bitbucket-api-token-auth", "The requested URL returned error: 403"},
		{Token{Kind: AppPassword}, "dev", "remote: CHANGE-3222 - Functionality has been deprecated"},
	} {
		token := server.Add(c.token)
		before := len(server.Requests())
		output, err := newClient(t, c.user, token.Secret).try("ls-remote", server.URL+"/acme/site.git")
		if err == nil || !strings.Contains(output, c.want) {
			t.Errorf("%v\n%s", err, output)
		}
		if requests := server.Requests()[before:]; len(requests) != 2 { // anonymous, then with the credential
			t.Errorf("%d requests: %+v", len(requests), requests)
		}
	}
}

func TestLFS(t *testing.T) {
	for path, token := range map[string]Token{
		"/acme/site.git":         {Kind: APIToken, Username: "x-bitbucket-api-token-auth", Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket"}},
		"/git/scm/acme/site.git": {Kind: PersonalHTTPToken, Username: "dev", Scopes: []string{"REPO_WRITE"}},
	} {
		t.Run(string(token.Kind), func(t *testing.T) {
			server := New(t, Options{Repositories: []string{repo}, ContextPath: "/git"})
			token = server.Add(token)
			c := newClient(t, token.Username, token.Secret)
			if output, err := c.try("lfs", "install"); err != nil {
				t.Fatalf("git-lfs is needed for this test: %s", output)
			}
			c.git("init")
			c.git("lfs", "track", "*.bin")
			content := c.write("big.bin", 100_000)
			c.git("add", ".")
			c.git("commit", "-m", "large")
			if output := c.git("push", server.URL+path, "main"); strings.Contains(output, "lock") || strings.Contains(output, "warning") {
				t.Errorf("without locking, git-lfs said:\n%s", output)
			}
			c.git("clone", server.URL+path, "clone")
			if got, err := os.ReadFile(filepath.Join(c.dir, "clone", "big.bin")); err != nil || string(got) != string(content) {
				t.Errorf("%v: cloned %d bytes", err, len(got))
			}
			var stored string
			schemes := map[string]string{} // by which the storage was used
			for _, r := range server.Requests() {
				if strings.Contains(r.Path, "storage") {
					stored, schemes[r.Method] = r.Path, r.Scheme
				}
			}
			if schemes["PUT"] != "JWT" || schemes["GET"] != "JWT" {
				t.Errorf("storage was used with %v", schemes)
			}
			if response, body := ask(t, "GET", server.URL+stored, token.Username, token.Secret); response.StatusCode != 401 {
				t.Errorf("storage accepted git's credential: %d %.20s", response.StatusCode, body)
			}
		})
	}
}

// An extra header that is sent to the storage as well breaks LFS.
func TestLFSStorageRefusesTwoAuthorizationHeaders(t *testing.T) {
	server := New(t, Options{Repositories: []string{repo}})
	token := server.Add(Token{Kind: PersonalHTTPToken, Scopes: []string{"REPO_WRITE"}})
	c := newClient(t, "", "", "http."+server.URL+".extraHeader", "Authorization: Bearer "+token.Secret, "lfs.transfer.maxRetries", "1")
	c.git("lfs", "install")
	c.git("init")
	c.git("lfs", "track", "*.bin")
	c.write("big.bin", 1000)
	c.git("add", ".")
	c.git("commit", "-m", "large")
	if output, err := c.try("push", server.URL+"/scm/acme/site.git", "main"); err == nil || !strings.Contains(output, "LFS: Client error") {
		t.Errorf("%v\n%s", err, output)
	}
	requests := server.Requests()
	if last := requests[len(requests)-1]; last.Method != "PUT" || last.Status != 400 {
		t.Errorf("last request: %+v", last)
	}
}
