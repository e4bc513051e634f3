package secret_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

func TestQuote(t *testing.T) {
	q := secret.Quoter{
		Scrub: func(text string) string {
			return strings.NewReplacer("s3cret", "***", "pass?word", "***").Replace(text)
		},
		IsSecret: func(text string) bool { return strings.Contains(text, "half-a-t0ken") },
	}
	for text, want := range map[string]string{
		"plain":             "plain",
		" two\r\n\tlines\n": "two lines",
		"no s3cret":         "no ***",
		"half-a-t0ken here": "the reason contains a piece of a token, and isn't shown",
		"see https://git.example.com/a?b=c and https://other.example.com/a?b=c": "see https://git.example.com/a?b=c and https://other.example.com/a",
		"see https://other.example.com/pass?word":                               "see https://other.example.com/***", // all of it, before the query is removed
		strings.Repeat("é", 300):                                                strings.Repeat("é", 300),
		strings.Repeat("é", 301):                                                strings.Repeat("é", 300) + "…",
	} {
		if got := q.Quote(text, "https://git.example.com"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
