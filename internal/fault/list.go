package fault

import (
	"fmt"
	"slices"
	"strings"
)

// OutsideList returns the fault for a value that a setting doesn't accept. It quotes
// only words that people are known to write: any other value may be a secret in the
// wrong place.
func OutsideList(setting, value string, allowed []string) *Fault {
	if slices.Contains(usualWords, strings.ToLower(value)) {
		return Newf(NotAllowed, "%s can't be `%s`; use %s", setting, value, Enumerate(allowed, "or")).
			Hint("set " + setting + " to one of these, or leave it out")
	}
	f := Newf(NotAllowed, "unknown value for %s; use %s", setting, Enumerate(allowed, "or"))
	if near := Nearest(value, allowed); near != "" {
		return f.Hint(fmt.Sprintf("did you mean %s: %s?", setting, near))
	}
	return f.Hint("set " + setting + " to one of these, or leave it out")
}

// usualWords are known mistakes for yes and no, for a kind of token, and for the
// strictness of a check.
var usualWords = []string{
	"true", "false", "yes", "no", "on", "off", "enabled", "disabled", "enable", "disable",
	"token", "password", "pat", "oauth", "oauth2", "basic", "bearer", "api", "app", "access", "cloud", "server", "datacenter", "data-center",
	"always", "never", "skip", "ignore", "continue", "error", "warning", "info", "debug", "quiet", "all", "any", "none", "default",
}

// Enumerate lists words as a sentence does: "a, b or c".
func Enumerate(words []string, conjunction string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " " + conjunction + " " + words[last]
}

// Nearest returns the allowed value that text most likely means, or "" if none is
// close: with at most two typos, or one in a short text.
func Nearest(text string, allowed []string) string {
	const short = 6
	best, least := "", 3
	if len(text) < short {
		least = 2
	}
	for _, candidate := range allowed {
		if d := distance(strings.ToLower(text), strings.ToLower(candidate)); d < least && d < len(candidate) {
			best, least = candidate, d
		}
	}
	return best
}

// distance counts the typos between a and b: letters that are missing, added, wrong,
// or swapped with the next one (the optimal string alignment distance, in bytes).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := range len(a) {
		for j := range len(b) {
			wrong := 1
			if a[i] == b[j] {
				wrong = 0
			}
			d := min(rows[i][j]+wrong, rows[i][j+1]+1, rows[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(a)][len(b)]
}
