package bitbucket

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// deprecation is the warning about an endpoint that Bitbucket is going to
// remove, by the headers Deprecation (RFC 9745) and Sunset (RFC 8594), or nil.
// Of what the server sends, only a date and a plain link are shown.
func deprecation(header http.Header, token secret.String) *fault.Fault {
	sunset, hasSunset := headerDate(header.Get("Sunset"))
	since, hasSince := headerDate(header.Get("Deprecation"))
	what := "Bitbucket has deprecated the endpoint that this check uses"
	switch {
	case hasSunset:
		what += ", and will remove it on " + sunset
	case hasSince:
		what += " (as of " + since + ")"
	case header.Get("Deprecation") != "true": // by drafts of the RFC
		return nil
	}
	f := fault.New(fault.Deprecated, what)
	if link := deprecationLink(header.Values("Link"), token); link != "" {
		f = f.Hint("read " + link)
	}
	return f.Hint("update bitbucket-auth to its newest version")
}

// headerDate reads a date of HTTP ("Fri, 31 Dec 2027 23:59:59 GMT") or of
// structured fields ("@1830297599").
func headerDate(text string) (string, bool) {
	date, err := http.ParseTime(text)
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

// deprecationLinkPattern finds the target of a link to a page about the
// deprecation (RFC 8288): HTTPS, without user, port or query, and made of
// words, so that no encoding of a credential passes.
var deprecationLinkPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`<(https://[a-z0-9.-]{1,60}(?:[/._#-][A-Za-z0-9]{0,20}){1,30})>[^<]*;\s*rel="?[a-z ]*\b(?:deprecation|sunset)\b`)
})

func deprecationLink(headers []string, token secret.String) string {
	found := deprecationLinkPattern().FindStringSubmatch(strings.Join(headers, ", "))
	if found == nil || repeats(found[1], token.Reveal()) {
		return ""
	}
	return found[1]
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
