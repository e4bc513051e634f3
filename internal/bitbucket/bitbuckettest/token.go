package bitbuckettest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// Token is a credential that the fake knows.
type Token struct {
	Kind     Kind
	Secret   string   // made where empty
	Email    string   // of the Atlassian account
	Username string   // of the Bitbucket user
	Key      string   // id of an OAuth client; generated where empty
	Scopes   []string // in the vocabulary of the kind; an API token without any was made without scopes
	Reach    []string // "owner" or "owner/repository"; everything where empty

	ended bool
}

// Add makes a token known to the fake, and returns it with what was generated.
func (s *Server) Add(token Token) Token {
	token.Secret = cmp.Or(token.Secret, token.Kind.NewSecret())
	token.Email = cmp.Or(token.Email, "dev@example.com")
	token.Username = cmp.Or(token.Username, "dev")
	if token.Kind == OAuthConsumer {
		token.Key = cmp.Or(token.Key, credentialtest.Letters(32))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token.Secret] = &token
	return token
}

// End lets the token with a secret expire, or revokes it: Bitbucket's replies are
// the same.
func (s *Server) End(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token := s.tokens[secret]; token != nil {
		ended := *token // a request may be reading the old one
		ended.ended = true
		s.tokens[secret] = &ended
	}
}

// find returns the token with a secret, or nil.
func (s *Server) find(secret string) *Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[secret]
}

// sees reports whether the token can see "owner/repository", or anything of
// "owner".
func (t *Token) sees(name string) bool {
	name = strings.ToLower(name) + "/"
	return len(t.Reach) == 0 || slices.ContainsFunc(t.Reach, func(reach string) bool {
		reach = strings.ToLower(reach) + "/"
		return strings.HasPrefix(name, reach) || strings.HasPrefix(reach, name)
	})
}

// implied are the scopes that a scope includes: Cloud's legacy ones by its OpenAPI
// document, and Data Center's levels. Granular scopes include no others.
var implied = map[string][]string{
	"repository:write":  {"repository"},
	"pullrequest":       {"repository"},
	"pullrequest:write": {"pullrequest", "repository:write"},
	"pipeline:write":    {"pipeline"},
	"project":           {"repository"},
	"REPO_WRITE":        {"REPO_READ"},
	"REPO_ADMIN":        {"REPO_WRITE"},
	"PROJECT_READ":      {"REPO_READ"},
	"PROJECT_WRITE":     {"PROJECT_READ", "REPO_WRITE"},
	"PROJECT_ADMIN":     {"PROJECT_WRITE", "REPO_ADMIN", "REPO_CREATE"},
}

// may reports whether the token has all of the scopes.
func (t *Token) may(scopes ...string) bool {
	for _, scope := range scopes {
		if !slices.ContainsFunc(t.Scopes, func(has string) bool { return covers(has, scope) }) {
			return false
		}
	}
	return true
}

func covers(has, wanted string) bool {
	return has == wanted || slices.ContainsFunc(implied[has], func(more string) bool { return covers(more, wanted) })
}
