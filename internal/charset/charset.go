// Package charset compares texts with sets of ASCII characters, such as those that a
// name may contain. Regular expressions could do that, but compiling a few of them
// takes longer than everything else that a run does.
package charset

import "strings"

// Sets of characters.
const (
	Lower   = "abcdefghijklmnopqrstuvwxyz"
	Upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	Letters = Upper + Lower
	Digits  = "0123456789"
	Hex     = Digits + "abcdefABCDEF"
	Name    = Letters + Digits + "_.-" // of repositories, users and variables
)

// ContainsOnly reports whether all characters of a text are in a set. An empty text
// has none that isn't.
func ContainsOnly(text, set string) bool {
	return strings.Trim(text, set) == ""
}

// StartsWith reports whether the first character of a text is in a set.
func StartsWith(text, set string) bool {
	return text != "" && strings.Contains(set, text[:1])
}
