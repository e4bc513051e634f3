package mirror

import (
	"slices"
	"strings"
)

// History contains the commits that were fetched so far, each with its parents. They are
// numbered, since thousands of branches can share a long history.
type History struct {
	numbers   map[string]int
	parents   [][]int // by number
	boundary  []bool  // whether the commit's parents weren't fetched
	unfetched []bool  // whether it is only a parent
}

// NewHistory reads lines of a commit and its parents, as `git rev-list
// --parents` writes them, and the commits at which a shallow history ends.
func NewHistory(lines string, boundary []string) History {
	h := History{numbers: map[string]int{}}
	for line := range strings.Lines(lines) {
		if ids := strings.Fields(line); len(ids) > 0 {
			var parents []int
			for _, id := range ids[1:] {
				parents = append(parents, h.number(id))
			}
			n := h.number(ids[0])
			h.parents[n], h.unfetched[n] = parents, false
		}
	}
	for _, id := range boundary {
		h.boundary[h.number(id)] = true
	}
	return h
}

// number returns the number of a commit, which is a new one for a new commit.
func (h *History) number(id string) int {
	n, ok := h.numbers[id]
	if !ok {
		n = len(h.parents)
		h.numbers[id] = n
		h.parents, h.boundary, h.unfetched = append(h.parents, nil), append(h.boundary, false), append(h.unfetched, true)
	}
	return n
}

// Has reports whether a commit was fetched.
func (h History) Has(commit string) bool {
	n, ok := h.numbers[commit]
	return ok && !h.unfetched[n]
}

// fetched returns the numbers of those commits that were fetched.
func (h History) fetched(commits ...string) []int {
	var list []int
	for _, commit := range commits {
		if h.Has(commit) {
			list = append(list, h.numbers[commit])
		}
	}
	return list
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
	older, seen := h.fetched(old), slices.Clone(h.unfetched)
	walk(h.parents, older, seen, all)
	for _, n := range older {
		seen[n] = false
	}
	relation := Diverged
	walk(h.parents, h.fetched(tip), seen, func(commit, _ int) bool {
		if len(older) == 1 && commit == older[0] {
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
	kept := slices.Clone(h.unfetched)
	isCut := false
	walk(h.parents, h.fetched(tip), kept, func(commit, _ int) bool {
		isCut = isCut || h.boundary[commit]
		return true
	})
	count := 0
	walk(h.parents, h.fetched(old), kept, func(commit, _ int) bool {
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
	seen := slices.Clone(h.unfetched)
	walk(h.parents, h.fetched(known...), seen, all)
	// One walk for all tips, and one back from the boundary: thousands of branches can
	// share a long history.
	children := make([][]int, len(h.parents))
	var ends []int
	walk(h.parents, h.fetched(tips...), seen, func(commit, _ int) bool {
		for _, parent := range h.parents[commit] {
			children[parent] = append(children[parent], commit)
		}
		if h.boundary[commit] {
			ends = append(ends, commit)
		}
		return true
	})
	isUncovered := make([]bool, len(h.parents))
	walk(children, ends, isUncovered, all)
	return slices.DeleteFunc(slices.Clone(tips), func(tip string) bool { return !h.Has(tip) || !isUncovered[h.numbers[tip]] })
}

// EndsWithin reports whether the history of these tips ends at its boundary before it is
// this many commits deep. If it was fetched with that depth, the source itself is
// shallow.
func (h History) EndsWithin(depth int, tips []string) bool {
	ends := false
	walk(h.parents, h.fetched(tips...), slices.Clone(h.unfetched), func(commit, level int) bool {
		ends = h.boundary[commit] && level < depth
		return level < depth && !ends // nothing below can change the answer
	})
	return ends
}

// walk visits what edges lead to from some commits, the nearest first, until visit
// returns false. It skips the commits that were seen before, and what only they lead to.
// The level of the first commits is 1.
func walk(edges [][]int, from []int, seen []bool, visit func(commit, level int) bool) {
	now, next := slices.Clone(from), []int(nil)
	for level := 1; len(now) > 0; level++ {
		for _, commit := range now {
			if seen[commit] {
				continue
			}
			seen[commit] = true
			if !visit(commit, level) {
				return
			}
			next = append(next, edges[commit]...)
		}
		now, next = next, now[:0]
	}
}

func all(int, int) bool { return true }
