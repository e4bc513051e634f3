//go:build linux

package e2e

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

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// TestGitClients uses every kind of credential, with every reach, from every
// client that speaks git, and counts the requests.
func TestGitClients(t *testing.T) {
	sources := map[side]string{cloud: source(t, cloud), dataCenter: source(t, dataCenter)}
	for _, l := range logins {
		for _, reach := range []string{"repository", "workspace", "host"} {
			t.Run(l.name+", "+reach, func(t *testing.T) {
				t.Parallel()
				server := newServer(t, site)
				j := newJob(t, server)
				repository := site
				if reach == "host" {
					repository = ""
				}
				l.logIn(j, server, reach, repository, "rewrite-ssh", "true")
				j.copy(sources[l.side], "source")
				for _, c := range clients {
					before := len(server.Requests())
					c.run(j, l.side, server)
					want := c.cloud
					switch {
					case l.header:
						want = c.header
					case l.side == dataCenter:
						want = c.dataCenter
					}
					if got := requests(server, before); len(got) != want {
						t.Errorf("%s: %d requests, want %d:\n%s", c.name, len(got), want, strings.Join(got, ""))
					}
				}
			})
		}
	}
}

// source makes a repository to mirror: with branches, a tag, an LFS object, and
// the ref of a pull request, which Bitbucket doesn't accept.
func source(t *testing.T, s side) string {
	t.Helper()
	j := newJob(t)
	j.run("git", "init", "--quiet", "--template=")
	j.write("go.mod", "module "+s.module+site+s.end+"\n")
	j.write("site.go", "package site\n")
	j.write(".gitattributes", "*.bin filter=lfs -text\n")
	j.write("large.bin", strings.Repeat("large", 1000))
	j.run("git", "add", ".")
	j.run("git", "commit", "--quiet", "--message", "one")
	j.run("git", "tag", "v1.0.0")
	j.run("git", "branch", "topic")
	j.run("git", "update-ref", "refs/pull/1/head", "HEAD")
	return j.dir
}

// client speaks git, and makes this number of requests: on Cloud and on Data
// Center with a helper, and on Data Center with a header.
type client struct {
	name                      string
	cloud, dataCenter, header int
	run                       func(j *job, s side, server *bitbuckettest.Server)
}

