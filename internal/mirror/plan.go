// Package mirror decides what a mirror run changes: which refs to create,
// update, overwrite, delete, and leave alone.
package mirror

import (
	"cmp"
	"fmt"
	"maps"
	"sort"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// The only refs that are ever mirrored. Hosts keep others, such as GitHub's
// refs/pull, which Bitbucket declines.
const (
	heads = "refs/heads/"
	tags  = "refs/tags/"
)

// Listing is what a repository has.
type Listing struct {
	Refs map[string]string // object ID by full name; branches and tags only
	Head string            // the ref of its main branch, if that is known

	// Peeled is what annotated tags point to, by the tag's object ID.
	Peeled map[string]string
}

// Rules is what the user allows.
type Rules struct {
	Branches     Patterns
	Tags         Patterns
	Prune        bool
	Overwrite    bool
	MaxDeletions int
}

func (r Rules) match(ref string) bool {
	if branch, ok := strings.CutPrefix(ref, heads); ok {
		return r.Branches.Match(branch)
	}
	return r.Tags.Match(strings.TrimPrefix(ref, tags))
}

// Action is what happens to a ref in Bitbucket.
type Action string

// The actions.
const (
	Created     Action = "created"
	Updated     Action = "updated"
	Overwritten Action = "overwritten"
	Deleted     Action = "deleted"
	Refused     Action = "refused" // left alone
)

// Change is a ref that differs between the two sides.
type Change struct {
	Ref    string `json:"ref"`
	Action Action `json:"action"`
	Old    string `json:"old"` // its object ID in Bitbucket; empty: none
	New    string `json:"new"` // in the source; empty: none
	Reason string `json:"reason"`

	// Ambiguous is set if git would complete the name to another one that
	// Bitbucket also has.
	Ambiguous bool `json:"-"`
}

// Refuse leaves the ref alone.
func (c *Change) Refuse(reason string) {
	c.Action, c.Reason = Refused, reason
}

// Plan lists the changes to make.
type Plan struct {
	// Changes are in the order of their names. An update is only allowed once it
	// is known that the branch hasn't diverged: see [Plan.Diverged].
	Changes []Change

	rules  Rules
	source Listing
}

// New compares a source with Bitbucket. The error is a [*fault.Fault]: nothing
// may change then.
func New(source, bitbucket Listing, rules Rules) (Plan, error) {
	if err := checkSource(source, rules); err != nil {
		return Plan{}, err
	}
	plan := Plan{rules: rules, source: source}
	kept := Listing{Refs: maps.Clone(bitbucket.Refs), Head: bitbucket.Head}
	deletions := 0
	for ref, id := range bitbucket.Refs {
		if _, exists := source.Refs[ref]; exists || !rules.Prune || !rules.match(ref) {
			continue
		}
		c := Change{Ref: ref, Action: Deleted, Old: id}
		switch other := ambiguous(ref, bitbucket); {
		case ref == bitbucket.Head:
			c.Refuse("it is the main branch of the Bitbucket repository, which is never deleted")
		case other != "":
			c.Refuse("git can't distinguish it from " + other + ", which has to be deleted first")
		default:
			delete(kept.Refs, ref)
			deletions++
		}
		plan.Changes = append(plan.Changes, c)
	}
	if deletions > rules.MaxDeletions {
		return Plan{}, fault.New(fault.TooManyDeletions,
			fmt.Sprintf("this run would delete %d branches and tags, and max-deletions allows %d", deletions, rules.MaxDeletions),
			"check that source is the right repository, and that branches and tags match what it has",
			"run once with dry-run: true to see the list",
			fmt.Sprintf("if all of them should go, set max-deletions: %d", deletions))
	}
	inTheWay := kept.names()
	for ref, id := range source.Refs {
		old := bitbucket.Refs[ref]
		if old == id || !rules.match(ref) {
			continue
		}
		c := Change{Ref: ref, Action: Updated, Old: old, New: id, Ambiguous: ambiguous(ref, bitbucket) != ""}
		switch {
		case old == "" && inTheWay.conflict(ref) != "":
			c.Refuse("Bitbucket has " + inTheWay.conflict(ref) + ", and git can't keep both names")
		case old == "":
			c.Action = Created
		case strings.HasPrefix(ref, heads):
			// Updated, if it hasn't diverged.
		case rules.Overwrite:
			c.Action = Overwritten
		default:
			c.Refuse("the tag has moved")
		}
		plan.Changes = append(plan.Changes, c)
	}
	sort.Slice(plan.Changes, func(a, b int) bool { return plan.Changes[a].Ref < plan.Changes[b].Ref })
	return plan, nil
}

// checkSource keeps a broken source from emptying a mirror.
func checkSource(source Listing, rules Rules) error {
	branches, matching := 0, 0
	for ref := range source.Refs {
		if name, ok := strings.CutPrefix(ref, heads); ok {
			branches++
			if rules.Branches.Match(name) {
				matching++
			}
		}
	}
	switch {
	case rules.Branches.none() && rules.Tags.none():
		return fault.New(fault.Pattern, "branches and tags both exclude everything, so there is nothing to mirror",
			"leave out one of them, or change its patterns")
	case branches == 0:
		return fault.New(fault.SourceEmpty, "the source has no branches, so nothing was changed",
			"check that source is the repository that you mean, and that it isn't empty")
	case matching == 0 && !rules.Branches.none():
		return fault.New(fault.SourceEmpty, "no branch of the source matches "+rules.Branches.String()+", so nothing was changed",
			"check the spelling of the patterns: main matches one branch, release/* matches all that begin with release/",
			"to mirror tags only, set branches to !*")
	}
	return nil
}

// ambiguous returns the ref that git would push to instead of this one, since it
// also completes names that begin with refs/. Such refs arise when somebody uses a
// full name as a short one, as in refs/heads/refs/heads/main.
func ambiguous(ref string, bitbucket Listing) string {
	for _, prefix := range []string{"refs/", tags, heads} {
		if _, exists := bitbucket.Refs[prefix+ref]; exists {
			return prefix + ref
		}
	}
	return ""
}

// names are refs, and the folders of their names.
type names struct {
	refs    map[string]string
	folders map[string]string // a ref in it
}

func (l Listing) names() names {
	n := names{l.Refs, map[string]string{}}
	for ref := range l.Refs {
		for folder := range folders(ref) {
			n.folders[folder] = ref
		}
	}
	return n
}

// conflict returns a ref that a repository can't have together with this one:
// a name can't be both a ref and a folder of refs.
func (n names) conflict(ref string) string {
	for folder := range folders(ref) {
		if _, exists := n.refs[folder]; exists {
			return folder
		}
	}
	return n.folders[ref]
}

// folders yields refs/heads/a and refs/heads/a/b of refs/heads/a/b/c.
func folders(ref string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := len(heads); i < len(ref); i++ {
			if ref[i] == '/' && !yield(ref[:i]) {
				return
			}
		}
	}
}

