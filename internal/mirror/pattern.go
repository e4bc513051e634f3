package mirror

import (
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Patterns select branches or tags by their short names.
type Patterns struct {
	include []string // none: every name
	exclude []string
}

// ParsePatterns reads a setting's patterns, separated by commas or newlines: *
// matches any characters, including slashes; a leading ! excludes. The order
// doesn't matter. Names may be written in full (refs/heads/main).
func ParsePatterns(id, text string) (Patterns, error) {
	var p Patterns
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		pattern, excludes := strings.CutPrefix(item, "!")
		pattern = strings.TrimSpace(pattern)
		pattern = strings.TrimPrefix(pattern, prefixOf(id))
		switch {
		case !canMatch(pattern):
			return p, fault.New(fault.Pattern, id+" contains a pattern that can't match any name: "+shortened(item),
				"only * is special here: it matches any characters, including slashes; so write v* instead of v[0-9]*, and main, dev instead of (main|dev)",
				"separate patterns by commas or newlines",
				"write names such as main, patterns such as release/*, and exclusions such as !wip/*")
		case excludes:
			p.exclude = append(p.exclude, pattern)
		default:
			p.include = append(p.include, pattern)
		}
	}
	return p, nil
}

// canMatch reports whether git allows any name that the pattern matches. If it
// allows one, it allows the one with an x for each star: no rule for names concerns
// an x, so that it breaks no rule that the text around it doesn't break by itself.
func canMatch(pattern string) bool {
	return IsName(branches.Prefix + strings.ReplaceAll(pattern, "*", "x"))
}

// Match reports whether the patterns select a name.
func (p Patterns) Match(name string) bool {
	return (len(p.include) == 0 || matchAny(p.include, name)) && !matchAny(p.exclude, name)
}

// unmatched returns the including patterns that match none of some names.
func (p Patterns) unmatched(names []string) []string {
	return slices.DeleteFunc(slices.Clone(p.include), func(pattern string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return match(pattern, name) })
	})
}

// String is the patterns as a list.
func (p Patterns) String() string {
	list := slices.Clone(p.include)
	for _, pattern := range p.exclude {
		list = append(list, "!"+pattern)
	}
	return strings.Join(list, ", ")
}

// none reports whether the patterns exclude every name there can be.
func (p Patterns) none() bool {
	return slices.ContainsFunc(p.exclude, func(pattern string) bool { return charset.ContainsOnly(pattern, "*") })
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, name) })
}

// match compares the parts between the stars, from left to right: the first one
// begins the name, the last one ends it, and those in between are found in
// order.
func match(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return name == pattern
	}
	name, ok := strings.CutPrefix(name, first)
	if !ok {
		return false
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		_, name, ok = strings.Cut(name, part)
		if !ok {
			return false
		}
		rest = after
	}
}
