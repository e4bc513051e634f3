package bitbuckettest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnswersComeFirstAndInOrder(t *testing.T) {
	server := New(t, Options{})
	token := server.Add(Token{Kind: APIToken, Scopes: []string{"read:user:bitbucket"}})
	server.Answer("GET /2.0/user", Page(http.StatusBadGateway), RateLimited(""))
	server.Answer("/2.0/user", RateLimited("7"), Redirect("https://elsewhere.example/"))
	for i, want := range []struct {
		status int
		header string
		value  string
		length int
	}{
		{502, "Content-Type", "text/html", 0},
		{429, "Retry-After", "", 46},
		{429, "Retry-After", "7", 46},
		{302, "Location", "https://elsewhere.example/", 0},
		{200, "Content-Type", "application/json", 0},
	} {
		response, body := ask(t, "GET", server.URL+"/2.0/user", token.Email, token.Secret)
		if response.StatusCode != want.status || response.Header.Get(want.header) != want.value || want.length > 0 && len(body) != want.length {
			t.Errorf("%d: %d %v %s", i, response.StatusCode, response.Header, body)
		}
		if kind := response.Header.Get("x-credential-type"); want.status == 429 && kind != "api_token" {
			t.Errorf("a 429 by credential type %q", kind)
		}
	}
}

func TestEchoGivesTheCredentialBack(t *testing.T) {
	server := New(t, Options{})
	server.AnswerAlways("/2.0/user", Echo(http.StatusFound))
	for range 2 {
		response, body := ask(t, "GET", server.URL+"/2.0/user", "", "open-sesame")
		if !strings.Contains(body, `"Bearer open-sesame"`) || response.Header.Get("Location") != "/login?token=open-sesame" ||
			response.Header.Get("X-AUSERNAME") != "Bearer open-sesame" {
			t.Errorf("%v %s", response.Header, body)
		}
	}
}

func TestCommandsStandInBodyAndHeaders(t *testing.T) {
	server := New(t, Options{})
	server.Answer("/2.0/user", Commands(http.StatusForbidden))
	response, body := ask(t, "GET", server.URL+"/2.0/user", "", "")
	if !strings.Contains(body, `\n::add-mask::`) || !strings.Contains(response.Header.Get("x-oauth-scopes"), "##[error]") {
		t.Errorf("%v %s", response.Header, body)
	}
}

func TestConnectionsGoWrong(t *testing.T) {
	const patience = 100 * time.Millisecond
	for name, c := range map[string]struct {
		reply  Reply
		atOnce bool   // fails before any status
		body   string // what can be read of it, at least
		slow   bool   // it is the client that gives up
	}{
		"late":      {Reply{Delay: time.Hour}, true, "", true},
		"slow":      {Reply{Body: "0123456789", Pause: patience / 4}, false, "0", true},
		"endless":   {Reply{Body: "0123456789", Endless: true}, false, strings.Repeat("0123456789", 1000), true},
		"no answer": {Reply{Hangup: true}, true, "", false},
		"cut off":   {Reply{Body: "0123456789", CutOff: true}, false, "01234", false},
	} {
		t.Run(name, func(t *testing.T) {
			server := New(t, Options{})
			server.Answer("/2.0/user", c.reply)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			request, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/2.0/user", nil)
			response, err := http.DefaultTransport.RoundTrip(request)
			if (err != nil) != c.atOnce {
				t.Fatalf("before the body: %v", err)
			}
			if err == nil {
				defer response.Body.Close()
				var body []byte
				body, err = io.ReadAll(response.Body)
				if !strings.HasPrefix(string(body), c.body) {
					t.Errorf("read %d bytes: %.20s", len(body), body)
				}
			}
			if gaveUp := ctx.Err() != nil; err == nil || gaveUp != c.slow {
				t.Errorf("ended with %v; client gave up: %v", err, gaveUp)
			}
		})
	}
}
