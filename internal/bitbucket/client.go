// Package bitbucket calls Bitbucket's REST API: it checks a credential and
// its scopes, exchanges an OAuth client's secret for a token, and creates
// repositories. It also asks LFS servers about objects: Bitbucket's, and that of the
// mirror's source.
//
// A server may send the credential back, so a fault quotes nothing of a reply but the
// server's explanation, which Options.Quote makes safe to show. Replies are recognised,
// and reported in the program's own words.
package bitbucket

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repeat"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// maxReply limits a reply, in bytes. Bitbucket's have a few KiB.
const maxReply = 1 << 20

// Proxy returns the proxy for a request; nil means no proxy.
type Proxy func(*http.Request) (*url.URL, error)

// Options are the parameters of [New].
type Options struct {
	Server    server.Server
	CA        []byte // further CA certificates, PEM, at least one if any
	Proxy     Proxy
	UserAgent string
	// Quote makes a sentence of the server safe to show. If it is nil, none is shown.
	Quote func(sentence string) string
	// Name is the server's name in messages, if it isn't that of the REST API.
	Name string
	// Say shows a line in the log: why a request is repeated. It may be nil.
	Say func(line string)
}

// Client makes requests to one Bitbucket.
type Client struct {
	options Options
	http    *http.Client
	roots   *x509.CertPool // nil: the system's
}

// New makes a client.
func New(options Options) *Client {
	roots := certificates(options.CA)
	return &Client{options: options, roots: roots, http: &http.Client{
		Transport: &http.Transport{
			Proxy:                  options.Proxy,
			OnProxyConnectResponse: refusedByProxy,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		},
		// A redirect could send the credential to another server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// certificates returns the system's certificates and further ones, or nil for only the
// system's.
func certificates(further []byte) *x509.CertPool {
	if len(further) == 0 {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a machine without any
	}
	pool.AppendCertsFromPEM(further)
	return pool
}

// ask sends a request that changes nothing, and repeats it if it fails for a reason that
// passes by itself. A library for it (go-retryablehttp) would add 80 KB, and compile
// regular expressions in every run, even in runs that make no request.
func (c *Client) ask(request *http.Request, server string) (answer reply, err error) {
	repeat.Do(request.Context(), server, c.options.Say, func() repeat.Failure {
		if request.GetBody != nil {
			request.Body, _ = request.GetBody() // of bytes in memory, which can't fail
		}
		var reason string
		answer, reason, err = c.send(request)
		return repeat.Failure{Reason: reason, Asked: retryAfter(answer.header)}
	})
	return answer, err
}

// send sends a request once. If it fails for a reason that passes by itself, passing is
// that reason.
func (c *Client) send(request *http.Request) (answer reply, passing string, err error) {
	ctx := request.Context()
	response, err := c.http.Do(request)
	if err != nil {
		return reply{}, passingReason(ctx, err), c.unreachable(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	if err != nil {
		return reply{}, passingReason(ctx, err), c.unreachable(ctx, err)
	}
	if len(body) > maxReply {
		return reply{}, "", c.unexpected("is larger than 1 MiB")
	}
	// A 401 is never repeated, since Data Center locks accounts.
	return reply{response.StatusCode, response.Header, body}, repeat.Status(response.StatusCode), nil
}

// passingReason returns the reason for a missing reply, if it passes by itself: a proxy
// that failed, or a connection that was cut. Otherwise it returns "", even for a
// connection that was never made.
func passingReason(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return ""
	}
	if status, ok := errors.AsType[proxyRefusal](err); ok {
		return repeat.Status(int(status))
	}
	failed, ok := errors.AsType[*net.OpError](err)
	if ok && (failed.Op == "read" || failed.Op == "write") || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return repeat.Cut
	}
	return ""
}

// retryAfter returns the time to wait by the header Retry-After, which contains seconds
// or a date (RFC 9110, section 10.2.3); 0 without it. Cloud doesn't send it.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	date, _ := http.ParseTime(text) // otherwise the year 1
	return max(0, time.Until(date))
}

// reply is Bitbucket's answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// get makes a GET request to the REST API with the credential.
func (c *Client) get(ctx context.Context, address string, cred credential.Credential) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return reply{}, fault.Internal()
	}
	c.setHeaders(request.Header, cred.Authorization(), "application/json")
	return c.ask(request, c.host())
}

// sendJSON sends a change to the REST API, once.
func (c *Client) sendJSON(ctx context.Context, method, address string, value any, cred credential.Credential) (reply, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return reply{}, fault.Internal()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return reply{}, fault.Internal()
	}
	c.setHeaders(request.Header, cred.Authorization(), "application/json")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Atlassian-Token", "no-check") // without it, Data Center rejects changes as forged (XSRF)
	answer, _, err := c.send(request)
	return answer, err
}

func (c *Client) setHeaders(header http.Header, authorization secret.String, accept string) {
	if !authorization.IsEmpty() {
		header.Set("Authorization", authorization.Reveal())
	}
	header.Set("Accept", accept)
	header.Set("User-Agent", c.options.UserAgent)
}
