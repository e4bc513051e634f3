//go:build linux

package git

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// TestGitClients uses every kind of credential, with every reach, from every
// client that speaks git, and counts the requests.
func TestGitClients(t *testing.T) {
	sources := map[e2etest.Side]string{e2etest.Cloud: source(t, e2etest.Cloud), e2etest.DataCenter: source(t, e2etest.DataCenter)}
	for _, l := range e2etest.Logins {
		for _, reach := range []string{"repository", "workspace", "host"} {
			t.Run(l.Name+", "+reach, func(t *testing.T) {
				t.Parallel()
				server := e2etest.NewServer(t, e2etest.Site)
				j := e2etest.NewJob(t, server)
				repository := e2etest.Site
				if reach == "host" {
					repository = ""
				}
				l.LogIn(j, server, reach, repository, "rewrite-ssh", "true")
				j.Copy(sources[l.Side], "source")
				for _, c := range clients {
					before := len(server.Requests())
					c.run(j, l.Side, server)
					want := c.cloud
					switch {
					case l.Header:
						want = c.header
					case l.Side == e2etest.DataCenter:
						want = c.dataCenter
					}
					if got := e2etest.Requests(server, before); len(got) != want {
						t.Errorf("%s: %d requests, want %d:\n%s", c.name, len(got), want, strings.Join(got, ""))
					}
				}
			})
		}
	}
}

// source makes a repository to mirror: with branches, a tag, an LFS object, and
// the ref of a pull request, which Bitbucket doesn't accept.
func source(t *testing.T, s e2etest.Side) string {
	t.Helper()
	j := e2etest.NewJob(t)
	j.Run("git", "init", "--quiet", "--template=")
	j.Write("go.mod", "module "+s.Module+e2etest.Site+s.End+"\n")
	j.Write("site.go", "package site\n")
	j.Write(".gitattributes", "*.bin filter=lfs -text\n")
	j.Write("large.bin", strings.Repeat("large", 1000))
	j.Run("git", "add", ".")
	j.Run("git", "commit", "--quiet", "--message", "one")
	j.Run("git", "tag", "v1.0.0")
	j.Run("git", "branch", "topic")
	j.Run("git", "update-ref", "refs/pull/1/head", "HEAD")
	return j.Dir
}

// client speaks git, and makes this number of requests: on Cloud and on Data
// Center with a helper, and on Data Center with a header.
type client struct {
	name                      string
	cloud, dataCenter, header int
	run                       func(j *e2etest.Job, s e2etest.Side, server *bitbuckettest.Server)
}

