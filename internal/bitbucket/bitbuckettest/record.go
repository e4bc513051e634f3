package bitbuckettest

import (
	"net/http"
	"strings"
)

// Request is a request to the fake.
type Request struct {
	Method     string
	Path       string
	Query      string
	Status     int    // 0: not answered, or not yet
	Scheme     string // of Authorization
	User       string // of Basic
	Agent      string // User-Agent
	Unexpected bool
}

// Requests returns the requests so far, in order. A request is listed from its
// arrival, and its status is set before the client can see it.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, len(s.requests))
	for i, r := range s.requests {
		requests[i] = *r
	}
	return requests
}

// recorder records the status that a handler sends.
type recorder struct {
	http.ResponseWriter
	server  *Server
	request *Request
}

// record lists a request. A token in a URL is never expected: servers and
// proxies log those.
func (s *Server) record(w http.ResponseWriter, r *http.Request) *recorder {
	l := readLogin(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	request := &Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		Scheme: l.scheme, User: l.user, Agent: r.UserAgent(),
	}
	for secret := range s.tokens {
		request.Unexpected = request.Unexpected || strings.Contains(r.URL.Path+"?"+r.URL.RawQuery, secret)
	}
	s.requests = append(s.requests, request)
	return &recorder{ResponseWriter: w, server: s, request: request}
}

// WriteHeader records the status before it is sent.
func (r *recorder) WriteHeader(status int) {
	r.server.mu.Lock()
	r.request.Status = status
	r.server.mu.Unlock()
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) markUnexpected() {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.request.Unexpected = true
}
