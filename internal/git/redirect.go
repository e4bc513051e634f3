package git

import (
	"net/url"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// redirectedTo returns the address to which git was redirected, or "". Git names it in a
// warning if it could read from it (remote-curl.c, discover_refs), and otherwise in the
// error that it couldn't log in, or that the address has another form.
func redirectedTo(stderr string) string {
	var to string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		for _, mark := range []string{"warning: redirecting to ", "redirect: "} {
			if text, ok := strings.CutPrefix(line, mark); ok {
				to = text
			}
		}
		for _, mark := range []string{"fatal: could not read Username for '", "fatal: Authentication failed for '"} {
			if text, ok := strings.CutPrefix(line, mark); ok {
				to, _, _ = strings.Cut(text, "'")
			}
		}
	}
	if to == "" && strings.Contains(stderr, ": Protocol \"http\" ") {
		return "http:" // curl refuses it before git learns the address
	}
	return to
}

// elsewhere returns a fault for a redirect to another scheme, host or port, which isn't
// the source that was named. From http to https on the same host is allowed.
func (g *Git) elsewhere(to string) error {
	a, err := url.Parse(g.remotes.Source)
	if err != nil {
		return fault.Internal() // it was parsed before
	}
	b, err := url.Parse(to)
	if err == nil && strings.EqualFold(a.Hostname(), b.Hostname()) &&
		(a.Scheme == b.Scheme && port(a) == port(b) || a.Scheme == "http" && b.Scheme == "https") {
		return nil
	}
	where := "another address"
	switch {
	case err == nil && b.Host != "" && g.scrub(b.Host) == b.Host && !g.isSecret(b.Host):
		where = b.Scheme + "://" + b.Host
	case err == nil && b.Host == "" && b.Scheme == "http":
		where = "plain http"
	}
	return fault.New(fault.SourceRedirected, "the source's server redirects git to "+where+", so nothing was changed",
		"if the repository has moved there, set source to its new address",
		"set source-token to a token for that server: the present one isn't sent there")
}

// port returns the port of a URL, or else its scheme's default.
func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"https": "443", "http": "80"}[u.Scheme]
}