// The clients, each of which continues where the one before it stopped.
var clients = []client{
	{"push of a mirror", 3, 3, 2, func(j *e2etest.Job, s e2etest.Side, server *bitbuckettest.Server) {
		// Without the hook of git-lfs, which would push its objects too.
		j.Run("git", "-C", "source", "push", "--no-verify", s.URL(server, e2etest.Site)+".git",
			"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
		j.CheckRefs(server, e2etest.Site, "refs/heads/main refs/heads/topic refs/tags/v1.0.0")
	}},
	{"git-lfs push", 9, 9, 7, func(j *e2etest.Job, s e2etest.Side, server *bitbuckettest.Server) {
		j.Run("git", "-C", "source", "lfs", "push", "--all", s.URL(server, e2etest.Site)+".git")
	}},
	{"clone", 4, 4, 3, func(j *e2etest.Job, s e2etest.Side, server *bitbuckettest.Server) {
		j.Run("git", "clone", s.URL(server, e2etest.Site)+".git", "clone")
	}},
	{"clone of a URL with a user name", 5, 5, 3, func(j *e2etest.Job, s e2etest.Side, server *bitbuckettest.Server) {
		j.Run("git", "clone", strings.Replace(s.URL(server, e2etest.Site), "://", "://someone@", 1), "clone-of-someone")
	}},
	{"git-lfs pull", 3, 3, 2, func(j *e2etest.Job, _ e2etest.Side, _ *bitbuckettest.Server) {
		j.Run("git", "-C", "clone", "lfs", "pull")
		if got := e2etest.Content(j.Path("clone/large.bin")); len(got) != 5000 {
			j.T.Errorf("git-lfs pulled %d bytes", len(got))
		}
	}},
	{"submodule by ssh", 4, 4, 3, func(j *e2etest.Job, s e2etest.Side, _ *bitbuckettest.Server) {
		commit := j.Run("git", "-C", "source", "rev-parse", "HEAD")
		j.Run("git", "init", "--quiet", "super")
		j.Write("super/.gitmodules", "[submodule \"site\"]\n\tpath = site\n\turl = "+s.SSH+e2etest.Site+".git\n")
		j.Run("git", "-C", "super", "update-index", "--add", "--cacheinfo", "160000,"+commit+",site")
		j.Run("git", "-C", "super", "submodule", "update", "--init", "--recursive")
	}},
	{"go mod download", 7, 10, 7, func(j *e2etest.Job, s e2etest.Side, server *bitbuckettest.Server) {
		// A module's path has no port, so git has to find the server by a rewrite.
		host, _, _ := strings.Cut(s.Module, "/")
		j.Run("git", "config", "--global", "url."+server.URL+s.Server+"/.insteadOf", "https://"+host+"/")
		j.Env["GOPRIVATE"] = host
		module := s.Module + e2etest.Site + s.End
		j.Run("mkdir", "module")
		j.Write("module/go.mod", "module example.com/me\n\ngo 1.26\n\nrequire "+module+" v1.0.0\n")
		j.Run("go", "-C", "module", "mod", "download")
		if _, err := os.Stat(filepath.Join(j.Env["GOPATH"], "pkg/mod", module+"@v1.0.0", "site.go")); err != nil {
			j.T.Error(err)
		}
	}},
}

// Each call logs in with a token that reaches no further than necessary, so that
// only the right one is accepted.
func TestGitSeveralCalls(t *testing.T) {
	const other = "acme/other"
	type call struct {
		e2etest.Login
		git, repository string
	}
	for name, calls := range map[string][]call{
		"two repositories": {
			{e2etest.AccessToken, "repository", e2etest.Site},
			{e2etest.AccessToken.Reach(other), "repository", other},
		},
		"two repositories, with headers": {
			{e2etest.ProjectToken.Reach(e2etest.Site), "repository", e2etest.Site},
			{e2etest.ProjectToken.Reach(other), "repository", other},
		},
		"broad, then narrow": {
			{e2etest.APIToken.Reach(other), "host", ""},
			{e2etest.AccessToken, "repository", e2etest.Site},
		},
		"broad, then narrow, with headers": {
			{e2etest.ProjectToken.Reach(other), "workspace", other},
			{e2etest.ProjectToken.Reach(e2etest.Site), "repository", e2etest.Site},
		},
		"a helper, then a header": {
			{e2etest.PersonalToken.Reach(other), "workspace", other},
			{e2etest.ProjectToken.Reach(e2etest.Site), "repository", e2etest.Site},
		},
		"a header, then a helper": {
			{e2etest.ProjectToken.Reach(other), "workspace", other},
			{e2etest.PersonalToken.Reach(e2etest.Site), "repository", e2etest.Site},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := e2etest.NewServer(t, e2etest.Site, other)
			j := e2etest.NewJob(t, server)
			for _, c := range calls {
				c.LogIn(j, server, c.git, c.repository)
			}
			j.Reads(calls[0].Side.URL(server, e2etest.Site), calls[0].Side.URL(server, other))
		})
	}
}