// The clients, each of which continues where the one before it stopped.
var clients = []client{
	{"push of a mirror", 3, 3, 2, func(j *job, s side, server *bitbuckettest.Server) {
		// Without the hook of git-lfs, which would push its objects too.
		j.run("git", "-C", "source", "push", "--no-verify", s.url(server, site)+".git",
			"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
		j.checkRefs(server, site, "refs/heads/main refs/heads/topic refs/tags/v1.0.0")
	}},
	{"git-lfs push", 9, 9, 7, func(j *job, s side, server *bitbuckettest.Server) {
		j.run("git", "-C", "source", "lfs", "push", "--all", s.url(server, site)+".git")
	}},
	{"clone", 4, 4, 3, func(j *job, s side, server *bitbuckettest.Server) {
		j.run("git", "clone", s.url(server, site)+".git", "clone")
	}},
	{"clone of a URL with a user name", 5, 5, 3, func(j *job, s side, server *bitbuckettest.Server) {
		j.run("git", "clone", strings.Replace(s.url(server, site), "://", "://someone@", 1), "clone-of-someone")
	}},
	{"git-lfs pull", 3, 3, 2, func(j *job, _ side, _ *bitbuckettest.Server) {
		j.run("git", "-C", "clone", "lfs", "pull")
		if got := left(j.path("clone/large.bin")); len(got) != 5000 {
			j.t.Errorf("git-lfs pulled %d bytes", len(got))
		}
	}},
	{"submodule by ssh", 4, 4, 3, func(j *job, s side, _ *bitbuckettest.Server) {
		commit := j.run("git", "-C", "source", "rev-parse", "HEAD")
		j.run("git", "init", "--quiet", "super")
		j.write("super/.gitmodules", "[submodule \"site\"]\n\tpath = site\n\turl = "+s.ssh+site+".git\n")
		j.run("git", "-C", "super", "update-index", "--add", "--cacheinfo", "160000,"+commit+",site")
		j.run("git", "-C", "super", "submodule", "update", "--init", "--recursive")
	}},
	{"go mod download", 7, 10, 7, func(j *job, s side, server *bitbuckettest.Server) {
		// A module's path has no port, so git has to find the server by a rewrite.
		host, _, _ := strings.Cut(s.module, "/")
		j.run("git", "config", "--global", "url."+server.URL+s.server+"/.insteadOf", "https://"+host+"/")
		j.env["GOPRIVATE"] = host
		module := s.module + site + s.end
		j.run("mkdir", "module")
		j.write("module/go.mod", "module example.com/me\n\ngo 1.26\n\nrequire "+module+" v1.0.0\n")
		j.run("go", "-C", "module", "mod", "download")
		if _, err := os.Stat(filepath.Join(j.env["GOPATH"], "pkg/mod", module+"@v1.0.0", "site.go")); err != nil {
			j.t.Error(err)
		}
	}},
}

// Each call logs in with a token that reaches no further than necessary, so that
// only the right one is accepted.
func TestGitSeveralCalls(t *testing.T) {
	const other = "acme/other"
	type call struct {
		login
		git, repository string
	}
	for name, calls := range map[string][]call{
		"two repositories": {
			{accessToken, "repository", site},
			{accessToken.reach(other), "repository", other},
		},
		"two repositories, with headers": {
			{projectToken.reach(site), "repository", site},
			{projectToken.reach(other), "repository", other},
		},
		"broad, then narrow": {
			{apiToken.reach(other), "host", ""},
			{accessToken, "repository", site},
		},
		"broad, then narrow, with headers": {
			{projectToken.reach(other), "workspace", other},
			{projectToken.reach(site), "repository", site},
		},
		"a helper, then a header": {
			{personalToken.reach(other), "workspace", other},
			{projectToken.reach(site), "repository", site},
		},
		"a header, then a helper": {
			{projectToken.reach(other), "workspace", other},
			{personalToken.reach(site), "repository", site},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, site, other)
			j := newJob(t, server)
			for _, c := range calls {
				c.logIn(j, server, c.git, c.repository)
			}
			j.reads(calls[0].side.url(server, site), calls[0].side.url(server, other))
		})
	}
}

