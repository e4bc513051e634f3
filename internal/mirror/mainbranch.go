package mirror

import (
	"fmt"
	"slices"
	"sort"
)

// firstMain returns the branch that an empty repository gets by itself, before the
// others, because the first one becomes its main branch. If nothing says which one
// that should be, it is the first by its name, and guessed is true.
func (p *Plan) firstMain() (ref string, guessed bool) {
	pushed := slices.DeleteFunc(p.refs(Created), func(ref string) bool { return !isBranch(ref) })
	for _, ref := range []string{
		p.source.Head, branches.Prefix + p.rules.DefaultBranch, branches.Prefix + "main", branches.Prefix + "master",
	} {
		if slices.Contains(pushed, ref) {
			return ref, false
		}
	}
	if len(pushed) == 0 {
		return "", false
	}
	atHead := slices.DeleteFunc(slices.Clone(pushed), func(ref string) bool { return p.source.Refs[ref] != p.source.HeadID })
	if len(atHead) == 1 {
		return atHead[0], false
	}
	return pushed[0], true
}

// GuessedMain returns the main branch that an empty repository gets, if nothing says
// which one it should be, and otherwise nothing.
func (p *Plan) GuessedMain() string {
	if !p.bitbucket.IsEmpty() {
		return ""
	}
	ref, guessed := p.firstMain()
	if !guessed {
		return ""
	}
	return ref
}

// MainToSet returns the branch to set as Bitbucket's main one, to follow the source,
// after a push with these results; empty if there is nothing to set. If the source's
// main branch can't be set, problem says why. An empty repository gets it with its
// first push.
func (p *Plan) MainToSet(results map[string]Result) (ref, problem string) {
	head := p.source.Head
	result, pushed := results[head]
	switch {
	case !p.rules.FollowMain || p.bitbucket.IsEmpty() || p.mainSet:
		return "", ""
	case head == "":
		return "", "the source doesn't say which branch is its main one"
	case head == p.bitbucket.Head:
		return "", ""
	case p.source.Refs[head] == "" || !p.rules.match(head), p.rules.isSecret(head):
		return "", fmt.Sprintf("the source's main branch, %s, isn't mirrored", p.rules.shown(head))
	case slices.Contains(p.refs(LeftAlone), head), pushed && result.Outcome != Pushed && result.Outcome != Present:
		return "", fmt.Sprintf("the source's main branch, %s, was left alone", p.rules.shown(head))
	}
	return head, ""
}

// SetMain records that Bitbucket's main branch is the source's now, and returns what
// can be deleted because of that.
func (p *Plan) SetMain() []Change {
	p.mainSet = true
	released := p.held
	p.held = nil
	p.changes = append(p.changes, released...)
	p.sort()
	return released
}

// KeptMain returns the branches that would be deleted if they weren't, or couldn't
// be, the main branch of Bitbucket's repository.
func (p *Plan) KeptMain() []string {
	return p.shownNames(slices.Concat(p.keptMain, RefsOf(p.held)))
}

// shownNames are the names that may be shown, in order.
func (p *Plan) shownNames(refs []string) []string {
	var names []string
	for _, ref := range slices.Sorted(slices.Values(refs)) {
		if !p.rules.isSecret(ref) {
			names = append(names, shortened(ref))
		}
	}
	return names
}

// sort sorts the changes by their names. The generic functions would add 15 KB to the
// program for this one type.
func (p *Plan) sort() {
	sort.Slice(p.changes, func(a, b int) bool { return p.changes[a].Ref < p.changes[b].Ref })
}