// A call adds to what an earlier one, or another program, has set up, and a newer
// token of the same reach replaces an older one.
func TestGitCallsAddUp(t *testing.T) {
	const other = "acme/other"
	server := e2etest.NewServer(t, e2etest.Site, other)
	j := e2etest.NewJob(t, server)
	maps.Copy(j.Env, map[string]string{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Earlier"})
	old := e2etest.AccessToken.LogIn(j, server, "repository", e2etest.Site)
	e2etest.APIToken.Reach(other).LogIn(j, server, "repository", other, "env-prefix", "OTHER")
	server.End(old.Secret)
	e2etest.AccessToken.LogIn(j, server, "repository", e2etest.Site)
	j.Reads(e2etest.Cloud.URL(server, e2etest.Site), e2etest.Cloud.URL(server, other))
	if got := j.Run("git", "config", "user.name"); got != "Earlier" {
		t.Errorf("user.name is %q", got)
	}
}

// Other logins, which an earlier step or the machine's owner has set up, don't
// interfere.
func TestGitEarlierLogins(t *testing.T) {
	for _, l := range []e2etest.Login{e2etest.AccessToken, e2etest.ProjectToken} {
		for _, reach := range []string{"repository", "workspace", "host"} {
			t.Run(l.Name+", "+reach, func(t *testing.T) {
				t.Parallel()
				server := e2etest.NewServer(t, e2etest.Site)
				j := e2etest.NewJob(t, server)
				const helper = `!f() { echo username=x; echo password=wrong; echo "asked to $1" >>"$HOME/asked"; }; f`
				scope := map[string]string{
					"repository": l.Side.URL(server, e2etest.Site) + ".git", "workspace": l.Side.URL(server, "acme"), "host": server.URL + l.Side.SCM,
				}[reach]
				j.Run("git", "config", "--global", "--add", "credential.helper", helper)
				j.Run("git", "config", "--global", "credential."+scope+".helper", helper)
				j.Run("git", "config", "--global", "http.extraHeader", "Authorization: Basic d3Jvbmc=")
				maps.Copy(j.Env, map[string]string{
					"GIT_CONFIG_COUNT": "2",
					"GIT_CONFIG_KEY_0": "credential." + scope + ".helper", "GIT_CONFIG_VALUE_0": helper,
					"GIT_CONFIG_KEY_1": "http." + scope + ".extraHeader", "GIT_CONFIG_VALUE_1": "Authorization: Basic d3Jvbmc=",
				})
				repository := e2etest.Site
				if reach == "host" {
					repository = ""
				}
				l.LogIn(j, server, reach, repository)
				j.Reads(l.Side.URL(server, e2etest.Site) + ".git")
				for _, r := range server.Requests() {
					if r.Scheme != "" && r.Status != 200 {
						t.Errorf("another login was tried: %+v", r)
					}
				}
				if asked := e2etest.Content(filepath.Join(j.Env["HOME"], "asked")); asked != "" {
					t.Errorf("another helper was asked: %s", asked)
				}
			})
		}
	}
}

// A token of a project goes into a header in spite of an identity, if the step has
// asked the Data Center whose it is.
func TestGitTokenWithoutUser(t *testing.T) {
	for _, reach := range []string{"repository", "workspace", "host"} {
		server := e2etest.NewServer(t, e2etest.Site)
		j := e2etest.NewJob(t, server)
		e2etest.ProjectToken.LogIn(j, server, reach, e2etest.Site, "identity", "dev", "verify", "strict", "ca-certificate", server.CA())
		j.Copy(source(t, e2etest.DataCenter), "source")
		j.Run("git", "-C", "source", "push", "--no-verify", e2etest.DataCenter.URL(server, e2etest.Site), "main")
		j.Reads(e2etest.DataCenter.URL(server, e2etest.Site))
	}
}

// Rules of the machine's own, by which git would use ssh or an old password, don't
// take the login away, be they for all of git or for pushes.
func TestGitMachineRules(t *testing.T) {
	sources := map[e2etest.Side]string{e2etest.Cloud: source(t, e2etest.Cloud), e2etest.DataCenter: source(t, e2etest.DataCenter)}
	for _, l := range []e2etest.Login{e2etest.AccessToken, e2etest.PersonalToken, e2etest.ProjectToken} {
		for _, reach := range []string{"repository", "workspace", "host"} {
			for _, kind := range []string{"insteadOf", "pushInsteadOf"} {
				for name, to := range map[string]string{"ssh": "ssh://git@127.0.0.1:1/", "an old password": "https://me:old-passw0rd@"} {
					t.Run(strings.Join([]string{l.Name, reach, kind, name}, ", "), func(t *testing.T) {
						t.Parallel()
						server := e2etest.NewServer(t, e2etest.Site)
						j := e2etest.NewJob(t, server)
						j.Env["GIT_SSH_COMMAND"] = "false"
						if name == "an old password" {
							to += strings.TrimPrefix(server.URL, "https://") + "/"
						}
						j.Run("git", "config", "--global", "url."+to+"."+kind, server.URL+"/")
						j.Run("git", "config", "--global", "--add", "url.ssh://git@127.0.0.1:1/."+kind, "git@127.0.0.1")
						l.LogIn(j, server, reach, e2etest.Site, "rewrite-ssh", "true")
						j.Copy(sources[l.Side], "source")
						before := len(server.Requests())
						for _, url := range []string{l.Side.URL(server, e2etest.Site) + ".git", l.Side.SSH + e2etest.Site + ".git"} {
							j.Run("git", "-C", "source", "push", "--no-verify", url, "main")
							j.Run("git", "-C", "source", "lfs", "push", "--all", url)
							j.Run("git", "-C", "source", "fetch", url, "main")
						}
						for _, r := range server.Requests()[before:] {
							if r.Scheme != "" && r.Status == http.StatusUnauthorized {
								t.Errorf("another login was tried: %+v", r)
							}
						}
					})
				}
			}
		}
	}
}

// Where only the host is known, a rule of the machine's own that is as long as
// the host's takes precedence, as documents say; one that is shorter doesn't.
func TestGitMachineRulesOfTheHost(t *testing.T) {
	server := e2etest.NewServer(t, e2etest.Site)
	for from, works := range map[string]bool{"/": false, "": true} {
		j := e2etest.NewJob(t, server)
		j.Env["GIT_SSH_COMMAND"] = "false"
		j.Run("git", "config", "--global", "url.ssh://git@127.0.0.1:1/.insteadOf", server.URL+from)
		e2etest.APIToken.LogIn(j, server, "host", "")
		if text, err := j.LsRemote(e2etest.Cloud.URL(server, e2etest.Site)); (err == nil) != works {
			t.Errorf("%q: %v\n%s", from, err, text)
		}
	}
}

// No part of an identity is executed on its way to git, and all of it arrives.
func TestGitHostileIdentities(t *testing.T) {
	for _, identity := range []string{
		`me$(touch pwned)`, "`touch pwned`", `me"; touch pwned; "`, `me'; touch pwned; '`, `$HOME ${IFS} $$`, `%s%n%d%%`,
		`back\slash\n\0\`, `-n`, `!touch pwned`, `a b=c&d|e>f<g*?[h]~#i`, `jörg 日本`,
	} {
		t.Run(identity, func(t *testing.T) {
			t.Parallel()
			server := e2etest.NewServer(t, e2etest.Site)
			l := e2etest.PersonalToken
			l.Token.Username = identity
			j := e2etest.NewJob(t, server)
			l.LogIn(j, server, "repository", e2etest.Site)
			j.Reads(e2etest.DataCenter.URL(server, e2etest.Site))
			if entries, err := os.ReadDir(j.Dir); err != nil || len(entries) > 0 {
				t.Errorf("the workspace contains %v, %v", entries, err)
			}
		})
	}
}

// Git reports a token that is refused, at once.
func TestGitWrongToken(t *testing.T) {
	for _, l := range e2etest.Logins {
		if l.Token.Kind == bitbuckettest.OAuthConsumer {
			continue // refused in the step itself
		}
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			server := e2etest.NewServer(t, e2etest.Site)
			j := e2etest.NewJob(t, server)
			token := l.LogIn(j, server, "repository", e2etest.Site)
			server.End(token.Secret)
			// Git logs in first, so it fails before git-lfs's hook runs.
			j.Copy(source(t, l.Side), "source")
			for _, command := range []string{"ls-remote", "push"} {
				before, start := len(server.Requests()), time.Now()
				text, err := j.Try("git", "-C", "source", command, l.Side.URL(server, e2etest.Site), "main")
				if err == nil || !strings.Contains(text, "fatal: Authentication failed for '"+server.URL) {
					t.Errorf("git %s: %v\n%s", command, err, text)
				}
				if took := time.Since(start); took > time.Minute {
					t.Errorf("git %s took %v", command, took)
				}
				if got := e2etest.Requests(server, before); len(got) != 2 {
					t.Errorf("git %s: %d requests:\n%s", command, len(got), strings.Join(got, ""))
				}
			}
		})
	}
}

