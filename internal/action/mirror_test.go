package action_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate/certificatetest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git/gittest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// mirrors runs the mirror command in a world with git.
func mirrors(t *testing.T, e env) outcome {
	t.Helper()
	w := world(e.with(env{"PATH": os.Getenv("PATH")}), nil, nil)
	w.Args = []string{"mirror"}
	return runWith(t, w)
}

// Which repository is mirrored: the one that source names, or the one that the
// host's job is for. Nothing answers at these addresses.
func TestMirrorSource(t *testing.T) {
	t.Parallel()
	const dead = "http://127.0.0.1:1/octo/site"
	nowhere, err := filepath.Abs("/nowhere") // with a drive, on Windows
	if err != nil {
		t.Fatal(err)
	}
	given := env{"BITBUCKET_AUTH_TOKEN": credentialtest.AccessToken(), "BITBUCKET_AUTH_REPOSITORY": "acme/site"}
	source := func(text string) env { return given.with(env{"BITBUCKET_AUTH_SOURCE": text}) }
	wiki := given.with(env{"BITBUCKET_AUTH_SERVER_URL": "http://127.0.0.1:1"})
	onDataCenter := func(text string) env {
		return env{
			"BITBUCKET_AUTH_TOKEN": credentialtest.HTTPAccessToken(), "BITBUCKET_AUTH_SERVER_URL": "https://127.0.0.1:1/ctx",
			"BITBUCKET_AUTH_REPOSITORY": "PROJ/site", "BITBUCKET_AUTH_SOURCE": text,
		}
	}
	plugin := env{"PLUGIN_TOKEN": credentialtest.AccessToken(), "PLUGIN_REPOSITORY": "acme/site"}
	for _, test := range []struct {
		name string
		env  env
		code fault.Code
		says string
	}{
		{"a URL", source(dead), fault.SourceUnreachable, "of " + dead + " and"},
		{"a URL with more slashes than it needs", source("HTTP://127.0.0.1:1//octo/site/"), fault.SourceUnreachable, "of " + dead + " and"},
		{"a URL with a password", source("http://me:s3cret-word@127.0.0.1:1/octo/site"), fault.SourceUnreachable, "BBA404"},
		{"a URL with a password that looks like a port", source("http://s3cret:3725/s3cret-word@127.0.0.1:1/octo/site"), fault.SourceUnreachable, "BBA404"},
		{"another host's plain http", source("http://git.example.com/octo/site"), fault.SourceAddress, "in the clear"},
		{"ssh", source("ssh://git@github.com/octo/site"), fault.SourceAddress, "ssh"},
		{"ssh, in short", source("git@github.com:octo/site.git"), fault.SourceAddress, "ssh"},
		{"a query", source("https://github.com/octo/site?x=y"), fault.SourceAddress, "query"},
		{"a server alone", source("https://github.com/"), fault.SourceAddress, "isn't the URL"},
		{"two lines", source("https://github.com/octo/site\nx"), fault.SourceAddress, "line break"},
		{"a path", source("/nowhere"), fault.SourceNotFound, "of " + nowhere + " and"},
		{"a path that reads like the destination", source("/acme/site"), fault.SourceNotFound, "nothing is there"},
		{"a path that looks like an option", source("--upload-pack=x"), fault.SourceNotFound, string(filepath.Separator) + "--upload-pack=x and"},
		{"a path as a URL", source("file:///nowhere"), fault.SourceNotFound, "of " + nowhere + " and"},
		{"the destination", source("https://bitbucket.org/acme/site"), fault.SourceIsDestination, ""},
		{"the destination's web page", source("https://bitbucket.org/Acme/site/src/main/"), fault.SourceIsDestination, ""},
		{"the destination by ssh", source("git@bitbucket.org:acme/site.git"), fault.SourceIsDestination, ""},
		{"the destination's wiki", wiki.with(env{"BITBUCKET_AUTH_SOURCE": "http://127.0.0.1:1/acme/site.git/wiki"}), fault.SourceUnreachable, "of http://127.0.0.1:1/acme/site.git/wiki and"},
		{"a page of the destination's wiki", wiki.with(env{"BITBUCKET_AUTH_SOURCE": "http://127.0.0.1:1/acme/site/wiki"}), fault.SourceUnreachable, "of http://127.0.0.1:1/acme/site/wiki and"},
		{"the destination by another name of this machine", wiki.with(env{"BITBUCKET_AUTH_SOURCE": "http://localhost:1/acme/site.git"}), fault.SourceIsDestination, ""},
		{"the destination on a Data Center, as its Clone button spells it", onDataCenter("https://127.0.0.1:1/ctx/scm/proj/site.git"), fault.SourceIsDestination, ""},
		{"the destination's web page on a Data Center", onDataCenter("https://127.0.0.1:1/ctx/projects/proj/repos/Site/browse"), fault.SourceIsDestination, ""},
		{"a neighbour of the destination on a Data Center", onDataCenter("https://127.0.0.1:1/ctx/scm/proj/site2.git"), fault.SourceUnreachable, "of https://127.0.0.1:1/ctx/scm/proj/site2.git and"},
		{"a wiki as the destination", source(dead).with(env{"BITBUCKET_AUTH_REPOSITORY": "https://bitbucket.org/acme/site/wiki/Home"}), fault.Repository, "wiki page"},
		{"a wiki's clone URL as the destination", source(dead).with(env{"BITBUCKET_AUTH_REPOSITORY": "git clone https://me@bitbucket.org/acme/site.git/wiki"}), fault.Repository, "after .git"},
		{"a neighbour of the destination", source("https://bitbucket.org/acme/site2?"), fault.SourceAddress, ""},
		{"none", given, fault.SourceMissing, "set source"},
		{"GitLab", given.with(env{"GITLAB_CI": "true", "CI_PROJECT_URL": dead}), fault.SourceUnreachable, "of " + dead + " and"},
		{"Azure", given.with(env{"TF_BUILD": "True", "BUILD_REPOSITORY_URI": "http://org@127.0.0.1:1/octo/site"}), fault.SourceUnreachable, "of " + dead + " and"},
		{"CircleCI, with ssh", given.with(env{"CIRCLECI": "true", "CIRCLE_REPOSITORY_URL": "git@github.com:octo/site.git"}), fault.SourceUnreachable, "of https://github.com/octo/site.git and"},
		{"CircleCI, with ssh, of the destination", given.with(env{"CIRCLECI": "true", "CIRCLE_REPOSITORY_URL": "git@bitbucket.org:acme/site.git"}), fault.SourceIsDestination, ""},
		{"a folder that doesn't exist", source("octo/site"), fault.SourceNotFound, "nothing is there"},
		{"Bitbucket Pipelines, of the destination", given.with(env{"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/site"}), fault.SourceIsDestination, ""},
		{"Drone", plugin.with(env{"DRONE": "true", "DRONE_REMOTE_URL": dead}), fault.SourceUnreachable, "of " + dead + " and"},
		{"another host's variable", given.with(env{"JENKINS_URL": "http://j", "CI_PROJECT_URL": dead}), fault.SourceMissing, ""},
		{"no repository", env{"BITBUCKET_AUTH_TOKEN": credentialtest.AccessToken(), "BITBUCKET_AUTH_SOURCE": dead}, fault.RepositoryMissing, ""},
		{"a login of two lines", source(dead).with(env{"BITBUCKET_AUTH_SOURCE_TOKEN": "line-one\nline-two"}), fault.TokenCharacter, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// Bitbucket gets no request either.
			o := mirrors(t, test.env.with(env{"HTTPS_PROXY": "http://127.0.0.1:1"}))
			log := o.stdout + o.stderr
			if o.exit != test.code.Exit || !strings.Contains(log, "("+test.code.ID+")") || !strings.Contains(log, test.says) {
				t.Errorf("got %d, want %s and %q:\n%s", o.exit, test.code.ID, test.says, log)
			}
			if strings.Contains(log, "s3cret-word") {
				t.Errorf("the password is shown: %s", log)
			}
		})
	}
}

