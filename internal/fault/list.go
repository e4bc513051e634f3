package fault

import (
	"fmt"
	"slices"
	"strings"
)

// OutsideList is the fault of a setting whose value isn't one of those allowed.
// The value is only quoted if it is a word that people write for yes or no: it
// may be a secret in the wrong place.
func OutsideList(setting, value string, allowed []string) *Fault {
	if slices.Contains([]string{"true", "false", "yes", "no", "on", "off"}, strings.ToLower(value)) {
		return Newf(NotAllowed, "%s can't be `%s`; use %s", setting, value, Either(allowed)).
			Hint("set " + setting + " to one of these, or leave it out")
	}
	f := Newf(NotAllowed, "unknown value for %s; use %s", setting, Either(allowed))
	if near := Nearest(value, allowed); near != "" {
		return f.Hint(fmt.Sprintf("did you mean %s: %s?", setting, near))
	}
	return f.Hint("set " + setting + " to one of these, or leave it out")
}

// Either lists alternatives as a sentence does: "a, b or c".
func Either(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Nearest returns the allowed value that text most likely means, or "" if none
// is close.
func Nearest(text string, allowed []string) string {
	best, least := "", 3 // more than two typos make a different word
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