// Nothing outside the reach gets the credential: a neighbour whose name begins
// the same, another host, or one that the server redirects to.
func TestGitElsewhere(t *testing.T) {
	for _, l := range []e2etest.Login{e2etest.AccessToken, e2etest.ProjectToken} {
		l.Token.Reach = nil // the server would accept it anywhere
		options := bitbuckettest.Options{
			Repositories: []string{e2etest.Site, "acme/site2", "acme/site.github", "acme2/site"}, ContextPath: e2etest.DataCenter.Server,
		}
		for _, test := range []struct {
			reach     string
			neighbour string // on the same server; empty: only another server is tried
		}{
			{"repository", "acme/site2"},
			{"repository", "acme/site.github"},
			{"repository", "acme2/site"},
			{"workspace", "acme2/site"},
			{"host", ""},
		} {
			t.Run(l.Name+", "+test.reach+", "+test.neighbour, func(t *testing.T) {
				t.Parallel()
				server, elsewhere := bitbuckettest.New(t, options), bitbuckettest.New(t, options)
				j := e2etest.NewJob(t)
				repository := e2etest.Site
				if test.reach == "host" {
					repository = ""
				}
				l.LogIn(j, server, test.reach, repository)
				urls := []string{l.Side.URL(elsewhere, e2etest.Site)}
				if test.neighbour != "" {
					urls = append(urls, l.Side.URL(server, test.neighbour), l.Side.URL(server, test.neighbour)+".git")
				}
				for _, url := range urls {
					if text, err := j.LsRemote(url); err == nil || !strings.Contains(text, "could not read Username") {
						t.Errorf("%s: %v\n%s", url, err, text)
					}
				}
				// The server redirects at once, then only after it asked for a login.
				match := "GET " + l.Side.SCM + "/" + e2etest.Site + "/info/refs"
				away := bitbuckettest.Redirect(l.Side.URL(elsewhere, e2etest.Site) + "/info/refs?service=git-upload-pack")
				asks := bitbuckettest.Reply{Status: 401, Header: map[string]string{"WWW-Authenticate": `Basic realm="Bitbucket"`}}
				for _, replies := range [][]bitbuckettest.Reply{{away}, {asks, away}} {
					before := len(elsewhere.Requests())
					server.Answer(match, replies...)
					text, err := j.LsRemote(l.Side.URL(server, e2etest.Site))
					if followed := len(elsewhere.Requests()) > before; err == nil || followed == l.Header {
						t.Errorf("git followed the redirect: %v, %v\n%s", followed, err, text)
					}
				}
				for _, r := range append(server.Requests(), elsewhere.Requests()...) {
					if r.Scheme != "" && r.Path != l.Side.SCM+"/"+e2etest.Site+"/info/refs" {
						t.Errorf("a credential went to %+v", r)
					}
				}
				for _, r := range elsewhere.Requests() {
					if r.Scheme != "" {
						t.Errorf("a credential went to another host: %+v", r)
					}
				}
			})
		}
	}
}

