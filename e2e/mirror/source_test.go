//go:build linux

package mirror

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// With an API token, git sends a fixed user name, so the mirror doesn't look at the
// identity.
func TestMirrorIgnoresIdentity(t *testing.T) {
	for _, identity := range []string{"", "x-bitbucket-api-token-auth", "someone", "wrong@example.com", "a:b"} {
		t.Run(identity, func(t *testing.T) {
			t.Parallel()
			m := newMirroringTo(t, e2etest.APIToken)
			m.source.load(seed)
			m.mirror.load(seed)
			m.source.commit("main", "four", "text")
			m.run("identity", identity).wants(0, "updated refs/heads/main")
		})
	}
	t.Run("but to create a repository, it is needed", func(t *testing.T) {
		t.Parallel()
		m := newMirroringTo(t, e2etest.APIToken)
		r := m.run("identity", "", "create", "private")
		r.wants(2)
		r.says("BBA102")
	})
}

// A Bitbucket as source gets the user name, or the header, that goes with the kind of
// token.
func TestMirrorFromBitbucket(t *testing.T) {
	const from = "acme/from"
	for _, test := range []struct {
		name     string
		from     e2etest.Login
		username string
		code     int
	}{
		{"API token", e2etest.APIToken, "", 0},
		{"access token", e2etest.AccessToken.Reach(from), "", 0},
		{"project token", e2etest.ProjectToken.Reach("acme"), "", 0},
		{"personal token without a user name", e2etest.PersonalToken, "", 0},
		{"personal token with a user name", e2etest.PersonalToken, "dev", 0},
		{"project token with a user name, which it doesn't have", e2etest.ProjectToken.Reach("acme"), "dev", 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{copied, from}, ContextPath: e2etest.DataCenter.Server})
			m.source.dir, m.mirror.dir = fake.Dir(from), fake.Dir(copied)
			m.source.load(seed)
			m.mirror.load(seed)
			m.source.commit("main", "four", "text")
			m.token = fake.Add(e2etest.AccessToken.Reach(copied).Token)
			reader := fake.Add(test.from.Token)
			m.KeepSecret(m.token.Secret)
			m.KeepSecret(reader.Secret)
			r := m.run("server-url", fake.URL, "token", m.token.Secret, "source", fake.URL+test.from.Side.SCM+"/"+from,
				"source-token", reader.Secret, "source-username", test.username)
			if test.code != 0 {
				r.wants(test.code)
				return
			}
			r.wants(0, "updated refs/heads/main")
		})
	}
}

// The job's own token goes to the job's own server only, and to no Bitbucket.
func TestMirrorWithholdsJobToken(t *testing.T) {
	for name, test := range map[string]struct {
		source func(m *mirroring) string
		sent   bool
	}{
		"a repository of the job's server":  {func(m *mirroring) string { return m.github.URL + "/octo/other" }, true},
		"with a scheme in upper case":       {func(m *mirroring) string { return strings.Replace(m.github.URL, "http", "HTTP", 1) + "/octo/other" }, true},
		"another port":                      {func(m *mirroring) string { return newFront(m.T, http.NotFoundHandler()).URL + "/octo/other" }, false},
		"a port that begins like the job's": {func(m *mirroring) string { return m.github.URL + "0/octo/other" }, false},
		"a Data Center's path":              {func(m *mirroring) string { return m.github.URL + "/scm/octo/other" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.Env["JOB_TOKEN"] = m.sourceToken
			r := m.run("source", test.source(m))
			sent := slices.ContainsFunc(m.github.authorizations, func(header string) bool { return header != "" })
			if sent != test.sent {
				t.Errorf("the job's token was sent: %v\n%s", sent, r.log)
			}
			if withheld := strings.Contains(r.log, "it is this job's own token"); withheld == test.sent {
				t.Errorf("withheld: %v\n%s", withheld, r.log)
			}
		})
	}
}

// A Gitea below a path is the job's own server, and nothing outside of that path is.
func TestMirrorBelowAPath(t *testing.T) {
	for source, sent := range map[string]bool{"": true, "/gitea/octo/site": true, "/octo/site": false, "/giteas/octo/site": false} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			m.github.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
				r.URL.Path = strings.TrimPrefix(r.URL.Path, "/gitea")
				return false
			})
			m.Env["JOB_TOKEN"] = m.sourceToken
			m.Env["GITHUB_SERVER_URL"] = m.github.URL + "/gitea/"
			inputs := []string{}
			if source != "" {
				inputs = append(inputs, "source", m.github.URL+source)
			}
			r := m.run(inputs...)
			if sent {
				r.wants(0, "updated refs/heads/main")
				return
			}
			r.says("it is this job's own token")
		})
	}
}

// Plain http is accepted where the host itself gives such an address.
func TestMirrorSourceHTTP(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.Env["GITHUB_SERVER_URL"] = "http://gitea.invalid:3000"
	r := m.run()
	r.wants(5)
	r.says("BBA416", "BBA413")
	r = m.run("source", "http://gitea.invalid:3000/octo/site")
	r.wants(2)
	r.says("BBA403")
}
