package bitbucket

import (
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// isScopeName reports whether a text has the form of a scope in either
// vocabulary: one to three words, separated by colons. Anything else that a
// server sends is dropped.
func isScopeName(text string) bool {
	words := strings.Split(text, ":")
	return len(words) <= 3 && !slices.ContainsFunc(words, func(word string) bool {
		return word == "" || len(word) > 32 || word[0] == '-' || !charset.ContainsOnly(word, charset.Lower+"-")
	})
}

// maxScopes limits the number of names that are read from a server's list. Bitbucket
// has a third of that; a hostile list of megabytes would outlast any timeout.
const maxScopes = 200

// scopesIn reads a server's list of scopes. A single word counts only if it is known:
// it could be the token, sent back.
func scopesIn(list string) []string {
	var scopes []string
	names := separated(list)
	for _, name := range names[:min(len(names), maxScopes)] {
		plausible := strings.Contains(name, ":") || isKnown(name)
		if plausible && isScopeName(name) && !slices.Contains(scopes, name) {
			scopes = append(scopes, name)
		}
	}
	return scopes
}

// separated splits a list at commas and white space.
func separated(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
}

// ParseScopes reads a list of scopes that a user wrote, in either vocabulary, or in
// the words of the page on which tokens are made, such as "Repositories: Write".
// The error is a [*fault.Fault]. It quotes nothing that could be a token, which may
// be set here by mistake.
func ParseScopes(list string, kind credential.Kind) ([]string, error) {
	if len(separated(list)) > 0 && !kind.OnCloud() {
		return nil, fault.New(fault.ScopesUncheckable, "required-scopes can't be checked on a Data Center, which doesn't report a token's permissions",
			"leave out required-scopes; verify: strict checks that the token can reach the repository",
			"look up the token's permissions where it was made: "+kind.Traits().WhereToMake)
	}
	var scopes []string
	last := "" // the product of the box before
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
		item = strings.TrimPrefix(strings.TrimSpace(item), "- ") // an item of a list in YAML
		boxes := boxesIn(item, last)
		last = ""
		for _, b := range boxes {
			scope, f := b.scope(kind)
			if f != nil {
				return nil, f
			}
			scopes, last = append(scopes, scope), b.product
		}
		if boxes != nil {
			continue
		}
		for _, name := range separated(item) {
			if f := checkScope(name); f != nil {
				return nil, f
			}
			scopes = append(scopes, name)
		}
	}
	return scopes, nil
}

// boxesIn are the boxes that an item of a list means, or nil if it is the name of a
// scope, or several. Levels by themselves continue the box before, as in "Projects:
// Read, Write and Admin".
func boxesIn(item, last string) []box {
	names := separated(item)
	switch {
	case areScopes(names):
		return nil
	case isBox(item):
		return parseBoxes(item)
	case strings.Contains(item, ":"):
		return nil
	}
	boxes := boxesWithoutColon(item)
	if levels, rest := takeLevels(names); boxes == nil && last != "" && len(rest) == 0 {
		return boxesOf(last, levels)
	}
	return boxes
}

// areScopes reports whether all names are known as scopes, or have the form of those of
// API tokens.
func areScopes(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !isKnown(name) && (!isGranular(name) || !isScopeName(name)) })
}

// checkScope rejects a name that no scope has.
func checkScope(name string) *fault.Fault {
	near := nearestScope(name)
	switch {
	case isKnown(name):
		return nil
	case near != "":
		return fault.New(fault.ScopeUnknown, "required-scopes names a scope that Bitbucket doesn't have", "did you mean "+near+"?")
	case isScopeName(name) && isGranular(name):
		return nil // Bitbucket may have added it
	}
	return fault.New(fault.ScopeUnknown, "required-scopes names a scope that Bitbucket doesn't have",
		"write scopes as Bitbucket lists them: read:repository:bitbucket for an API token, repository:write for an access token")
}

// nearestScope returns the known scope that a name most likely means, or "": one that
// differs by a typo or two, or one with the same words. Typos aren't enough to name the
// mistake in the step that makes it: Data Center calls permissions REPO_WRITE, and
// Bitbucket's page has plurals, which people also write as repos:write.
func nearestScope(name string) string {
	if near := fault.Nearest(name, scopeNames()); near != "" {
		return near
	}
	words := scopeWords(name)
	near := ""
	for _, scope := range scopeNames() {
		if sameWords(words, scopeWords(scope)) {
			near = scope
			if isGranular(name) == isGranular(scope) {
				break
			}
		}
	}
	return near
}

// scopeWords returns the words of a scope's name, without the last word of all scopes
// of API tokens, which is bitbucket.
func scopeWords(name string) []string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ':' || r == '_' || r == '.' || r == '-' })
	return slices.DeleteFunc(words, func(word string) bool { return word == "bitbucket" })
}

