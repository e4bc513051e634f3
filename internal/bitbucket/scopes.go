package bitbucket

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// scopePattern holds the names of scopes of either vocabulary. What a server
// sends beside it goes nowhere. It is compiled at its first use, since most runs
// ask Bitbucket nothing, and compiling it takes a tenth of such a run.
var scopePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z][a-z-]{0,31}(:[a-z][a-z-]{0,31}){0,2}$`)
})

// maxScopes is how many names a server's list may have: Bitbucket has a third
// of that, and a hostile list of megabytes takes longer than any timeout.
const maxScopes = 200

// scopesIn reads a server's list of scopes. A single word counts only where it
// is known: it could be the token, sent back, which has no colon.
func scopesIn(list string) []string {
	var scopes []string
	names := separated(list)
	for _, name := range names[:min(len(names), maxScopes)] {
		told := strings.Contains(name, ":") || slices.Contains(knownScopes(), name)
		if told && scopePattern().MatchString(name) && !slices.Contains(scopes, name) {
			scopes = append(scopes, name)
		}
	}
	return scopes
}

// separated splits a list at commas and white space.
func separated(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}

// ParseScopes understands a list of scopes that a user wrote, in either
// vocabulary. The error is a [*fault.Fault].
func ParseScopes(list string) ([]string, error) {
	var scopes []string
	for _, name := range separated(list) {
		if slices.Contains(knownScopes(), name) {
			scopes = append(scopes, name)
			continue
		}
		near := fault.Nearest(name, knownScopes())
		if near == "" && scopePattern().MatchString(name) && isGranular(name) {
			scopes = append(scopes, name) // Bitbucket may know more than we do
			continue
		}
		f := fault.New(fault.ScopeUnknown, "required-scopes names a scope that Bitbucket doesn't have")
		if near != "" {
			return nil, f.Hint("did you mean " + near + "?")
		}
		return nil, f.Hint("write scopes as Bitbucket lists them, such as read:repository:bitbucket, or repository:write for access tokens")
	}
	return scopes, nil
}

// isGranular tells the vocabulary of API tokens from that of access tokens and
// OAuth.
func isGranular(scope string) bool { return strings.HasSuffix(scope, ":bitbucket") }

// granular are the scopes of API tokens, each with the scopes of access tokens
// and OAuth that allow the same, any of which will do (Bitbucket Cloud's
// OpenAPI document, which lists both for every operation).
var granular = []struct {
	scope string
	means []string
}{
	{"read:repository:bitbucket", []string{"repository"}},
	{"write:repository:bitbucket", []string{"repository:write"}},
	{"admin:repository:bitbucket", []string{"repository:admin"}},
	{"delete:repository:bitbucket", []string{"repository:delete"}},
	{"read:pullrequest:bitbucket", []string{"pullrequest"}},
	{"write:pullrequest:bitbucket", []string{"pullrequest:write"}},
	{"read:project:bitbucket", []string{"project"}},
	{"admin:project:bitbucket", []string{"project:admin"}},
	{"read:workspace:bitbucket", []string{"account"}},
	{"admin:workspace:bitbucket", []string{"account:write"}},
	{"read:user:bitbucket", []string{"account", "email"}},
	{"write:user:bitbucket", []string{"account:write"}},
	{"read:pipeline:bitbucket", []string{"pipeline"}},
	{"write:pipeline:bitbucket", []string{"pipeline:write"}},
	{"admin:pipeline:bitbucket", []string{"pipeline:variable"}},
	{"read:runner:bitbucket", []string{"runner"}},
	{"write:runner:bitbucket", []string{"runner:write"}},
	{"read:issue:bitbucket", []string{"issue"}},
	{"write:issue:bitbucket", []string{"issue:write"}},
	{"delete:issue:bitbucket", []string{"issue:write"}},
	{"read:webhook:bitbucket", []string{"webhook"}},
	{"write:webhook:bitbucket", []string{"webhook"}},
	{"delete:webhook:bitbucket", []string{"webhook"}},
	{"read:snippet:bitbucket", []string{"snippet"}},
	{"write:snippet:bitbucket", []string{"snippet:write"}},
	{"delete:snippet:bitbucket", []string{"snippet:write"}},
	{"read:ssh-key:bitbucket", []string{"account"}},
	{"write:ssh-key:bitbucket", []string{"account:write"}},
	{"delete:ssh-key:bitbucket", []string{"account:write"}},
	{"read:gpg-key:bitbucket", []string{"account"}},
	{"write:gpg-key:bitbucket", []string{"account:write"}},
	{"delete:gpg-key:bitbucket", []string{"account:write"}},
	{"read:permission:bitbucket", []string{"repository"}},
	{"write:permission:bitbucket", []string{"repository:admin"}},
	{"delete:permission:bitbucket", []string{"repository:admin"}},
}

// legacyScope is a scope of access tokens and OAuth.
type legacyScope struct {
	scope   string
	implies []string   // scopes that it brings along
	means   [][]string // ways to have the same with API tokens' scopes
}

var legacy = []legacyScope{
	{scope: "repository", means: [][]string{{"read:repository:bitbucket"}}},
	{"repository:write", []string{"repository"}, [][]string{{"read:repository:bitbucket", "write:repository:bitbucket"}}},
	{scope: "repository:admin", means: [][]string{{"admin:repository:bitbucket"}}},
	{scope: "repository:delete", means: [][]string{{"delete:repository:bitbucket"}}},
	{"pullrequest", []string{"repository"}, [][]string{{"read:pullrequest:bitbucket"}}},
	{"pullrequest:write", []string{"pullrequest", "repository:write"}, [][]string{{"read:pullrequest:bitbucket", "write:pullrequest:bitbucket"}}},
	{"project", []string{"repository"}, [][]string{{"read:project:bitbucket"}}},
	{scope: "project:write"},
	{scope: "project:admin", means: [][]string{{"admin:project:bitbucket"}}},
	{scope: "account", means: [][]string{{"read:user:bitbucket"}, {"read:workspace:bitbucket"}}},
	{"account:write", []string{"account"}, [][]string{{"write:user:bitbucket"}, {"write:ssh-key:bitbucket"}, {"write:gpg-key:bitbucket"}}},
	{scope: "email", means: [][]string{{"read:user:bitbucket"}}},
	{scope: "team", means: [][]string{{"read:workspace:bitbucket"}}},
	{"team:write", []string{"team"}, [][]string{{"admin:workspace:bitbucket"}}},
	{scope: "issue", means: [][]string{{"read:issue:bitbucket"}}},
	{"issue:write", []string{"issue"}, [][]string{{"read:issue:bitbucket", "write:issue:bitbucket"}}},
	{scope: "wiki"},
	{scope: "webhook", means: [][]string{{"read:webhook:bitbucket", "write:webhook:bitbucket"}}},
	{scope: "snippet", means: [][]string{{"read:snippet:bitbucket"}}},
	{"snippet:write", []string{"snippet"}, [][]string{{"read:snippet:bitbucket", "write:snippet:bitbucket"}}},
	{scope: "pipeline", means: [][]string{{"read:pipeline:bitbucket"}}},
	{"pipeline:write", []string{"pipeline"}, [][]string{{"read:pipeline:bitbucket", "write:pipeline:bitbucket"}}},
	{scope: "pipeline:variable", means: [][]string{{"admin:pipeline:bitbucket"}}},
	{scope: "runner", means: [][]string{{"read:runner:bitbucket"}}},
	{"runner:write", []string{"runner"}, [][]string{{"read:runner:bitbucket", "write:runner:bitbucket"}}},
	{scope: "test"},
	{scope: "test:write", implies: []string{"test"}},
}

// meaning returns the legacy scopes that allow what a granular one does.
func meaning(scope string) []string {
	for _, g := range granular {
		if g.scope == scope {
			return g.means
		}
	}
	return nil
}

// find returns a legacy scope by its name, or the zero value.
func find(scope string) legacyScope {
	for _, l := range legacy {
		if l.scope == scope {
			return l
		}
	}
	return legacyScope{}
}

func knownScopes() []string {
	var names []string
	for _, l := range legacy {
		names = append(names, l.scope)
	}
	for _, g := range granular {
		names = append(names, g.scope)
	}
	return names
}

// Missing returns which of the required scopes the granted ones lack, in the
// vocabulary of the granted ones, since that is what the page that makes
// tokens shows. Legacy scopes bring others along; granular ones never do.
func Missing(required, granted []string) []string {
	if slices.ContainsFunc(granted, isGranular) {
		return missingGranular(required, granted)
	}
	return missingLegacy(required, closure(granted))
}

func missingGranular(required, granted []string) []string {
	var missing []string
	for _, scope := range required {
		ways := [][]string{{scope}}
		if means := find(scope).means; len(means) > 0 {
			ways = means
		}
		missing = append(missing, leastMissing(ways, granted)...)
	}
	return unique(missing)
}

func missingLegacy(required, granted []string) []string {
	var missing []string
	for _, scope := range required {
		ways := [][]string{{scope}}
		if means := meaning(scope); len(means) > 0 {
			ways = nil
			for _, one := range means {
				ways = append(ways, []string{one})
			}
		}
		missing = append(missing, leastMissing(ways, granted)...)
	}
	return unique(missing)
}

// leastMissing is what the nearest way lacks: nothing where any is complete.
func leastMissing(ways [][]string, granted []string) []string {
	var least []string
	for i, way := range ways {
		var missing []string
		for _, scope := range way {
			if !slices.Contains(granted, scope) {
				missing = append(missing, scope)
			}
		}
		if i == 0 || len(missing) < len(least) {
			least = missing
		}
	}
	return least
}

// closure adds what legacy scopes bring along.
func closure(scopes []string) []string {
	all := slices.Clone(scopes)
	for i := 0; i < len(all); i++ {
		for _, implied := range find(all[i]).implies {
			if !slices.Contains(all, implied) {
				all = append(all, implied)
			}
		}
	}
	return all
}

func unique(scopes []string) []string {
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// MissingFault is the fault of scopes that later steps need.
func MissingFault(missing []string, kind credential.Kind) *fault.Fault {
	return fault.New(fault.ScopesMissing, "the token lacks scopes that later steps need: "+strings.Join(missing, ", "),
		"make a new token with these scopes and those it has now, since none can be added: "+whereToMake(kind))
}

// PushScopes are what git needs to fetch and push.
var PushScopes = []string{"repository:write"}

// Excess returns the scopes that allow to administer or delete, and that
// nobody asked for.
func Excess(granted, required []string) []string {
	var excess []string
	for _, scope := range granted {
		strong := strings.HasPrefix(scope, "admin:") || strings.HasPrefix(scope, "delete:") ||
			strings.HasSuffix(scope, ":admin") || strings.HasSuffix(scope, ":delete")
		if strong && !asked(scope, required) {
			excess = append(excess, scope)
		}
	}
	return excess
}

// asked tells whether a scope is among the required ones, in either vocabulary.
func asked(scope string, required []string) bool {
	for _, r := range required {
		if r == scope || slices.Contains(meaning(r), scope) || slices.ContainsFunc(find(r).means, func(way []string) bool { return slices.Contains(way, scope) }) {
			return true
		}
	}
	return false
}
