package bitbucket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// unreachable is why no reply came. The error itself is not told: it holds the
// URL, and through a proxy perhaps its password.
func (c *Client) unreachable(ctx context.Context, err error) *fault.Fault {
	host := c.host()
	if cause, ok := errors.AsType[*fault.Fault](context.Cause(ctx)); ok {
		return cause // a signal
	}
	if _, isDNS := errors.AsType[*net.DNSError](err); isDNS {
		return fault.New(fault.Unreachable, host+" can't be found by its name",
			"check the network and DNS of the runner, and for a Data Center the input server-url")
	}
	if timeout, ok := errors.AsType[net.Error](err); ctx.Err() != nil || ok && timeout.Timeout() {
		return fault.New(fault.TimedOut, host+" didn't answer in time",
			"try again later, or set the input timeout to more than it is",
			"check that the runner may reach "+host+", directly or through its proxy")
	}
	if isCertificateError(err) {
		return fault.New(fault.Certificate, "the certificate of "+host+" isn't trusted",
			"set the input ca-certificate to the certificate of the CA that signed it",
			"check that server-url has the name that the certificate was made for")
	}
	return fault.New(fault.Unreachable, host+" can't be reached",
		"check that the runner may reach it, directly or through its proxy (HTTPS_PROXY, NO_PROXY)",
		"check status.bitbucket.org, or ask who runs the Data Center")
}

// isCertificateError tells a failure that another try won't mend.
func isCertificateError(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	return verification || unknown
}

// unexpected is a reply that isn't Bitbucket's.
func (c *Client) unexpected(what string) *fault.Fault {
	return fault.New(fault.UnexpectedReply, "the reply of "+c.host()+" "+what,
		"check that nothing stands between the runner and Bitbucket, such as a login page of a proxy",
		"for a Data Center, check that server-url is its base URL, context path included")
}

// host is who is asked, for messages.
func (c *Client) host() string {
	u, err := url.Parse(c.options.Server.API())
	if err != nil {
		return "Bitbucket"
	}
	return u.Host
}
