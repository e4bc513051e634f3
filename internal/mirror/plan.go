// Package mirror decides what a mirror run changes: which refs to create,
// update, overwrite, delete, and leave alone.
package mirror

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Listing contains the refs of a repository.
type Listing struct {
	Refs   map[string]string // object ID by full name; only what is mirrored
	Head   string            // the ref of its main branch, if that is known
	HeadID string            // the object ID of its main branch, if that is known

	// Peeled contains the objects that annotated tags point to, by the tag's object ID.
	Peeled map[string]string

	// Completions are refs that aren't mirrored and that git can complete a mirrored name
	// to, by that name: see [Listing.AddOther].
	Completions map[string]string

	// Others are the namespaces of refs that aren't mirrored, such as refs/notes/, if
	// they were asked for.
	Others []string
}

// IsEmpty reports whether there is nothing that is mirrored.
func (l Listing) IsEmpty() bool { return len(l.Refs) == 0 }

// mayBeMain reports whether a branch can be the main one if HEAD isn't listed as a
// symbolic ref: git's first protocol, for instance, can leave that out.
func (l Listing) mayBeMain(ref string) bool {
	return l.Head == "" && l.HeadID != "" && isBranch(ref) && l.Refs[ref] == l.HeadID
}

// Rules are the settings that decide about changes.
type Rules struct {
	Patterns     map[string]Patterns // by the plural of their namespace
	Prune        bool
	Overwrite    bool
	MaxDeletions int
	FollowMain   bool // Bitbucket's main branch becomes the source's

	// DefaultBranch is the short name of the source's main branch, if the host says
	// which one it is.
	DefaultBranch string

	// IsSecret reports whether a name or an object ID contains a piece of a token. Such
	// refs are left alone, and aren't named. Nil: none does.
	IsSecret func(text string) bool
}

func (r Rules) match(ref string) bool {
	namespace, name, _ := namespaceOf(ref)
	return r.Patterns[namespace.Plural].Match(name)
}

// Action names the change of a ref in Bitbucket.
type Action string

// The actions.
const (
	Created     Action = "created"
	Updated     Action = "updated"
	Overwritten Action = "overwritten"
	Deleted     Action = "deleted"
	LeftAlone   Action = "refused" // the word in the output refs
)

// Change is a ref that differs between the two sides.
type Change struct {
	Ref    string
	Action Action
	Old    string // its object ID in Bitbucket; empty: none
	New    string // in the source; empty: none
	Reason string
	Cause  Cause // of being left alone
	Lost   int   // how many commits an overwritten branch no longer leads to; 0: it isn't known

	secret bool // it isn't shown
}

// Cause is a kind of reason to leave a ref alone. The same can be done about it for all
// refs.
type Cause int

// The causes.
const (
	_             Cause = iota
	HasDiverged         // Bitbucket's branch has other commits
	HasMoved            // a tag
	IsInTheWay          // another ref is: git can't keep both names
	IsAmbiguous         // git can't distinguish it from another one
	IsNotShown          // its name, or an object ID of it, contains a piece of a token
	IsTooLong           // its name
	WasDeclined         // by Bitbucket
	HasChanged          // during the run
	IsInterrupted       // the run ended before
)

func (c *Change) leaveAlone(cause Cause, reason string) {
	c.Action, c.Cause, c.Reason = LeftAlone, cause, reason
}

// Plan lists the changes to make, and their results. Nothing else alters a [Change].
type Plan struct {
	changes   []Change // in the order of their names
	rules     Rules
	source    Listing
	bitbucket Listing
	results   map[string]Result // of the push, if there was one

	extra    []string // what only Bitbucket has, of what is mirrored
	keptMain []string // of these: would be deleted, if they couldn't be Bitbucket's main branch
	held     []Change // of these: deleted once Bitbucket has another main branch
	mainSet  bool
}

// IsEmpty reports whether there is nothing to do, and no ref is left alone.
func (p *Plan) IsEmpty() bool {
	main, _ := p.MainToSet(nil)
	return len(p.changes) == 0 && main == ""
}

// Changes returns the changes that may be shown, in the order of their names. Before
// updates are pushed, it has to be known that the branches haven't diverged: see
// [Plan.Diverged].
func (p *Plan) Changes() []Change {
	var shown []Change
	for _, c := range p.changes {
		if !c.secret {
			c.Ref = shortened(c.Ref)
			shown = append(shown, c)
		}
	}
	return shown
}

// Unnamed returns the number of refs that are left alone and not named, also in words.
func (p *Plan) Unnamed() (count int, quantity string) {
	var refs []string
	for _, c := range p.changes {
		if c.secret {
			refs = append(refs, c.Ref)
		}
	}
	return len(refs), Quantity(refs)
}

