// Package credential knows the kinds of Bitbucket credential: how each is
// recognised, checked and encoded, and which user name goes with it where.
//
// Sources: Atlassian's OpenAPI document of Bitbucket Cloud (its authentication
// narrative), support.atlassian.com "Using API tokens" and "Using access
// tokens", and Data Center's "HTTP access tokens".
package credential

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Given is what the user says of a credential. Token and Identity are clean
// (see [Clean]); an empty Kind is to be recognised.
type Given struct {
	Token    secret.String
	Identity string
	Kind     Kind
	Server   server.Server
}

// Credential is a credential whose kind is known.
type Credential struct {
	Kind  Kind
	By    string // what it was recognised by
	Token secret.String

	// Server is where it is used.
	Server server.Server
	// Identity stands before the colon in the encoded credential.
	Identity string
	// GitUsername is the user name that git needs, or empty where git needs the
	// Bearer header instead.
	GitUsername string
}

// New recognises a credential and checks everything that can be checked
// without a network, in the order of what helps most: what is wrong with the
// token's text, which kind it is, where it may go, whose it is. The error is a
// [*fault.Fault]; the remarks hold either way.
func New(given Given) (Credential, []fault.Remark, error) {
	token := given.Token.Reveal()
	if err := checkToken(token); err != nil {
		return Credential{}, nil, err
	}
	if err := checkIdentity(given.Identity); err != nil {
		return Credential{}, nil, err
	}
	kind, by := recognise(given)
	if kind != HTTPAccessToken {
		if err := checkEncoded(token); err != nil {
			return Credential{}, nil, err
		}
	}
	if kind == "" {
		return Credential{}, nil, fault.New(fault.KindUndecided, "nothing tells which kind of token this is",
			"set the input kind to one of "+join(Kinds),
			"or give an identity: an e-mail address for an API token, a username for an app password")
	}
	if err := checkServer(kind, token, given.Server); err != nil {
		return Credential{}, nil, err
	}

	c := Credential{Kind: kind, By: by, Token: given.Token, Server: kind.serverFor(given.Server)}
	remarks := []fault.Remark{fault.Noticef("using the token as %s (kind %s, recognised by %s)", kind.Title(), kind, by)}
	remarks = append(remarks, checkShape(kind, token)...)
	more, err := c.identify(given.Identity)
	return c, append(remarks, more...), err
}

// recognise decides the kind, and names what decided: an explicit kind, since
// the prefixes are not documented by Atlassian; the prefix; a server that
// isn't Cloud's; the shape of the identity. An undecided kind is empty.
func recognise(given Given) (kind Kind, by string) {
	if given.Kind != "" {
		return given.Kind, "the input kind"
	}
	if kind, prefix, ok := kindByPrefix(given.Token.Reveal()); ok {
		return kind, "its prefix " + prefix
	}
	switch {
	case given.Server.DataCenter:
		return HTTPAccessToken, "the input server-url, which isn't Bitbucket Cloud's"
	case strings.Contains(given.Identity, "@"):
		return APIToken, "the identity, an e-mail address"
	case given.Identity != "":
		return AppPassword, "the identity, a username"
	}
	return "", ""
}

// checkServer keeps a credential on the servers that it belongs to.
func checkServer(kind Kind, token string, named server.Server) error {
	byPrefix, _, known := kindByPrefix(token)
	switch {
	case named.Loopback:
		return nil
	case kind == HTTPAccessToken && !named.DataCenter:
		return fault.New(fault.WrongServer, "an HTTP access token belongs to Bitbucket Data Center, but server-url is Bitbucket Cloud's",
			"set the input server-url to the address of your Data Center, its context path included",
			"for a token of Bitbucket Cloud, set the input kind to "+join([]Kind{APIToken, AccessToken}))
	case named.DataCenter && (kind.OnCloud() || known && byPrefix.OnCloud()):
		return fault.New(fault.WrongServer, "a credential of Bitbucket Cloud is not sent to another server, and server-url names one",
			"leave out the input server-url for Bitbucket Cloud",
			"for Data Center, make an HTTP access token there")
	}
	return nil
}

