package bitbuckettest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reply is a reply, and what goes wrong on its way.
//
// In the values of Header and in Body, "{authorization}" stands for the
// request's Authorization header, and "{secret}" for the token in it.
type Reply struct {
	Status int // 200 where 0
	Header map[string]string
	Body   string // application/json, if it is JSON and Header doesn't say

	// Authenticated is set if the reply is for a login that the REST API accepts, with the
	// scopes that the operation needs on Cloud. Any other login is refused.
	Authenticated bool

	Delay   time.Duration // before the status
	Pause   time.Duration // before each byte of the body
	Hangup  bool          // end the connection instead of answering
	CutOff  bool          // end the connection in the middle of the body
	Endless bool          // send the body over and over
}

// answer is a list of replies to requests that match.
type answer struct {
	match   string
	replies []Reply
	always  bool // the last reply stays
	maybe   bool // there may be no request
	used    int
}

// Answer gives replies, one after the other, to the next requests that match
// "GET /2.0/user", with its query where match has one; or, whatever the method,
// "/2.0/user". After them the fake answers by itself again. Where several
// answers match, the first that has replies left is used.
func (s *Server) Answer(match string, replies ...Reply) {
	s.addAnswer(answer{match: match, replies: replies})
}

// AnswerAlways gives one reply to every request that matches.
func (s *Server) AnswerAlways(match string, reply Reply) {
	s.addAnswer(answer{match: match, replies: []Reply{reply}, always: true})
}

// AnswerIfAsked is [Server.AnswerAlways] for requests that may not come.
func (s *Server) AnswerIfAsked(match string, reply Reply) {
	s.addAnswer(answer{match: match, replies: []Reply{reply}, always: true, maybe: true})
}

func (s *Server) addAnswer(a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, &a)
}

// stubbed returns the reply that a test has set, if any.
func (s *Server) stubbed(r *http.Request) (Reply, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.answers {
		if !matches(a.match, r) {
			continue
		}
		if a.always || a.used < len(a.replies) {
			a.used++
			return a.replies[min(a.used, len(a.replies))-1], true
		}
	}
	return Reply{}, false
}

func matches(match string, r *http.Request) bool {
	return match == r.URL.Path || match == r.Method+" "+r.URL.Path || match == r.Method+" "+r.URL.RequestURI()
}

// unused names the answers with replies that no request got.
func (s *Server) unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, a := range s.answers {
		if a.used < len(a.replies) && !a.maybe {
			names = append(names, fmt.Sprintf("answer to %s: %d of %d replies used", a.match, a.used, len(a.replies)))
		}
	}
	return names
}

// send writes a reply.
func (s *Server) send(w http.ResponseWriter, r *http.Request, reply Reply) {
	s.wait(r, reply.Delay)
	if reply.Hangup {
		panic(http.ErrAbortHandler) // net/http's way to end a connection
	}
	fill := strings.NewReplacer("{authorization}", r.Header.Get("Authorization"), "{secret}", readLogin(r).secret)
	body := []byte(fill.Replace(reply.Body))
	if json.Valid(body) {
		w.Header().Set("Content-Type", "application/json")
	}
	if !reply.Endless {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	for name, value := range reply.Header {
		w.Header().Set(name, fill.Replace(value))
	}
	if reply.Status == 0 {
		reply.Status = http.StatusOK
	}
	w.WriteHeader(reply.Status)

	flush := http.NewResponseController(w).Flush
	switch {
	case reply.CutOff:
		_, _ = w.Write(body[:len(body)/2])
		_ = flush()
		panic(http.ErrAbortHandler)
	case reply.Endless:
		for {
			if _, err := w.Write(body); err != nil {
				return
			}
			s.wait(r, reply.Pause)
		}
	case reply.Pause > 0:
		for piece := range slices.Chunk(body, 1) {
			s.wait(r, reply.Pause)
			_, _ = w.Write(piece)
			_ = flush()
		}
	default:
		_, _ = w.Write(body)
	}
}

// wait ends the connection early if the client goes away or the test ends.
func (s *Server) wait(r *http.Request, delay time.Duration) {
	select {
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	case <-s.closed:
		panic(http.ErrAbortHandler)
	case <-time.After(delay):
	}
}