// Diverged is for an update whose old value isn't part of the new one's
// history: Bitbucket has commits that would be lost.
func (p *Plan) Diverged(c *Change) {
	if p.rules.Overwrite {
		c.Action = Overwritten
		return
	}
	c.Refuse("it has diverged: Bitbucket has commits that the source's branch doesn't contain")
}

// Commit is the commit that a new value stands for, if it is one or a tag of one.
func (p *Plan) Commit(c *Change) string {
	return cmp.Or(p.source.Peeled[c.New], c.New)
}

// SourceHas reports whether a branch or tag of the source has this value.
func (p *Plan) SourceHas(id string) bool {
	for _, other := range p.source.Refs {
		if other == id {
			return true
		}
	}
	return false
}

// Pushes returns the changes to make, in the order to make them: deletions
// that make room for a new name, branches, tags, and the other
// deletions. An empty repository gets the source's main branch first, and by
// itself, so that it becomes the main branch there too.
func (p *Plan) Pushes(fromNothing bool) [][]*Change {
	var first, main, branches, tagged, last []*Change
	created := Listing{Refs: map[string]string{}}
	for _, c := range p.Changes {
		if c.Action == Created {
			created.Refs[c.Ref] = c.New
		}
	}
	needed := created.names()
	for i := range p.Changes {
		c := &p.Changes[i]
		switch {
		case c.Action == Refused:
		case c.Action == Deleted && needed.conflict(c.Ref) != "":
			first = append(first, c)
		case c.Action == Deleted:
			last = append(last, c)
		case fromNothing && c.Ref == p.source.Head:
			main = append(main, c)
		case strings.HasPrefix(c.Ref, heads):
			branches = append(branches, c)
		default:
			tagged = append(tagged, c)
		}
	}
	return [][]*Change{first, main, branches, tagged, last}
}
