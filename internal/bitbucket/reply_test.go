package bitbucket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repeat"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// A request is repeated if its connection was cut, or if a proxy failed, but not if there
// was no connection, or no time is left.
func TestPassingReason(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	end()
	failed := func(operation string) error { return &net.OpError{Op: operation, Err: errors.New("it failed")} }
	for _, test := range []struct {
		ctx  context.Context
		err  error
		want string
	}{
		{t.Context(), failed("read"), repeat.Cut},
		{t.Context(), failed("write"), repeat.Cut},
		{t.Context(), failed("dial"), ""},
		{t.Context(), failed("proxyconnect"), ""},
		{t.Context(), io.EOF, repeat.Cut},
		{t.Context(), io.ErrUnexpectedEOF, repeat.Cut},
		{t.Context(), errors.New("something else"), ""},
		{t.Context(), bitbucket.ProxyRefusal(503), repeat.Status(503)},
		{t.Context(), bitbucket.ProxyRefusal(429), repeat.Status(429)},
		{t.Context(), bitbucket.ProxyRefusal(407), ""},
		{ended, failed("read"), ""},
		{ended, io.EOF, ""},
		{ended, bitbucket.ProxyRefusal(503), ""},
	} {
		for _, err := range []error{test.err, &url.Error{Op: "Get", URL: "https://bitbucket.org", Err: fmt.Errorf("in it: %w", test.err)}} {
			if got := bitbucket.PassingReason(test.ctx, err); got != test.want {
				t.Errorf("%v, ended %t: got %q, want %q", err, test.ctx.Err() != nil, got, test.want)
			}
		}
	}
}

// A reply has 1 MiB at most.
func TestReplyLimit(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]fault.Code{1 << 20: {}, 1<<20 + 1: fault.UnexpectedReply} {
		fake, c, cred := usual(t)
		fake.Answer("/2.0/repositories/team/repo", bitbuckettest.Reply{Body: "{}" + strings.Repeat(" ", length-2)})
		if _, err := c.Check(t.Context(), cred, repo); code(err) != want {
			t.Errorf("%d bytes: got %v, want %s", length, err, want.ID)
		}
	}
}

// An entry of the changelog is quoted by its number, and by nothing else of the text.
func TestChangeIn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"CHANGE-1": "CHANGE-1", "CHANGE-1, after CHANGE-2": "CHANGE-1", "see CHANGE-3222: gone": "CHANGE-3222", "CHANGE-123456x": "CHANGE-123456",
		"CHANGE-1234567": "", "CHANGE-": "", "CHANGE-x1": "", "change-3222": "", "3222": "", "": "",
	} {
		if got := bitbucket.ChangeIn(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Git may be refused if it sends another name than the Data Center knows.
func TestOtherUser(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind       credential.Kind
		sent, user string
		want       bool
	}{
		{credential.HTTPAccessToken, "dev", "other", true},
		{credential.HTTPAccessToken, "dev", "dev", false},
		{credential.HTTPAccessToken, "Dev", "dEV", false},
		{credential.HTTPAccessToken, "dev@example.com", "dev%40example.com", false},
		{credential.HTTPAccessToken, "dev+ci", "dev+ci", false},
		{credential.HTTPAccessToken, "", "other", false},
		{credential.HTTPAccessToken, "dev", "", false},
		{credential.HTTPAccessToken, "dev", "100%", true},
		{credential.HTTPAccessToken, "100%", "100%", false},
		{credential.HTTPAccessToken, "dev", "access-token-user/2/11754", false},
		{credential.APIToken, "dev", "other", false},
		{credential.AccessToken, "dev", "other", false},
	} {
		remarks := bitbucket.OtherUser(credential.Credential{Kind: test.kind, GitUsername: test.sent}, test.user)
		if (len(remarks) == 1) != test.want || len(remarks) > 1 {
			t.Errorf("%+v: got %v", test, remarks)
		}
	}
}

// The rest of a list of refs, or of an object, is left on the server: their connections
// are closed. Otherwise a run would hold one for each object.
func TestRepliesAreLeft(t *testing.T) {
	t.Parallel()
	left := make(chan string, 2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = fmt.Fprintf(w, `{"objects": [{"actions": {"download": {"href": "http://%s/object"}}}]}`, r.Host)
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			left <- r.URL.Path
		case <-time.After(20 * time.Second):
		}
	}))
	t.Cleanup(s.Close)
	c := bitbucket.New(bitbucket.Options{})
	_, _ = c.Advertise(t.Context(), s.URL+"/refs", secret.String{})
	_, _ = c.LostLFS(t.Context(), bitbucket.LFSServer{URL: s.URL}, []bitbucket.LFSObject{{}}, true)
	for range 2 {
		select {
		case <-left:
		case <-time.After(20 * time.Second):
			t.Fatal("a reply is still being read")
		}
	}
}
