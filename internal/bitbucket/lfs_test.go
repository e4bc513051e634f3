package bitbucket_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

// objects makes LFS objects with the IDs of texts.
func objects(n int) []bitbucket.LFSObject {
	var list []bitbucket.LFSObject
	for i := range n {
		list = append(list, bitbucket.LFSObject{OID: fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, i))), Size: 3})
	}
	return list
}

// lfsServer is an LFS server of one's own, and a client for questions to it.
func lfsServer(t *testing.T, isSource bool, answer http.HandlerFunc) (*bitbucket.Client, bitbucket.LFSServer, *atomic.Int32) {
	t.Helper()
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(answer)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := bitbucket.New(bitbucket.Options{Server: servertest.At(s.URL).AsCloud(), Quote: func(sentence string) string { return sentence }})
	return c, bitbucket.LFSServer{URL: s.URL + "/acme/site.git/info/lfs", Authorization: secret.New("Basic eDp5"), IsSource: isSource}, &connections
}

// What a batch answers as a whole, and about one object, means the same.
func TestLFSRefusals(t *testing.T) {
	const quota = "This repository is over its data quota."
	for _, test := range []struct {
		isSource bool
		status   int
		says     string
		want     fault.Code
	}{
		{false, 400, "not understood", fault.LFSFailed},
		{false, 401, "Bad login", fault.Refused},
		{false, 401, "The limit of logins is reached", fault.Refused},
		{false, 400, "bad request", fault.LFSFailed},
		{false, 403, "No write access", fault.WriteRefused},
		{false, 403, "The workspace has reached its storage limit.", fault.LFSFailed},
		{false, 403, "Quota exceeded", fault.LFSFailed},
		{false, 403, "The quotas of the plan are used up", fault.LFSFailed},
		{false, 403, "over its limits", fault.LFSFailed},
		{false, 403, "Access is limited to unlimited plans", fault.WriteRefused},
		{false, 402, "pay first", fault.LFSFailed},
		{false, 413, "", fault.LFSFailed},
		{false, 507, "", fault.LFSFailed},
		{false, 509, "", fault.LFSFailed},
		{false, 422, quota, fault.LFSFailed},
		{false, 404, "no LFS here", fault.LFSFailed},
		{false, 429, "rate limit exceeded", fault.RateLimited},
		{false, 503, "later", fault.ServerFailed},
		{true, 400, "not understood", fault.LFSFailed},
		{true, 401, "Bad login", fault.SourceRefused},
		{true, 401, "The limit of logins is reached", fault.SourceRefused},
		{true, 400, "bad request", fault.LFSFailed},
		{true, 403, "SAML SSO", fault.SourceRefused},
		{true, 403, quota, fault.LFSFailed},
		{true, 402, "", fault.LFSFailed},
		{true, 413, "", fault.LFSFailed},
		{true, 507, "", fault.LFSFailed},
		{true, 422, "not valid", fault.LFSFailed},
		{true, 429, "rate limit exceeded", fault.SourceUnreachable},
		{true, 503, "later", fault.SourceUnreachable},
	} {
		for _, whole := range []bool{true, false} {
			c, on, _ := lfsServer(t, test.isSource, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/vnd.git-lfs+json")
				message := map[string]any{"message": test.says, "code": test.status}
				if whole {
					w.WriteHeader(test.status)
					_ = json.NewEncoder(w).Encode(message)
					return
				}
				_ = json.NewEncoder(w).Encode(map[string]any{"objects": []any{map[string]any{"oid": objects(2)[1].OID, "error": message}}})
			})
			var err error
			if test.isSource {
				_, err = c.LostLFS(t.Context(), on, objects(2), false)
			} else {
				_, err = c.LacksLFS(t.Context(), on, objects(2))
			}
			f := fault.From(err)
			who := map[bool]string{true: "the source's server says: ", false: "Bitbucket says: "}[test.isSource]
			if f.Code != test.want || !strings.HasSuffix(f.What, fmt.Sprintf("(%d)", test.status)) || (f.Hints[0] == who+test.says) != (test.says != "") {
				t.Errorf("%+v, whole %t: got %v, hints %q", test, whole, f, f.Hints)
			}
			if strings.HasPrefix(f.What, "the source's LFS server ") != test.isSource {
				t.Errorf("%+v, whole %t: got %v", test, whole, f)
			}
			if one, ok := errors.AsType[*bitbucket.LFSFault](err); ok == whole || ok && one.OID != objects(2)[1].OID {
				t.Errorf("%+v, whole %t: it is about %v", test, whole, one)
			}
		}
	}
}

