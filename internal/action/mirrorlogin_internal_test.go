package action

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// mirroringOn is a mirror on a host that has read its settings, and nothing more.
func mirroringOn(t *testing.T, environment map[string]string, settings *input.MirrorSettings) *mirroring {
	t.Helper()
	lookup := func(name string) (string, bool) {
		value, found := environment[name]
		return value, found
	}
	h, err := host.Choose(host.World{Lookup: lookup, Stdout: io.Discard, Stderr: io.Discard}, false)
	if err != nil {
		t.Fatal(err)
	}
	settings.Server = server.Cloud
	to, _, err := repository.Parse(secret.NewAddress("acme/site"), server.Cloud)
	if err != nil {
		t.Fatal(err)
	}
	return &mirroring{
		run: &run{world: World{Lookup: lookup}, host: h}, settings: settings, repository: to,
		credential: credential.Credential{Server: server.Cloud},
	}
}

// Which token is sent to which server: the job's own goes to the job's own server and to
// no other, however similar its name is; a token that somebody has set for a source goes
// there.
func TestSourceTokenGoesToItsServerOnly(t *testing.T) {
	t.Parallel()
	jobs, own := credentialtest.Letters(40), credentialtest.Letters(40)
	for _, test := range []struct {
		server, source string
		isSent         bool // the job's own token
	}{
		{"https://github.com", "https://github.com/octo/site", true},
		{"https://github.com", "https://GitHub.com/octo/site", true},
		{"https://github.com", "https://github.com:443/octo/site", true},
		{"https://github.com/", "https://github.com/octo/site", true},
		{"HTTPS://GITHUB.com", "https://github.com/octo/site", true},
		{"https://github.com", "https://github.com.evil.example/octo/site", false},
		{"https://github.com", "https://github.company/octo/site", false},
		{"https://github.com", "https://evil.example/github.com/octo/site", false},
		{"https://github.com", "https://evilgithub.com/octo/site", false},
		{"https://github.com", "https://www.github.com/octo/site", false},
		{"https://github.com", "https://github.com:8443/octo/site", false},
		{"https://github.com", "https://bitbucket.org/octo/site", false},
		{"https://github.com", "https://github.com/scm/octo/site", false}, // a Data Center's
		{"https://127.0.0.1", "http://127.0.0.1/octo/site", false},
		{"https://127.0.0.1:3000", "http://127.0.0.1:3000/octo/site", false},
		{"http://127.0.0.1:3000", "http://127.0.0.1:30001/octo/site", false},
		{"https://host.example/gitea", "https://host.example/gitea/octo/site", true},
		{"https://host.example/gitea/", "https://host.example/gitea/octo/site", true},
		{"https://host.example/gitea", "https://host.example/giteas/octo/site", false},
		{"https://host.example/gitea", "https://host.example/octo/site", false},
		{"https://host.example/gitea", "https://host.example/other/gitea/octo/site", false},
		{" https://github.com\n", "https://github.com/octo/site", true},
		{"", "https://github.com/octo/site", false},
		{"%zz", "https://github.com/octo/site", false},
		{"https://github.com", "/srv/octo/site", true}, // no server gets it
	} {
		for _, token := range []string{jobs, own} {
			environment := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": test.server, "GITHUB_REPOSITORY": "octo/job", "JOB_TOKEN": jobs}
			m := mirroringOn(t, environment, &input.MirrorSettings{Source: secret.NewSource(test.source), SourceToken: secret.New(token)})
			if err := m.findSource(); err != nil {
				t.Fatalf("%s: %v", test.source, err)
			}
			isSent := !m.settings.SourceToken.IsEmpty()
			if want := test.isSent || token == own; isSent != want {
				t.Errorf("server %s, source %s: the job's token %v is sent: %v", test.server, test.source, token == jobs, isSent)
			}
			if said := len(m.remarks) > 0 && strings.Contains(m.remarks[0].What, "this job's own token"); said == isSent {
				t.Errorf("%s: remarks %v", test.source, m.remarks)
			}
		}
	}
}