// newSource makes a repository whose branches have one commit; the first one is its
// main branch.
func newSource(t *testing.T, branches ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source.git")
	gittest.New(t, path, branches...)
	return path
}

// newCommit sets branches of a repository to a commit without parents.
func newCommit(t *testing.T, path, message string, branches ...string) {
	t.Helper()
	commit := gittest.Commit(t, path, message)
	for _, branch := range branches {
		gitIn(t, path, "update-ref", "refs/heads/"+branch, commit)
	}
}

// gitIn runs git in a repository.
func gitIn(t *testing.T, path string, arguments ...string) string {
	t.Helper()
	cmd := exec.Command(realGit, append([]string{"--git-dir", path}, arguments...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", arguments, err, out)
	}
	return strings.TrimSpace(string(out))
}

// A missing repository is created, over TLS with a private CA. The source's main
// branch arrives first, so that it becomes the main branch in Bitbucket.
func TestMirrorCreates(t *testing.T) {
	t.Parallel()
	source := newSource(t, "trunk", "a", "z")

	fake := bitbuckettest.New(t, bitbuckettest.Options{TLS: true, Repositories: []string{"acme/other"}})
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket", "admin:repository:bitbucket"}})
	e := env{
		"BITBUCKET_AUTH_TOKEN": token.Secret, "BITBUCKET_AUTH_IDENTITY": token.Email, "BITBUCKET_AUTH_SERVER_URL": fake.URL,
		"BITBUCKET_AUTH_REPOSITORY": "acme/new", "BITBUCKET_AUTH_SOURCE": source, "BITBUCKET_AUTH_CA_CERTIFICATE": fake.CA(),
		"BITBUCKET_AUTH_CREATE": "private", "BITBUCKET_AUTH_PROJECT": "SITE",
	}
	if o := mirrors(t, e.with(env{"BITBUCKET_AUTH_DRY_RUN": "true"})); o.exit != 0 || !strings.Contains(o.stderr, "would be created") {
		t.Errorf("a dry run: %d\n%s", o.exit, o.stderr)
	}
	if _, ok := fake.Repository("acme/new"); ok {
		t.Error("a dry run has created the repository")
	}
	if o := mirrors(t, e.with(env{"BITBUCKET_AUTH_BRANCHES": "mian"})); o.exit != fault.SourceEmpty.Exit {
		t.Errorf("nothing to mirror: %d\n%s", o.exit, o.stderr)
	}
	if _, ok := fake.Repository("acme/new"); ok {
		t.Error("a source with nothing to mirror has created the repository")
	}
	o := mirrors(t, e)
	created, ok := fake.Repository("acme/new")
	if o.exit != 0 || !ok || !created.Private || created.Project != "SITE" || !strings.Contains(o.stderr, "3 created") {
		t.Errorf("got %d, %+v\n%s", o.exit, created, o.stderr)
	}
	if strings.Contains(o.stdout+o.stderr, token.Secret) {
		t.Error("the token is shown")
	}
	pushes := 0
	for _, r := range fake.Requests() {
		if r.Method == "POST" && strings.HasSuffix(r.Path, "/git-receive-pack") && r.Status == 200 {
			pushes++
		}
	}
	if pushes < 2 {
		t.Errorf("the main branch wasn't pushed by itself: %d pushes", pushes)
	}
	if o := mirrors(t, e); o.exit != 0 || !strings.Contains(o.stderr, "up to date") {
		t.Errorf("again: %d\n%s", o.exit, o.stderr)
	}
}

// The mirror prints nothing for a shell, so a shell can be named without --shell.
func TestMirrorInAShell(t *testing.T) {
	t.Parallel()
	o := mirrors(t, env{
		"BITBUCKET_AUTH_HOST": "shell", "BITBUCKET_AUTH_TOKEN": credentialtest.AccessToken(),
		"BITBUCKET_AUTH_REPOSITORY": "acme/site", "BITBUCKET_AUTH_SOURCE": "/nowhere",
	})
	if o.exit != fault.SourceNotFound.Exit || !strings.Contains(o.stderr, "("+fault.SourceNotFound.ID+")") {
		t.Errorf("got %d, %s", o.exit, o.stderr)
	}
}

// A Data Center that refuses a user name with a token: of a token that has no user,
// the mirror finds that out by itself, and of any other, a hint says what to do.
func TestMirrorBearer(t *testing.T) {
	t.Parallel()
	source := newSource(t, "main")
	for _, test := range []struct {
		kind  bitbuckettest.Kind
		exit  int
		says  string
		tries int // with the user name
	}{
		{bitbuckettest.ProjectHTTPToken, 0, "identity isn't used for git", 1},
		{bitbuckettest.PersonalHTTPToken, fault.ExitRefused, "leave out identity", 1},
	} {
		fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"acme/site"}, ContextPath: "/ctx", NoBasic: true})
		token := fake.Add(bitbuckettest.Token{Kind: test.kind, Scopes: []string{"PROJECT_WRITE"}})
		e := env{
			"BITBUCKET_AUTH_TOKEN": token.Secret, "BITBUCKET_AUTH_IDENTITY": token.Username, "BITBUCKET_AUTH_SERVER_URL": fake.URL + "/ctx",
			"BITBUCKET_AUTH_REPOSITORY": "acme/site", "BITBUCKET_AUTH_SOURCE": source,
		}
		o := mirrors(t, e)
		if o.exit != test.exit || !strings.Contains(o.stderr, test.says) {
			t.Errorf("%s: got %d\n%s", test.kind, o.exit, o.stderr)
		}
		refused := 0
		for _, r := range fake.Requests() {
			if r.Scheme != "" && r.Status == http.StatusUnauthorized {
				refused++
			}
		}
		if refused != test.tries {
			t.Errorf("%s: %d refused logins", test.kind, refused)
		}
		delete(e, "BITBUCKET_AUTH_IDENTITY")
		if o := mirrors(t, e); o.exit != 0 {
			t.Errorf("%s, without identity: got %d\n%s", test.kind, o.exit, o.stderr)
		}
	}
}

