package mirror

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// IsName reports whether git allows a ref to have this full name
// (git-check-ref-format(1)). A server can list any, and part of a name such as a:b
// would be read as the ref to push to.
func IsName(ref string) bool {
	for _, part := range strings.Split(ref, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	isControl := func(r rune) bool { return r <= ' ' || r == 0x7f }
	return !strings.ContainsFunc(ref, isControl) && !strings.ContainsAny(ref, `~^:?*[\`) &&
		!strings.Contains(ref, "..") && !strings.Contains(ref, "@{") && !strings.HasSuffix(ref, ".")
}

// Limits of names, in bytes.
const (
	maxName      = 1024 // of a ref that is created, updated or deleted
	maxNameShown = 80   // of a longer one
)

// check leaves a ref alone if its name is too long, or if it must not be shown.
func (r Rules) check(c *Change) {
	if len(c.Ref) > maxName {
		c.leaveAlone(IsTooLong, fmt.Sprintf("its name has %d bytes, and names of more than %d bytes aren't mirrored", len(c.Ref), maxName))
	}
	// A server can list any object ID.
	if slices.ContainsFunc([]string{c.Ref, c.Old, c.New}, r.isSecret) {
		c.secret = true
		c.leaveAlone(IsNotShown, "its name or an object ID of it contains a piece of a token")
	}
}

func (r Rules) isSecret(text string) bool { return r.IsSecret != nil && r.IsSecret(text) }

// shown returns a ref's name for a reason.
func (r Rules) shown(ref string) string {
	if r.isSecret(ref) {
		return "a name that contains a piece of a token"
	}
	return shortened(ref)
}

// shortened returns only the beginning of a name that is too long.
func shortened(ref string) string {
	if len(ref) <= maxName {
		return ref
	}
	end := maxNameShown
	for !utf8.RuneStart(ref[end]) && end > maxNameShown-utf8.UTFMax {
		end--
	}
	return ref[:end] + "…"
}
