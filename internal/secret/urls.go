package secret

import (
	"net/url"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
)

// ShortenURLs removes from the URLs in another program's text the parts that can be
// secret: user-info, query and fragment (presigned addresses contain a signature
// there). If asked is set, an https URL on its server stays complete: it may be a link
// to follow, which needs its query.
func ShortenURLs(text, asked string) string {
	var b strings.Builder
	for {
		mark := strings.Index(text, "://")
		if mark < 0 {
			b.WriteString(text)
			return b.String()
		}
		// Without a scheme too: it may have been masked.
		start := mark - schemeLength(text[:mark])
		end := start + urlLength(text[start:], quoteBefore(text[:start]))
		b.WriteString(text[:start] + shortenURL(text[start:end], asked))
		text = text[end:]
	}
}

// schemeLength returns the length of the scheme at the end of a text (RFC 3986,
// section 3.1).
func schemeLength(text string) int {
	const characters = charset.Letters + charset.Digits + "+-."
	return len(text) - len(strings.TrimRight(text, characters))
}

// quoteBefore returns the quote at the end of a text, or "".
func quoteBefore(text string) string {
	if text != "" && strings.Contains("'\"`", text[len(text)-1:]) {
		return text[len(text)-1:]
	}
	return ""
}

// urlLength returns the length of the URL at the start of a text. It ends at white
// space, at a character that no URL contains, or at the quote that precedes it; the
// same quote within an address, where it may be unescaped, doesn't end it.
func urlLength(text, quote string) int {
	end := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '<' || r == '>' })
	if end < 0 {
		end = len(text)
	}
	const afterwards = " \t\r\n:;,.)]"
	for i := range end {
		if quote != "" && text[i:i+1] == quote && (i+1 == len(text) || strings.Contains(afterwards, text[i+1:i+2])) {
			return i
		}
	}
	return len(strings.TrimRight(text[:end], ".,:;!?)]}'\"`"))
}

func shortenURL(text, asked string) string {
	if isOn(text, asked) {
		return text
	}
	short := NewSource(text).Clean()
	return short[:pathEnd(short)]
}

// isOn reports whether a URL is an https URL on another one's server.
func isOn(text, asked string) bool {
	a, err := url.Parse(text)
	b, askedErr := url.Parse(asked)
	return err == nil && askedErr == nil && a.User == nil && a.Scheme == "https" && b.Scheme == "https" &&
		a.Hostname() != "" && strings.EqualFold(strings.TrimSuffix(a.Host, ":443"), strings.TrimSuffix(b.Host, ":443"))
}
