package fault

import (
	"fmt"
	"strings"
)

// OutsideList is the fault of a setting whose value is none of those allowed.
// The value is not echoed, since it may be a secret in the wrong place; what it
// is near to is named instead.
func OutsideList(setting, value string, allowed []string) *Fault {
	f := Newf(NotAllowed, "the value of %s is none of %s", setting, strings.Join(allowed, ", "))
	if near := Nearest(value, allowed); near != "" {
		return f.Hint(fmt.Sprintf("did you mean %s: %s?", setting, near))
	}
	return f.Hint("set " + setting + " to one of these, or leave it out")
}

// Nearest returns the allowed value that text most likely meant, or "" where
// none is near.
func Nearest(text string, allowed []string) string {
	best, least := "", 3 // more than two slips is another word
	for _, candidate := range allowed {
		if d := distance(strings.ToLower(text), strings.ToLower(candidate)); d < least && d < len(candidate) {
			best, least = candidate, d
		}
	}
	return best
}

// distance is the Levenshtein distance between a and b, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitution := diagonal
			if a[i] != b[j] {
				substitution++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitution, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
