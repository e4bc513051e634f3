package git

import (
	"context"
	"net/url"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// maxRedirects limits the number of redirects to the source's present address.
const maxRedirects = 5

// isRedirect reports whether a server redirected a command. Git follows no redirect
// here, and fails with the status of the answer.
func isRedirect(failed *failure) bool {
	status := httpStatus(string(failed.stderr))
	return status >= 300 && status < 400
}

// follow makes the address to which the source's server redirects the source's address.
func (g *Git) follow(ctx context.Context) error {
	to, err := g.options.Locate(ctx, g.sourceURL)
	if err != nil {
		return err
	}
	if err := g.elsewhere(to); err != nil {
		return err
	}
	if u, err := url.Parse(to); err != nil || strings.Trim(u.Path, "/") == "" {
		return fault.New(fault.SourceFailed, "the source's server redirects git to a page that isn't a repository",
			"check that source is the URL of a git repository, and that source-token may read it")
	}
	if g.options.SourceLogin, err = g.options.LogIn(to); err != nil {
		return err
	}
	g.sourceURL = to
	g.setEnvironment(source)
	return nil
}

// elsewhere returns a fault for a redirect to another scheme, host or port, which isn't
// the source that was named. From http to https on the same host is allowed.
func (g *Git) elsewhere(to string) error {
	a, err := url.Parse(g.sourceURL)
	if err != nil {
		return fault.Internal() // it was parsed before
	}
	b, err := url.Parse(to)
	upgraded := err == nil && a.Scheme == "http" && b.Scheme == "https" && strings.EqualFold(a.Hostname(), b.Hostname())
	if err == nil && to != "" && b.Opaque == "" && (upgraded || a.Scheme == b.Scheme && server.SameHost(a, b)) {
		return nil
	}
	where := "another address"
	if err == nil && b.Host != "" && g.options.Scrub(b.Host) == b.Host && !g.options.IsSecret(b.Host) {
		where = b.Scheme + "://" + b.Host
	}
	return fault.New(fault.SourceRedirected, "the source's server redirects git to "+where+", so nothing was changed",
		"if the repository has moved there, set source to its new address",
		"set source-token to a token for that server: the present one isn't sent there")
}
