//go:build linux

package mirror

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// front is a proxy in front of a server. It records all requests.
type front struct {
	*httptest.Server
	t *testing.T
	// before is called for each request, and may answer it.
	before func(w http.ResponseWriter, r *http.Request) (answered bool)

	mutex          sync.Mutex
	requests       []string // "POST /acme/site.git/git-receive-pack"
	authorizations []string
	sent           int // bytes of the answers' bodies
}

// newFront starts a front.
func newFront(t *testing.T, behind http.Handler) *front {
	t.Helper()
	f := &front{t: t}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mutex.Lock()
		f.requests = append(f.requests, r.Method+" "+r.URL.Path)
		f.authorizations = append(f.authorizations, r.Header.Values("Authorization")...)
		before := f.before
		f.mutex.Unlock()
		if before != nil && before(w, r) {
			return
		}
		behind.ServeHTTP(&counter{w, f}, r)
	}))
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

// counter counts the bytes of a response.
type counter struct {
	http.ResponseWriter
	front *front
}

func (c *counter) Write(b []byte) (int, error) {
	c.front.mutex.Lock()
	c.front.sent += len(b)
	c.front.mutex.Unlock()
	return c.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// asked returns the requests so far whose path has a suffix.
func (f *front) asked(suffix string) []string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(f.requests), func(r string) bool { return !strings.HasSuffix(r, suffix) })
}

// bytes returns the number of bytes that the server has sent.
func (f *front) bytes() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.sent
}

// onRequest calls do when the first request whose path has a suffix arrives.
func (f *front) onRequest(suffix string, do func()) {
	var once sync.Once
	f.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.RequestURI(), suffix) {
			once.Do(do)
		}
		return false
	})
}

// stall stops responding to requests whose path has a suffix, after some of them
// have been answered. It closes the channel when the first one stalls.
func (f *front) stall(t *testing.T, suffix string, answered int) <-chan struct{} {
	arrived, ended := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(ended) })
	var seen atomic.Int32
	f.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, suffix) {
			return false
		}
		switch n := int(seen.Add(1)); {
		case n <= answered:
			return false
		case n == answered+1:
			close(arrived)
		}
		_, _ = io.Copy(io.Discard, r.Body) // or net/http doesn't notice that the client leaves
		select {
		case <-r.Context().Done():
		case <-ended:
		}
		return true
	})
	return arrived
}

func (f *front) intercept(before func(w http.ResponseWriter, r *http.Request) bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.before = before
}

// proxy forwards requests and keeps the host name that the client used.
func proxy(t *testing.T, to string) *httputil.ReverseProxy {
	t.Helper()
	address, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(address)
		r.Out.Host = r.In.Host
	}}
	p.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	return p
}

// github is a git and LFS server with GitHub's login: a job's token goes with the
// user name x-access-token (docs.github.com, "Authenticating as a GitHub App
// installation"). The fake Bitbucket behind it does the work.
func github(t *testing.T, token string, behind *bitbuckettest.Server) http.Handler {
	t.Helper()
	inside := behind.Add(e2etest.AccessToken.Reach(origin).Token)
	next := proxy(t, behind.URL)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case strings.HasPrefix(r.URL.Path, "/lfs-storage/"): // has a separate login
		case user == "x-access-token" && password == token:
			r.SetBasicAuth("x-token-auth", inside.Secret)
		default:
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
			http.Error(w, "Invalid username or token. Password authentication is not supported for Git operations.", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
