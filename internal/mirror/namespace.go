package mirror

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Namespace is a kind of ref that is mirrored.
type Namespace struct {
	Prefix   string // of its refs' full names
	Singular string // the word for one of its refs
	Plural   string // also the ID of the setting with its patterns, if there is one
	Grows    bool   // a ref that moves along its history overwrites nothing
	Option   string // of git ls-remote, to list only these refs; empty: there is none
}

var branches = Namespace{Prefix: "refs/heads/", Singular: "branch", Plural: "branches", Grows: true, Option: "--heads"}

// Namespaces are the only refs that are ever mirrored, in the order in which they
// are pushed. Hosts keep others, such as GitHub's refs/pull, which Bitbucket
// declines.
var Namespaces = []Namespace{
	branches,
	{Prefix: "refs/tags/", Singular: "tag", Plural: "tags", Option: "--tags"},
}

// namespaceOf returns a ref's namespace and its short name in it.
func namespaceOf(ref string) (n Namespace, name string, ok bool) {
	for _, n := range Namespaces {
		if name, ok := strings.CutPrefix(ref, n.Prefix); ok {
			return n, name, true
		}
	}
	return Namespace{}, ref, false
}

// IsMirrored reports whether a ref is in one of the namespaces.
func IsMirrored(ref string) bool {
	_, _, ok := namespaceOf(ref)
	return ok
}

// Grows reports whether a ref that moves along its history overwrites nothing.
func Grows(ref string) bool {
	n, _, _ := namespaceOf(ref)
	return n.Grows
}

// ignored are namespaces in which hosts and git itself keep refs of their own. Nobody
// expects those in a mirror.
var ignored = []string{
	"refs/pull/", "refs/pull-requests/", "refs/merge-requests/", "refs/changes/", "refs/keep-around/", "refs/environments/",
	"refs/pipelines/", "refs/github-services/", "refs/remotes/", "refs/prefetch/", "refs/bisect/", "refs/rewritten/", "refs/worktree/",
}

// allRefs begins the full name of every ref (gitglossary(7), "ref").
const allRefs = "refs/"

// AddOther records a ref that isn't mirrored, by its namespace.
func (l *Listing) AddOther(ref string) {
	// Git also completes names that begin with refs/ (gitrevisions(7)).
	for _, prefix := range []string{allRefs, "refs/remotes/"} {
		name, ok := strings.CutPrefix(strings.TrimSuffix(ref, "/HEAD"), prefix)
		if ok && IsMirrored(name) && l.Completions[name] != allRefs+name {
			if l.Completions == nil {
				l.Completions = map[string]string{}
			}
			l.Completions[name] = ref
		}
	}
	parts := strings.SplitN(ref, "/", 3)
	if len(parts) < 3 || len(ref) > maxName {
		return // HEAD, or refs/stash
	}
	namespace := parts[0] + "/" + parts[1] + "/"
	if !slices.Contains(ignored, namespace) && !slices.Contains(l.Others, namespace) && len(l.Others) < maxOthers {
		l.Others = append(l.Others, namespace)
	}
}

// maxOthers limits the namespaces that are named.
const maxOthers = 10

// ShortName returns the name that people use for a ref: main for refs/heads/main.
func ShortName(ref string) string {
	_, name, _ := namespaceOf(ref)
	return name
}

// prefixOf returns the prefix of the namespace that a setting's patterns select
// from.
func prefixOf(setting string) string {
	for _, n := range Namespaces {
		if n.Plural == setting {
			return n.Prefix
		}
	}
	return ""
}

// isBranch reports whether a ref can be a repository's main branch.
func isBranch(ref string) bool {
	return strings.HasPrefix(ref, branches.Prefix)
}

// Names returns the words for refs of all namespaces: "branches and tags".
func Names() string {
	var words []string
	for _, n := range Namespaces {
		words = append(words, n.Plural)
	}
	return fault.Enumerate(words, "and")
}

// Quantity counts refs by their namespaces: "2 branches and 1 tag".
func Quantity(refs []string) string {
	var counts []string
	for _, n := range Namespaces {
		count := 0
		for _, ref := range refs {
			if strings.HasPrefix(ref, n.Prefix) {
				count++
			}
		}
		switch count {
		case 0:
		case 1:
			counts = append(counts, "1 "+n.Singular)
		default:
			counts = append(counts, fmt.Sprintf("%d %s", count, n.Plural))
		}
	}
	if len(counts) == 0 {
		return "no " + Names()
	}
	return fault.Enumerate(counts, "and")
}

// RefsOf returns the refs of changes.
func RefsOf(changes []Change) []string {
	var refs []string
	for _, c := range changes {
		refs = append(refs, c.Ref)
	}
	return refs
}

// NewValues returns the objects that changes need, each once: what refs are to be set to.
func NewValues(changes []Change) []string {
	var values []string
	seen := map[string]bool{"": true} // a deletion needs none
	for _, c := range changes {
		if !seen[c.New] {
			seen[c.New] = true
			values = append(values, c.New)
		}
	}
	return values
}