// The user name that goes with a source's token: by the server that the source is on, and
// on a Bitbucket by the kind of token; a Data Center accepts the token alone, in a header.
func TestSourceUser(t *testing.T) {
	t.Parallel()
	own, dataCenter := credentialtest.Letters(40), credentialtest.HTTPAccessToken()
	access, api := credentialtest.AccessToken(), credentialtest.APIToken()
	jobs := map[string]string{"GITLAB_CI": "true", "CI_SERVER_URL": "https://gitlab.example.com", "CI_JOB_TOKEN": credentialtest.Letters(30)}
	for _, test := range []struct{ source, token, username, want string }{
		{"https://github.com/octo/site", own, "", "x-access-token"},
		{"https://github.com/octo/site", own, "me", "me"},
		{"https://gitlab.example.com/octo/site", jobs["CI_JOB_TOKEN"], "", "gitlab-ci-token"},
		{"https://gitlab.example.com/octo/site", own, "", "x-access-token"},
		{"https://gitlab.example.com/octo/site", dataCenter, "", ""},
		{"https://bitbucket.org/octo/site", access, "", "x-token-auth"},
		{"https://bitbucket.org/octo/site", api, "", "x-bitbucket-api-token-auth"},
		{"https://BITBUCKET.org/octo/site", api, "", "x-bitbucket-api-token-auth"},
		{"https://bitbucket.org/octo/site", api, "me", "me"},
		{"https://bitbucket.org/scm/site", access, "", "x-token-auth"},      // a workspace called scm
		{"https://bitbucket.org/octo/site", dataCenter, "", "x-token-auth"}, // whatever its token looks like
		{"https://git.example.com/scm/octo/site.git", own, "", ""},
		{"https://git.example.com/scm/octo/site.git", own, "me", "me"},
		{"https://git.example.com/ctx/scm/octo/site.git", own, "", ""},
		{"https://git.example.com/scmx/octo/site.git", own, "", "x-access-token"},
	} {
		m := mirroringOn(t, jobs, &input.MirrorSettings{Source: secret.NewSource(test.source), SourceToken: secret.New(test.token), SourceUsername: test.username})
		if err := m.findSource(); err != nil {
			t.Fatalf("%s: %v", test.source, err)
		}
		if got := m.sourceUser(); got != test.want {
			t.Errorf("%s, token %.6s, source-username %q: got %q, want %q", test.source, test.token, test.username, got, test.want)
		}
	}
}

// A server's name is the same in any letter case, so logins for it match.
func TestSourceAddressIsLowerCase(t *testing.T) {
	t.Parallel()
	a, err := parseAddress("HTTPS://Git.Example.com:8443/Octo/Site/", false)
	if want := (address{text: "https://git.example.com:8443/Octo/Site", root: "https://git.example.com:8443"}); err != nil || a != want {
		t.Errorf("got %+v, %v", a, err)
	}
}

// Without a login for the source, its processes have none.
func TestSourceLoginIsForOneServer(t *testing.T) {
	t.Parallel()
	m := mirroringOn(t, map[string]string{"GITHUB_ACTIONS": "true"}, &input.MirrorSettings{SourceToken: secret.New(credentialtest.Letters(40))})
	var err error
	if m.source, err = parseAddress("https://git.example.com:8443/octo/site", false); err != nil {
		t.Fatal(err)
	}
	login, err := m.sourceLogin(m.source.text)
	text := ""
	for _, v := range login {
		text += v.Name + "=" + v.Text.Reveal() + "\n"
	}
	if err != nil || !strings.Contains(text, "credential.https://git.example.com:8443.helper") || strings.Contains(text, "credential.helper") || strings.Contains(text, "http.extraHeader") {
		t.Errorf("%v\n%s", err, text)
	}
	// The address may be another one after a redirect.
	login, err = m.sourceLogin("https://Git2.Example.com/octo/site")
	if err != nil || !slices.ContainsFunc(login, func(v secret.Value) bool { return v.Text.Reveal() == "credential.https://git2.example.com.helper" }) {
		t.Errorf("after a redirect: %v, %v", login, err)
	}
	if want := credential.Authorization("x-access-token", m.settings.SourceToken); m.sourceAuthorization().Reveal() != want.Reveal() {
		t.Error("requests log in in another way than git")
	}
	m.source.local = true
	if login, err := m.sourceLogin(m.source.text); login != nil || err != nil {
		t.Errorf("a path: %v, %v", login, err)
	}
	m.source.local, m.settings.SourceToken = false, secret.String{}
	if login, err := m.sourceLogin(m.source.text); login != nil || err != nil || !m.sourceAuthorization().IsEmpty() {
		t.Errorf("without a token: %v, %v", login, err)
	}
}

