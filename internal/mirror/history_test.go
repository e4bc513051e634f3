package mirror_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/cputest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// The history of the tests below, of which what is older than d and x wasn't
// fetched:
//
//	d - c - b - a - tip      other is a - o
//	     \     /
//	x ----- y
var graph = mirror.NewHistory("tip a\na b y\nb c\nc d\nd\ny x c\nx\no a\n\nlone\n", []string{"d", "x"})

// A commit that is only known as a parent wasn't fetched.
func TestHas(t *testing.T) {
	t.Parallel()
	h := mirror.NewHistory("child parent\n", nil)
	for commit, want := range map[string]bool{"child": true, "parent": false, "elsewhere": false} {
		if got := h.Has(commit); got != want {
			t.Errorf("%s: got %v", commit, got)
		}
	}
}

func TestRelate(t *testing.T) {
	for _, test := range []struct {
		old, tip string
		want     mirror.Relation
	}{
		{"c", "tip", mirror.Ancestor},
		{"b", "tip", mirror.Ancestor},
		{"x", "tip", mirror.Ancestor},
		{"gone", "tip", mirror.Unknown},
		{"gone", "lone", mirror.Diverged},
		{"tip", "a", mirror.Diverged}, // went back
		{"o", "tip", mirror.Diverged}, // they meet at a
		{"b", "y", mirror.Unknown},    // they meet at c, but what is behind x isn't known
		{"lone", "tip", mirror.Unknown},
	} {
		if got := graph.Relate(test.old, test.tip); got != test.want {
			t.Errorf("%s in the history of %s: %v, want %v", test.old, test.tip, got, test.want)
		}
	}
}

// How many commits a branch loses is said only if it is certain.
func TestLost(t *testing.T) {
	unrelated := mirror.NewHistory("n2 n1\nn1\no3 o2\no2 o1\no1\n", nil)
	// Each history has a commit at which it is cut and, farther away, its beginning.
	cut := mirror.NewHistory("new n1 n2\nn1\nn2 n3\nn3\nold o1 o2\no1\no2 o3\no3\nother o3\nlone\n", []string{"n1", "o1"})
	for _, test := range []struct {
		history  mirror.History
		old, tip string
		want     int
	}{
		{graph, "tip", "a", 1},
		{graph, "tip", "c", 0}, // what is behind x isn't known
		{graph, "o", "tip", 1},
		{graph, "b", "y", 1},
		{graph, "x", "b", 0},
		{graph, "lone", "tip", 0},
		{graph, "tip", "lone", 0},
		{graph, "gone", "tip", 0},
		{unrelated, "o3", "n2", 3},
		{cut, "other", "new", 0},
		{cut, "old", "lone", 0},
		{cut, "other", "lone", 2},
	} {
		if got := test.history.Lost(test.old, test.tip); got != test.want {
			t.Errorf("from %s to %s: %d, want %d", test.old, test.tip, got, test.want)
		}
	}
}

func TestUncovered(t *testing.T) {
	for _, test := range []struct {
		tips, known string
		want        string
	}{
		{"tip", "a", ""},
		{"tip", "", "tip"},
		{"tip", "b", "tip"}, // by way of y
		{"tip", "b y", ""},
		{"tip b lone", "c", "tip"},
		{"b", "tip", ""},
		{"elsewhere", "", ""},
		{"tip elsewhere", "", "tip"},
	} {
		tips := strings.Fields(test.tips)
		got := strings.Join(graph.Uncovered(tips, strings.Fields(test.known)), " ")
		if got != test.want || !slices.Equal(tips, strings.Fields(test.tips)) {
			t.Errorf("%q without %q: got %q, want %q", test.tips, test.known, got, test.want)
		}
	}
}

func TestEndsWithin(t *testing.T) {
	for depth, want := range map[int]bool{3: false, 4: false, 5: true} {
		if got := graph.EndsWithin(depth, []string{"tip"}); got != want {
			t.Errorf("tip ends within %d commits: %v, want %v", depth, got, want)
		}
	}
	chain := mirror.NewHistory("three two\ntwo one\none\n", []string{"one"})
	for depth, want := range map[int]bool{2: false, 3: false, 4: true} {
		if got := chain.EndsWithin(depth, []string{"three"}); got != want {
			t.Errorf("three commits end within %d: %v, want %v", depth, got, want)
		}
	}
	if graph.EndsWithin(64, []string{"lone"}) {
		t.Error("the whole history of a branch is taken for a shallow one")
	}
}

// A long history is walked without recursion.
func TestLongHistory(t *testing.T) {
	var lines []string
	for i := range 100_000 {
		lines = append(lines, fmt.Sprintf("c%d c%d\n", i+1, i))
	}
	slices.Reverse(lines)
	h := mirror.NewHistory(strings.Join(lines, "")+"c0\n", nil)
	if got := h.Relate("c0", "c100000"); got != mirror.Ancestor {
		t.Errorf("got %v", got)
	}
}

// Thousands of branches that share a long history are looked at together.
func TestUncoveredOfManyBranches(t *testing.T) {
	const length, count = 30_000, 3_000
	var lines strings.Builder
	var tips []string
	for i := range length {
		fmt.Fprintf(&lines, "c%d c%d\n", i+1, i)
		if i >= length-count {
			tips = append(tips, fmt.Sprintf("c%d", i+1))
		}
	}
	h := mirror.NewHistory(lines.String()+"c0\nother\n", []string{"c0"})
	took := cputest.Time(func() {
		if got := h.Uncovered(tips, []string{"other"}); len(got) != count {
			t.Errorf("%d aren't covered", len(got))
		}
	})
	if took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// Each of thousands of branches is looked for in a long history, which takes most if the
// branch has diverged.
func TestRelateManyBranches(t *testing.T) {
	const length, count = 50_000, 250
	var lines strings.Builder
	for i := range length {
		fmt.Fprintf(&lines, "c%d c%d\n", i+1, i)
	}
	for i := range count {
		fmt.Fprintf(&lines, "o%d c%d\n", i, length-i)
	}
	h := mirror.NewHistory(lines.String()+"c0\n", nil)
	took := cputest.Time(func() {
		for i := range count {
			old, tip := fmt.Sprintf("o%d", i), fmt.Sprintf("c%d", length-i)
			if got := h.Relate(old, tip); got != mirror.Diverged {
				t.Fatalf("%s: %v", old, got)
			}
			if got := h.Lost(old, tip); got != 1 {
				t.Fatalf("%s: %d", old, got)
			}
		}
	})
	if took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
