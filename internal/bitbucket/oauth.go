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

// maxLifetime is the longest lifetime of an access token that is believed, in
// seconds: a year.
const maxLifetime = 365 * 24 * 60 * 60

// Minted is the access token that an OAuth consumer was given.
type Minted struct {
	Token     secret.String
	Scopes    []string
	ExpiresAt time.Time // zero where the reply doesn't say
}

// Mint trades a consumer's key and secret for an access token (RFC 6749
// section 4.4), in one request that is never repeated. The error is a
// [*fault.Fault].
func (c *Client) Mint(ctx context.Context, key string, consumerSecret secret.String, now time.Time) (Minted, error) {
	config := clientcredentials.Config{
		ClientID:     key,
		ClientSecret: consumerSecret.Reveal(),
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
	// Bitbucket's field is scopes; RFC 6749's is scope.
	for _, field := range []string{"scopes", "scope"} {
		if list, ok := token.Extra(field).(string); ok && minted.Scopes == nil {
			minted.Scopes = scopesIn(list)
		}
	}
	// As the reply tells it: documents and captures disagree on how long.
	if seconds, ok := token.Extra("expires_in").(float64); ok && seconds > 0 && seconds < maxLifetime {
		minted.ExpiresAt = now.Add(time.Duration(seconds) * time.Second)
	}
	return minted, nil
}

// mintFault translates what went wrong. The library's errors hold the reply's
// body, so they are not told.
func (c *Client) mintFault(ctx context.Context, err error) *fault.Fault {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if ctx.Err() == nil && strings.HasPrefix(err.Error(), "oauth2: ") {
			return c.unexpected("is no OAuth token")
		}
		return c.unreachable(ctx, err)
	}
	const consumers = "Workspace settings → OAuth consumers"
	switch status := refused.Response.StatusCode; {
	case refused.ErrorCode == "invalid_grant", refused.ErrorCode == "unsupported_grant_type":
		return fault.New(fault.ConsumerGrant, "Bitbucket doesn't give this OAuth consumer a token of its own",
			"tick \"This is a private consumer\" and set a callback URL: "+consumers)
	case refused.ErrorCode == "invalid_scope", refused.ErrorCode == "invalid_request":
		return fault.New(fault.ConsumerGrant, "Bitbucket takes the request for a token for a wrong one",
			"check the permissions that the OAuth consumer was given: "+consumers)
	// Bitbucket says unauthorized_client of a wrong key or secret; the RFC's word
	// for that is invalid_client.
	case refused.ErrorCode == "unauthorized_client", refused.ErrorCode == "invalid_client", status == http.StatusUnauthorized, status == http.StatusBadRequest:
		return fault.New(fault.ConsumerRefused, "Bitbucket refuses the OAuth consumer: key and secret don't belong together, or it was removed",
			"set identity to the consumer's key and token to its secret, not the other way round: "+consumers,
			"check that it is a private consumer with a callback URL")
	default:
		_, f := c.judge(reply{status: status}, credential.OAuthConsumer, aUser)
		if f == nil {
			return c.unexpected("is no OAuth token")
		}
		return f
	}
}

// withUserAgent says who asks.
type withUserAgent struct {
	next      http.RoundTripper
	userAgent string
}

func (t withUserAgent) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("User-Agent", t.userAgent)
	return t.next.RoundTrip(request)
}
