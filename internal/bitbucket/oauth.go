package bitbucket

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

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
	ExpiresAt time.Time // zero if the reply doesn't say
}

// Mint exchanges an OAuth client's id and secret for an access token (RFC 6749,
// section 4.4), in one request that is never repeated. The error is a
// [*fault.Fault].
func (c *Client) Mint(ctx context.Context, id string, clientSecret secret.String, now time.Time) (Minted, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.options.Server.TokenURL(), strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		return Minted{}, fault.Internal()
	}
	// Both are encoded as form values (section 2.3.1).
	request.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(clientSecret.Reveal()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.setHeaders(request.Header, secret.String{}, "application/json")
	answer, _, err := c.send(request)
	if err != nil {
		return Minted{}, err
	}

	var fields map[string]any
	_ = json.Unmarshal(answer.body, &fields) // without fields there is no token
	errorCode, _ := fields["error"].(string)
	if answer.status != http.StatusOK || errorCode != "" {
		return Minted{}, c.quoting(c.mintFault(answer, errorCode), answer)
	}
	token, _ := fields["access_token"].(string)
	switch {
	case len(token) > credential.MaxToken:
		return Minted{}, c.unexpected("holds an access token of more than 64 KiB")
	case credential.CheckMinted(secret.New(token)) != nil:
		return Minted{}, c.unexpected("holds no access token")
	}
	minted := Minted{Token: secret.New(token)}
	// The field of RFC 6749, and the one that Bitbucket sent until May 2026.
	for _, field := range []string{"scope", "scopes"} {
		if list, _ := fields[field].(string); minted.Scopes == nil {
			minted.Scopes = scopesIn(list)
		}
	}
	// As the reply says: documents and published replies disagree.
	if seconds, ok := fields["expires_in"].(float64); ok && seconds > 0 && seconds < maxLifetime {
		minted.ExpiresAt = now.Add(time.Duration(seconds) * time.Second)
	}
	return minted, nil
}

// mintFault explains a refusal by its error code (RFC 6749, section 5.2), or else by its
// status.
func (c *Client) mintFault(answer reply, errorCode string) *fault.Fault {
	switch {
	case errorCode == "invalid_grant", errorCode == "unsupported_grant_type":
		return fault.New(fault.ConsumerGrant, "Bitbucket doesn't issue tokens to this OAuth client",
			"mark it as private (\"This is a private consumer\"), and set a callback URL: "+credential.OAuthConsumer.Traits().WhereToMake)
	case errorCode == "invalid_scope", errorCode == "invalid_request":
		return fault.New(fault.ConsumerGrant, "Bitbucket doesn't accept this OAuth client's request for a token",
			"check the scopes of the OAuth client: "+credential.OAuthConsumer.Traits().WhereToMake)
	// Bitbucket's code for a wrong id or secret is unauthorized_client; that of
	// the RFC is invalid_client.
	case errorCode == "unauthorized_client", errorCode == "invalid_client",
		answer.status == http.StatusUnauthorized, answer.status == http.StatusBadRequest:
		return fault.New(fault.ConsumerRefused, "Bitbucket refuses the OAuth client: its id and secret don't belong together, or it was removed",
			"set identity to the client id (key) and token to its secret, not the other way round: "+credential.OAuthConsumer.Traits().WhereToMake,
			"check that it is marked as private, and has a callback URL")
	}
	if _, f := c.judge(answer, credential.OAuthConsumer, aUser); f != nil {
		return f
	}
	return c.unexpected("isn't an OAuth token")
}
