package mirror

import (
	"slices"
	"sort"
	"strings"
)

// conflicts returns those of some refs that a repository can't have together with
// others, each with one of these: a name can't be both a ref and a folder of refs.
// Both lists are sorted. The time depends on their length, however deep the
// folders are.
func conflicts(refs, others []string) map[string]string {
	found := map[string]string{}
	for _, other := range others {
		inFolder := within(refs, other)
		if len(inFolder) == 0 || found[inFolder[0]] != "" {
			continue // an outer folder, which sorts first, has all of them
		}
		for _, ref := range inFolder {
			found[ref] = other
		}
	}
	for _, ref := range refs {
		if inFolder := within(others, ref); len(inFolder) > 0 {
			found[ref] = inFolder[0]
		}
	}
	return found
}

// within returns the refs in a folder, which are next to each other in a sorted
// list.
func within(sorted []string, folder string) []string {
	folder += "/"
	start, _ := slices.BinarySearch(sorted, folder)
	count := sort.Search(len(sorted)-start, func(i int) bool { return !strings.HasPrefix(sorted[start+i], folder) })
	return sorted[start : start+count]
}