// New compares a source with Bitbucket. With an error, a [*fault.Fault], nothing may be
// changed. Call [Plan.CheckDeletions], too. The time it needs depends on what the servers
// list, so it ends with ctx.
func New(ctx context.Context, source, bitbucket Listing, rules Rules) (Plan, error) {
	if err := checkSource(source, rules); err != nil {
		return Plan{}, err
	}
	plan := Plan{rules: rules, source: source, bitbucket: bitbucket}
	for ref := range bitbucket.Refs {
		if _, exists := source.Refs[ref]; !exists && rules.match(ref) {
			plan.extra = append(plan.extra, ref)
		}
	}
	kept := maps.Clone(bitbucket.Refs)
	if rules.Prune {
		if err := plan.deleteExtra(ctx, kept); err != nil {
			return Plan{}, err
		}
	}
	for ref, id := range source.Refs {
		if ctx.Err() != nil {
			return Plan{}, fault.From(context.Cause(ctx))
		}
		old := bitbucket.Refs[ref]
		if old == id || !rules.match(ref) {
			continue
		}
		c := Change{Ref: ref, Action: Updated, Old: old, New: id}
		namespace, _, _ := namespaceOf(ref)
		switch {
		case old == "":
			c.Action = Created
			if other := cmp.Or(ambiguous(ref, bitbucket), bitbucket.Completions[ref]); other != "" {
				c.leaveAlone(IsAmbiguous, "git would change "+rules.shown(other)+" instead, which has to be deleted first")
			}
		case namespace.Grows:
			// Updated, if it hasn't diverged.
		case rules.Overwrite:
			c.Action = Overwritten
		default:
			c.leaveAlone(HasMoved, "the "+namespace.Singular+" has moved")
		}
		rules.check(&c)
		plan.changes = append(plan.changes, c)
	}
	plan.sort()
	plan.leaveConflicts(kept)
	return plan, nil
}

// deleteExtra plans to delete the refs that only Bitbucket has, except for its main
// branch, and removes them from those that Bitbucket keeps.
func (p *Plan) deleteExtra(ctx context.Context, kept map[string]string) error {
	for _, ref := range p.extra {
		if ctx.Err() != nil {
			return fault.From(context.Cause(ctx))
		}
		c := Change{Ref: ref, Action: Deleted, Old: p.bitbucket.Refs[ref]}
		other := ambiguous(ref, p.bitbucket)
		if other != "" {
			c.leaveAlone(IsAmbiguous, "git can't distinguish it from "+p.rules.shown(other)+", which has to be deleted first")
		}
		p.rules.check(&c)
		switch isMain := ref == p.bitbucket.Head || p.bitbucket.mayBeMain(ref); {
		case isMain && p.rules.FollowMain && c.Action == Deleted:
			p.held = append(p.held, c)
			continue
		case isMain:
			p.keptMain = append(p.keptMain, ref)
			continue
		case c.Action == Deleted:
			delete(kept, ref)
		}
		p.changes = append(p.changes, c)
	}
	return nil
}

// CheckDeletions returns a fault if the plan deletes more refs than are allowed.
func (p *Plan) CheckDeletions() *fault.Fault {
	deleted := p.refs(Deleted)
	if main, _ := p.MainToSet(nil); main != "" {
		deleted = append(deleted, RefsOf(p.held)...)
	}
	if len(deleted) <= p.rules.MaxDeletions {
		return nil
	}
	return fault.New(fault.TooManyDeletions,
		fmt.Sprintf("this run would delete %s, and max-deletions allows %d", Quantity(deleted), p.rules.MaxDeletions),
		"check that source is the right repository, and that branches and tags match what it has",
		fmt.Sprintf("if all of them should go, set max-deletions: %d", len(deleted)))
}

// Kept returns the number of refs within the patterns that only Bitbucket has and that
// the run keeps, and the names of those that may be shown.
func (p *Plan) Kept() (count int, names []string) {
	deleted := p.refs(Deleted)
	kept := slices.DeleteFunc(slices.Clone(p.extra), func(ref string) bool {
		_, isDeleted := slices.BinarySearch(deleted, ref)
		return isDeleted
	})
	return len(kept), p.shownNames(kept)
}

// Unmatched returns the including patterns that match nothing in the source, for each
// setting in which another one matches.
func (p *Plan) Unmatched() map[string][]string {
	unmatched := map[string][]string{}
	for _, n := range Namespaces {
		patterns := p.rules.Patterns[n.Plural]
		if len(patterns.include) < 2 {
			continue // no other one can match, and there can be thousands of refs
		}
		var names []string
		for ref := range p.source.Refs {
			if name, ok := strings.CutPrefix(ref, n.Prefix); ok {
				names = append(names, name)
			}
		}
		if missing := patterns.unmatched(names); len(missing) > 0 && len(missing) < len(patterns.include) {
			unmatched[n.Plural] = missing
		}
	}
	return unmatched
}

