package credential

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// User names that Bitbucket fixes for git over HTTPS, whoever owns the token
// (support.atlassian.com, "Using API tokens" and "Using access tokens").
const (
	APITokenUser    = "x-bitbucket-api-token-auth"
	AccessTokenUser = "x-token-auth"
)

// checkIdentity applies the rules for an identity of any kind.
func checkIdentity(identity string) error {
	switch {
	case !secret.OneLine(identity):
		return fault.New(fault.IdentityCharacter, "the identity contains a character that can't be printed",
			"type the identity, on one line, instead of pasting it")
	case strings.Contains(identity, ":"):
		return fault.New(fault.IdentityColon, "the identity contains a colon, which ends the user name in HTTP Basic authentication (RFC 7617)",
			"set identity to the part before the colon, and token to the token alone")
	case strings.Contains(identity, "${{"):
		return fault.New(fault.TokenUnexpanded, "the identity is a reference that wasn't expanded",
			"in a GitHub workflow write: identity: ${{ secrets.YOUR_SECRET }} or ${{ vars.YOUR_VARIABLE }}")
	case isTokenShaped(identity):
		return fault.New(fault.IdentityIsToken, "the identity looks like a token",
			"are token and identity swapped?",
			revokeIdentity)
	}
	return nil
}

// revokeIdentity is what to do if token and identity were swapped.
const revokeIdentity = "if the token was ever stored as the identity in a variable that isn't secret, revoke it and make a new one"

// identify sets the user names that go with the token; REST and git may want
// different ones.
func (c *Credential) identify(identity string) ([]fault.Remark, error) {
	switch c.Kind {
	case APIToken:
		if identity == "" {
			return nil, fault.New(fault.IdentityMissing, "the identity is empty, but an API token needs one",
				"set identity to the e-mail address of the Atlassian account that made the token")
		}
		if !strings.Contains(identity, "@") {
			return nil, fault.New(fault.IdentityNotEmail, "the identity has no @, but an API token goes with an e-mail address",
				"set identity to the e-mail address of the Atlassian account, not to the Bitbucket username",
				"Bitbucket shows it under Personal settings → Email aliases")
		}
		c.Identity, c.GitUsername = identity, APITokenUser

	case AccessToken:
		c.Identity, c.GitUsername = AccessTokenUser, AccessTokenUser
		if identity != "" && identity != AccessTokenUser {
			return []fault.Remark{fault.Noticef("the identity isn't used: Bitbucket expects %s with an access token", AccessTokenUser)}, nil
		}

	case AppPassword:
		if identity == "" {
			return nil, fault.New(fault.IdentityMissing, "the identity is empty, but an app password needs one",
				"set identity to the Bitbucket username, which is shown under Personal settings → Account settings")
		}
		c.Identity, c.GitUsername = identity, identity
		return []fault.Remark{fault.Warn(appPassword(identity))}, nil

	case OAuthConsumer:
		if identity == "" {
			return nil, fault.New(fault.IdentityMissing, "the identity is empty, but an OAuth client (consumer) needs one",
				"set identity to the client ID (key), and token to the client secret",
				"Bitbucket shows both under Workspace settings → Apps and features → OAuth clients (formerly OAuth consumers)")
		}
		c.Identity = identity

	case HTTPAccessToken:
		c.Identity, c.GitUsername = identity, identity
		if identity == "" {
			c.Identity = AccessTokenUser
		}
	}
	return nil, nil
}

// appPassword says that app passwords are gone. One never went with an e-mail
// address; the API token that replaces it does.
func appPassword(identity string) *fault.Fault {
	f := fault.New(fault.AppPassword,
		"Bitbucket Cloud removed app passwords on 2026-07-28 (CHANGE-3222): later steps will be refused with 401 or 410")
	if strings.Contains(identity, "@") {
		f = f.Hint("make an API token with scopes instead: it goes with the e-mail address that identity is set to")
	} else {
		f = f.Hint("make an API token with scopes instead, and set identity to the e-mail address of its Atlassian account")
	}
	return f.Hint("for a single repository, make a repository access token: it needs no identity")
}