// identify decides the user names that go with the token, of which REST and
// git may want different ones.
func (c *Credential) identify(identity string) ([]fault.Remark, error) {
	switch c.Kind {
	case APIToken:
		if identity == "" {
			return nil, fault.New(fault.IdentityMissing, "the identity is empty, and an API token needs one",
				"set the input identity to the e-mail address of the Atlassian account that made the token")
		}
		if !strings.Contains(identity, "@") {
			return nil, fault.New(fault.IdentityNotEmail, "the identity has no @, and an API token goes with an e-mail address",
				"set the input identity to the e-mail address of the Atlassian account, not to the Bitbucket username",
				"Bitbucket shows it under Personal settings → Email aliases")
		}
		c.Identity, c.GitUsername = identity, APITokenUser

	case AccessToken:
		c.Identity, c.GitUsername = AccessTokenUser, AccessTokenUser
		if identity != "" && identity != AccessTokenUser {
			return []fault.Remark{fault.Noticef("the identity is not used: Bitbucket wants %s with an access token", AccessTokenUser)}, nil
		}

	case AppPassword:
		if identity == "" {
			return nil, fault.New(fault.IdentityMissing, "the identity is empty, and an app password needs one",
				"set the input identity to the Bitbucket username, as Personal settings → Account settings shows it")
		}
		c.Identity, c.GitUsername = identity, identity
		remarks := []fault.Remark{fault.Warn(fault.New(fault.AppPassword,
			"Bitbucket Cloud removed app passwords on 2026-07-28 (CHANGE-3222): later steps will be refused with 401 or 410",
			"make an API token with scopes instead, and give the account's e-mail address as identity",
			"for a single repository, a repository access token needs no identity at all"))}
		if strings.Contains(identity, "@") {
			remarks = append(remarks, fault.Warn(fault.New(fault.IdentityEmail,
				"the identity is an e-mail address, and an app password goes with a username",
				"set the input identity to the Bitbucket username")))
		}
		return remarks, nil

	case OAuthConsumer:
		if identity == "" {
			return nil, fault.New(fault.IdentityMissing, "the identity is empty, and an OAuth consumer needs one",
				"set the input identity to the consumer's key, and token to its secret",
				"Bitbucket shows both under Workspace settings → OAuth consumers")
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

// WithMinted is the credential of an OAuth consumer that was given an access
// token: from here on it holds that token.
func (c Credential) WithMinted(token secret.String) Credential {
	c.Token, c.Identity, c.GitUsername = token, AccessTokenUser, AccessTokenUser
	return c
}

// Basic is base64 of identity:token, unwrapped and padded: the encoding that
// Bitbucket's and Avo Assure's documents show (RFC 7617 without the scheme).
func (c Credential) Basic() secret.String {
	return secret.New(base64.StdEncoding.EncodeToString([]byte(c.Identity + ":" + c.Token.Reveal())))
}

// Authorization is the whole value of the REST API's Authorization header.
func (c Credential) Authorization() secret.String {
	switch c.Kind {
	case APIToken, AppPassword:
		return secret.New("Basic " + c.Basic().Reveal())
	default:
		return secret.New("Bearer " + c.Token.Reveal())
	}
}

// GitAuthorization is the complete value of an Authorization header for git over
// HTTPS.
func (c Credential) GitAuthorization() secret.String {
	if c.GitUsername == "" {
		return secret.New("Bearer " + c.Token.Reveal())
	}
	return secret.New("Basic " + base64.StdEncoding.EncodeToString([]byte(c.GitUsername+":"+c.Token.Reveal())))
}

// Forms is everything to mask of the credential, the longest first.
func (c Credential) Forms() []string {
	forms := append(secret.Forms(c.Token), secret.PairForms(c.Identity, c.Token)...)
	if c.GitUsername != "" && c.GitUsername != c.Identity {
		forms = append(forms, secret.PairForms(c.GitUsername, c.Token)...)
	}
	return secret.InOrder(forms)
}

func join(kinds []Kind) string {
	var b strings.Builder
	for i, kind := range kinds {
		switch {
		case i > 0 && i == len(kinds)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		fmt.Fprint(&b, kind)
	}
	return b.String()
}