// sameWords reports whether each word matches one of the known ones: words match if
// their first four letters are the same, as in repo and repositories.
func sameWords(words, known []string) bool {
	if len(words) != len(known) {
		return false
	}
	for _, word := range words {
		if !slices.ContainsFunc(known, func(k string) bool { return word == k || len(word) >= 4 && len(k) >= 4 && word[:4] == k[:4] }) {
			return false
		}
	}
	return true
}

func isKnown(scope string) bool { return find(scope).name != "" }

// isGranular reports whether a scope is one of API tokens, rather than of access
// tokens and OAuth.
func isGranular(scope string) bool { return strings.HasSuffix(scope, ":bitbucket") }

// knownScope is a scope of either vocabulary: that of API tokens, or that of
// access tokens and OAuth.
type knownScope struct {
	name    string
	implies []string   // scopes of the same vocabulary that it includes
	means   [][]string // sets of the other's scopes, each of which allows the same
}

// knownScopes are Bitbucket Cloud's, by its OpenAPI document, which lists both
// vocabularies for every operation.
var knownScopes = []knownScope{
	{name: "repository", means: [][]string{{"read:repository:bitbucket"}}},
	{"repository:write", []string{"repository"}, [][]string{{"read:repository:bitbucket", "write:repository:bitbucket"}}},
	{name: "repository:admin", means: [][]string{{"admin:repository:bitbucket"}}},
	{name: "repository:delete", means: [][]string{{"delete:repository:bitbucket"}}},
	{"pullrequest", []string{"repository"}, [][]string{{"read:pullrequest:bitbucket"}}},
	{"pullrequest:write", []string{"pullrequest", "repository:write"}, [][]string{{"read:pullrequest:bitbucket", "write:pullrequest:bitbucket"}}},
	{"project", []string{"repository"}, [][]string{{"read:project:bitbucket"}}},
	{name: "project:write"},
	{name: "project:admin", means: [][]string{{"admin:project:bitbucket"}}},
	{name: "account", means: [][]string{{"read:user:bitbucket"}, {"read:workspace:bitbucket"}}},
	{"account:write", []string{"account"}, [][]string{{"write:user:bitbucket"}, {"write:ssh-key:bitbucket"}, {"write:gpg-key:bitbucket"}}},
	{name: "email", means: [][]string{{"read:user:bitbucket"}}},
	{name: "team", means: [][]string{{"read:workspace:bitbucket"}}},
	{"team:write", []string{"team"}, [][]string{{"admin:workspace:bitbucket"}}},
	{name: "issue", means: [][]string{{"read:issue:bitbucket"}}},
	{"issue:write", []string{"issue"}, [][]string{{"read:issue:bitbucket", "write:issue:bitbucket"}}},
	{name: "wiki"},
	{name: "webhook", means: [][]string{{"read:webhook:bitbucket", "write:webhook:bitbucket"}}},
	{name: "snippet", means: [][]string{{"read:snippet:bitbucket"}}},
	{"snippet:write", []string{"snippet"}, [][]string{{"read:snippet:bitbucket", "write:snippet:bitbucket"}}},
	{name: "pipeline", means: [][]string{{"read:pipeline:bitbucket"}}},
	{"pipeline:write", []string{"pipeline"}, [][]string{{"read:pipeline:bitbucket", "write:pipeline:bitbucket"}}},
	{name: "pipeline:variable", means: [][]string{{"admin:pipeline:bitbucket"}}},
	{name: "runner", means: [][]string{{"read:runner:bitbucket"}}},
	{"runner:write", []string{"runner"}, [][]string{{"read:runner:bitbucket", "write:runner:bitbucket"}}},
	{name: "test"},
	{name: "test:write", implies: []string{"test"}},

	// Of the account's profile, for API tokens: Atlassian's own, not in the document.
	{name: "read:account"},
	{name: "read:me"},
	{name: "read:repository:bitbucket", means: [][]string{{"repository"}}},
	{name: "write:repository:bitbucket", means: [][]string{{"repository:write"}}},
	{name: "admin:repository:bitbucket", means: [][]string{{"repository:admin"}}},
	{name: "delete:repository:bitbucket", means: [][]string{{"repository:delete"}}},
	{name: "read:pullrequest:bitbucket", means: [][]string{{"pullrequest"}}},
	{name: "write:pullrequest:bitbucket", means: [][]string{{"pullrequest:write"}}},
	{name: "read:project:bitbucket", means: [][]string{{"project"}}},
	{name: "admin:project:bitbucket", means: [][]string{{"project:admin"}}},
	{name: "read:workspace:bitbucket", means: [][]string{{"account"}}},
	{name: "admin:workspace:bitbucket", means: [][]string{{"account:write"}}},
	{name: "read:user:bitbucket", means: [][]string{{"account"}, {"email"}}},
	{name: "write:user:bitbucket", means: [][]string{{"account:write"}}},
	{name: "read:pipeline:bitbucket", means: [][]string{{"pipeline"}}},
	{name: "write:pipeline:bitbucket", means: [][]string{{"pipeline:write"}}},
	{name: "admin:pipeline:bitbucket", means: [][]string{{"pipeline:variable"}}},
	{name: "read:runner:bitbucket", means: [][]string{{"runner"}}},
	{name: "write:runner:bitbucket", means: [][]string{{"runner:write"}}},
	{name: "read:issue:bitbucket", means: [][]string{{"issue"}}},
	{name: "write:issue:bitbucket", means: [][]string{{"issue:write"}}},
	{name: "delete:issue:bitbucket", means: [][]string{{"issue:write"}}},
	{name: "read:webhook:bitbucket", means: [][]string{{"webhook"}}},
	{name: "write:webhook:bitbucket", means: [][]string{{"webhook"}}},
	{name: "delete:webhook:bitbucket", means: [][]string{{"webhook"}}},
	{name: "read:snippet:bitbucket", means: [][]string{{"snippet"}}},
	{name: "write:snippet:bitbucket", means: [][]string{{"snippet:write"}}},
	{name: "delete:snippet:bitbucket", means: [][]string{{"snippet:write"}}},
	{name: "read:ssh-key:bitbucket", means: [][]string{{"account"}}},
	{name: "write:ssh-key:bitbucket", means: [][]string{{"account:write"}}},
	{name: "delete:ssh-key:bitbucket", means: [][]string{{"account:write"}}},
	{name: "read:gpg-key:bitbucket", means: [][]string{{"account"}}},
	{name: "write:gpg-key:bitbucket", means: [][]string{{"account:write"}}},
	{name: "delete:gpg-key:bitbucket", means: [][]string{{"account:write"}}},
	{name: "read:permission:bitbucket", means: [][]string{{"repository"}}},
	{name: "write:permission:bitbucket", means: [][]string{{"repository:admin"}}},
	{name: "delete:permission:bitbucket", means: [][]string{{"repository:admin"}}},
}