func TestMirrorArguments(t *testing.T) {
	for _, test := range []struct {
		args []string
		exit int
		says string
	}{
		{[]string{"mirror", "--help"}, 0, "max-deletions"},
		{[]string{"mirror", "--shell"}, 2, "BBA108"},
		{[]string{"mirror", "https://github.com/octo/site"}, 2, "BBA108"},
		{[]string{"mirror"}, 2, "BBA101"},
	} {
		w := world(env{}, nil, nil)
		w.Args = test.args
		if o := runWith(t, w); o.exit != test.exit || !strings.Contains(o.stdout+o.stderr, test.says) {
			t.Errorf("%q: %d, %s%s", test.args, o.exit, o.stdout, o.stderr)
		}
	}
}

// Each fault of a certificate has the same sentence, whether the check asks over REST
// or git reads the source or Bitbucket, and ca-certificate is a hint where it helps. Git
// reads one of the two for each fault, as it explains both in one place.
func TestCertificates(t *testing.T) {
	t.Parallel()
	source := newSource(t, "main")
	for i, test := range []struct {
		chain   certificatetest.Chain
		trusted bool
		says    string
		setCA   bool
	}{
		{certificatetest.Chain{From: -2 * time.Hour, Until: -time.Hour, Sent: 2}, true, "has expired", false},
		{certificatetest.Chain{Names: []string{"other.example.com"}, Sent: 2}, true, "is for another host name", false},
		{certificatetest.Chain{Sent: 1}, false, "or its chain is incomplete", true},
		{certificatetest.Chain{OfRoot: true, Sent: 1}, false, "signed by a CA that isn't known here, or", true},
		{certificatetest.Chain{Sent: 2}, false, "by a CA that isn't known here", true},
	} {
		t.Run(test.says, func(t *testing.T) {
			t.Parallel()
			url, root := certificatetest.Start(t, test.chain)
			if !test.trusted {
				root = ""
			}
			token := credentialtest.HTTPAccessToken()
			check := onGitHub(t, env{
				"INPUT_TOKEN": token, "INPUT_SERVER-URL": url, "INPUT_REPOSITORY": "acme/site", "INPUT_VERIFY": "strict", "INPUT_CA-CERTIFICATE": root,
			})
			e := env{
				"BITBUCKET_AUTH_TOKEN": token, "BITBUCKET_AUTH_SERVER_URL": url, "BITBUCKET_AUTH_REPOSITORY": "acme/site",
				"BITBUCKET_AUTH_SOURCE": source, "BITBUCKET_AUTH_CA_CERTIFICATE": root,
			}
			side, code := "git, Bitbucket", fault.Certificate
			if i%2 == 0 {
				fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"acme/site"}})
				e = e.with(env{"BITBUCKET_AUTH_SERVER_URL": fake.URL, "BITBUCKET_AUTH_SOURCE": url + "/octo/site"})
				side, code = "git, source", fault.SourceUnreachable
			}
			for name, run := range map[string]struct {
				outcome
				code fault.Code
			}{"REST": {check, fault.Certificate}, side: {mirrors(t, e), code}} {
				log, code := run.stdout+run.stderr, run.code
				if !strings.Contains(log, "certificate") || !strings.Contains(log, test.says) || !strings.Contains(log, "("+code.ID+")") {
					t.Errorf("%s, want %q and %s:\n%s", name, test.says, code.ID, log)
				}
				if strings.Contains(log, "set ca-certificate") != test.setCA {
					t.Errorf("%s, the hint to set ca-certificate:\n%s", name, log)
				}
			}
		})
	}
}

