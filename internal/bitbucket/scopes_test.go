package bitbucket_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

func TestMissing(t *testing.T) {
	for _, test := range []struct{ required, granted, want string }{
		{"", "repository", ""},
		// Legacy scopes bring others along.
		{"repository", "repository:write", ""},
		{"repository", "pullrequest", ""},
		{"repository:write", "pullrequest:write", ""},
		{"repository", "project", ""},
		{"issue", "issue:write", ""},
		{"repository", "repository:admin", "repository"},
		{"repository", "project:admin", "repository"},
		{"repository:write", "repository", "repository:write"},
		{"webhook repository:write", "repository", "repository:write webhook"},
		// Granular ones stand alone.
		{"read:repository:bitbucket", "write:repository:bitbucket", "read:repository:bitbucket"},
		{"read:repository:bitbucket", "admin:repository:bitbucket", "read:repository:bitbucket"},
		{"read:repository:bitbucket", "read:pullrequest:bitbucket", "read:repository:bitbucket"},
		{"write:repository:bitbucket", "read:repository:bitbucket write:repository:bitbucket", ""},
		// Either vocabulary asks for either.
		{"read:repository:bitbucket", "repository:write", ""},
		{"write:repository:bitbucket", "repository", "repository:write"},
		{"delete:repository:bitbucket", "repository:admin", "repository:delete"},
		{"read:user:bitbucket", "email", ""},
		{"read:workspace:bitbucket", "repository", "account"},
		{"repository", "read:repository:bitbucket", ""},
		{"repository:write", "write:repository:bitbucket", "read:repository:bitbucket"},
		{"repository:write", "read:repository:bitbucket write:repository:bitbucket", ""},
		{"pullrequest:write", "read:repository:bitbucket", "read:pullrequest:bitbucket write:pullrequest:bitbucket"},
		{"account", "read:workspace:bitbucket", ""},
		{"account", "read:repository:bitbucket", "read:user:bitbucket"},
		{"wiki", "read:repository:bitbucket", "wiki"},
		{"repository repository", "read:issue:bitbucket", "read:repository:bitbucket"},
	} {
		got := bitbucket.Missing(strings.Fields(test.required), strings.Fields(test.granted))
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s of %s: got %q, want %q", test.required, test.granted, got, test.want)
		}
	}
}

func TestParseScopes(t *testing.T) {
	const list = "repository, read:user:bitbucket\n\trepository:write,,write:package:bitbucket"
	got, err := bitbucket.ParseScopes(list, credential.APIToken)
	if want := []string{"repository", "read:user:bitbucket", "repository:write", "write:package:bitbucket"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	const asListed = "write scopes as Bitbucket lists them"
	for name, hint := range map[string]string{
		"repositry":                    "did you mean repository?",
		"read:repositry:bitbucket":     "did you mean read:repository:bitbucket?",
		"REPOSITORY":                   "did you mean repository?",
		"write:repositories:bitbucket": "did you mean write:repository:bitbucket?",
		"read:repo:bitbucket":          "did you mean read:repository:bitbucket?",
		"read:pull-request:bitbucket":  "did you mean read:pullrequest:bitbucket?",
		"read:repositories":            "did you mean read:repository:bitbucket?",
		"repository:read":              "did you mean read:repository:bitbucket?",
		"repo":                         "did you mean repository?",
		"repos:write":                  "did you mean repository:write?",
		"REPO_WRITE":                   "did you mean repository:write?",
		"PROJECT_ADMIN":                "did you mean project:admin?",
		"s3cret-s3cret-s3cret":         asListed,
		"::add-mask::x":                asListed,
		"repository;write:whatever":    asListed,
		"bitbucket":                    asListed,
	} {
		_, err := bitbucket.ParseScopes(name, credential.AccessToken)
		if f := fault.From(err); f.Code != fault.ScopeUnknown || !strings.Contains(f.Hints[0], hint) || strings.Contains(f.What, name) {
			t.Errorf("%s: got %v, %q", name, f, f.Hints)
		}
	}
	if got, err := bitbucket.ParseScopes("", credential.HTTPAccessToken); err != nil || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := bitbucket.ParseScopes("REPO_READ", credential.HTTPAccessToken); code(err) != fault.ScopesUncheckable {
		t.Errorf("got %v", err)
	}
}

// A new token doesn't help with a scope that doesn't exist.
func TestMissingFault(t *testing.T) {
	for missing, hint := range map[string]string{
		"write:repository:bitbucket": "make a new token with these scopes",
		"write:package:bitbucket":    "check the spelling of write:package:bitbucket, which isn't a scope that this version knows",
	} {
		if f := bitbucket.MissingFault([]string{missing}, credential.APIToken); !strings.Contains(f.Hints[0], hint) {
			t.Errorf("%s: got %q", missing, f.Hints)
		}
	}
	f := bitbucket.MissingFault([]string{"repository:write"}, credential.OAuthConsumer)
	if !strings.Contains(f.Hints[0], "add them to the scopes of the OAuth client") {
		t.Errorf("an OAuth client: got %q", f.Hints)
	}
}

// A hostile server's list must not cost more time than the timeout gives.
func TestScopesAreFew(t *testing.T) {
	var list strings.Builder
	for n := range 1000 {
		list.WriteString("repository repository:" + strings.Repeat("a", n%31+1) + string(rune('a'+n/31%26)) + " ")
	}
	if got := bitbucket.ScopesIn(list.String()); len(got) > 200 || !slices.Contains(got, "repository") {
		t.Errorf("got %d scopes", len(got))
	}
}

func TestExcess(t *testing.T) {
	for _, test := range []struct{ granted, required, want string }{
		{"repository:write", "", ""},
		{"repository repository:admin repository:delete", "repository", "repository:admin repository:delete"},
		{"repository:admin", "repository:admin", ""},
		{"repository:admin", "admin:repository:bitbucket", ""},
		{"admin:repository:bitbucket delete:issue:bitbucket", "repository:admin", "delete:issue:bitbucket"},
	} {
		got := bitbucket.Excess(strings.Fields(test.granted), strings.Fields(test.required))
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.granted, got, test.want)
		}
	}
}