// leaveConflicts leaves new refs alone whose names Bitbucket can't have together
// with those that it keeps.
func (p *Plan) leaveConflicts(kept map[string]string) {
	inTheWay := conflicts(p.refs(Created), slices.Sorted(maps.Keys(kept)))
	for i := range p.changes {
		if other, ok := inTheWay[p.changes[i].Ref]; ok {
			p.changes[i].leaveAlone(IsInTheWay, "Bitbucket has "+p.rules.shown(other)+", and git can't keep both names")
		}
	}
}

// refs returns the names of the refs with an action, in their order.
func (p *Plan) refs(action Action) []string {
	var list []string
	for _, c := range p.changes {
		if c.Action == action {
			list = append(list, c.Ref)
		}
	}
	return list
}

// checkSource keeps a broken source from emptying a mirror.
func checkSource(source Listing, rules Rules) error {
	existing, matching := 0, 0
	for ref := range source.Refs {
		if isBranch(ref) {
			existing++
			if rules.match(ref) {
				matching++
			}
		}
	}
	excludesAll := func(n Namespace) bool { return rules.Patterns[n.Plural].none() }
	excludesSome := slices.ContainsFunc(Namespaces, func(n Namespace) bool { return !excludesAll(n) })
	patterns := rules.Patterns[branches.Plural]
	switch {
	case !excludesSome:
		return fault.New(fault.Pattern, "branches and tags both exclude everything, so there is nothing to mirror",
			"leave out one of them, or change its patterns")
	case existing == 0:
		return fault.New(fault.SourceEmpty, "the source has no branches, so nothing was changed",
			"check that source is the repository that you mean, and that it isn't empty")
	case matching == 0 && !excludesAll(branches):
		return fault.New(fault.SourceEmpty, "no branch of the source matches "+patterns.String()+", so nothing was changed",
			"check the spelling of the patterns: main matches one branch, release/* matches all that begin with release/",
			"to mirror tags only, set branches to !*")
	}
	return nil
}

// ambiguous returns the ref that git would push to instead of this one, or can't
// distinguish from it, since it also completes names that begin with refs/ (of git:
// remote.c, count_refspec_match). Such refs arise when somebody uses a full name as a
// short one, as in the branch refs/heads/main.
func ambiguous(ref string, bitbucket Listing) string {
	for _, n := range Namespaces {
		if _, exists := bitbucket.Refs[n.Prefix+ref]; exists {
			return n.Prefix + ref
		}
	}
	if other := allRefs + ref; bitbucket.Completions[ref] == other {
		return other
	}
	return ""
}

// Diverged records that the old value of an update isn't part of the new one's history:
// Bitbucket has commits that would be lost, this many or, if it is 0, an unknown number.
func (p *Plan) Diverged(ref string, lost int) {
	c := p.change(ref)
	if p.rules.Overwrite {
		c.Action, c.Lost = Overwritten, lost
		return
	}
	c.leaveAlone(HasDiverged, "it has diverged: Bitbucket has commits that the source's branch doesn't contain")
}

// change returns the change of a ref, which must have one.
func (p *Plan) change(ref string) *Change {
	i := sort.Search(len(p.changes), func(i int) bool { return p.changes[i].Ref >= ref })
	return &p.changes[i]
}

// Commit returns the commit of a new value, which can be the commit or a tag of it.
func (p *Plan) Commit(c Change) string {
	return cmp.Or(p.source.Peeled[c.New], c.New)
}

// SourceHas reports whether a ref of the source has this value.
func (p *Plan) SourceHas(id string) bool {
	return slices.Contains(slices.Collect(maps.Values(p.source.Refs)), id)
}

// Pending returns how many changes are to be made.
func (p *Plan) Pending() int { return len(p.changes) - p.Count(LeftAlone) }

// ToPush returns the changes that need the source's objects.
func (p *Plan) ToPush() []Change {
	return slices.DeleteFunc(p.Changes(), func(c Change) bool { return c.Action == LeftAlone || c.New == "" })
}

// Pushes returns the changes to make, in the order to make them: deletions
// that make room for a new name, one namespace after the other, and the other
// deletions. An empty repository gets the main branch first, and by itself, so that
// it becomes the main branch there too. Before the other deletions, the main branch
// can be set: last returns them.
func (p *Plan) Pushes() (parts [][]Change, last []Change) {
	inTheWay := conflicts(p.refs(Deleted), p.refs(Created))
	mainRef := ""
	if p.bitbucket.IsEmpty() {
		mainRef, _ = p.firstMain()
	}
	var first, main []Change
	byNamespace := map[string][]Change{}
	for _, c := range p.changes {
		namespace, _, _ := namespaceOf(c.Ref)
		switch {
		case c.Action == LeftAlone:
		case inTheWay[c.Ref] != "":
			first = append(first, c)
		case c.Action == Deleted:
			last = append(last, c)
		case c.Ref == mainRef:
			main = append(main, c)
		default:
			byNamespace[namespace.Prefix] = append(byNamespace[namespace.Prefix], c)
		}
	}
	parts = [][]Change{first, main}
	for _, n := range Namespaces {
		parts = append(parts, byNamespace[n.Prefix])
	}
	return parts, last
}
