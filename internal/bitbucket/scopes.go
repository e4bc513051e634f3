package bitbucket

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// scopePattern matches the names of scopes of either vocabulary. Anything else
// that a server sends in their place is dropped. The pattern is compiled on
// first use: most runs don't ask Bitbucket, and compiling it would take a tenth
// of such a run.
var scopePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z][a-z-]{0,31}(:[a-z][a-z-]{0,31}){0,2}$`)
})

// maxScopes is how many names of a server's list are read. Bitbucket has a
// third of that, and a hostile list of megabytes would outlast any timeout.
const maxScopes = 200

// scopesIn reads a server's list of scopes. A single word counts only where it
// is known: it could be the token, sent back, which has no colon.
func scopesIn(list string) []string {
	var scopes []string
	names := separated(list)
	for _, name := range names[:min(len(names), maxScopes)] {
		plausible := strings.Contains(name, ":") || isKnown(name)
		if plausible && scopePattern().MatchString(name) && !slices.Contains(scopes, name) {
			scopes = append(scopes, name)
		}
	}
	return scopes
}

// separated splits a list at commas and white space.
func separated(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}

// ParseScopes reads a list of scopes that a user wrote, in either vocabulary.
// The error is a [*fault.Fault]. It doesn't quote the list, in which a token
// may stand by mistake.
func ParseScopes(list string, kind credential.Kind) ([]string, error) {
	var scopes []string
	for _, name := range separated(list) {
		if !kind.OnCloud() {
			return nil, fault.New(fault.ScopesUncheckable, "required-scopes can't be checked on a Data Center, which doesn't report a token's permissions",
				"leave out required-scopes; verify: strict checks that the token can reach the repository",
				"look up the token's permissions where it was made: "+whereToMake(kind))
		}
		near := nearestScope(name)
		switch {
		case isKnown(name):
			scopes = append(scopes, name)
		case near != "":
			return nil, fault.New(fault.ScopeUnknown, "required-scopes names a scope that Bitbucket doesn't have", "did you mean "+near+"?")
		case scopePattern().MatchString(name) && isGranular(name):
			scopes = append(scopes, name) // Bitbucket may have added it
		default:
			return nil, fault.New(fault.ScopeUnknown, "required-scopes names a scope that Bitbucket doesn't have",
				"write scopes as Bitbucket lists them: read:repository:bitbucket for an API token, repository:write for an access token")
		}
	}
	return scopes, nil
}

// nearestScope returns the known scope that a name means: one with a slip or two
// in it, or one made of the same words in another form, such as REPO_WRITE,
// write:repositories:bitbucket or read:repository. It is empty where there is
// none.
func nearestScope(name string) string {
	if near := fault.Nearest(name, knownScopes()); near != "" {
		return near
	}
	words := scopeWords(name)
	for _, scope := range knownScopes() {
		if sameWords(words, scopeWords(scope)) && isGranular(name) == isGranular(scope) {
			return scope
		}
	}
	for _, scope := range knownScopes() {
		if sameWords(words, scopeWords(scope)) {
			return scope
		}
	}
	return ""
}

// scopeWords are the words of a scope's name, without the one that all scopes of
// API tokens end with.
func scopeWords(name string) []string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ':' || r == '_' || r == '.' || r == '-' })
	return slices.DeleteFunc(words, func(word string) bool { return word == "bitbucket" })
}

// sameWords reports whether each word has its like among the known ones. Words
// are alike where they begin with the same four letters: repo, repositories.
func sameWords(words, known []string) bool {
	if len(words) == 0 || len(words) != len(known) {
		return false
	}
	for _, word := range words {
		if !slices.ContainsFunc(known, func(k string) bool { return word == k || len(word) >= 4 && len(k) >= 4 && word[:4] == k[:4] }) {
			return false
		}
	}
	return true
}

func isKnown(scope string) bool { return slices.Contains(knownScopes(), scope) }

// isGranular reports whether a scope is one of API tokens, rather than of access
// tokens and OAuth.
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
	implies []string   // scopes that it includes
	means   [][]string // sets of API tokens' scopes, each of which allows the same
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
// vocabulary of the granted ones, since that is what the page on which tokens
// are made shows. Legacy scopes include others; granular ones never do.
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

// leastMissing is what the most complete set lacks: nothing where one is
// complete.
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

// closure adds the scopes that legacy ones include.
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

// MissingFault is the fault of a token that lacks scopes that later steps need.
func MissingFault(missing []string, kind credential.Kind) *fault.Fault {
	f := fault.New(fault.ScopesMissing, "the token lacks scopes that later steps need: "+strings.Join(missing, ", "))
	if i := slices.IndexFunc(missing, func(scope string) bool { return !isKnown(scope) }); i >= 0 {
		return f.Hint("check the spelling of " + missing[i] + ", which isn't a scope that this version knows")
	}
	if kind == credential.OAuthConsumer {
		return f.Hint("add them to the scopes of the OAuth client: " + oauthClients)
	}
	return f.Hint("make a new token with these scopes and those it has now, since scopes can't be added to one: " + whereToMake(kind))
}

// PushScopes are what git needs to fetch and push.
var PushScopes = []string{"repository:write"}

// Excess returns the granted scopes that allow administration or deletion, and
// aren't required.
func Excess(granted, required []string) []string {
	var excess []string
	for _, scope := range granted {
		strong := strings.HasPrefix(scope, "admin:") || strings.HasPrefix(scope, "delete:") ||
			strings.HasSuffix(scope, ":admin") || strings.HasSuffix(scope, ":delete")
		if strong && !isRequired(scope, required) {
			excess = append(excess, scope)
		}
	}
	return excess
}

// isRequired reports whether a scope is among the required ones, in either
// vocabulary.
func isRequired(scope string, required []string) bool {
	for _, r := range required {
		if r == scope || slices.Contains(meaning(r), scope) || slices.ContainsFunc(find(r).means, func(way []string) bool { return slices.Contains(way, scope) }) {
			return true
		}
	}
	return false
}
