package bitbuckettest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const repo = "acme/site"

// ask sends a request, with a user and a password (Basic), with a password
// alone (Bearer), or with neither, and returns the reply with its body.
func ask(t *testing.T, method, url, user, password string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case user != "":
		request.SetBasicAuth(user, password)
	case password != "":
		request.Header.Set("Authorization", "Bearer "+password)
	}
	response, err := http.DefaultTransport.RoundTrip(request) // follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestRequestsAreRecordedWithoutSecrets(t *testing.T) {
	server := New(t, Options{Repositories: []string{repo}})
	token := server.Add(Token{Kind: APIToken, Scopes: []string{"read:user:bitbucket"}})
	ask(t, "GET", server.URL+"/2.0/user", token.Email, token.Secret)
	ask(t, "GET", server.URL+"/2.0/user?access_token="+token.Secret, token.Secret, "swapped")
	got := server.Requests()
	want := []Request{
		{Method: "GET", Path: "/2.0/user", Status: 200, Scheme: "Basic", User: token.Email, Agent: "Go-http-client/1.1"},
		{Method: "GET", Path: "/2.0/user", Query: "access_token=[secret]", Status: 401, Scheme: "Basic", User: "[secret]", Agent: "Go-http-client/1.1"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	server := New(t, Options{})
	request, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/2.0/user", nil)
	request.Header["Authorization"] = []string{"Bearer a", "Bearer b"}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestTLSIsTrustedByItsOwnCAAlone(t *testing.T) {
	server := New(t, Options{TLS: true})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(server.CA()))
	for _, trusted := range []bool{true, false} {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if trusted {
			config.RootCAs = roots
		}
		transport := &http.Transport{TLSClientConfig: config}
		request, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/rest/api/latest/users", nil)
		response, err := transport.RoundTrip(request)
		if (err == nil) != trusted {
			t.Errorf("trusted %v: %v", trusted, err)
		}
		if err == nil {
			_ = response.Body.Close()
		}
		transport.CloseIdleConnections()
	}
}

// witness is a test that only notes its failures.
type witness struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (w *witness) Helper()          {}
func (w *witness) Cleanup(f func()) { w.cleanups = append(w.cleanups, f) }
func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, strings.TrimSpace(format)+" "+args[0].(string))
}

func TestUnexpectedRequestsAndUnusedAnswersFailTheTest(t *testing.T) {
	w := &witness{TB: t}
	server := New(w, Options{})
	server.Answer("GET /2.0/user", RateLimited(""), RateLimited(""))
	ask(t, "GET", server.URL+"/2.0/user", "", "")
	for path, status := range map[string]int{
		"/2.0/nothing":            http.StatusNotFound,  // no such API
		"/user":                   http.StatusForbidden, // the API without /2.0
		"/rest/api/latest/admin":  http.StatusNotFound,
		"/acme/site.git/settings": http.StatusNotFound,
	} {
		if response, body := ask(t, "GET", server.URL+path, "", ""); response.StatusCode != status {
			t.Errorf("%s: %d %s", path, response.StatusCode, body)
		}
	}
	for _, cleanup := range w.cleanups {
		cleanup()
	}
	if len(w.failures) != 5 {
		t.Errorf("%q", w.failures)
	}
}
