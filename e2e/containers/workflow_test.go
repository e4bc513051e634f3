//go:build linux

package containers

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// TestWorkflow runs workflows that say `uses: ./` under act, in containers.
func TestWorkflow(t *testing.T) {
	e2etest.NeedAct(t)
	tree := e2etest.CopyTree(t)
	e2etest.Commit(t, tree)

	// Before the others, which then find what it built in Docker's cache.
	t.Run("CI's own job", func(t *testing.T) {
		s, err := e2etest.Documented("api-token")
		if err != nil {
			t.Fatal(err)
		}
		log := e2etest.Act{Workflow: ".github/workflows/ci.yml", Job: "action"}.Run(t, tree)
		for _, secret := range []string{"credential", "authorization", "token"} {
			e2etest.CheckLine(t, log, `"`+secret+`": "(Basic )?\*\*\*",?`)
		}
		for _, secret := range []string{"BITBUCKET_CREDENTIAL", "BITBUCKET_AUTHORIZATION"} {
			e2etest.CheckLine(t, log, secret+`=(Basic )?\*\*\*`)
		}
		e2etest.CheckLine(t, log, `"kind": "`+s.Kind+`",?`)
		e2etest.CheckLine(t, log, `"identity": "`+regexp.QuoteMeta(s.Identity)+`",?`)
		e2etest.CheckLine(t, log, regexp.QuoteMeta(s.Identity)+`:\*\*\*`)
		e2etest.CheckNoSecret(t, log, s.Token)
	})

	t.Run("later steps", func(t *testing.T) {
		t.Parallel()
		token, access := credentialtest.APIToken(), credentialtest.AccessToken()
		server := listen(t)
		log := e2etest.Act{Workflow: "e2e/containers/testdata/workflows/e2e-later-steps.yml", Vars: map[string]string{
			"TOKEN": token, "ACCESS_TOKEN": access, "SERVER": server.URL,
		}}.Run(t, tree)

		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("me@example.com:"+token))
		bearer := "Bearer " + access
		for path, want := range map[string]string{
			"/one/variable": basic, "/one/output": basic, "/one/credential": basic,
			"/another/variable": bearer, "/another/output": bearer,
		} {
			if got := server.authorizations(path); !slices.Equal(got, []string{want}) {
				t.Errorf("the server got %q at %s, want %q", got, path, want)
			}
		}
		e2etest.CheckLine(t, log, `BITBUCKET_AUTHORIZATION=(Basic )?\*\*\*`)
		e2etest.CheckLine(t, log, `MIRROR_AUTHORIZATION=(Bearer )?\*\*\*`)
		e2etest.CheckLine(t, log, `me@example\.com:\*\*\*`)
		e2etest.CheckNoSecret(t, log, token)
		e2etest.CheckNoSecret(t, log, access)
	})

	t.Run("faults", func(t *testing.T) {
		t.Parallel()
		log := e2etest.Act{Workflow: "e2e/containers/testdata/workflows/e2e-faults.yml"}.Run(t, tree)
		e2etest.CheckLine(t, log, `.*\(BBA101\).*`)
	})
}

// server keeps the Authorization headers that it gets.
type server struct {
	*httptest.Server
	mutex sync.Mutex
	got   map[string][]string // by path
}

// listen starts a server that containers on the host's network can reach.
func listen(t *testing.T) *server {
	t.Helper()
	s := &server{got: map[string][]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.got[r.URL.Path] = append(s.got[r.URL.Path], r.Header.Get("Authorization"))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) authorizations(path string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.got[path]
}