// Git trusts the CA certificates in the file that SSL_CERT_FILE names, as Go does, which
// reads it on Unix systems other than macOS (crypto/x509). Another file changes nothing.
func TestMirrorTrustsSSLCertFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("crypto/x509 doesn't read SSL_CERT_FILE here")
	}
	url, root := certificatetest.Start(t, certificatetest.Chain{OfRoot: true, Sent: 1})
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte(root), 0o600); err != nil {
		t.Fatal(err)
	}
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"acme/site"}})
	for named, code := range map[string]fault.Code{file: fault.SourceNotFound, file + ".missing": fault.SourceUnreachable, "": fault.SourceUnreachable} {
		o := mirrors(t, env{
			"BITBUCKET_AUTH_TOKEN": credentialtest.HTTPAccessToken(), "BITBUCKET_AUTH_SERVER_URL": fake.URL, "BITBUCKET_AUTH_REPOSITORY": "acme/site",
			"BITBUCKET_AUTH_SOURCE": url + "/octo/site", "SSL_CERT_FILE": named,
		})
		if !strings.Contains(o.stderr, "("+code.ID+")") {
			t.Errorf("with %q, want %s:\n%s", named, code.ID, o.stderr)
		}
	}
}

// Without CA certificates on the machine, both say so. They are read once in a
// process, so a second one is needed.
func TestNoCACertificates(t *testing.T) {
	t.Parallel()
	const mark = "TEST_WITHOUT_CA"
	if os.Getenv(mark) == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestNoCACertificates$")
		again.Env = append(os.Environ(), mark+"=1", "SSL_CERT_FILE=/nowhere", "SSL_CERT_DIR=/nowhere")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	url, _ := certificatetest.Start(t, certificatetest.Chain{Sent: 2})
	token := credentialtest.HTTPAccessToken()
	check := onGitHub(t, env{"INPUT_TOKEN": token, "INPUT_SERVER-URL": url, "INPUT_REPOSITORY": "acme/site", "INPUT_VERIFY": "strict"})
	from := mirrors(t, env{
		"BITBUCKET_AUTH_TOKEN": token, "BITBUCKET_AUTH_SERVER_URL": url, "BITBUCKET_AUTH_REPOSITORY": "acme/site",
		"BITBUCKET_AUTH_SOURCE": newSource(t, "main"),
	})
	for _, log := range []string{check.stdout, from.stderr} {
		if !strings.Contains(log, "there are no CA certificates on this machine") || !strings.Contains(log, "set ca-certificate") {
			t.Error(log)
		}
	}
}

