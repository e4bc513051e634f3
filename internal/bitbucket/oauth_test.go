package bitbucket_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestMint(t *testing.T) {
	fake := newFake(t)
	oauthClient := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository:write"}})
	c := client(t, fake, credential.OAuthConsumer, nil)
	minted, err := c.Mint(context.Background(), oauthClient.Key, secret.New(oauthClient.Secret), now)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(minted.Scopes, " ") != "repository:write" || !minted.ExpiresAt.Equal(now.Add(2*time.Hour)) {
		t.Errorf("got %v, %v", minted.Scopes, minted.ExpiresAt)
	}
	cred := newCredential(t, credential.OAuthConsumer, oauthClient).WithMinted(minted.Token)
	if _, err := c.Check(context.Background(), cred, repo); err != nil {
		t.Errorf("the minted token: %v", err)
	}
	if requests := fake.Requests(); len(requests) != 2 || requests[0].Scheme != "Basic" || requests[0].Agent != "bitbucket-auth/test" {
		t.Errorf("requests: %+v", requests)
	}
}

// Until May 2026 the field was called scopes.
func TestMintReadsEitherField(t *testing.T) {
	for _, test := range []struct{ fields, scopes string }{
		{`"scope": "account repository:write"`, "account repository:write"},
		{`"scopes": "account"`, "account"},
		{`"scope": "account", "scopes": "repository"`, "account"},
		{`"state": "x"`, ""},
	} {
		fake := newFake(t)
		fake.Answer("POST /site/oauth2/access_token", bitbuckettest.Reply{
			Body: `{"access_token": "` + bitbuckettest.OAuthToken.NewSecret() + `", "token_type": "bearer", ` + test.fields + `}`,
		})
		minted, err := client(t, fake, credential.OAuthConsumer, nil).Mint(context.Background(), "id", secret.New("s3cret-s3cret"), now)
		if err != nil || strings.Join(minted.Scopes, " ") != test.scopes || !minted.ExpiresAt.IsZero() {
			t.Errorf("%s: got %+v, %v", test.fields, minted, err)
		}
	}
}

// A lifetime counts only if it is plausible: more than nothing, and less than a year.
func TestMintReadsTheLifetime(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]time.Duration{
		"1": time.Second, "7200": 2 * time.Hour, "31535999": 365*24*time.Hour - time.Second, "31536000": 0, "1e300": 0,
		"0": 0, "-1": 0, `"7200"`: 0, "null": 0,
	} {
		fake := newFake(t)
		fake.Answer("POST /site/oauth2/access_token", bitbuckettest.Reply{
			Body: `{"access_token": "` + bitbuckettest.OAuthToken.NewSecret() + `", "expires_in": ` + field + `}`,
		})
		minted, err := client(t, fake, credential.OAuthConsumer, nil).Mint(t.Context(), "id", secret.New("s3cret-s3cret"), now)
		wanted := time.Time{}
		if want > 0 {
			wanted = now.Add(want)
		}
		if err != nil || !minted.ExpiresAt.Equal(wanted) {
			t.Errorf("%s: got %v, %v", field, minted.ExpiresAt, err)
		}
	}
}

// The id and the secret are encoded as form values before they are joined and sent (RFC
// 6749, section 2.3.1): otherwise one with a colon or a percent sign would be refused.
func TestMintEncodesTheClient(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ id, secret, want string }{
		{"Key123", "s3cret-s3cret_.", "Key123:s3cret-s3cret_."},
		{"a b", "s3cret+/=~", "a+b:s3cret%2B%2F%3D~"},
		{"a:b", "s3cret%2F&é", "a%3Ab:s3cret%252F%26%C3%A9"},
	} {
		var got string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			got = user + ":" + password + " " + r.Header.Get("Content-Type") + " " + r.FormValue("grant_type")
			_, _ = w.Write([]byte(`{"access_token": "` + bitbuckettest.OAuthToken.NewSecret() + `"}`))
		}))
		c := bitbucket.New(bitbucket.Options{Server: servertest.At(server.URL).AsCloud()})
		_, err := c.Mint(t.Context(), test.id, secret.New(test.secret), now)
		server.Close()
		if want := test.want + " application/x-www-form-urlencoded client_credentials"; err != nil || got != want {
			t.Errorf("%s, %s:\ngot  %s, %v\nwant %s", test.id, test.secret, got, err, want)
		}
	}
}

