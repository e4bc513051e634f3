package bitbucket_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
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
		{"repository:write webhook", "repository", "repository:write webhook"},
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
	got, err := bitbucket.ParseScopes("repository, read:user:bitbucket\n\trepository:write,,write:package:bitbucket")
	if want := []string{"repository", "read:user:bitbucket", "repository:write", "write:package:bitbucket"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	for given, hint := range map[string]string{
		"repositry":                 "did you mean repository?",
		"read:repositories":         "write scopes as Bitbucket lists them",
		"read:repositry:bitbucket":  "did you mean read:repository:bitbucket?",
		"REPOSITORY":                "did you mean repository?",
		"s3cret-s3cret-s3cret":      "write scopes as Bitbucket lists them",
		"::add-mask::x":             "write scopes as Bitbucket lists them",
		"repository;write:whatever": "write scopes as Bitbucket lists them",
	} {
		_, err := bitbucket.ParseScopes(given)
		if f := fault.From(err); f.Code != fault.ScopeUnknown || !strings.Contains(f.Hints[0], hint) || strings.Contains(f.What, given) {
			t.Errorf("%s: got %v, %q", given, f, f.Hints)
		}
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