// What a skipped mirror needs, and where it hands over that it did nothing. It sets no
// environment variables on GitHub, so it needs no file of these.
func TestMirrorIsSkipped(t *testing.T) {
	t.Parallel()
	o := onGitHub(t, env{"INPUT_ON-MISSING-TOKEN": "skip", "GITHUB_ENV": ""}, "mirror")
	equal(t, "exit code on GitHub", o.exit, 0)
	equal(t, "outputs on GitHub", o.outputs, map[string]string{"available": "false"})

	skip := env{"BITBUCKET_AUTH_ON_MISSING_TOKEN": "skip"}
	equal(t, "exit code without a host", mirrors(t, skip).exit, 0)
	gitLab := skip.with(env{"GITLAB_CI": "true"})
	equal(t, "exit code without env-file", mirrors(t, gitLab).exit, 0)
	file := filepath.Join(t.TempDir(), "results.env")
	equal(t, "exit code with env-file", mirrors(t, gitLab.with(env{"BITBUCKET_AUTH_ENV_FILE": file})).exit, 0)
	if text, err := os.ReadFile(file); err != nil || strings.TrimSpace(string(text)) != "export BITBUCKET_MIRROR_AVAILABLE='false'" {
		t.Errorf("env-file is %q, %v", text, err)
	}
}

