package host_test

import (
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
)

// Text becomes one line that no host reads as a command. Everything else stays.
func TestNeutral(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain text, ä: 100%": "plain text, ä: 100%", "": "", "a::b": "a::b", "# a ## b": "# a ## b", "##[": "## [",
		"one\ntwo": "one two", "one\r\ntwo\tä": "one  two ä", "\x1b[2J": " [2J", "a\x00b\x7f": "a b ", "a\u0085b\u2028c\u2029d": "a b c d", "a\ufeffb\u200b": "a b ",
		"a\xffb": "a?b", "a\xff\n": "a? ",
		"::error::x": ": :error::x", "  ::error::x": ": :error::x", "\n::error::x": ": :error::x", ":::x": ": ::x",
		"x##[error]y": "x## [error]y", "##vso[task.complete]": "## vso[task.complete]", "##teamcity[x]": "## teamcity[x]", "##[a]##[b]": "## [a]## [b]", "##\n[a]": "## [a]",
	} {
		if got := host.Neutral(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
