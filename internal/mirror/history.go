package mirror

import (
	"slices"
	"strings"
)

// History contains the commits that were fetched so far, each with its parents.
type History struct {
	parents  map[string][]string
	boundary map[string]bool // commits whose parents weren't fetched
}

// NewHistory reads lines of a commit and its parents, as `git rev-list
// --parents` writes them, and the commits at which a shallow history ends.
func NewHistory(lines string, boundary []string) History {
	h := History{map[string][]string{}, map[string]bool{}}
	for line := range strings.Lines(lines) {
		if ids := strings.Fields(line); len(ids) > 0 {
			h.parents[ids[0]] = ids[1:]
		}
	}
	for _, id := range boundary {
		h.boundary[id] = true
	}
	return h
}

// Has reports whether a commit was fetched.
func (h History) Has(commit string) bool {
	_, ok := h.parents[commit]
	return ok
}

// Relation describes the old value of a branch in relation to its new one.
type Relation int

// The relations.
const (
	Unknown  Relation = iota // the history doesn't go back far enough
	Ancestor                 // the branch has only grown
	Diverged
)

// Relate looks for the old value in the history of the new one. It skips commits that the
// old one descends from, because history has no cycles. So a rewritten branch is
// recognised as soon as the two histories meet.
func (h History) Relate(old, tip string) Relation {
	older := map[string]bool{}
	h.walk([]string{old}, nil, func(commit string, _ int) bool {
		older[commit] = commit != old
		return true
	})
	relation := Diverged
	h.walk([]string{tip}, older, func(commit string, _ int) bool {
		if commit == old {
			relation = Ancestor
			return false
		}
		if h.boundary[commit] {
			relation = Unknown
		}
		return true
	})
	return relation
}

// Lost counts the commits that a diverged branch's old value leads to and its new one
// doesn't; 0 if the history doesn't go back far enough.
func (h History) Lost(old, tip string) int {
	kept := map[string]bool{}
	isCut := false
	h.walk([]string{tip}, nil, func(commit string, _ int) bool {
		kept[commit] = true
		isCut = isCut || h.boundary[commit]
		return true
	})
	count := 0
	h.walk([]string{old}, kept, func(commit string, _ int) bool {
		// What leads to the beginning of the history may also lead there from behind
		// the place at which the other history is cut.
		if h.boundary[commit] || isCut && len(h.parents[commit]) == 0 {
			count = 0
			return false
		}
		count++
		return true
	})
	return count
}

// Uncovered returns the tips whose history ends at the boundary before it meets commits
// that Bitbucket has: a push would have to send everything that the boundary contains.
func (h History) Uncovered(tips, known []string) []string {
	covered := map[string]bool{}
	h.walk(known, nil, func(commit string, _ int) bool {
		covered[commit] = true
		return true
	})
	// One walk for all tips, and one back from the boundary: thousands of branches can
	// share a long history.
	children := History{parents: map[string][]string{}}
	var ends []string
	h.walk(tips, covered, func(commit string, _ int) bool {
		if !children.Has(commit) {
			children.parents[commit] = nil // none was met yet
		}
		for _, parent := range h.parents[commit] {
			children.parents[parent] = append(children.parents[parent], commit)
		}
		if h.boundary[commit] {
			ends = append(ends, commit)
		}
		return true
	})
	isUncovered := map[string]bool{}
	children.walk(ends, nil, func(commit string, _ int) bool {
		isUncovered[commit] = true
		return true
	})
	return slices.DeleteFunc(slices.Clone(tips), func(tip string) bool { return !isUncovered[tip] })
}

// EndsWithin reports whether the history of these tips ends at its boundary before it is
// this many commits deep. If it was fetched with that depth, the source itself is
// shallow.
func (h History) EndsWithin(depth int, tips []string) bool {
	ends := false
	h.walk(tips, nil, func(commit string, level int) bool {
		ends = ends || h.boundary[commit] && level < depth
		return level < depth && !ends
	})
	return ends
}

// walk visits the history of tips, the nearest commits first, until visit returns false.
// It skips the commits in without, and what only they lead to. The level of a tip is 1.
func (h History) walk(tips []string, without map[string]bool, visit func(commit string, level int) bool) {
	seen := map[string]bool{}
	for level := 1; len(tips) > 0; level++ {
		var next []string
		for _, commit := range tips {
			if seen[commit] || without[commit] || !h.Has(commit) {
				continue
			}
			seen[commit] = true
			if !visit(commit, level) {
				return
			}
			next = append(next, h.parents[commit]...)
		}
		tips = next
	}
}
