package bitbucket

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// deprecation is the warning about an endpoint that Bitbucket is going to
// remove, by the headers Deprecation (RFC 9745) and Sunset (RFC 8594), or nil.
// Of what the server sends, only a date and a plain link are shown.
func deprecation(header http.Header, token secret.String) *fault.Fault {
	if header.Get("Sunset") == "" && (header.Get("Deprecation") == "" || header.Get("Deprecation") == "false") {
		return nil
	}
	sunset, hasSunset := headerDate(header.Get("Sunset"))
	since, hasSince := headerDate(header.Get("Deprecation")) // "true" by drafts of the RFC
	what := "Bitbucket has deprecated the endpoint that this check uses"
	switch {
	case hasSunset:
		what += ", and will remove it on " + sunset
	case hasSince:
		what += " (as of " + since + ")"
	}
	f := fault.New(fault.Deprecated, what)
	if link := deprecationLink(header.Values("Link"), token); link != "" {
		f = f.Hint("read " + link)
	}
	return f.Hint("update bitbucket-auth to its newest version")
}

// headerDate reads a date of HTTP ("Fri, 31 Dec 2027 23:59:59 GMT"), of structured
// fields ("@1830297599"), or in RFC 3339, which some servers send.
func headerDate(text string) (string, bool) {
	date, err := http.ParseTime(text)
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if err != nil {
			date, err = time.Parse(layout, text)
		}
	}
	if seconds, ok := strings.CutPrefix(text, "@"); ok {
		var number int64
		number, err = strconv.ParseInt(seconds, 10, 64)
		date = time.Unix(number, 0).UTC()
	}
	if err != nil || date.Year() < 2000 || date.Year() > 2100 {
		return "", false
	}
	return date.Format(time.DateOnly), true
}

// deprecationLink returns the target of the first link to a page about the
// deprecation (RFC 8288) that is safe to show, or "".
func deprecationLink(headers []string, token secret.String) string {
	for link := range strings.SplitSeq(strings.Join(headers, ","), "<") {
		target, parameters, _ := strings.Cut(link, ">")
		_, relation, _ := strings.Cut(parameters, "rel=")
		relation, _, _ = strings.Cut(relation, ";")
		words := strings.FieldsFunc(relation, func(r rune) bool { return strings.ContainsRune(`", `, r) })
		about := slices.Contains(words, "deprecation") || slices.Contains(words, "sunset")
		if about && isPlainLink(target) && !repeats(target, token.Reveal()) {
			return target
		}
	}
	return ""
}

// isPlainLink holds for HTTPS links without user, port and query that are made of
// words of at most 20 characters, so that no encoding of a credential passes.
func isPlainLink(target string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	rest, found := strings.CutPrefix(target, "https://")
	if !found || len(rest) > 300 || strings.Trim(rest, letters+"/._#-") != "" {
		return false
	}
	for word := range strings.FieldsFuncSeq(rest, func(r rune) bool { return !strings.ContainsRune(letters, r) }) {
		if len(word) > 20 {
			return false
		}
	}
	return true
}

// repeats reports whether a text holds a piece of a secret.
func repeats(text, hidden string) bool {
	const piece = 8
	for start := 0; start+piece <= len(hidden); start++ {
		if strings.Contains(text, hidden[start:start+piece]) {
			return true
		}
	}
	return false
}
