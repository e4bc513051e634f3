package secret

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Value is a named value that goes to later steps: an output or an environment
// variable. Its text is revealed only where it is written, whether it is secret
// or not.
type Value struct {
	Name   string
	Text   String
	Secret bool // it must not be shown
}

// OneLine reports whether text is one line of printable text, which no reader
// can mistake for several values or for a command.
func OneLine(text string) bool {
	for _, r := range text {
		if (r < ' ' || r > '~') && !unicode.IsPrint(r) { // ASCII first: most text is
			return false
		}
	}
	return utf8.ValidString(text)
}

// Underscored returns a name with underscores instead of hyphens, for environment
// variables, for instance.
func Underscored(name string) string {
	return strings.ReplaceAll(name, "-", "_")
}