// A call adds to what an earlier one, or another program, has set up, and a newer
// token of the same reach replaces an older one.
func TestGitCallsAddUp(t *testing.T) {
	const other = "acme/other"
	server := newServer(t, site, other)
	j := newJob(t, server)
	maps.Copy(j.env, map[string]string{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Earlier"})
	old := accessToken.logIn(j, server, "repository", site)
	apiToken.reach(other).logIn(j, server, "repository", other, "env-prefix", "OTHER")
	server.End(old.Secret)
	accessToken.logIn(j, server, "repository", site)
	j.reads(cloud.url(server, site), cloud.url(server, other))
	if got := j.run("git", "config", "user.name"); got != "Earlier" {
		t.Errorf("user.name is %q", got)
	}
}

// Other logins, which an earlier step or the machine's owner has set up, don't
// interfere.
func TestGitEarlierLogins(t *testing.T) {
	for _, l := range []login{accessToken, projectToken} {
		for _, reach := range []string{"repository", "workspace", "host"} {
			t.Run(l.name+", "+reach, func(t *testing.T) {
				t.Parallel()
				server := newServer(t, site)
				j := newJob(t, server)
				const helper = `!f() { echo username=x; echo password=wrong; echo "asked to $1" >>"$HOME/asked"; }; f`
				scope := map[string]string{
					"repository": l.side.url(server, site) + ".git", "workspace": l.side.url(server, "acme"), "host": server.URL + l.side.scm,
				}[reach]
				j.run("git", "config", "--global", "--add", "credential.helper", helper)
				j.run("git", "config", "--global", "credential."+scope+".helper", helper)
				j.run("git", "config", "--global", "http.extraHeader", "Authorization: Basic d3Jvbmc=")
				maps.Copy(j.env, map[string]string{
					"GIT_CONFIG_COUNT": "2",
					"GIT_CONFIG_KEY_0": "credential." + scope + ".helper", "GIT_CONFIG_VALUE_0": helper,
					"GIT_CONFIG_KEY_1": "http." + scope + ".extraHeader", "GIT_CONFIG_VALUE_1": "Authorization: Basic d3Jvbmc=",
				})
				repository := site
				if reach == "host" {
					repository = ""
				}
				l.logIn(j, server, reach, repository)
				j.reads(l.side.url(server, site) + ".git")
				for _, r := range server.Requests() {
					if r.Scheme != "" && r.Status != 200 {
						t.Errorf("another login was tried: %+v", r)
					}
				}
				if asked := left(filepath.Join(j.env["HOME"], "asked")); asked != "" {
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
		server := newServer(t, site)
		j := newJob(t, server)
		projectToken.logIn(j, server, reach, site, "identity", "dev", "verify", "strict", "ca-certificate", server.CA())
		j.copy(source(t, dataCenter), "source")
		j.run("git", "-C", "source", "push", "--no-verify", dataCenter.url(server, site), "main")
		j.reads(dataCenter.url(server, site))
	}
}

// Rules of the machine's own, by which git would use ssh or an old password, don't
// take the login away, be they for all of git or for pushes.
func TestGitMachineRules(t *testing.T) {
	sources := map[side]string{cloud: source(t, cloud), dataCenter: source(t, dataCenter)}
	for _, l := range []login{accessToken, personalToken, projectToken} {
		for _, reach := range []string{"repository", "workspace", "host"} {
			for _, kind := range []string{"insteadOf", "pushInsteadOf"} {
				for name, to := range map[string]string{"ssh": "ssh://git@127.0.0.1:1/", "an old password": "https://me:old-passw0rd@"} {
					t.Run(strings.Join([]string{l.name, reach, kind, name}, ", "), func(t *testing.T) {
						t.Parallel()
						server := newServer(t, site)
						j := newJob(t, server)
						j.env["GIT_SSH_COMMAND"] = "false"
						if name == "an old password" {
							to += strings.TrimPrefix(server.URL, "https://") + "/"
						}
						j.run("git", "config", "--global", "url."+to+"."+kind, server.URL+"/")
						j.run("git", "config", "--global", "--add", "url.ssh://git@127.0.0.1:1/."+kind, "git@127.0.0.1")
						l.logIn(j, server, reach, site, "rewrite-ssh", "true")
						j.copy(sources[l.side], "source")
						before := len(server.Requests())
						for _, url := range []string{l.side.url(server, site) + ".git", l.side.ssh + site + ".git"} {
							j.run("git", "-C", "source", "push", "--no-verify", url, "main")
							j.run("git", "-C", "source", "lfs", "push", "--all", url)
							j.run("git", "-C", "source", "fetch", url, "main")
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
	server := newServer(t, site)
	for from, works := range map[string]bool{"/": false, "": true} {
		j := newJob(t, server)
		j.env["GIT_SSH_COMMAND"] = "false"
		j.run("git", "config", "--global", "url.ssh://git@127.0.0.1:1/.insteadOf", server.URL+from)
		apiToken.logIn(j, server, "host", "")
		if text, err := j.lsRemote(cloud.url(server, site)); (err == nil) != works {
			t.Errorf("%q: %v\n%s", from, err, text)
		}
	}
}

// No part of an identity is executed on its way to git, and all of it arrives.
func TestGitHostileIdentities(t *testing.T) {
	for _, identity := range []string{
		`$(touch pwned)`, "`touch pwned`", `me"; touch pwned; "`, `me'; touch pwned; '`, `$HOME ${IFS} $$`, `%s%n%d%%`,
		`back\slash\n\0\`, `-n`, `!touch pwned`, `a b=c&d|e>f<g*?[h]~#i`, `jörg 日本`,
	} {
		t.Run(identity, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, site)
			l := personalToken
			l.token.Username = identity
			j := newJob(t, server)
			l.logIn(j, server, "repository", site)
			j.reads(dataCenter.url(server, site))
			if entries, err := os.ReadDir(j.dir); err != nil || len(entries) > 0 {
				t.Errorf("the workspace contains %v, %v", entries, err)
			}
		})
	}
}

// Git reports a token that is refused, at once.
func TestGitWrongToken(t *testing.T) {
	for _, l := range logins {
		if l.token.Kind == bitbuckettest.OAuthConsumer {
			continue // refused in the step itself
		}
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, site)
			j := newJob(t, server)
			token := l.logIn(j, server, "repository", site)
			server.End(token.Secret)
			// Git logs in first, so it fails before git-lfs's hook runs.
			j.copy(source(t, l.side), "source")
			for _, command := range []string{"ls-remote", "push"} {
				before, start := len(server.Requests()), time.Now()
				text, err := j.try("git", "-C", "source", command, l.side.url(server, site), "main")
				if err == nil || !strings.Contains(text, "fatal: Authentication failed for '"+server.URL) {
					t.Errorf("git %s: %v\n%s", command, err, text)
				}
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("git %s took %v", command, took)
				}
				if got := requests(server, before); len(got) != 2 {
					t.Errorf("git %s: %d requests:\n%s", command, len(got), strings.Join(got, ""))
				}
			}
		})
	}
}

// Nothing outside the reach gets the credential: a neighbour whose name begins
// the same, another host, or one that the server redirects to.
func TestGitElsewhere(t *testing.T) {
	for _, l := range []login{accessToken, projectToken} {
		l.token.Reach = nil // the server would accept it anywhere
		options := bitbuckettest.Options{
			Repositories: []string{site, "acme/site2", "acme/site.github", "acme2/site"}, ContextPath: dataCenter.server,
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
			t.Run(l.name+", "+test.reach+", "+test.neighbour, func(t *testing.T) {
				t.Parallel()
				server, elsewhere := bitbuckettest.New(t, options), bitbuckettest.New(t, options)
				j := newJob(t)
				repository := site
				if test.reach == "host" {
					repository = ""
				}
				l.logIn(j, server, test.reach, repository)
				urls := []string{l.side.url(elsewhere, site)}
				if test.neighbour != "" {
					urls = append(urls, l.side.url(server, test.neighbour), l.side.url(server, test.neighbour)+".git")
				}
				for _, url := range urls {
					if text, err := j.lsRemote(url); err == nil || !strings.Contains(text, "could not read Username") {
						t.Errorf("%s: %v\n%s", url, err, text)
					}
				}
				// The server redirects at once, then only after it asked for a login.
				match := "GET " + l.side.scm + "/" + site + "/info/refs"
				away := bitbuckettest.Redirect(l.side.url(elsewhere, site) + "/info/refs?service=git-upload-pack")
				asks := bitbuckettest.Reply{Status: 401, Header: map[string]string{"WWW-Authenticate": `Basic realm="Bitbucket"`}}
				for _, replies := range [][]bitbuckettest.Reply{{away}, {asks, away}} {
					before := len(elsewhere.Requests())
					server.Answer(match, replies...)
					text, err := j.lsRemote(l.side.url(server, site))
					if followed := len(elsewhere.Requests()) > before; err == nil || followed == l.header {
						t.Errorf("git followed the redirect: %v, %v\n%s", followed, err, text)
					}
				}
				for _, r := range append(server.Requests(), elsewhere.Requests()...) {
					if r.Scheme != "" && r.Path != l.side.scm+"/"+site+"/info/refs" {
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
	for _, l := range []login{accessToken, projectToken} {
		for service, command := range map[string][]string{
			"git-upload-pack":  {"fetch"},
			"git-receive-pack": {"push", "--no-verify", "--force"},
		} {
			t.Run(l.name+", "+command[0], func(t *testing.T) {
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
				server := newServer(t, site)
				j := newJob(t, server)
				l.logIn(j, server, "repository", site)
				j.copy(source(t, l.side), "source")
				server.Answer("GET "+l.side.scm+"/"+site+"/info/refs", bitbuckettest.Redirect(stranger.URL+"/x/info/refs?service="+service))
				text, err := j.try(slices.Concat([]string{"git", "-C", "source"}, command, []string{l.side.url(server, site), "main"})...)
				mu.Lock()
				defer mu.Unlock()
				if err == nil || len(logins) > 0 {
					t.Errorf("git logs in elsewhere: %v, %v\n%s", logins, err, text)
				}
				if posted == l.header {
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
			server := newServer(t, site)
			j := newJob(t, server)
			accessToken.logIn(j, server, reach, server.URL+"/Acme/SITE.git", "rewrite-ssh", "true")
			j.reads(cloud.url(server, "Acme/SITE.git"), cloud.url(server, "Acme/SITE"), cloud.url(server, "acme/site"),
				cloud.ssh+"Acme/SITE.git", cloud.ssh+"acme/site.git", "ssh://git@127.0.0.1/Acme/SITE.git")
		})
	}
}
