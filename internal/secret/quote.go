package secret

import "strings"

// maxQuote is how much of a text is quoted, in characters.
const maxQuote = 300

// Quoter makes texts of servers and of other programs safe to show.
type Quoter struct {
	Scrub    func(string) string // removes secrets
	IsSecret func(string) bool   // reports whether a text contains a piece of a token
}

// Quote returns a text as one line of limited length, without secrets, and without
// what URLs may contain of them: see [ShortenURLs]. One that contains a piece of a
// token isn't shown.
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
