package bitbucket

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// maxLifetime is the longest plausible lifetime of an access token in seconds:
// a year.
const maxLifetime = 365 * 24 * 60 * 60

// Minted is an access token of an OAuth client, which Bitbucket called an OAuth
// consumer until mid 2026.
type Minted struct {
	Token     secret.String
	Scopes    []string
	ExpiresAt time.Time // zero where the reply doesn't say
}

// Mint exchanges an OAuth client's id and secret for an access token (RFC 6749,
// section 4.4), in one request that is never repeated. The error is a
// [*fault.Fault].
func (c *Client) Mint(ctx context.Context, id string, clientSecret secret.String, now time.Time) (Minted, error) {
	config := clientcredentials.Config{
		ClientID:     id,
		ClientSecret: clientSecret.Reveal(),
		TokenURL:     c.options.Server.TokenURL(),
		// Otherwise a failed login is sent once more, with the secret in the body.
		AuthStyle: oauth2.AuthStyleInHeader,
	}
	httpClient := *c.http
	httpClient.Transport = withUserAgent{c.http.Transport, c.options.UserAgent}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, &httpClient))
	if err != nil {
		return Minted{}, c.mintFault(ctx, err)
	}
	text := secret.New(token.AccessToken)
	if credential.CheckMinted(text) != nil {
		return Minted{}, c.unexpected("holds no access token")
	}
	minted := Minted{Token: text}
	// The field of RFC 6749, and the one that Bitbucket sent until May 2026.
	for _, field := range []string{"scope", "scopes"} {
		if list, ok := token.Extra(field).(string); ok && minted.Scopes == nil {
			minted.Scopes = scopesIn(list)
		}
	}
	// As the reply says: documents and published replies disagree.
	if seconds, ok := token.Extra("expires_in").(float64); ok && seconds > 0 && seconds < maxLifetime {
		minted.ExpiresAt = now.Add(time.Duration(seconds) * time.Second)
	}
	return minted, nil
}

// mintFault explains a failure. The library's errors hold the reply's body, so
// they aren't shown.
func (c *Client) mintFault(ctx context.Context, err error) *fault.Fault {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if ctx.Err() == nil && strings.HasPrefix(err.Error(), "oauth2: ") {
			return c.unexpected("isn't an OAuth token")
		}
		return c.unreachable(ctx, err)
	}
	switch status := refused.Response.StatusCode; {
	case refused.ErrorCode == "invalid_grant", refused.ErrorCode == "unsupported_grant_type":
		return fault.New(fault.ConsumerGrant, "Bitbucket doesn't let this OAuth client have a token of its own",
			"mark it as private (\"This is a private consumer\"), and set a callback URL: "+oauthClients)
	case refused.ErrorCode == "invalid_scope", refused.ErrorCode == "invalid_request":
		return fault.New(fault.ConsumerGrant, "Bitbucket doesn't accept this OAuth client's request for a token",
			"check the scopes of the OAuth client: "+oauthClients)
	// Bitbucket's code for a wrong id or secret is unauthorized_client; that of
	// the RFC is invalid_client.
	case refused.ErrorCode == "unauthorized_client", refused.ErrorCode == "invalid_client", status == http.StatusUnauthorized, status == http.StatusBadRequest:
		return fault.New(fault.ConsumerRefused, "Bitbucket refuses the OAuth client: its id and secret don't belong together, or it was removed",
			"set identity to the client id (key) and token to its secret, not the other way round: "+oauthClients,
			"check that it is marked as private, and has a callback URL")
	default:
		_, f := c.judge(reply{status: status}, credential.OAuthConsumer, aUser)
		if f == nil {
			return c.unexpected("isn't an OAuth token")
		}
		return f
	}
}

// withUserAgent sets the header User-Agent, which x/oauth2 doesn't.
type withUserAgent struct {
	next      http.RoundTripper
	userAgent string
}

func (t withUserAgent) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("User-Agent", t.userAgent)
	return t.next.RoundTrip(request)
}