// scopeNames returns the names of the known scopes.
func scopeNames() []string {
	var names []string
	for _, known := range knownScopes {
		names = append(names, known.name)
	}
	return names
}

// find returns a known scope by its name, or the zero value.
func find(name string) knownScope {
	for _, known := range knownScopes {
		if known.name == name {
			return known
		}
	}
	return knownScope{}
}

// Missing returns the required scopes that aren't granted. It uses the vocabulary of the
// granted ones, since the page on which tokens are made uses that too.
func Missing(required, granted []string) []string {
	granular := slices.ContainsFunc(granted, isGranular)
	granted = closure(granted)
	var missing []string
	for _, scope := range required {
		ways := find(scope).means
		if len(ways) == 0 || isGranular(scope) == granular {
			ways = [][]string{{scope}}
		}
		missing = append(missing, leastMissing(ways, granted)...)
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// leastMissing returns the scopes that the most complete set lacks: none if a set is
// complete.
func leastMissing(ways [][]string, granted []string) []string {
	var least []string
	for i, way := range ways {
		missing := slices.DeleteFunc(slices.Clone(way), func(scope string) bool { return slices.Contains(granted, scope) })
		if i == 0 || len(missing) < len(least) {
			least = missing
		}
	}
	return least
}

// closure adds the scopes that others include. Those of API tokens never do.
func closure(scopes []string) []string {
	all := slices.Clone(scopes)
	for i := 0; i < len(all); i++ {
		all = append(all, find(all[i]).implies...)
	}
	return all
}

// MissingFault returns the fault for a token that lacks scopes that later steps need.
func MissingFault(missing []string, kind credential.Kind) *fault.Fault {
	f := fault.New(fault.ScopesMissing, "the token lacks scopes that later steps need: "+strings.Join(missing, ", "))
	if i := slices.IndexFunc(missing, func(scope string) bool { return !isKnown(scope) }); i >= 0 {
		return f.Hint("check the spelling of " + missing[i] + ", which isn't a scope that this version knows")
	}
	return f.Hint(kind.Traits().ScopesHint)
}

// PushScopes are the scopes that git needs to fetch and push.
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
	return slices.ContainsFunc(required, func(r string) bool {
		return r == scope || slices.ContainsFunc(find(r).means, func(way []string) bool { return slices.Contains(way, scope) })
	})
}