// The check that says why git's login was refused comes after the mirror's own time limit
// has ended, so it has one of its own.
func TestAskWhyIsLimited(t *testing.T) {
	t.Parallel()
	m := mirroringOn(t, map[string]string{"GITHUB_ACTIONS": "true"}, &input.MirrorSettings{Common: input.Common{Timeout: time.Hour}, Create: input.CreateNone})
	m.credential.Kind, m.credential.Token, m.git = credential.AccessToken, secret.New(credentialtest.AccessToken()), &git.Git{}
	asked := 0
	m.world.Proxy = func(r *http.Request) (*url.URL, error) {
		asked++
		if deadline, limited := r.Context().Deadline(); !limited || time.Until(deadline) > time.Minute {
			t.Errorf("it is limited: %t, until %s", limited, deadline)
		}
		return nil, errors.New("no request leaves this test")
	}
	refusal := fault.New(fault.Refused, "refused for a test")
	if err := m.askWhy(t.Context(), refusal); !errors.Is(err, refusal) || asked != 1 {
		t.Errorf("got %v after %d requests", err, asked)
	}
}

// asking is a mirror on a Bitbucket that gives one answer to every request, and counts them.
func asking(t *testing.T, kind credential.Kind, answer http.HandlerFunc) (m *mirroring, requests *int) {
	t.Helper()
	requests = new(int)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*requests++
		answer(w, r)
	}))
	t.Cleanup(web.Close)
	m = mirroringOn(t, map[string]string{"GITHUB_ACTIONS": "true"}, &input.MirrorSettings{Create: input.CreateNone})
	var err error
	if m.settings.Server, err = server.Parse(secret.NewAddress(web.URL)); err != nil {
		t.Fatal(err)
	}
	m.settings.Identity = "me@example.com"
	m.git = &git.Git{}
	m.credential = credential.Credential{
		Kind: kind, Token: secret.New(credentialtest.Letters(40)), Identity: "me@example.com", GitUsername: "me", Server: m.settings.Server.AsCloud(),
	}
	return m, requests
}

