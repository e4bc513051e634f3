package bitbucket_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

// The sentence of a refusal is the first hint, and nothing else of its body is shown.
func TestSentences(t *testing.T) {
	json := map[string]string{"Content-Type": "application/json"}
	plain := map[string]string{"Content-Type": "text/plain; charset=utf-8"}
	for _, test := range []struct {
		name   string
		reply  bitbuckettest.Reply
		hidden string
		want   string
	}{
		{"two-step verification", bitbuckettest.Reply{Status: 403, Header: json, Body: `{"type":"error","error":{"message":"You must enable two-step verification to access this.","detail":"see s3cret"}}`}, "detail", "You must enable two-step verification to access this."},
		{"a refused token", bitbuckettest.Reply{Status: 401, Header: json, Body: `{"type":"error","error":{"message":"Token is invalid, expired, or not supported for this endpoint."}}`}, "", "Token is invalid, expired, or not supported for this endpoint."},
		{"none to be seen", bitbuckettest.Reply{Status: 404, Header: json, Body: `{"error":{"message":"The requested repository either does not exist or you do not have access."}}`}, "", "The requested repository either does not exist or you do not have access."},
		{"detail is an object", bitbuckettest.Reply{Status: 403, Header: json, Body: `{"error":{"message":"Your credentials lack one or more required privilege scopes.","detail":{"required":["repository"]}}}`}, "", "Your credentials lack one or more required privilege scopes."},
		{"a Data Center's", bitbuckettest.Reply{Status: 403, Header: json, Body: `{"errors":[{"context":null,"message":"You are not permitted\nto access this repository","exceptionName":"com.x.Y"}]}`}, "com.x.Y", "You are not permitted to access this repository"},
		{"a Data Center's, two of them", bitbuckettest.Reply{Status: 403, Header: json, Body: `{"errors":[{"message":"No."},{"message":"Ask an admin."}]}`}, "", "No. Ask an admin."},
		{"plain text", bitbuckettest.Reply{Status: 403, Header: plain, Body: "\nTo access this repository, an admin must whitelist your IP.\nsecond line"}, "second", "To access this repository, an admin must whitelist your IP."},
		{"too many requests", bitbuckettest.RateLimited(""), "", "Rate limit for this resource has been exceeded"},
		{"a failure", bitbuckettest.Reply{Status: 503, Header: plain, Body: "down until noon"}, "", "down until noon"},
		{"HTML", bitbuckettest.Page(403), "Sign in", ""},
		{"HTML that is called text", bitbuckettest.Reply{Status: 403, Header: plain, Body: "<html>no</html>"}, "html>", ""},
		{"JSON without a message", bitbuckettest.Reply{Status: 403, Header: json, Body: `{"secretive":"words"}`}, "words", ""},
		{"bytes", bitbuckettest.Reply{Status: 403, Header: map[string]string{"Content-Type": "application/octet-stream"}, Body: "words"}, "words", ""},
		{"a list", bitbuckettest.Reply{Status: 403, Header: plain, Body: `["words"]`}, "words", ""},
		{"bytes that are called text", bitbuckettest.Reply{Status: 403, Header: plain, Body: "words \xff"}, "words", ""},
		{"nothing", bitbuckettest.Reply{Status: 403}, "", ""},
		{"a secret", bitbuckettest.Reply{Status: 403, Header: plain, Body: "no s3cret, see https://evil.example/?x=1"}, "x=1", "no ***, see https://evil.example/"},
		{"a piece", bitbuckettest.Reply{Status: 403, Header: plain, Body: "no half-a-t0ken"}, "half", "the reason contains a piece of a token, and isn't shown"},
	} {
		fake, _, cred := usual(t)
		on := servertest.At(fake.URL).AsCloud()
		c := bitbucket.New(bitbucket.Options{Server: on, Quote: func(sentence string) string {
			return secret.Quoter{
				Scrub:    func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") },
				IsSecret: func(text string) bool { return strings.Contains(text, "half-a-t0ken") },
			}.Quote(sentence, on.URL())
		}})
		fake.AnswerAlways("GET /2.0/repositories/team/repo", test.reply)
		_, err := c.Check(t.Context(), cred, repo)
		f := fault.From(err)
		first := ""
		if len(f.Hints) > 0 {
			first, _ = strings.CutPrefix(f.Hints[0], "Bitbucket says: ")
		}
		says := slices.ContainsFunc(f.Hints, func(hint string) bool { return strings.Contains(hint, " says: ") })
		if says != (test.want != "") || says && first != test.want {
			t.Errorf("%s: %v, hints %q, want %q", test.name, f, f.Hints, test.want)
		}
		if text := f.What + strings.Join(f.Hints, "\n"); test.hidden != "" && strings.Contains(text, test.hidden) || strings.Contains(f.What, test.want) && says {
			t.Errorf("%s: it shows %q", test.name, text)
		}
	}
}

// Changes and the request for an OAuth token quote the server, too.
func TestSentencesOfChanges(t *testing.T) {
	fake, _, cred := usual(t)
	c := bitbucket.New(bitbucket.Options{Server: servertest.At(fake.URL).AsCloud(), Quote: func(sentence string) string { return sentence }})
	fake.AnswerAlways("POST /2.0/repositories/team/new", bitbuckettest.Reply{Status: http.StatusForbidden, Body: `{"error":{"message":"The plan allows no more repositories."}}`})
	err := c.Create(t.Context(), cred, bitbucket.NewRepository{Repository: repository.Repository{Workspace: "team", Slug: "new"}})
	if f := fault.From(err); f.Hints[0] != "Bitbucket says: The plan allows no more repositories." {
		t.Errorf("hints %q", f.Hints)
	}
	fake.AnswerAlways("PUT /2.0/repositories/team/repo", bitbuckettest.Reply{Status: http.StatusForbidden, Body: `{"error":{"message":"Ask an admin."}}`})
	err = c.SetMainBranch(t.Context(), cred, repository.Repository{Workspace: "team", Slug: "repo"}, "refs/heads/main")
	if f := fault.From(err); f.Hints[0] != "Bitbucket says: Ask an admin." {
		t.Errorf("hints %q", f.Hints)
	}
	fake.AnswerAlways("POST /site/oauth2/access_token", bitbuckettest.Reply{Status: http.StatusBadRequest, Body: `{"error":"invalid_grant","error_description":"No callback uri defined for the OAuth client."}`})
	_, err = c.Mint(t.Context(), "key", cred.Token, time.Now())
	if f := fault.From(err); f.Hints[0] != "Bitbucket says: No callback uri defined for the OAuth client." {
		t.Errorf("hints %q", f.Hints)
	}
}
