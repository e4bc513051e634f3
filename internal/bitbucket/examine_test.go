package bitbucket_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate"
	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate/certificatetest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

// Further CA certificates add to the system's, which are read once in a process. So a
// second one is needed to have others.
func TestFurtherCertificatesAddToTheSystems(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("crypto/x509 doesn't read SSL_CERT_FILE here")
	}
	const mark = "TEST_OF_THE_SYSTEM"
	ofSystem := os.Getenv(mark)
	url, root := certificatetest.Start(t, certificatetest.Chain{OfRoot: true, Sent: 1})
	if ofSystem == "" {
		file := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(file, []byte(root), 0o600); err != nil {
			t.Fatal(err)
		}
		again := exec.Command(os.Args[0], "-test.run=^TestFurtherCertificatesAddToTheSystems$")
		again.Env = append(os.Environ(), mark+"="+url, "SSL_CERT_FILE="+file, "SSL_CERT_DIR=/nowhere")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	unknown, _ := certificatetest.Start(t, certificatetest.Chain{OfRoot: true, Sent: 1})
	for ca, accepted := range map[string][]string{"": {ofSystem}, root: {ofSystem, url}} {
		c := bitbucket.New(bitbucket.Options{Server: server.Cloud, CA: []byte(ca)})
		for _, address := range []string{ofSystem, url, unknown} {
			if problem, found := c.Examine(t.Context(), address); found == slices.Contains(accepted, address) {
				t.Errorf("with further ones: %t, %s: problem %v, %t", ca != "", address, problem, found)
			}
		}
	}
}

// A server is examined for the problem with its certificate alone, and gets no login.
func TestExamine(t *testing.T) {
	t.Parallel()
	expired, root := certificatetest.Start(t, certificatetest.Chain{From: -2 * time.Hour, Until: -time.Hour, Sent: 2})
	good, goodRoot := certificatetest.Start(t, certificatetest.Chain{Sent: 2})
	var asked []string
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(plain.Close)
	for name, test := range map[string]struct {
		address, ca string
		want        certificate.Problem
		found       bool
	}{
		"expired":               {expired, root, certificate.Expired, true},
		"of a CA that is known": {good, goodRoot, certificate.Unclear, false},
		"of an unknown CA":      {good, "", certificate.UnknownCA, true},
		"no TLS":                {plain.URL, "", certificate.Unclear, false},
		"no server":             {"http://127.0.0.1:1", "", certificate.Unclear, false},
		"no address":            {"http://%zz", "", certificate.Unclear, false},
	} {
		c := bitbucket.New(bitbucket.Options{Server: server.Cloud, CA: []byte(test.ca), UserAgent: "bitbucket-auth/test"})
		if problem, found := c.Examine(t.Context(), test.address); problem != test.want || found != test.found {
			t.Errorf("%s: got %v, %v, want %v, %v", name, problem, found, test.want, test.found)
		}
	}
	if len(asked) != 1 || asked[0] != "HEAD " {
		t.Errorf("the server was asked %q", asked)
	}
}

// Whoever has set ca-certificate isn't told to set it.
func TestUnknownCertificate(t *testing.T) {
	t.Parallel()
	url, _ := certificatetest.Start(t, certificatetest.Chain{OfRoot: true, Sent: 1})
	_, other := certificatetest.Start(t, certificatetest.Chain{OfRoot: true, Sent: 1})
	for ca, want := range map[string]string{"": "set ca-certificate to ", other: "check that ca-certificate contains "} {
		_, err := bitbucket.New(bitbucket.Options{Server: servertest.At(url), CA: []byte(ca)}).Check(t.Context(), credential.Credential{Kind: credential.HTTPAccessToken}, repo)
		if f := fault.From(err); err == nil || f.Code != fault.Certificate || !strings.HasPrefix(f.Hints[0], want) {
			t.Errorf("with another CA: %t: got %v, %q", ca != "", err, fault.From(err).Hints)
		}
	}
}
