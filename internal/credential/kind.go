package credential

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Kind is a kind of Bitbucket credential.
type Kind string

// The kinds, by the names that the setting kind accepts.
const (
	APIToken        Kind = "api-token"         // Cloud, of an Atlassian account
	AccessToken     Kind = "access-token"      // Cloud, of a repository, project or workspace
	AppPassword     Kind = "app-password"      // Cloud, removed on 2026-07-28 (CHANGE-3222)
	OAuthConsumer   Kind = "oauth-consumer"    // Cloud, client credentials
	HTTPAccessToken Kind = "http-access-token" // Data Center
)

// Kinds lists every kind.
var Kinds = []Kind{APIToken, AccessToken, AppPassword, OAuthConsumer, HTTPAccessToken}

var titles = map[Kind]string{
	APIToken:        "an API token",
	AccessToken:     "an access token",
	AppPassword:     "an app password",
	OAuthConsumer:   "an OAuth client",
	HTTPAccessToken: "an HTTP access token",
}

// Title is the kind's name in sentences, as Atlassian's documents write it.
func (k Kind) Title() string { return titles[k] }

// OnCloud reports whether credentials of this kind belong to Bitbucket Cloud, so
// that they must be sent nowhere else.
func (k Kind) OnCloud() bool {
	return k != HTTPAccessToken
}

// serverFor is where a credential of kind k is used, if server-url names s. A
// Cloud credential goes to Cloud, whatever was named, or to a server on this
// machine, which then plays Cloud.
func (k Kind) serverFor(s server.Server) server.Server {
	switch {
	case !k.OnCloud():
		return s
	case s.Loopback:
		return s.AsCloud()
	}
	return server.Cloud
}

// prefixes are how tokens of a kind begin. Atlassian doesn't document them, so
// an explicit kind takes precedence.
var prefixes = []struct {
	text string
	kind Kind
}{
	{"ATATT", APIToken},
	{"ATCTT", AccessToken},
	{"ATBB", AppPassword},
	{"BBDC-", HTTPAccessToken},
}

// kindByPrefix returns the kind of token that begins like this one, and that
// prefix.
func kindByPrefix(token string) (kind Kind, prefix string, ok bool) {
	for _, p := range prefixes {
		if strings.HasPrefix(token, p.text) {
			return p.kind, p.text, true
		}
	}
	return "", "", false
}

// prefixOf returns how tokens of a kind begin, or "" if no prefix is known.
func prefixOf(kind Kind) string {
	for _, p := range prefixes {
		if p.kind == kind {
			return p.text
		}
	}
	return ""
}