// After a redirect, git doesn't log in to the other server, not even where that
// needs no login, so that git goes on to the next request: git 2.39 then sends a
// header to it, but not what a helper has answered.
func TestGitRedirects(t *testing.T) {
	const commit = "0123456789012345678901234567890123456789"
	packet := func(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }
	for _, l := range []e2etest.Login{e2etest.AccessToken, e2etest.ProjectToken} {
		for service, command := range map[string][]string{
			"git-upload-pack":  {"fetch"},
			"git-receive-pack": {"push", "--no-verify", "--force"},
		} {
			t.Run(l.Name+", "+command[0], func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				var logins []string
				var posted bool
				stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					defer mu.Unlock()
					if login := r.Header.Get("Authorization"); login != "" {
						logins = append(logins, r.Method+" "+r.URL.Path)
					}
					posted = posted || r.Method == http.MethodPost
					w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
					fmt.Fprint(w, packet("# service="+service+"\n")+"0000"+packet(commit+" refs/heads/main\x00report-status\n")+"0000")
				}))
				t.Cleanup(stranger.Close)
				server := e2etest.NewServer(t, e2etest.Site)
				j := e2etest.NewJob(t, server)
				l.LogIn(j, server, "repository", e2etest.Site)
				j.Copy(source(t, l.Side), "source")
				server.Answer("GET "+l.Side.SCM+"/"+e2etest.Site+"/info/refs", bitbuckettest.Redirect(stranger.URL+"/x/info/refs?service="+service))
				text, err := j.Try(slices.Concat([]string{"git", "-C", "source"}, command, []string{l.Side.URL(server, e2etest.Site), "main"})...)
				mu.Lock()
				defer mu.Unlock()
				if err == nil || len(logins) > 0 {
					t.Errorf("git logs in elsewhere: %v, %v\n%s", logins, err, text)
				}
				if posted == l.Header {
					t.Errorf("git followed the redirect: %v\n%s", posted, text)
				}
			})
		}
	}
}

// Git's URLs are case-sensitive, Bitbucket's aren't: both the user's spelling and
// Bitbucket's own work.
func TestGitLetterCase(t *testing.T) {
	for _, reach := range []string{"repository", "workspace"} {
		t.Run(reach, func(t *testing.T) {
			t.Parallel()
			server := e2etest.NewServer(t, e2etest.Site)
			j := e2etest.NewJob(t, server)
			e2etest.AccessToken.LogIn(j, server, reach, server.URL+"/Acme/SITE.git", "rewrite-ssh", "true")
			j.Reads(e2etest.Cloud.URL(server, "Acme/SITE.git"), e2etest.Cloud.URL(server, "Acme/SITE"), e2etest.Cloud.URL(server, "acme/site"),
				e2etest.Cloud.SSH+"Acme/SITE.git", e2etest.Cloud.SSH+"acme/site.git", "ssh://git@127.0.0.1/Acme/SITE.git")
		})
	}
}
