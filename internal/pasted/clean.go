// Package pasted recognises what pasting leaves around a setting, and references that
// weren't expanded.
package pasted

import (
	"strings"
	"unicode"
)

// Removed says what [Clean] has removed.
type Removed struct {
	Space, Invisible, Quotes bool
}

// Clean removes what pasting leaves around a text, until nothing changes: white space,
// invisible characters, and quotes if the first and the last character are the same quote
// and it doesn't occur in between.
func Clean(text string) (clean string, removed Removed) {
	for before := ""; before != text; {
		before = text

		cut := strings.TrimFunc(text, unicode.IsSpace)
		removed.Space = removed.Space || cut != text
		text = cut

		cut = strings.TrimFunc(text, isInvisible)
		removed.Invisible = removed.Invisible || cut != text
		text = cut

		if inner, quoted := unquoted(text); quoted {
			removed.Quotes = true
			text = inner
		}
	}
	return text, removed
}

func unquoted(text string) (inner string, quoted bool) {
	last := len(text) - 1
	if last < 1 || text[0] != text[last] || text[0] != '"' && text[0] != '\'' || strings.Contains(text[1:last], text[:1]) {
		return text, false
	}
	return text[1:last], true
}

// CleanList is [Clean] for a list whose items are separated by commas or line
// breaks, or in an item without quotes around it, by spaces: it cleans the whole,
// and then each item.
func CleanList(text string) (clean string, removed Removed) {
	text, removed = Clean(text)
	clean = eachItem(text, ",\r\n", func(item string) string {
		inner, from := Clean(item)
		removed.Invisible, removed.Quotes = removed.Invisible || from.Invisible, removed.Quotes || from.Quotes
		if from.Quotes {
			return inner
		}
		return eachItem(item, " \t", func(word string) string {
			inner, from := Clean(word)
			removed.Invisible, removed.Quotes = removed.Invisible || from.Invisible, removed.Quotes || from.Quotes
			return inner
		})
	})
	return clean, removed
}

func eachItem(text, separators string, replace func(string) string) string {
	var b strings.Builder
	for text != "" {
		end := strings.IndexAny(text, separators)
		if end < 0 {
			end = len(text)
		}
		b.WriteString(replace(text[:end]))
		if end < len(text) {
			b.WriteByte(text[end])
			end++
		}
		text = text[end:]
	}
	return b.String()
}
