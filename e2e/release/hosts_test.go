//go:build linux

package release

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// The orb is published with a secret, and without it a notice says what to do.
func TestReleaseOrb(t *testing.T) {
	t.Parallel()
	token := credentialtest.Letters(40)
	var published struct {
		Data struct {
			Attributes struct {
				OrbID   string `json:"orb_id"`
				Version string `json:"version"`
				YAML    string `json:"yaml"`
			} `json:"attributes"`
		} `json:"data"`
	}
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if r.Method != http.MethodPost || r.URL.Path != "/api/v3/orb/versions" || r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "not allowed here", http.StatusForbidden)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &published); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	defer server.Close()
	orb := filepath.Join(t.TempDir(), "orb.yml")
	const text = "version: 2.1\ndescription: \"a 'quoted' line\"\n"
	e2etest.WriteFile(t, orb, text)
	publish := func(token string) (string, error) {
		cmd := exec.Command(filepath.Join(e2etest.Root(), "scripts/release/orb"), "v1.2.3", orb)
		cmd.Env = append(os.Environ(), "CIRCLECI_URL="+server.URL, "CIRCLECI_ORB_ID=e2e-orb", "CIRCLECI_TOKEN="+token)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := publish(""); err != nil || !strings.HasPrefix(out, "::notice ") || requests != 0 {
		t.Errorf("without the secret: %d requests, %v, %q", requests, err, out)
	}
	if out, err := publish(token); err != nil || strings.Contains(out, token) {
		t.Errorf("%v: %q", err, out)
	}
	if got := published.Data.Attributes; got.OrbID != "e2e-orb" || got.Version != "1.2.3" || got.YAML != text {
		t.Errorf("published %+v", got)
	}
	if out, err := publish("wrong"); err == nil || !strings.Contains(out, "not allowed here") {
		t.Errorf("a refusal: %v, %q", err, out)
	}
}
