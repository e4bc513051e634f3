package action

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// The LFS objects of a source that has moved within its server are at its new address: at
// the old one, a server only redirects, which says nothing about an object.
func TestLFSOfMovedSource(t *testing.T) {
	t.Parallel()
	const advertised = "/info/refs?service=git-upload-pack"
	oid := strings.Repeat("1", 64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/octo/renamed.git/info/lfs/objects/batch":
			_, _ = io.WriteString(w, `{"objects": [{"oid": "`+oid+`", "error": {"code": 404, "message": "gone"}}]}`)
		case strings.HasPrefix(path, "/octo/site/info/refs"):
			http.Redirect(w, r, "/octo/renamed"+advertised, http.StatusMovedPermanently)
		case strings.HasPrefix(path, "/octo/site"):
			http.Redirect(w, r, "/octo/renamed", http.StatusMovedPermanently)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	m := mirroringOn(t, map[string]string{"GITHUB_ACTIONS": "true"}, &input.MirrorSettings{})
	m.source = address{text: server.URL + "/octo/site", root: server.URL}
	var err error
	m.git, err = git.Open(git.Options{
		Program: "git",
		Source:  m.source.text, Bitbucket: m.repository.URL,
		Lookup:   os.LookupEnv,
		Scrub:    func(text string) string { return text },
		IsSecret: func(string) bool { return false },
		Locate:   m.locateSource,
		LogIn:    m.sourceLogin,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.git.Close)
	_, _ = m.git.ListSource(t.Context(), false) // fails at the new address, which is all that matters here
	if got, want := m.git.SourceURL(), server.URL+"/octo/renamed"; got != want {
		t.Fatalf("the source is at %s, want %s", got, want)
	}
	transfer := &lfsTransfer{mirroring: m}
	lost, err := transfer.lostAmong(t.Context(), []git.Pointer{{OID: oid, Size: 3}}, false)
	if err != nil || !lost[oid] {
		t.Errorf("lost: %v, %v", lost, err)
	}
}
