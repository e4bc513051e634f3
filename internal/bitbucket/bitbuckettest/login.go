package bitbuckettest

import (
	"net/http"
	"strings"
)

// Authentication schemes.
const (
	basic  = "Basic"
	bearer = "Bearer"
)

// login is the content of a request's Authorization header.
type login struct {
	scheme string // as it was sent; empty without a header
	user   string // of Basic
	secret string
}

func readLogin(r *http.Request) login {
	if user, password, ok := r.BasicAuth(); ok {
		return login{basic, user, password}
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, bearer) {
		scheme = bearer
	}
	return login{scheme: scheme, secret: secret}
}

// The rest of this file decides which logins each side of Bitbucket accepts.

// onCloudREST: an API token needs the account's e-mail address, an access token
// no name. An API token as Bearer isn't documented, so it is refused.
func (l login) onCloudREST(t *Token) bool {
	switch {
	case t.Kind == APIToken:
		return l.scheme == basic && l.user == t.Email && len(t.Scopes) > 0
	case t.Kind.isAccessToken(), t.Kind == OAuthToken:
		return l.scheme == bearer
	}
	return false
}

// onCloudGit: an API token needs a fixed name or the username, and not the e-mail
// address; an access token needs another fixed name.
func (l login) onCloudGit(t *Token) bool {
	switch {
	case l.scheme != basic:
		return false
	case t.Kind == APIToken:
		return (l.user == "x-bitbucket-api-token-auth" || l.user == t.Username) && len(t.Scopes) > 0
	case t.Kind.isAccessToken(), t.Kind == OAuthToken:
		return l.user == "x-token-auth"
	}
	return false
}

// acceptsOnDataCenter also heeds that an administrator can switch Basic
// authentication off.
func (s *Server) acceptsOnDataCenter(l login, t *Token) bool {
	return l.onDataCenter(t) && (l.scheme != basic || !s.options.NoBasic)
}

// onDataCenter reports whether a login is accepted, for REST and git alike: a personal
// token with or without its user's name, a token of a project or repository only without.
func (l login) onDataCenter(t *Token) bool {
	switch t.Kind {
	case PersonalHTTPToken:
		return l.scheme == bearer || l.scheme == basic && l.user == t.Username
	case ProjectHTTPToken, RepositoryHTTPToken:
		return l.scheme == bearer
	}
	return false
}
