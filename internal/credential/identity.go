package credential

import (
	"cmp"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
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
	case strings.HasPrefix(strings.ToLower(identity), "mailto:"):
		return fault.New(fault.IdentityColon, "the identity is a link to an e-mail address, not the address",
			"remove mailto: from the identity")
	case strings.Contains(identity, ":") && !isAccountID(identity):
		return colonFault()
	case strings.Contains(identity, "${{"):
		return fault.New(fault.TokenUnexpanded, "the identity is a reference that wasn't expanded",
			"set identity to the value itself, or to nothing but the reference")
	case isTokenShaped(identity):
		return fault.New(fault.IdentityIsToken, "the identity looks like a token",
			"are token and identity swapped?",
			revokeIdentity)
	}
	return nil
}

func colonFault() *fault.Fault {
	return fault.New(fault.IdentityColon, "the identity contains a colon, which ends the user name in HTTP Basic authentication (RFC 7617)",
		"set identity to the part before the colon, and token to the token alone")
}

// isAccountID reports whether text is the ID of an Atlassian account: a number, a
// colon and a UUID (557058:…), 24 hexadecimal digits, or a UUID, which Bitbucket
// writes in braces.
func isAccountID(text string) bool {
	number, id, found := strings.Cut(text, ":")
	if !found {
		id = strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
	} else if number == "" || !charset.ContainsOnly(number, charset.Digits) {
		return false
	}
	isUUID := len(id) == 36 && strings.Count(id, "-") == 4 && charset.ContainsOnly(id, charset.Hex+"-")
	return isUUID || len(id) == 24 && charset.ContainsOnly(id, charset.Hex)
}

// revokeIdentity is a hint for a token and an identity that were swapped.
const revokeIdentity = "if the token was ever stored as the identity in a variable that isn't secret, revoke it and make a new one"

// identify sets the user names that go with the token; REST and git may want
// different ones.
func (c *Credential) identify(identity string, gitOnly bool) ([]fault.Remark, error) {
	t := c.Kind.Traits()
	switch {
	case gitOnly && t.Email:
		// Git sends a fixed user name, so the identity isn't looked at.
		c.Identity, c.GitUsername = t.GitUser, t.GitUser
		return nil, nil
	case identity == "" && len(t.IdentityHints) > 0:
		return nil, fault.New(fault.IdentityMissing, "the identity is empty, but "+t.Title+" needs one", t.IdentityHints...)
	case t.Email && strings.ContainsAny(identity, "<> "):
		return nil, fault.New(fault.IdentityNotEmail, "the identity contains more than an e-mail address, which "+t.Title+" goes with",
			"set identity to the e-mail address alone, without a name and without < and >")
	case t.Email && strings.Contains(identity, "%40"):
		return nil, fault.New(fault.IdentityNotEmail, "the identity is a percent-encoded e-mail address, as in a URL",
			"in identity, write @ instead of %40")
	case t.Email && !strings.Contains(identity, "@"):
		return nil, fault.New(fault.IdentityNotEmail, "the identity has no @, but "+t.Title+" goes with an e-mail address",
			"set identity to the e-mail address of the Atlassian account, not to the Bitbucket username",
			"Bitbucket shows it under Personal settings → Email aliases")
	}
	if t.User == "" && strings.Contains(identity, ":") {
		return nil, colonFault()
	}
	c.Identity = cmp.Or(t.User, identity, AccessTokenUser)
	c.GitUsername = cmp.Or(t.GitUser, identity)
	switch {
	case t.User != "" && identity != "" && identity != t.User:
		return []fault.Remark{fault.Noticef("the identity isn't used: Bitbucket expects %s with %s", t.User, t.Title)}, nil
	case t.Removed:
		return []fault.Remark{fault.Warn(appPassword(identity))}, nil
	}
	return nil, nil
}

// appPassword returns the warning that app passwords were removed. An app password
// went with a username; the API token that replaces it goes with an e-mail address.
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