// If Cloud refuses git's login, the credential command's check says why. What Bitbucket
// said to git stays the first hint, and what was only a guess is replaced.
func TestAskWhy(t *testing.T) {
	t.Parallel()
	const said, guess = "Bitbucket says: no login for git", "check that the token hasn't expired"
	refused := fault.New(fault.Refused, "Bitbucket refuses the login", said, guess)
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Credential-Type", "api_token")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	api, access := credential.APIToken, credential.AccessToken
	for _, test := range []struct {
		name    string
		kind    credential.Kind
		answer  http.HandlerFunc
		refusal error
		change  func(*mirroring)
		asked   bool
		code    fault.Code
		hints   string // words of the first one, and of the second one
	}{
		{name: "it is accepted", kind: access, answer: answer(200, `{"type": "repository"}`), refusal: refused, asked: true, code: fault.Refused, hints: said + "|REST API accepts the token"},
		{name: "it is refused", kind: access, answer: answer(401, `{}`), refusal: refused, asked: true, code: fault.Refused, hints: said + "|"},
		{name: "there is no such repository", kind: api, answer: answer(404, `{}`), refusal: refused, asked: true, code: fault.NotFound, hints: said + "|"},
		{name: "there is no answer", kind: access, answer: answer(503, ""), refusal: refused, asked: true, code: fault.Refused, hints: said + "|" + guess},
		{name: "no fault", kind: access},
		{name: "another fault", kind: access, refusal: fault.New(fault.ServerFailed, "no", said, guess), code: fault.ServerFailed, hints: said + "|" + guess},
		{
			name: "a Data Center", kind: access, refusal: refused, code: fault.Refused, hints: said + "|" + guess,
			change: func(m *mirroring) { m.credential.Server.DataCenter = true },
		},
		{name: "an app password", kind: credential.AppPassword, refusal: refused, code: fault.Refused, hints: said + "|" + guess},
		{
			name: "an API token without an e-mail address", kind: api, refusal: refused, code: fault.Refused, hints: said + "|" + guess,
			change: func(m *mirroring) { m.settings.Identity = "me" },
		},
		{
			name: "an access token without an e-mail address", kind: access, answer: answer(401, `{}`), refusal: refused, asked: true, code: fault.Refused, hints: said + "|",
			change: func(m *mirroring) { m.settings.Identity = "" },
		},
		{
			name: "REST was used to create", kind: access, refusal: refused, code: fault.Refused, hints: said + "|" + guess,
			change: func(m *mirroring) { m.settings.Create = input.CreatePrivate },
		},
		{name: "before git", kind: access, refusal: refused, code: fault.Refused, hints: said + "|" + guess, change: func(m *mirroring) { m.git = nil }},
	} {
		m, requests := asking(t, test.kind, test.answer)
		if test.change != nil {
			test.change(m)
		}
		err := m.askWhy(t.Context(), test.refusal)
		if (*requests > 0) != test.asked {
			t.Errorf("%s: %d requests", test.name, *requests)
		}
		if test.refusal == nil {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		f := fault.From(err)
		first, second, _ := strings.Cut(test.hints, "|")
		if f.Code != test.code || len(f.Hints) < 2 || f.Hints[0] != first || !strings.Contains(f.Hints[1], second) || slices.Contains(f.Hints, guess) != (second == guess) {
			t.Errorf("%s: got %s, hints %q", test.name, f.Code.ID, f.Hints)
		}
		if told := len(m.remarks) > 0; told != (test.asked && test.kind != api) {
			t.Errorf("%s: remarks %v", test.name, m.remarks)
		}
	}
	m, requests := asking(t, access, nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.askWhy(ended, refused); !errors.Is(err, refused) || *requests > 0 {
		t.Errorf("after a signal: %v, %d requests", err, *requests)
	}
}

// A repository that can't be listed because it doesn't seem to exist is created, if that
// is asked for. Any other reason stays the reason.
func TestCreatesWhatIsMissing(t *testing.T) {
	t.Parallel()
	none := fault.Code{}
	for _, test := range []struct {
		name   string
		create string
		dry    bool
		listed fault.Code // why it can't be listed
		status int
		body   string // of the request
		code   fault.Code
	}{
		{"not asked for", input.CreateNone, false, fault.NotFound, 200, "", fault.NotFound},
		{"private", input.CreatePrivate, false, fault.NotFound, 200, `{"scm":"git","is_private":true,"project":{"key":"SITE"}}`, none},
		{"public", input.CreatePublic, false, fault.NotFound, 200, `{"scm":"git","is_private":false,"project":{"key":"SITE"}}`, none},
		{"refused", input.CreatePrivate, false, fault.Refused, 200, `{"scm":"git","is_private":true,"project":{"key":"SITE"}}`, none},
		{"an outage", input.CreatePrivate, false, fault.ServerFailed, 200, "", fault.ServerFailed},
		{"no right to read", input.CreatePrivate, false, fault.Forbidden, 200, "", fault.Forbidden},
		{"a dry run", input.CreatePrivate, true, fault.NotFound, 200, "", none},
		{"a dry run, not asked for", input.CreateNone, true, fault.NotFound, 200, "", fault.NotFound},
		{"it can't be created", input.CreatePrivate, false, fault.NotFound, 404, `{"scm":"git","is_private":true,"project":{"key":"SITE"}}`, fault.NotFound},
	} {
		body := ""
		m, requests := asking(t, credential.AccessToken, func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			body = strings.TrimSpace(string(text))
			if r.Method != http.MethodPost || r.URL.Path != "/2.0/repositories/acme/site" {
				t.Errorf("%s: %s %s", test.name, r.Method, r.URL.Path)
			}
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, "{}")
		})
		m.settings.Create, m.settings.DryRun, m.settings.Project = test.create, test.dry, "SITE"
		err := m.create(t.Context(), fault.New(test.listed, "not listed"))
		code := none
		if err != nil {
			code = fault.From(err).Code
		}
		if code != test.code || body != test.body || (*requests > 0) != (test.body != "") || m.wouldCreate != (test.dry && test.code == none) {
			t.Errorf("%s: got %v, body %s, %d requests, would create %t", test.name, err, body, *requests, m.wouldCreate)
		}
	}
}

