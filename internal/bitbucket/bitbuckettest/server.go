// Package bitbuckettest is a fake Bitbucket for tests: Cloud and Data Center
// on one loopback server, with git, LFS and the REST API. It accepts and
// refuses credentials as the real ones do, by Bitbucket Cloud's OpenAPI
// document of June 2026, that of Data Center 9.2, and replies that users of
// both have published.
//
// Cloud's web site and API share the server's root: /2.0/…, /site/oauth2/…,
// /<workspace>/<repository>. Data Center's are under Options.ContextPath:
// /rest/… and /scm/…. Both know the same repositories.
package bitbuckettest

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Options are a fake's settings. The zero value is a Bitbucket without any
// repository, over plain HTTP.
type Options struct {
	Repositories []string // "owner/name", created empty
	ContextPath  string   // of Data Center: "/bitbucket"
	NoBasic      bool     // Data Center accepts Bearer headers only
	TLS          bool     // serve HTTPS, with a certificate that signs itself
	// NewDefaultBranch makes Data Center a version whose default branch is set by
	// …/default-branch instead of …/branches/default.
	NewDefaultBranch bool
	Root             string // the directory of the repositories; New creates one
}

// Server is a fake Bitbucket.
type Server struct {
	URL string // http://127.0.0.1:port

	options Options
	http    *httptest.Server
	close   sync.Once
	closed  chan struct{}
	api     *http.ServeMux
	site    *http.ServeMux // what api doesn't know
	backend http.Handler

	gitEnvironment []string // of the server's end of git

	mu       sync.Mutex
	tokens   map[string]*Token     // by secret
	repos    map[string]Repository // by "owner/name" in lower case
	objects  map[string][]byte     // LFS, by storage path
	grants   map[string]string     // LFS, the Authorization handed out to what it is for
	answers  []*answer
	requests []*Request
}

// New starts a fake that ends with the test. It fails the test after a request
// for a path that Bitbucket doesn't have or with a token in the URL, and if an
// answer wasn't used.
func New(t testing.TB, options Options) *Server {
	t.Helper()
	if options.Root == "" {
		options.Root = t.TempDir()
	}
	s, err := Start(options)
	if err != nil {
		t.Fatalf("fake Bitbucket: %v", err)
	}
	t.Cleanup(func() {
		s.Close()
		for _, r := range s.Requests() {
			if r.Unexpected {
				t.Errorf("fake Bitbucket: unexpected request: %s %s", r.Method, r.Path)
			}
		}
		for _, answer := range s.unused() {
			t.Errorf("fake Bitbucket: %s", answer)
		}
	})
	return s
}

// Start is New without a test: Options.Root must be set, and Close be called.
func Start(options Options) (*Server, error) {
	options.ContextPath = strings.TrimSuffix(options.ContextPath, "/")
	s := &Server{
		options: options,
		closed:  make(chan struct{}),
		api:     http.NewServeMux(),
		site:    http.NewServeMux(),
		tokens:  map[string]*Token{},
		repos:   map[string]Repository{},
		objects: map[string][]byte{},
		grants:  map[string]string{},
	}
	if err := s.prepareGit(); err != nil {
		return nil, err
	}
	for _, name := range options.Repositories {
		if err := s.create(Repository{Name: name, Private: true}); err != nil {
			return nil, err
		}
	}
	s.routeCloud()
	s.routeDataCenter(options.ContextPath)

	s.http = httptest.NewUnstartedServer(s)
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that a client or a test broke
	if options.TLS {
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	s.URL = s.http.URL
	return s, nil
}

// Close ends the fake and every reply that isn't complete. Later calls have no
// effect.
func (s *Server) Close() {
	s.close.Do(func() {
		close(s.closed)
		s.http.CloseClientConnections()
		s.http.Close()
	})
}

// CA is the PEM text of the certificate to trust, or empty without TLS.
func (s *Server) CA() string {
	if !s.options.TLS {
		return ""
	}
	return certificateOf(s.http)
}

// Certificate returns some certificate, as PEM text.
func Certificate() string {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return certificateOf(server)
}

func certificateOf(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

// ServeHTTP gives the reply that [Server.Answer] asked for, and Bitbucket's
// otherwise.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := s.record(w, r)
	if len(r.Header.Values("Authorization")) > 1 {
		s.send(rec, r, Reply{Status: http.StatusBadRequest, Body: "two Authorization headers"})
		return
	}
	if reply, ok := s.stubbed(r); ok {
		_, _ = io.Copy(io.Discard, r.Body) // or net/http doesn't notice that the client leaves
		if reply.Authenticated {
			reply = s.guarded(rec, r, reply)
		}
		s.send(rec, r, reply)
		return
	}
	for _, mux := range []*http.ServeMux{s.api, s.site} {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(rec, r)
			return
		}
	}
	s.unexpected(rec, r, cloudError(http.StatusForbidden, "Forbidden")) // as the API without /2.0
}

// guarded returns the reply, or the one that refuses the login of a request.
func (s *Server) guarded(rec *recorder, r *http.Request, reply Reply) Reply {
	if strings.HasPrefix(r.URL.Path, s.options.ContextPath+"/rest/") {
		l := readLogin(r)
		if t := s.find(l.secret); t == nil || t.ended || !l.onDataCenter(t) {
			return cloudError(http.StatusUnauthorized, tokenInvalid)
		}
		return reply
	}
	e, ok := operation(r)
	if !ok {
		rec.markUnexpected() // its scopes aren't known
	}
	e.answer = func(*Token, *http.Request) Reply { return reply }
	s.identify(rec.Header(), r)
	return s.answerCloud(e, r)
}

// unexpected answers a request for a path that Bitbucket doesn't have.
func (s *Server) unexpected(w http.ResponseWriter, r *http.Request, reply Reply) {
	if rec, ok := w.(*recorder); ok {
		rec.markUnexpected()
	}
	s.send(w, r, reply)
}