// A token of the longest length that a variable can hold is accepted, and no longer one.
func TestMintLongTokens(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]fault.Code{credential.MaxToken: {}, credential.MaxToken + 1: fault.UnexpectedReply} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"access_token": "` + strings.Repeat("a", length) + `"}`))
		}))
		t.Cleanup(server.Close)
		minted, err := bitbucket.New(bitbucket.Options{Server: servertest.At(server.URL).AsCloud()}).Mint(t.Context(), "id", secret.New("s3cret-s3cret"), now)
		if code(err) != want || err != nil && !strings.Contains(err.Error(), "more than 64 KiB") || err == nil && len(minted.Token.Reveal()) != length {
			t.Errorf("%d characters: got %v", length, err)
		}
	}
}

func TestMintRefused(t *testing.T) {
	const path = "POST /site/oauth2/access_token"
	oauthError := func(code string) string { return `{"error_description":"s3cret-s3cret","error":"` + code + `"}` }
	for _, test := range []struct {
		name  string
		reply bitbuckettest.Reply
		code  fault.Code
	}{
		{"invalid_client", bitbuckettest.Reply{Status: 401, Body: oauthError("invalid_client")}, fault.ConsumerRefused},
		{"invalid_client with another status", bitbuckettest.Reply{Status: 403, Body: oauthError("invalid_client")}, fault.ConsumerRefused},
		{"unauthorized_client with another status", bitbuckettest.Reply{Status: 403, Body: oauthError("unauthorized_client")}, fault.ConsumerRefused},
		{"invalid_request", bitbuckettest.Reply{Status: 400, Body: oauthError("invalid_request")}, fault.ConsumerGrant},
		{"an error that is called a success", bitbuckettest.Reply{Status: 200, Body: oauthError("invalid_grant")}, fault.ConsumerGrant},
		{"an unknown error that is called a success", bitbuckettest.Reply{Status: 200, Body: oauthError("x")}, fault.UnexpectedReply},
		{"a refusal that means something for a token alone", bitbuckettest.Reply{Status: 403, Body: `{"error":{"message":"not accessible by this authentication mechanism"}}`}, fault.UnexpectedReply},
		{"400 alone", bitbuckettest.Reply{Status: 400}, fault.ConsumerRefused},
		{"401 alone", bitbuckettest.Reply{Status: 401}, fault.ConsumerRefused},
		{"invalid_grant", bitbuckettest.Reply{Status: 400, Body: oauthError("invalid_grant")}, fault.ConsumerGrant},
		{"unauthorized_client", bitbuckettest.Reply{Status: 400, Body: oauthError("unauthorized_client")}, fault.ConsumerRefused},
		{"unsupported_grant_type", bitbuckettest.Reply{Status: 400, Body: oauthError("unsupported_grant_type")}, fault.ConsumerGrant},
		{"invalid_scope", bitbuckettest.Reply{Status: 400, Body: oauthError("invalid_scope")}, fault.ConsumerGrant},
		{"rate limit", bitbuckettest.RateLimited(""), fault.RateLimited},
		{"server error", bitbuckettest.Page(500), fault.ServerFailed},
		{"redirect", bitbuckettest.Redirect("https://evil.example/"), fault.Redirected},
		{"a login page", bitbuckettest.Page(200), fault.UnexpectedReply},
		{"no token", bitbuckettest.Reply{Body: `{"expires_in": 7200}`}, fault.UnexpectedReply},
		{"a token that is none", bitbuckettest.Reply{Body: `{"access_token": "a\n::error::b", "token_type": "bearer"}`}, fault.UnexpectedReply},
		{"a token that fits into no variable", bitbuckettest.Reply{Body: `{"access_token": "` + strings.Repeat("a", 900_000) + `"}`}, fault.UnexpectedReply},
		{"hangs up", bitbuckettest.Reply{Hangup: true}, fault.Unreachable},
		{"echo", bitbuckettest.Echo(401), fault.ConsumerRefused},
		{"not found", bitbuckettest.Page(404), fault.NotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := newFake(t)
			consumer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer})
			fake.AnswerAlways(path, test.reply)
			_, err := client(t, fake, credential.OAuthConsumer, nil).Mint(context.Background(), consumer.Key, secret.New(consumer.Secret), now)
			if code(err) != test.code {
				t.Errorf("got %v, want %s", err, test.code.ID)
			}
			checkQuiet(t, err, bitbucket.Report{}, consumer.Secret)
			if got := len(fake.Requests()); got != 1 {
				t.Errorf("%d requests: a login must not be repeated", got)
			}
		})
	}
}
