//go:build linux

package e2e

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// TestWorkflow runs workflows that say `uses: ./` under act, in containers.
func TestWorkflow(t *testing.T) {
	needAct(t)
	tree := copyTree(t)
	commit(t, tree)

	// Before the others, which then find what it built in Docker's cache.
	t.Run("CI's own job", func(t *testing.T) {
		s, err := documented("api-token")
		if err != nil {
			t.Fatal(err)
		}
		log := act{workflow: ".github/workflows/ci.yml", job: "action"}.run(t, tree)
		for _, secret := range []string{"credential", "authorization", "token"} {
			checkLine(t, log, `"`+secret+`": "(Basic )?\*\*\*",?`)
		}
		for _, secret := range []string{"BITBUCKET_CREDENTIAL", "BITBUCKET_AUTHORIZATION"} {
			checkLine(t, log, secret+`=(Basic )?\*\*\*`)
		}
		checkLine(t, log, `"kind": "`+s.Kind+`",?`)
		checkLine(t, log, `"identity": "`+regexp.QuoteMeta(s.Identity)+`",?`)
		checkLine(t, log, regexp.QuoteMeta(s.Identity)+`:\*\*\*`)
		checkNoSecret(t, log, s.Token)
	})

	t.Run("later steps", func(t *testing.T) {
		t.Parallel()
		token, access := credentialtest.APIToken(), credentialtest.AccessToken()
		server := listen(t)
		log := act{workflow: "e2e/testdata/workflows/e2e-later-steps.yml", vars: map[string]string{
			"TOKEN": token, "ACCESS_TOKEN": access, "SERVER": server.URL,
		}}.run(t, tree)

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
		checkLine(t, log, `BITBUCKET_AUTHORIZATION=(Basic )?\*\*\*`)
		checkLine(t, log, `MIRROR_AUTHORIZATION=(Bearer )?\*\*\*`)
		checkLine(t, log, `me@example\.com:\*\*\*`)
		checkNoSecret(t, log, token)
		checkNoSecret(t, log, access)
	})

	t.Run("faults", func(t *testing.T) {
		t.Parallel()
		log := act{workflow: "e2e/testdata/workflows/e2e-faults.yml"}.run(t, tree)
		checkLine(t, log, `.*\(BBA101\).*`)
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
