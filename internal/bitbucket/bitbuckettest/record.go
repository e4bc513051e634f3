package bitbuckettest

import (
	"net/http"
	"net/url"
	"strings"
)

// Request is a request to the fake. It contains no secret that the fake knows,
// but "[secret]" in its place.
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
	logged  bool
}

func (s *Server) record(w http.ResponseWriter, r *http.Request) *recorder {
	l := readLogin(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	request := &Request{
		Method: r.Method,
		Path:   s.redact(r.URL.Path),
		Query:  s.redact(r.URL.RawQuery),
		Scheme: s.redact(l.scheme),
		User:   s.redact(l.user),
		Agent:  s.redact(r.UserAgent()),
	}
	s.requests = append(s.requests, request)
	return &recorder{ResponseWriter: w, server: s, request: request}
}

func (s *Server) redact(text string) string {
	for secret := range s.tokens {
		text = strings.ReplaceAll(text, secret, "[secret]")
		text = strings.ReplaceAll(text, url.QueryEscape(secret), "[secret]")
	}
	return text
}

// WriteHeader records the status before it is sent.
func (r *recorder) WriteHeader(status int) {
	r.note(status)
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.note(http.StatusOK)
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// done records that a request has ended, perhaps without a status.
func (r *recorder) done() { r.note(0) }

func (r *recorder) note(status int) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if r.logged {
		return
	}
	r.logged = true
	r.request.Status = status
}

func (r *recorder) markUnexpected() {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.request.Unexpected = true
}
