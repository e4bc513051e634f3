// Package server identifies the Bitbucket instance in use, and its addresses.
package server

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Server is a Bitbucket: Cloud, somebody's Data Center, or a server on this
// machine, where tests play either.
type Server struct {
	// URL is the base of the web site, context path included, without a slash
	// at its end, user-info, query or fragment; scheme and host in lower case.
	URL        string
	DataCenter bool // its paths and its REST API are Data Center's, not Cloud's
	Loopback   bool
}

const cloudHost = "bitbucket.org"

// Cloud is Bitbucket Cloud.
var Cloud = Server{URL: "https://" + cloudHost}

// API is the base URL of the REST API (Atlassian's OpenAPI documents).
func (s Server) API() string {
	switch {
	case s.DataCenter:
		return s.URL + "/rest/api/latest"
	case s.Loopback:
		return s.URL + "/2.0"
	}
	return "https://api." + cloudHost + "/2.0"
}

// TokenURL is where Cloud issues tokens to OAuth clients.
func (s Server) TokenURL() string {
	return s.URL + "/site/oauth2/access_token"
}

// GitRoot is the URL below which repositories are cloned.
func (s Server) GitRoot() string {
	if s.DataCenter {
		return s.URL + "/scm"
	}
	return s.URL
}

// Parse reads a base URL. A server on this machine counts as a Data Center
// until the kind of credential says otherwise. The error is a [*fault.Fault];
// it doesn't quote the text, in which there may be a password.
func Parse(text secret.String) (Server, error) {
	const hint = "set server-url to the address that you see in the browser, such as https://bitbucket.example.com/context"
	u, err := url.Parse(strings.TrimSpace(text.Reveal()))
	if err != nil || u.Hostname() == "" || u.Opaque != "" || strings.ContainsAny(u.Hostname(), " \\%") {
		return Server{}, fault.New(fault.ServerURL, "server-url isn't a URL with a scheme and a host", hint)
	}
	host := strings.ToLower(u.Hostname())
	loopback := isLoopback(host)
	switch {
	case u.User != nil:
		return Server{}, fault.New(fault.ServerURL, "server-url contains a user name or a password",
			"remove everything before the @, and set identity and token instead",
			"if a password was stored there in the clear, revoke it")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback):
		return Server{}, fault.New(fault.ServerURL, "server-url isn't https, so the credential would travel in the clear",
			"set server-url to the https address; plain http is accepted for loopback addresses only")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return Server{}, fault.New(fault.ServerURL, "server-url has a query or a fragment", hint)
	}
	if port := u.Port(); port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		u.Host = bracketed(host)
	} else {
		u.Host = bracketed(host) + ":" + port
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	switch {
	case u.Host == cloudHost && path != "":
		return Server{}, fault.New(fault.ServerURL, "server-url is a page of Bitbucket Cloud, not its base URL",
			"leave out server-url for Bitbucket Cloud, and set repository to the page's address")
	case u.Host == cloudHost:
		return Cloud, nil
	case strings.HasSuffix("."+strings.TrimSuffix(host, "."), "."+cloudHost):
		return Server{}, fault.New(fault.ServerURL, "server-url is another host or port of Bitbucket Cloud",
			"leave out server-url for Bitbucket Cloud")
	}
	s := Server{URL: u.Scheme + "://" + u.Host, DataCenter: true, Loopback: loopback}
	context, isPage := contextPath(path)
	s.URL += context
	if isPage {
		return s, fault.New(fault.ServerURL, "server-url is the address of a page, not the base URL", "set server-url to "+s.URL)
	}
	return s, nil
}

// pages are how the paths of a Data Center's pages begin, below the context path.
var pages = []string{"projects", "users", "scm", "rest", "plugins", "dashboard", "login"}

// contextPath returns the part of a path before a page's, and whether there is a
// page's. A path of /scm alone is a context path: there is no such page.
func contextPath(path string) (context string, isPage bool) {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if slices.Contains(pages, segment) && path != "/scm" {
			return strings.Join(segments[:i], "/"), true
		}
	}
	return path, false
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// bracketed is a host as a URL has it: IPv6 addresses in brackets.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