// A Data Center's refusal of a user name is asked about once, and no other refusal is.
func TestListWithoutUserAsksOnDataCenterOnly(t *testing.T) {
	t.Parallel()
	refused := fault.New(fault.Refused, "refused", "the old hint")
	for _, test := range []struct {
		name    string
		refusal *fault.Fault
		change  func(*mirroring)
		asked   int
	}{
		{"a user's token", refused, func(*mirroring) {}, 1},
		{"another fault", fault.New(fault.NotFound, "gone", "the old hint"), func(*mirroring) {}, 0},
		{"Cloud", refused, func(m *mirroring) { m.credential.Server.DataCenter = false }, 0},
		{"no user name", refused, func(m *mirroring) { m.credential.GitUsername = "" }, 0},
	} {
		m, requests := asking(t, credential.HTTPAccessToken, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
		m.credential.Server.DataCenter = true
		test.change(m)
		hints := []string{"the old hint"}
		if test.asked > 0 {
			hints = []string{bearerHint, "the old hint"}
		}
		f := *test.refusal
		got := fault.From(m.listWithoutUser(t.Context(), &f))
		if *requests != test.asked || got.Code != test.refusal.Code || !slices.Equal(got.Hints, hints) {
			t.Errorf("%s: %d requests, %s, hints %q", test.name, *requests, got.Code.ID, got.Hints)
		}
	}
}

// The repository that the host itself names is no Bitbucket's, whatever its path, but for
// Bitbucket Pipelines'. Any other one is, if it is on the server that server-url names.
func TestSourceUserOfTheJob(t *testing.T) {
	t.Parallel()
	own, access, api := credentialtest.Letters(40), credentialtest.AccessToken(), credentialtest.APIToken()
	gitLab := map[string]string{"GITLAB_CI": "true", "CI_SERVER_URL": "https://gitlab.example.com", "CI_PROJECT_URL": "https://gitlab.example.com/scm/site"}
	jenkins := map[string]string{"JENKINS_URL": "https://ci.example.com", "BUILD_ID": "1", "GIT_URL": "https://git.example.com/scm/octo/site.git"}
	pipelines := map[string]string{"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/octo/site"}
	const dataCenter, loopback = "https://git.example.com/ctx", "http://127.0.0.1:7990"
	for _, test := range []struct {
		name        string
		environment map[string]string
		source      string
		server      string
		token       string
		want        string
	}{
		{"the job's, with a Data Center's path", gitLab, "", "", own, "x-access-token"},
		{"the job's, named", gitLab, "https://gitlab.example.com/scm/site", "", own, "x-access-token"},
		{"another with that path", gitLab, "https://gitlab.example.com/scm/other", "", own, ""},
		{"Jenkins", jenkins, "", "", own, "x-access-token"},
		{"Pipelines", pipelines, "", "", access, "x-token-auth"},
		{"Pipelines, an API token", pipelines, "", "", api, "x-bitbucket-api-token-auth"},
		{"on server-url, a Data Center", jenkins, "https://git.example.com/ctx/git/octo/site", dataCenter, own, ""},
		{"on another server", jenkins, "https://other.example.com/ctx/git/octo/site", dataCenter, own, "x-access-token"},
		{"on server-url, for tests", jenkins, loopback + "/octo/site", loopback, api, "x-bitbucket-api-token-auth"},
		{"on Cloud, with a Data Center as server-url", jenkins, "https://bitbucket.org/octo/site", dataCenter, api, "x-bitbucket-api-token-auth"},
	} {
		m := mirroringOn(t, test.environment, &input.MirrorSettings{Source: secret.NewSource(test.source), SourceToken: secret.New(test.token)})
		if test.server != "" {
			var err error
			if m.settings.Server, err = server.Parse(secret.NewAddress(test.server)); err != nil {
				t.Fatal(err)
			}
			m.credential.Server = m.settings.Server
			if test.server == loopback { // with a token of Cloud's
				m.credential.Server = m.settings.Server.AsCloud()
			}
		}
		if err := m.findSource(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if got := m.sourceUser(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// The host names the default branch of its own repository only: of its address, and of the
// folder that it was checked out to.
func TestDefaultBranchOfTheJob(t *testing.T) {
	t.Parallel()
	const own = "https://gitlab.example.com/octo/site"
	folder := t.TempDir()
	for source, want := range map[string]string{"": "dev", own: "dev", own + "2": "", folder: "dev", filepath.Dir(folder): "", ".": ""} {
		for checkout, local := range map[string]string{folder: want, "": ""} {
			m := mirroringOn(t, map[string]string{
				"GITLAB_CI": "true", "CI_PROJECT_URL": own, "CI_DEFAULT_BRANCH": "dev", "CI_PROJECT_DIR": checkout,
			}, &input.MirrorSettings{Source: secret.NewSource(source)})
			if err := m.findSource(); err != nil {
				t.Fatal(err)
			}
			if !m.source.local {
				local = want
			}
			if got := m.defaultBranch(); got != local {
				t.Errorf("source %q, checkout %q: got %q, want %q", source, checkout, got, local)
			}
		}
	}
	// The host has cloned over ssh.
	m := mirroringOn(t, map[string]string{"DRONE": "true", "DRONE_REMOTE_URL": "git@github.com:octo/site.git", "DRONE_REPO_BRANCH": "dev"}, &input.MirrorSettings{})
	if err := m.findSource(); err != nil || m.defaultBranch() != "dev" {
		t.Errorf("over ssh: got %q, %v", m.defaultBranch(), err)
	}
}

// The address by which the host itself has cloned is used as it is: over http with a
// warning, but on this machine, and without the password that the host put into it.
func TestSourceThatTheHostNames(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]fault.Code{
		"http://git.example.com/octo/site":           fault.SourceHTTP,
		"http://127.0.0.1:3000/octo/site":            {},
		"https://git.example.com/octo/http:site":     {},
		"https://me:s3cret-word@git.example.com/a/b": {},
	} {
		m := mirroringOn(t, map[string]string{"GITLAB_CI": "true", "CI_PROJECT_URL": url}, &input.MirrorSettings{})
		if err := m.findSource(); err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		got := fault.Code{}
		for _, remark := range m.remarks {
			got = remark.Code
		}
		if got != want || strings.Contains(m.source.text, "s3cret") {
			t.Errorf("%s: got %s, %s", url, got.ID, m.source.text)
		}
	}
}

// The scheme of a path may be in any letter case.
func TestPathAsURL(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, scheme := range []string{"", "file://", "FILE://"} {
		if a, err := parseAddress(scheme+folder, false); err != nil || a != (address{text: folder, local: true}) {
			t.Errorf("%s: got %+v, %v", scheme, a, err)
		}
	}
}

// Addresses that aren't those of a repository over https. Http is for this machine, and for
// the address by which the host itself has cloned.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // words of the fault, or the address
		"https://git.example.com":                "isn't the URL of a repository",
		"https://git.example.com/":               "isn't the URL of a repository",
		"https:///octo/site":                     "isn't the URL of a repository",
		"https://git.example.com:port/octo/site": "isn't the URL of a repository",
		"ssh://git@git.example.com/octo/site":    "an address for ssh",
		"git://git.example.com/octo/site":        "an address for git",
		"git.example.com:octo/site":              "an address for ssh",
		"https://git.example.com/octo/site?a=b":  "has a query or a fragment",
		"https://git.example.com/octo/site?":     "has a query or a fragment",
		"https://git.example.com/octo/site#top":  "has a query or a fragment",
		"ftp://git.example.com/octo/site":        "in the clear",
		"http://git.example.com/octo/site":       "in the clear",
		"http://localhost:3000/octo/site":        "http://localhost:3000/octo/site",
		"https://git.example.com//octo/./site//": "https://git.example.com/octo/site",
		"https://git.example.com/octo/my%20site": "https://git.example.com/octo/my%20site",
	} {
		for _, allowHTTP := range []bool{false, true} {
			want := want
			if allowHTTP && strings.HasPrefix(text, "http://") {
				want = text
			}
			a, err := parseAddress(text, allowHTTP)
			if err != nil {
				if f := fault.From(err); f.Code != fault.SourceAddress || !strings.Contains(f.What, want) || a != (address{}) {
					t.Errorf("%s: got %v and %+v, want %s", text, err, a, want)
				}
			} else if a.text != want || a.local || !strings.HasPrefix(want, a.root+"/") {
				t.Errorf("%s: got %+v, want %s", text, a, want)
			}
		}
	}
}

// A list from a server that speaks only git's oldest protocol can be cut without a sign of
// it, so nothing is deleted by such a list.
func TestDeletesByCompleteListsOnly(t *testing.T) {
	t.Parallel()
	const smart, dumb = "application/x-git-upload-pack-advertisement", "text/plain"
	for _, test := range []struct {
		name, kind string
		status     int
		bitbucket  string
		local      bool
		want       fault.Code
		asked      int
	}{
		{"a usual server", smart, 200, "main=1 old=1", false, fault.Code{}, 1},
		{"an old server", dumb, 200, "main=1 old=1", false, fault.SourcePartial, 1},
		{"an old server, nothing to delete", dumb, 200, "main=1", false, fault.Code{}, 0},
		{"no such repository", dumb, 404, "main=1 old=1", false, fault.SourcePartial, 1},
		{"a path", dumb, 200, "main=1 old=1", true, fault.Code{}, 0},
	} {
		m, requests := asking(t, credential.AccessToken, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/octo/site/info/refs" {
				t.Errorf("%s: asked for %s", test.name, r.URL.Path)
			}
			w.Header().Set("Content-Type", test.kind)
			w.WriteHeader(test.status)
		})
		// The server has redirected git from one to the other.
		m.source = address{text: m.credential.Server.URL() + "/octo/old-name", local: test.local}
		m.plan = planned(t, "main=1", test.bitbucket, mirror.Rules{Prune: true, MaxDeletions: 9}).plan
		var err error
		if m.git, err = git.Open(git.Options{Program: "git", Source: m.credential.Server.URL() + "/octo/site", Lookup: os.LookupEnv}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.git.Close)
		code := fault.Code{}
		if err := m.checkCompleteList(t.Context()); err != nil {
			code = fault.From(err).Code
		}
		if code != test.want || *requests != test.asked {
			t.Errorf("%s: got %q after %d requests", test.name, code.ID, *requests)
		}
	}
}

// A redirect of the source whose address the server doesn't tell is a fault.
func TestRedirectToNowhere(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"no redirect":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		"no connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		m, _ := asking(t, credential.AccessToken, answer)
		address, err := m.locateSource(t.Context(), m.credential.Server.URL()+"/octo/site")
		if err == nil || fault.From(err).Code != fault.SourceUnreachable || address != "" {
			t.Errorf("%s: got %q, %v", name, address, err)
		}
	}
}

// Hints name a setting with its value as people write it on the host.
func TestSettingsInHints(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ variable, want string }{
		{"GITHUB_ACTIONS", "max-deletions: 5"}, {"DRONE", "max-deletions: 5"}, {"GITLAB_CI", "BITBUCKET_AUTH_MAX_DELETIONS=5"},
	} {
		m := mirroringOn(t, map[string]string{test.variable: "true"}, &input.MirrorSettings{})
		if got := m.set("max-deletions", "5"); got != test.want {
			t.Errorf("%s: got %s", test.variable, got)
		}
	}
}
