package action

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
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
	m.settings.SourceToken = secret.String{}
	if login, err := m.sourceLogin(m.source.text); login != nil || err != nil {
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