// The requests are those of git-lfs (its api/batch.md).
func TestLFSRequests(t *testing.T) {
	t.Parallel()
	const mediaType = "application/vnd.git-lfs+json"
	var got []string
	c, on, _ := lfsServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Operation string
			Transfers []string
			Objects   []bitbucket.LFSObject
		}
		_ = json.NewDecoder(r.Body).Decode(&request)
		got = append(got, fmt.Sprintf("%s %s %s %q %d", r.Method, r.URL.Path, request.Operation, request.Transfers, len(request.Objects)))
		if r.Header.Get("Accept") != mediaType || r.Header.Get("Content-Type") != mediaType || r.Header.Get("Authorization") != "Basic eDp5" {
			t.Errorf("the header is %v", r.Header)
		}
		_, _ = w.Write([]byte(`{"objects": []}`))
	})
	_, lacksErr := c.LacksLFS(t.Context(), on, objects(101))
	_, lostErr := c.LostLFS(t.Context(), on, objects(1), false)
	const path = "POST /acme/site.git/info/lfs/objects/batch "
	want := []string{path + `upload ["basic"] 100`, path + `upload ["basic"] 1`, path + `download ["basic"] 1`}
	if lacksErr != nil || lostErr != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, %v, want %q", got, lacksErr, lostErr, want)
	}
}

// Only 404 and 410 mean that an object is lost, from the server or, if asked, from the
// storage that it names.
func TestLostLFS(t *testing.T) {
	var probed atomic.Int32
	c, on, _ := lfsServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		if status := 0; strings.HasPrefix(r.URL.Path, "/storage/") {
			probed.Add(1)
			_, _ = fmt.Sscanf(r.URL.Path, "/storage/%d", &status)
			if r.Header.Get("X-Key") != "k" || r.Header.Get("Authorization") != "" {
				status = 500
			}
			w.WriteHeader(status)
			return
		}
		var list []any
		for i, o := range objects(6) {
			entry := map[string]any{"oid": o.OID}
			switch status := []int{404, 410, 200, 403, 404, 410}[i]; {
			case i < 2:
				entry["error"] = map[string]any{"code": status, "message": "gone"}
			default:
				entry["actions"] = map[string]any{"download": map[string]any{"href": fmt.Sprintf("http://%s/storage/%d", r.Host, status), "header": map[string]string{"X-Key": "k"}}}
			}
			list = append(list, entry)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"objects": list})
	})
	for _, probe := range []bool{false, true} {
		lost, err := c.LostLFS(t.Context(), on, objects(6), probe)
		got := ""
		for i, o := range objects(6) {
			if lost[o.OID] {
				got += fmt.Sprint(i)
			}
		}
		if want := map[bool]string{false: "01", true: "0145"}[probe]; err != nil || got != want {
			t.Errorf("probe %t: %s, %v", probe, got, err)
		}
	}
	if probed.Load() != 4 {
		t.Errorf("%d probes", probed.Load())
	}
}

// An address that can't be asked doesn't mean that its object is lost.
func TestProbeElsewhere(t *testing.T) {
	t.Parallel()
	for _, href := range []string{"", "://", "/storage/404", "ftp://127.0.0.1/x", "file:///dev/null/x", "http://127.0.0.1:1/x"} {
		c, on, _ := lfsServer(t, true, func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"objects": []any{
				map[string]any{"oid": objects(1)[0].OID, "actions": map[string]any{"download": map[string]any{"href": href}}},
			}})
		})
		if lost, err := c.LostLFS(t.Context(), on, objects(1), true); err != nil || lost[objects(1)[0].OID] {
			t.Errorf("%s: %v, %v", href, lost, err)
		}
	}
}

