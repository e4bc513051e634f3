package charset_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
)

func TestSets(t *testing.T) {
	for _, c := range []struct {
		text, set    string
		only, starts bool
	}{
		{"", charset.Digits, true, false},
		{"1234", charset.Digits, true, true},
		{"12a4", charset.Digits, false, true},
		{"a234", charset.Digits, false, false},
		{"123a", charset.Digits, false, true},
		{"09afAF", charset.Hex, true, true},
		{"g", charset.Hex, false, false},
		{"azAZ", charset.Letters, true, true},
		{"aZ", charset.Lower, false, true},
		{"Az", charset.Upper, false, true},
		{"é", charset.Letters, false, false},
		{"aé", charset.Letters, false, true},
	} {
		if got := charset.ContainsOnly(c.text, c.set); got != c.only {
			t.Errorf("ContainsOnly(%q, %q) = %t", c.text, c.set, got)
		}
		if got := charset.StartsWith(c.text, c.set); got != c.starts {
			t.Errorf("StartsWith(%q, %q) = %t", c.text, c.set, got)
		}
	}
}

// The sets contain all of their characters, and no others.
func TestCharacters(t *testing.T) {
	t.Parallel()
	between := func(first, last byte) func(byte) bool {
		return func(c byte) bool { return first <= c && c <= last }
	}
	lower, upper, digit := between('a', 'z'), between('A', 'Z'), between('0', '9')
	for set, want := range map[string]func(byte) bool{
		charset.Lower:   lower,
		charset.Upper:   upper,
		charset.Letters: func(c byte) bool { return lower(c) || upper(c) },
		charset.Digits:  digit,
		charset.Hex:     func(c byte) bool { return digit(c) || between('a', 'f')(c) || between('A', 'F')(c) },
		charset.Name:    func(c byte) bool { return lower(c) || upper(c) || digit(c) || c == '_' || c == '.' || c == '-' },
	} {
		for c := range byte(0x80) {
			if got := strings.IndexByte(set, c) >= 0; got != want(c) {
				t.Errorf("%q is in %s: %t", c, set, got)
			}
		}
	}
}
