package charset_test

import (
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
