//go:build linux

package e2etest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
)

// TokenScopes are the scopes that a page names for a token: in the words of the page
// on which access tokens are made, and by the names of an API token's scopes.
type TokenScopes struct {
	Secret   string // the name of its secret, BITBUCKET_TOKEN where the page doesn't say
	Boxes    string
	Granular []string
}

var (
	// scopesLine is a sentence such as
	//
	//	Scopes: *Repositories: Read* (API token: `read:repository:bitbucket`).
	scopesLine = regexp.MustCompile("Scopes(?: of `(\\w+)`)?: ([*`][^.]*)\\.(?:\\s|$)")
	box        = regexp.MustCompile(`\*([^*]+)\*`)
	granular   = regexp.MustCompile("`([a-z]+:[a-z-]+:bitbucket)`")
)

// ScopesIn returns the scopes that a text names.
func ScopesIn(text string) (found []TokenScopes) {
	for _, match := range scopesLine.FindAllStringSubmatch(text, -1) {
		scopes := TokenScopes{Secret: "BITBUCKET_TOKEN"}
		if match[1] != "" {
			scopes.Secret = match[1]
		}
		var boxes []string
		for _, b := range box.FindAllStringSubmatch(match[2], -1) {
			boxes = append(boxes, b[1])
		}
		for _, g := range granular.FindAllStringSubmatch(match[2], -1) {
			scopes.Granular = append(scopes.Granular, g[1])
		}
		scopes.Boxes = strings.Join(boxes, ", ")
		found = append(found, scopes)
	}
	return found
}

// Legacy returns the scopes of an access token or OAuth client.
func (s TokenScopes) Legacy(t *testing.T) []string {
	t.Helper()
	scopes, err := bitbucket.ParseScopes(s.Boxes, credential.AccessToken)
	if err != nil || len(scopes) == 0 {
		t.Fatalf("%q aren't the words of the page on which tokens are made: %v", s.Boxes, err)
	}
	return scopes
}
