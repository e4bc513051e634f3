// Package credential knows the kinds of Bitbucket credential: how each is
// recognised, checked and encoded, and which user name goes with it where.
//
// Sources: Atlassian's OpenAPI document of Bitbucket Cloud (its authentication
// narrative), support.atlassian.com "Using API tokens" and "Using access
// tokens", and Data Center's "HTTP access tokens".
package credential

import (
	"encoding/base64"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Claim describes a credential as the user sets it.
type Claim struct {
	Token    secret.String // without what pasting leaves around it
	Identity string        // the same
	Kind     Kind          // empty: to be recognised
	Server   server.Server
	// GitOnly is set if the credential isn't used for the REST API.
	GitOnly bool
}

// Credential is a credential whose kind is known.
type Credential struct {
	Kind         Kind
	RecognisedBy string // "its prefix ATATT", for instance
	Token        secret.String
	Server       server.Server // the only one that it is sent to

	Identity    string // comes before the colon in the encoded credential
	GitUsername string // empty: git sends the token in a Bearer header
}

// New recognises a credential and checks everything that can be checked without
// a network. The most helpful fault comes first: the token's text is checked before
// its kind, the server, and the identity. The error is a [*fault.Fault]; the remarks
// are valid either way.
func New(in Claim) (Credential, []fault.Remark, error) {
	token := in.Token.Reveal()
	if f := checkToken(token); f != nil {
		if isTokenShaped(in.Identity) {
			f = f.Hint(revokeIdentity)
		}
		return Credential{}, nil, f
	}
	kind, by := recognise(in)
	if !in.GitOnly || kind != APIToken {
		if err := checkIdentity(in.Identity); err != nil {
			return Credential{}, nil, err
		}
	}
	if err := checkEncoded(token, kind); err != nil {
		return Credential{}, nil, err
	}
	if f := checkForeign(token); f != nil && in.Kind == "" {
		return Credential{}, nil, f.Hint("if it is a Bitbucket token after all, set kind")
	}
	if kind == "" {
		return Credential{}, nil, fault.New(fault.KindUndecided, "can't determine the kind of token",
			"set kind to one of "+either(Kinds),
			"for an API token, it is enough to set identity to the e-mail address of its Atlassian account")
	}
	if err := checkServer(kind, token, in.Server); err != nil {
		return Credential{}, nil, err
	}

	c := Credential{Kind: kind, RecognisedBy: by, Token: in.Token, Server: kind.serverFor(in.Server)}
	remarks := []fault.Remark{fault.Noticef("using the token as %s (kind %s, recognised by %s)", kind.Title(), kind, by)}
	if f := checkShape(kind, token); f != nil {
		remarks = append(remarks, fault.Warn(f))
	}
	more, err := c.identify(in.Identity, in.GitOnly)
	return c, append(remarks, more...), err
}

// recognise determines the kind, and names what it was recognised by. It tries an
// explicit kind first, since Atlassian doesn't document the prefixes; then the
// prefix, a server that isn't Cloud, and the form of the identity. The kind is empty
// if none of these decides it.
func recognise(in Claim) (kind Kind, by string) {
	if in.Kind != "" {
		return in.Kind, "the setting kind"
	}
	if kind, prefix, ok := kindByPrefix(in.Token.Reveal()); ok {
		return kind, "its prefix " + prefix
	}
	switch {
	case in.Server.DataCenter:
		return HTTPAccessToken, "server-url, which isn't Bitbucket Cloud"
	case in.Identity == APITokenUser:
		return APIToken, "the identity, git's user name for such tokens"
	case in.Identity == AccessTokenUser:
		return AccessToken, "the identity, git's user name for such tokens"
	case strings.Contains(in.Identity, "@"):
		return APIToken, "the identity, an e-mail address"
	case isAccountID(in.Identity):
		return APIToken, "the identity, the ID of an account"
	case in.Identity != "":
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
	case !kind.OnCloud() && !named.DataCenter:
		return fault.New(fault.WrongServer, "an HTTP access token belongs to a Bitbucket Data Center, but server-url is Bitbucket Cloud",
			"set server-url to the base URL of your Data Center, context path included",
			"for a token of Bitbucket Cloud, set kind to "+either([]Kind{APIToken, AccessToken}))
	case named.DataCenter && (kind.OnCloud() || known && byPrefix.OnCloud()):
		return fault.New(fault.WrongServer, "this is a credential of Bitbucket Cloud, which isn't sent to the other server that server-url names",
			"leave out server-url to use Bitbucket Cloud",
			"for a Data Center, make an HTTP access token there")
	}
	return nil
}

// WithMinted returns the credential of an OAuth client with the access token
// that Bitbucket has issued to it.
func (c Credential) WithMinted(token secret.String) Credential {
	c.Token, c.Identity, c.GitUsername = token, AccessTokenUser, AccessTokenUser
	return c
}

// WithoutUser returns the credential of a token that belongs to no user, which git
// sends in a Bearer header.
func (c Credential) WithoutUser() Credential {
	c.GitUsername = ""
	return c
}

// Basic returns base64 of identity:token, unwrapped and padded: the encoding that
// Bitbucket's and Avo Assure's documents show (RFC 7617 without the scheme).
func (c Credential) Basic() secret.String {
	return basic(c.Identity, c.Token)
}

// Authorization returns the complete value of the REST API's Authorization header.
func (c Credential) Authorization() secret.String {
	if c.Kind.Traits().Scheme == basicScheme {
		return secret.New(basicScheme + " " + c.Basic().Reveal())
	}
	return bearer(c.Token)
}

// GitAuthorization returns the complete value of an Authorization header for git over
// HTTPS.
func (c Credential) GitAuthorization() secret.String {
	return Authorization(c.GitUsername, c.Token)
}

// Authorization returns the value of an Authorization header for git: without a user
// name, the token goes in a Bearer header.
func Authorization(user string, token secret.String) secret.String {
	if user == "" {
		return bearer(token)
	}
	return secret.New(basicScheme + " " + basic(user, token).Reveal())
}

// Schemes of HTTP authentication (RFC 7617, RFC 6750).
const (
	basicScheme  = "Basic"
	bearerScheme = "Bearer"
)

func bearer(token secret.String) secret.String {
	return secret.New(bearerScheme + " " + token.Reveal())
}

func basic(user string, password secret.String) secret.String {
	return secret.New(base64.StdEncoding.EncodeToString([]byte(user + ":" + password.Reveal())))
}

// LoginForms returns the forms to mask in addition to the token itself, the longest
// first (see [secret.LoginForms]).
func (c Credential) LoginForms() []string {
	return secret.LoginForms(c.Token, c.Identity, c.GitUsername)
}

func either(kinds []Kind) string {
	var names []string
	for _, kind := range kinds {
		names = append(names, string(kind))
	}
	return fault.Enumerate(names, "or")
}
