package input

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

const cloudHost = "bitbucket.org"

// Server is the Bitbucket that server-url names.
type Server struct {
	// URL is the base of the web site, context path included, without a slash
	// at its end, user-info, query or fragment; scheme and host in lower case.
	URL  string
	Sort credential.Server
}

// server understands server-url. No error of the URL parser is told, since it
// quotes its input.
func (p *parser) server(given secret.String) Server {
	const hint = "set server-url to the address that you see in the browser, such as https://bitbucket.example.com/context"
	u, err := url.Parse(strings.TrimSpace(given.Reveal()))
	if err != nil || u.Hostname() == "" || u.Opaque != "" || strings.ContainsAny(u.Hostname(), " \\%") {
		p.fail(fault.New(fault.ServerURL, "server-url is no URL with a scheme and a host", hint))
		return Server{}
	}
	host := strings.ToLower(u.Hostname())
	loopback := isLoopback(host)
	switch {
	case u.User != nil:
		p.fail(fault.New(fault.ServerURL, "server-url holds a user name or a password",
			"take out everything before the @, and give it as identity and token",
			"if a password was stored there in the clear, revoke it"))
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback):
		p.fail(fault.New(fault.ServerURL, "server-url isn't https, so the credential would travel in the clear",
			"set server-url to the https address; plain http is taken for loopback addresses alone"))
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		p.fail(fault.New(fault.ServerURL, "server-url has a query or a fragment", hint))
	}
	if port := u.Port(); port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		u.Host = bracketed(host)
	} else {
		u.Host = bracketed(host) + ":" + port
	}
	server := Server{
		URL:  u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"),
		Sort: credential.DataCenter,
	}
	switch {
	case loopback:
		server.Sort = credential.Loopback
	case u.Host == cloudHost:
		server.Sort = credential.Cloud
		if u.Path != "" && u.Path != "/" {
			p.fail(fault.New(fault.ServerURL, "server-url is a page of Bitbucket Cloud, not its base",
				"leave out server-url for Bitbucket Cloud, and give the page as repository"))
		}
	case strings.HasSuffix("."+strings.TrimSuffix(host, "."), "."+cloudHost):
		p.fail(fault.New(fault.ServerURL, "server-url is another host or port of Bitbucket Cloud",
			"leave out server-url for Bitbucket Cloud"))
	}
	return server
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// bracketed is a host as it stands in a URL: IPv6 addresses in brackets.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
