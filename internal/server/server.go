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

// Server is an instance of Bitbucket: Cloud, a Data Center, or in tests a loopback
// server, which can be either.
type Server struct {
	// base is the URL of the web site, context path included: without a slash at its
	// end, user-info, query or fragment, or the scheme's default port; scheme and host
	// in lower case.
	base       url.URL
	DataCenter bool // its paths and its REST API are Data Center's, not Cloud's
	Loopback   bool
}

const (
	cloudHost = "bitbucket.org"
	apiHost   = "api." + cloudHost
)

// Cloud is Bitbucket Cloud.
var Cloud = Server{base: url.URL{Scheme: "https", Host: cloudHost}}

// AsCloud returns the server with the paths and the REST API of Bitbucket Cloud.
func (s Server) AsCloud() Server {
	s.DataCenter = false
	return s
}

// URL returns the base URL of the web site, without a slash at its end.
func (s Server) URL() string { return s.base.String() }

// Host returns the host, with its port unless that is the scheme's default.
func (s Server) Host() string { return s.base.Host }

// Hostname returns the host without a port, and without the brackets of IPv6.
func (s Server) Hostname() string { return s.base.Hostname() }

// ContextPath returns the path of the web site, without a slash at its end.
func (s Server) ContextPath() string { return s.base.Path }

// IsAt reports whether a URL is on this server's host and port. All loopback names and
// addresses count as the same host.
func (s Server) IsAt(u *url.URL) bool {
	return s.IsHost(u.Hostname()) && portOf(u) == portOf(&s.base)
}

// IsAPI reports whether a host's name is that of Cloud's REST API.
func (s Server) IsAPI(name string) bool {
	return s == Cloud && strings.EqualFold(name, apiHost)
}

// AltSSH returns Cloud's second host for ssh, for networks that block port 22
// (support.atlassian.com, "Use SSH over port 443"); empty for a Data Center.
func (s Server) AltSSH() string {
	if s.DataCenter {
		return ""
	}
	return "altssh." + s.Hostname()
}

// IsSSH reports whether an ssh address on a host and port, which may be empty, is
// on this server.
func (s Server) IsSSH(name, port string) bool {
	alternative := s.AltSSH() != "" && strings.EqualFold(name, s.AltSSH()) && (port == "" || port == AltSSHPort)
	return alternative || s.IsHost(name)
}

// AltSSHPort is the port that goes with [Server.AltSSH].
const AltSSHPort = "443"

// IsHost reports whether a name, without a port, is that of this server's host.
func (s Server) IsHost(name string) bool {
	return strings.EqualFold(name, s.Hostname()) || s.Loopback && IsLoopback(name)
}

// SameHost reports whether two URLs have the same host and port.
func SameHost(a, b *url.URL) bool {
	return strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

// portOf returns the port of a URL, or else its scheme's default.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"https": "443", "http": "80"}[u.Scheme]
}

// API returns the base URL of the REST API (Atlassian's OpenAPI documents).
func (s Server) API() string {
	switch {
	case s.DataCenter:
		return s.URL() + "/rest/api/latest"
	case s.Loopback:
		return s.URL() + "/2.0"
	}
	return "https://" + apiHost + "/2.0"
}

// APIHost returns the host of the REST API, with its port unless that is the scheme's
// default.
func (s Server) APIHost() string {
	if s.DataCenter || s.Loopback {
		return s.Host()
	}
	return apiHost
}

// TokenURL returns the address at which Cloud issues tokens to OAuth clients.
func (s Server) TokenURL() string {
	return s.URL() + "/site/oauth2/access_token"
}

// GitRoot returns the URL below which repositories are cloned.
func (s Server) GitRoot() string {
	if s.DataCenter {
		return s.URL() + "/scm"
	}
	return s.URL()
}

// Parse reads a base URL. A loopback server counts as a Data Center until the kind of
// credential says otherwise. The error is a [*fault.Fault]; it doesn't quote the text,
// which may contain a password. Only for the address of a page, a hint contains the base
// URL, and the server is returned too, so that the caller can look for a secret in it.
func Parse(address secret.Address) (Server, error) {
	const hint = "set server-url to the address that you see in the browser, such as https://bitbucket.example.com/context"
	if address.HasUserInfo() {
		return Server{}, fault.New(fault.ServerURL, "server-url contains a user name or a password",
			"remove everything before the @, and set identity and token instead",
			"if a password was stored there in the clear, revoke it")
	}
	u, err := url.Parse(address.Clean())
	if err != nil || u.Hostname() == "" || u.Opaque != "" || strings.ContainsAny(u.Hostname(), " \\%") {
		return Server{}, fault.New(fault.ServerURL, "server-url isn't a URL with a scheme and a host", hint)
	}
	host := strings.ToLower(u.Hostname())
	loopback := IsLoopback(host)
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback):
		return Server{}, fault.New(fault.ServerURL, "server-url isn't https, so the credential would travel in the clear",
			"set server-url to the https address; plain http is accepted for loopback addresses only")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return Server{}, fault.New(fault.ServerURL, "server-url has a query or a fragment", hint)
	}
	if IsSite(host) {
		return Server{}, fault.New(fault.ServerURL, "server-url is a site of Jira or Confluence, not Bitbucket", "leave out server-url for Bitbucket Cloud")
	}
	base := url.URL{Scheme: u.Scheme, Host: Bracketed(host)}
	if portOf(u) != portOf(&base) {
		base.Host += ":" + u.Port()
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	switch {
	case base.Host == cloudHost && path != "":
		return Server{}, fault.New(fault.ServerURL, "server-url is a page of Bitbucket Cloud, not its base URL",
			"leave out server-url for Bitbucket Cloud, and set repository to the page's address")
	case base.Host == cloudHost:
		return Cloud, nil
	case strings.HasSuffix("."+strings.TrimSuffix(host, "."), "."+cloudHost):
		return Server{}, fault.New(fault.ServerURL, "server-url is another host or port of Bitbucket Cloud",
			"leave out server-url for Bitbucket Cloud")
	}
	context, isPage := contextPath(path)
	if strings.Contains(context+"/", ".git/") {
		return Server{}, fault.New(fault.ServerURL, "server-url is the address of a repository, not the base URL",
			"set repository to this address, and server-url to the part of it that all repositories have in common")
	}
	if context != "" {
		base.Path = "/"
		base = *base.JoinPath(context)
	}
	s := Server{base: base, DataCenter: true, Loopback: loopback}
	if isPage {
		return s, fault.New(fault.ServerURL, "server-url is the address of a page, not the base URL", "set server-url to "+s.URL())
	}
	return s, nil
}

// pages lists the first segments of a Data Center's paths, below the context path:
// those of its pages, of git, and of the REST API.
var pages = []string{
	"projects", "users", "scm", "rest", "plugins", "dashboard", "login", "logout", "account", "admin", "profile", "getting-started", "mvc",
}

// contextPath returns the part of a path before that of a page, and whether it is that
// of a page.
func contextPath(path string) (context string, isPage bool) {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if slices.Contains(pages, segment) {
			return strings.Join(segments[:i], "/"), true
		}
	}
	return path, false
}

// IsSite reports whether a host's name, in any letter case, is that of an organization's
// Jira and Confluence, where there is no Bitbucket.
func IsSite(host string) bool {
	return strings.HasSuffix(strings.ToLower(host), ".atlassian.net")
}

// IsLoopback reports whether a host's name or address, in any letter case, is that of
// the loopback interface.
func IsLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// Bracketed returns a host as URLs contain it: IPv6 addresses in brackets.
func Bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
