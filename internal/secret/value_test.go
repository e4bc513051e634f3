package secret_test

import (
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

func TestOneLine(t *testing.T) {
	for text, want := range map[string]bool{
		"":               true,
		"jörg, 日本":       true,
		"two\nlines":     false,
		"tab\t":          false,
		"\x1b[31m":       false,
		"\u200b":         false,
		"\u00a0":         false,
		"broken \xff":    false,
		"line\u2028ends": false,
	} {
		if got := secret.OneLine(text); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestUnderscored(t *testing.T) {
	if got := secret.Underscored("repo-slug-x"); got != "repo_slug_x" {
		t.Errorf("got %s", got)
	}
}