// Before it changes anything, a run tells of patterns that match nothing and of refs that
// aren't mirrored. A dry run warns of too many deletions, and lists them.
func TestMirrorTellsBeforeItPushes(t *testing.T) {
	t.Parallel()
	source := newSource(t, "main", "topic")
	gitIn(t, source, "update-ref", "refs/notes/commits", "main")
	s := newSite(t, source)
	s.git("fetch", "--quiet", source, "refs/heads/main:refs/heads/main", "refs/heads/main:refs/heads/old", "refs/heads/main:refs/heads/older")
	o := s.mirror(t.Context(), env{"INPUT_BRANCHES": "main, releases", "INPUT_DRY-RUN": "true", "INPUT_PRUNE": "true", "INPUT_MAX-DELETIONS": "0"})
	equal(t, "exit code", o.exit, 0)
	equal(t, "deleted, of what is in the patterns", o.outputs["deleted"], "0")
	if !strings.Contains(o.stdout, "::warning title=bitbucket-auth "+fault.Pattern.ID+"::the source has no branches that match this part of branches: releases (") {
		t.Errorf("the pattern isn't named: %s", o.stdout)
	}
	if !strings.Contains(o.stdout, "the source also has refs/notes/*, which aren't mirrored") {
		t.Errorf("the other refs aren't named: %s", o.stdout)
	}

	limit := env{"INPUT_PRUNE": "true", "INPUT_MAX-DELETIONS": "1"}
	o = s.mirror(t.Context(), limit.with(env{"INPUT_DRY-RUN": "true"}))
	equal(t, "exit code of a dry run", o.exit, 0)
	equal(t, "what it would delete", o.outputs["deleted"], "2")
	if !strings.Contains(o.stdout, "::warning title=bitbucket-auth "+fault.TooManyDeletions.ID+"::") || strings.Contains(o.stdout, "to see the list") {
		t.Errorf("a dry run says %s", o.stdout)
	}
	o = s.mirror(t.Context(), limit)
	equal(t, "outputs", o.outputs, map[string]string{"error-code": fault.TooManyDeletions.ID})
	if !strings.Contains(o.stdout, "to see the list, run once with dry-run: true") {
		t.Errorf("it says %s", o.stdout)
	}
	equal(t, "branches in Bitbucket", s.branches(), []string{"main", "old", "older"})
}

