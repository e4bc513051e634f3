package bitbucket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// proxyRefusal is the status of a proxy that didn't open a tunnel to Bitbucket.
type proxyRefusal int

func (r proxyRefusal) Error() string { return fmt.Sprintf("the proxy answered with status %d", int(r)) }

// refusedByProxy keeps the status of a proxy that refuses CONNECT. The error of net/http
// contains only the words of the answer.
func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return proxyRefusal(answer.StatusCode)
}

// unreachable explains a missing reply. It doesn't show the error itself, which contains
// the URL, and perhaps that of a proxy with its password.
func (c *Client) unreachable(ctx context.Context, err error) *fault.Fault {
	host := c.host()
	if cause, ok := errors.AsType[*fault.Fault](context.Cause(ctx)); ok {
		return cause // a signal
	}
	if status, ok := errors.AsType[proxyRefusal](err); ok {
		return status.fault(host)
	}
	if timeout, ok := errors.AsType[net.Error](err); ctx.Err() != nil || ok && timeout.Timeout() {
		return fault.New(fault.TimedOut, host+" didn't answer in time",
			"try again later, or set the input timeout to a longer time",
			"check that the runner can reach "+host+", directly or through its proxy")
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "proxyconnect" {
		return fault.New(fault.Unreachable, "the proxy on the way to "+host+" can't be reached",
			"check the address in HTTPS_PROXY",
			"to reach "+host+" without the proxy, add it to NO_PROXY")
	}
	if _, isDNS := errors.AsType[*net.DNSError](err); isDNS {
		return fault.New(fault.Unreachable, "the host name "+host+" can't be resolved",
			"check the network and DNS of the runner, and for a Data Center the input server-url")
	}
	if problem, ok := certificate.Find(err, c.roots); ok {
		setting := ""
		if c.options.Server.DataCenter {
			setting = "server-url"
		}
		return problem.Fault(fault.Certificate, host, setting, len(c.options.CA) > 0)
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return fault.New(fault.Unreachable, host+" answers without TLS, so https can't be used there",
			"set the input server-url to the address and the port that the browser shows with https")
	}
	return fault.New(fault.Unreachable, host+" can't be reached",
		"check that the runner can reach it, directly or through its proxy (HTTPS_PROXY, NO_PROXY)",
		"check status.bitbucket.org, or ask the administrator of the Data Center")
}

// fault explains a proxy's answer, which says nothing about the credential: the proxy
// doesn't see it.
func (r proxyRefusal) fault(host string) *fault.Fault {
	f := fault.Newf(fault.ProxyRefused, "the proxy answered %d instead of connecting to %s", int(r), host)
	if r == http.StatusProxyAuthRequired {
		f.What += ": it requires a login, or refuses the one it was sent"
		return f.Hint("put the proxy's user name and password into its address, percent-encoded: HTTPS_PROXY=http://user:password@proxy.example.com:3128")
	}
	return f.Hint("ask the administrator of the proxy to allow connections to "+host+" on port 443",
		"to reach "+host+" without the proxy, add it to NO_PROXY")
}

// Examine connects to a server without a login, and returns the problem with its
// certificate; ok is false if there is none, or none was found.
func (c *Client) Examine(ctx context.Context, address string) (p certificate.Problem, ok bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return certificate.Unclear, false
	}
	request.Header.Set("User-Agent", c.options.UserAgent)
	response, err := c.http.Do(request)
	if err != nil {
		return certificate.Find(err, c.roots)
	}
	response.Body.Close()
	return certificate.Unclear, false
}

// unexpected returns the fault for a reply that isn't Bitbucket's.
func (c *Client) unexpected(what string) *fault.Fault {
	return fault.New(fault.UnexpectedReply, "the reply of "+c.host()+" "+what,
		"check that nothing stands between the runner and Bitbucket, such as a login page of a proxy",
		"for a Data Center, check that server-url is its base URL, context path included")
}

// host returns the name of the server in messages.
func (c *Client) host() string { return cmp.Or(c.options.Name, c.options.Server.APIHost()) }
