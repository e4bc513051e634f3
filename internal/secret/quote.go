package secret

import "strings"

// maxQuote limits the length of a quotation, in characters.
const maxQuote = 300

// Quoter makes texts of servers and of other programs safe to show.
type Quoter struct {
	Scrub    func(string) string // removes secrets
	IsSecret func(string) bool   // reports whether a text contains a piece of a token
}

// Quote returns a text as one line of limited length, without secrets, and without the
// parts of URLs that can be secret: see [ShortenURLs]. It doesn't show a text that
// contains a piece of a token.
func (q Quoter) Quote(text, asked string) string {
	text = ShortenURLs(q.Scrub(strings.Join(strings.Fields(text), " ")), asked)
	if q.IsSecret(text) {
		return "the reason contains a piece of a token, and isn't shown"
	}
	if runes := []rune(text); len(runes) > maxQuote {
		return string(runes[:maxQuote]) + "…"
	}
	return text
}