// A source that has moved is read at its new address, with its login, and a failure that
// passes is waited for. If it has become the destination, nothing is changed.
func TestMirrorOfAMovedSource(t *testing.T) {
	t.Parallel()
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"acme/site", "acme/source"}})
	gittest.New(t, fake.Dir("acme/source"), "main", "topic")
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken, Scopes: []string{"repository:write"}})
	var failed atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, isOld := strings.CutPrefix(r.URL.Path, "/acme/old.git")
		switch {
		case isOld && failed.CompareAndSwap(false, true):
			w.WriteHeader(http.StatusServiceUnavailable)
		case isOld:
			http.Redirect(w, r, "/acme/source.git"+rest+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
		default:
			fake.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	folder := t.TempDir()
	e := env{
		"TMPDIR": folder, "BITBUCKET_AUTH_TOKEN": token.Secret, "BITBUCKET_AUTH_SERVER_URL": front.URL, "BITBUCKET_AUTH_REPOSITORY": "acme/site",
		"BITBUCKET_AUTH_SOURCE": front.URL + "/acme/old.git", "BITBUCKET_AUTH_SOURCE_TOKEN": token.Secret,
	}
	o := mirrors(t, e)
	if o.exit != 0 || !strings.Contains(o.stderr, "2 created") || !strings.Contains(o.stderr, "503") {
		t.Errorf("exit code %d\n%s", o.exit, o.stderr)
	}
	o = mirrors(t, e.with(env{"BITBUCKET_AUTH_REPOSITORY": "acme/source"}))
	if o.exit != fault.SourceIsDestination.Exit || !strings.Contains(o.stderr, "("+fault.SourceIsDestination.ID+")") {
		t.Errorf("to the destination: exit code %d\n%s", o.exit, o.stderr)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
}

// Each setting of the mirror is used for what it says.
func TestSettingsOfTheMirror(t *testing.T) {
	t.Parallel()
	given := env{"BITBUCKET_AUTH_TOKEN": credentialtest.AccessToken(), "BITBUCKET_AUTH_REPOSITORY": "acme/site", "BITBUCKET_AUTH_SOURCE": "/nowhere"}
	for name, test := range map[string]struct {
		more env
		code fault.Code
		says string
	}{
		"kind":                        {env{"BITBUCKET_AUTH_TOKEN": credentialtest.ConsumerSecret(), "BITBUCKET_AUTH_KIND": "access-token"}, fault.SourceNotFound, "kind access-token"},
		"no kind":                     {env{"BITBUCKET_AUTH_TOKEN": credentialtest.ConsumerSecret()}, fault.KindUndecided, ""},
		"branches":                    {env{"BITBUCKET_AUTH_BRANCHES": "a..b"}, fault.Pattern, "branches contains a pattern"},
		"tags":                        {env{"BITBUCKET_AUTH_TAGS": "v[0-9]*"}, fault.Pattern, "tags contains a pattern"},
		"expires-on":                  {env{"BITBUCKET_AUTH_EXPIRES_ON": "2026-11-22"}, fault.SourceNotFound, "(" + fault.ExpiresSoon.ID + ")"},
		"a password in repository":    {env{"BITBUCKET_AUTH_REPOSITORY": "https://me:s3cret-word@bitbucket.org/acme/site"}, fault.SourceNotFound, "(" + fault.RepositorySecret.ID + ")"},
		"a password in source":        {env{"BITBUCKET_AUTH_SOURCE": "https://me:s3cret-word@bitbucket.org/acme/site"}, fault.SourceIsDestination, "(" + fault.SourceSecret.ID + ")"},
		"a control character in user": {env{"BITBUCKET_AUTH_SOURCE_USERNAME": "a\x1bb"}, fault.TokenCharacter, "source-username"},
	} {
		o := mirrors(t, given.with(test.more))
		if o.exit != test.code.Exit || !strings.Contains(o.stderr, "("+test.code.ID+")") || !strings.Contains(o.stderr, test.says) {
			t.Errorf("%s: exit code %d\n%s", name, o.exit, o.stderr)
		}
	}
}

// The login for the source is masked as git sends it, with the user name that goes with it.
func TestMirrorMasksTheSourcesLogin(t *testing.T) {
	t.Parallel()
	own, dataCenter := credentialtest.Letters(40), credentialtest.HTTPAccessToken()
	for _, test := range []struct{ token, username, want string }{
		{own, "", "x-access-token:"}, {own, "somebody", "somebody:"}, {dataCenter, "", "x-token-auth:"},
	} {
		o := onGitHub(t, env{
			"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_REPOSITORY": "acme/site", "INPUT_SOURCE": "https://git.example.com/octo/site",
			"INPUT_SOURCE-TOKEN": test.token, "INPUT_SOURCE-USERNAME": test.username,
		}, "mirror") // there is no git
		pair := base64.RawStdEncoding.EncodeToString([]byte(test.want + test.token))
		if o.outputs["error-code"] != fault.GitMissing.ID || !slices.Contains(hosttest.GitHub.Show(o.stdout).Masks, pair) {
			t.Errorf("%s isn't masked: %v", test.want, o.outputs)
		}
	}
}
