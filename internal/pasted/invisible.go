package pasted

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// isInvisible reports whether a character has no width: what web pages, editors and
// chats put between visible ones, and copy with them. (Unicode, general category Cf,
// without characters of scripts and emoji.)
func isInvisible(r rune) bool {
	switch {
	case r == '\u00ad', r == '\u180e', r == '\ufeff', '\u200b' <= r && r <= '\u200f', '\u202a' <= r && r <= '\u202e', '\u2060' <= r && r <= '\u206f':
		return true
	}
	return false
}

// CheckVisible returns a fault if there is an invisible character in a text, which may
// be secret.
func CheckVisible(what, text string) *fault.Fault {
	i := strings.IndexFunc(text, isInvisible)
	if i < 0 {
		return nil
	}
	return fault.New(fault.Invisible, "character "+strconv.Itoa(utf8.RuneCountInString(text[:i])+1)+" of "+what+" is invisible",
		"delete it, or type that part of the text again instead of pasting it")
}
