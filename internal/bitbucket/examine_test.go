package bitbucket_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate"
	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate/certificatetest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

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
