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
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/certificate"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Limits of a request.
const (
	maxReply = 1 << 20 // bytes; Bitbucket's replies have a few KiB
	retries  = 2       // after the first try
)

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
}

// Client makes requests to one Bitbucket.
type Client struct {
	options Options
	http    *http.Client
	roots   *x509.CertPool // nil: the system's
	// Between two tries: the first wait, and the longest, whatever Retry-After says.
	firstWait, longestWait time.Duration
}

// New makes a client.
func New(options Options) *Client {
	roots := certificates(options.CA)
	return &Client{options: options, roots: roots, firstWait: 500 * time.Millisecond, longestWait: 5 * time.Second, http: &http.Client{
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

// repeat sends a request that may be sent again, and returns the last response.
// A library for it (go-retryablehttp) would add 80 KB, and compile regular
// expressions in every run, even in runs that make no request.
func (c *Client) repeat(request *http.Request) (*http.Response, error) {
	for try := 0; ; try++ {
		if request.GetBody != nil {
			request.Body, _ = request.GetBody() // of bytes in memory, which can't fail
		}
		response, err := c.http.Do(request)
		if try == retries || !mayRetry(request.Context(), response, err) {
			return response, err
		}
		wait := c.firstWait << try
		if err == nil {
			wait = cmp.Or(retryAfter(response.Header), wait)
			response.Body.Close()
		}
		select {
		case <-request.Context().Done():
			return nil, request.Context().Err()
		case <-time.After(min(wait, c.longestWait)):
		}
	}
}

// mayRetry reports whether another try makes sense: after 429, 5xx and a broken
// connection, but never after a 401, since Data Center locks accounts.
func mayRetry(ctx context.Context, response *http.Response, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if status, ok := errors.AsType[proxyRefusal](err); ok {
		return status >= http.StatusInternalServerError
	}
	if err != nil {
		_, mismatch := certificate.Find(err, nil)
		return !mismatch
	}
	return response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
}

// retryAfter returns the time to wait by the header Retry-After, which contains seconds
// or a date (RFC 9110, section 10.2.3); 0 without it. Cloud doesn't send it.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 16); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(date))
	}
	return 0
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
	response, err := c.repeat(request)
	return c.read(ctx, response, err)
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
	response, err := c.http.Do(request)
	return c.read(ctx, response, err)
}

func (c *Client) setHeaders(header http.Header, authorization secret.String, accept string) {
	if !authorization.IsEmpty() {
		header.Set("Authorization", authorization.Reveal())
	}
	header.Set("Accept", accept)
	header.Set("User-Agent", c.options.UserAgent)
}

// read reads a response to its end, if it has one.
func (c *Client) read(ctx context.Context, response *http.Response, err error) (reply, error) {
	if err != nil {
		return reply{}, c.unreachable(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	if err != nil {
		return reply{}, c.unreachable(ctx, err)
	}
	if len(body) > maxReply {
		return reply{}, c.unexpected("is larger than 1 MiB")
	}
	return reply{response.StatusCode, response.Header, body}, nil
}