// Hundreds of objects are asked about on few connections: a busy machine may open a second
// one. What the server doesn't answer is lacking.
func TestLacksLFS(t *testing.T) {
	c, on, connections := lfsServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Objects []bitbucket.LFSObject }
		_ = json.NewDecoder(r.Body).Decode(&request)
		var list []any
		for i, o := range request.Objects {
			entry := map[string]any{"oid": o.OID}
			switch i {
			case 0:
				entry["actions"] = map[string]any{"upload": map[string]any{"href": "x"}}
			case 1:
				continue
			}
			list = append(list, entry)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"objects": list})
	})
	lacks, err := c.LacksLFS(t.Context(), on, objects(950))
	for i, o := range objects(950) {
		if lacks[o.OID] != (i%100 < 2) {
			t.Errorf("object %d: lacks it: %t", i, lacks[o.OID])
		}
	}
	if err != nil || connections.Load() > 3 {
		t.Errorf("%v, on %d connections", err, connections.Load())
	}
}

// A question is asked up to four times if the reason passes by itself, and the log says
// so. A refused login isn't sent again.
func TestLFSRepeats(t *testing.T) {
	for _, test := range []struct {
		failures, status int // 0: the connection is cut
		requests         int32
		want             fault.Code
		says             string
	}{
		{3, 429, 4, fault.Code{}, "Bitbucket's LFS server: too many requests (429); trying again in 0 s"},
		{3, 503, 4, fault.Code{}, "Bitbucket's LFS server: the server failed (503); trying again in 0 s"},
		{3, 0, 4, fault.Code{}, "Bitbucket's LFS server: the connection was cut; trying again in 0 s"},
		{4, 503, 4, fault.ServerFailed, "Bitbucket's LFS server: the server failed (503); trying again in 0 s"},
		{4, 401, 1, fault.Refused, ""},
		{4, 403, 1, fault.WriteRefused, ""},
	} {
		var requests atomic.Int32
		var said []string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if int(requests.Add(1)) > test.failures {
				_, _ = w.Write([]byte(`{"objects": []}`))
				return
			}
			if test.status == 0 {
				w.Header().Set("Content-Length", "1000")
				_, _ = w.Write([]byte("{"))
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(test.status)
		}))
		c := bitbucket.New(bitbucket.Options{Server: servertest.At(s.URL).AsCloud(), Say: func(line string) { said = append(said, line) }})
		_, err := c.LacksLFS(t.Context(), bitbucket.LFSServer{URL: s.URL}, objects(1))
		s.Close()
		if code(err) != test.want || requests.Load() != test.requests || len(said) != int(test.requests)-1 || len(said) > 0 && said[0] != test.says {
			t.Errorf("%+v: got %v, %d requests, said %q", test, err, requests.Load(), said)
		}
	}
}

// An answer that isn't of the protocol says nothing: git-lfs finds out.
func TestLFSUnanswered(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"another status": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			_ = json.NewEncoder(w).Encode(map[string]any{"objects": []any{map[string]any{"oid": objects(1)[0].OID, "error": map[string]any{"code": 404}}}})
		},
		"HTML": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
	} {
		c, on, _ := lfsServer(t, true, answer)
		lost, lostErr := c.LostLFS(t.Context(), on, objects(2), true)
		lacks, lacksErr := c.LacksLFS(t.Context(), on, objects(2))
		if lostErr != nil || lacksErr != nil || len(lost) != 0 || len(lacks) != 2 {
			t.Errorf("%s: %v %v, %v %v", name, lost, lostErr, lacks, lacksErr)
		}
	}
	c, on, _ := lfsServer(t, true, nil)
	on.URL = "http://127.0.0.1:1/x"
	if _, err := c.LostLFS(t.Context(), on, objects(1), false); fault.From(err).Code != fault.SourceUnreachable {
		t.Error(err)
	}
	ended, end := context.WithCancelCause(t.Context())
	end(fault.New(fault.TimedOut, "the time is up"))
	if _, err := c.LostLFS(ended, on, objects(1), false); fault.From(err).Code != fault.TimedOut {
		t.Error(err)
	}
	on.IsSource = false
	if _, err := c.LacksLFS(t.Context(), on, objects(1)); fault.From(err).Code != fault.Unreachable {
		t.Error(err)
	}
	on.URL = "http://%zz"
	if _, err := c.LacksLFS(t.Context(), on, objects(1)); fault.From(err).Code != fault.Internal().Code {
		t.Error(err)
	}
}
