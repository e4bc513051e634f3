package action

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// listing reads "main=2 v1=1": what begins with v is a tag, and the first branch is the main
// one. In "HEAD=1 main=1", nothing but its object ID is known of that.
func listing(text string) mirror.Listing {
	l := mirror.Listing{Refs: map[string]string{}}
	for item := range strings.FieldsSeq(text) {
		name, id, _ := strings.Cut(item, "=")
		if name == "HEAD" {
			l.HeadID = id
			continue
		}
		ref := "refs/heads/" + name
		if name[0] == 'v' {
			ref = "refs/tags/" + name
		} else if l.Head == "" && l.HeadID == "" {
			l.Head = ref
		}
		l.Refs[ref] = id
	}
	return l
}

// planned is a mirror that has listed both sides.
func planned(t *testing.T, source, bitbucket string, rules mirror.Rules) *mirroring {
	t.Helper()
	m := &mirroring{run: &run{}, settings: &input.MirrorSettings{}, rules: rules, bitbucket: listing(bitbucket)}
	var err error
	if m.plan, err = mirror.New(t.Context(), listing(source), m.bitbucket, rules); err != nil {
		t.Fatal(err)
	}
	return m
}

// New refs are fetched together with Bitbucket's main branch, if the source has it too:
// otherwise the first steps would meet nothing that Bitbucket has, and the whole history
// would be fetched.
func TestFetchBeginsAtTheMainBranch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, source, bitbucket string
		want                    string
	}{
		{"a new branch", "main=1 topic=2", "main=1", "1 2"},
		{"a new tag", "main=1 v2=2", "main=1", "1 2"},
		{"no new ref", "main=2", "main=1", "2"},
		{"a new branch, and main has moved", "main=3 topic=2", "main=1", "2 3"},
		{"a new branch, and another has main's commit", "main=3 old=1 topic=2", "main=1", "1 2 3"},
		{"Bitbucket has no main branch", "main=1 topic=2", "v1=1", "1 2"},
	} {
		m := planned(t, test.source, test.bitbucket, mirror.Rules{})
		if got := set(m.withContext(mirror.NewValues(m.plan.ToPush()))); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// set is a list in order, each of its members once.
func set(list []string) string {
	list = slices.Clone(list)
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}

// The history is fetched further back for those tips alone whose history doesn't reach
// what Bitbucket has, and for branches that may have diverged.
func TestFetchGoesOnlyAsFarAsNeeded(t *testing.T) {
	t.Parallel()
	// 9 - 8 - … - 1 is main's history, t2 - t1 - 3 a topic's, and x2 - x1 what was fetched
	// of another.
	history := func(lines ...string) mirror.History {
		return mirror.NewHistory(strings.Join(lines, "\n")+"\n", []string{"3", "x1"})
	}
	all := history("9 8", "8 7", "7 3", "3", "t2 t1", "t1 3", "x2 x1", "x1")
	for _, test := range []struct {
		name, source, bitbucket string
		undecided               string // branches
		dry                     bool
		want                    string
	}{
		{"a branch has grown", "main=9", "main=7", "", false, ""},
		{"a branch has grown, from far behind", "main=9", "main=1", "main", false, "9"},
		{"a new branch from main", "main=9 topic=t2", "main=9", "", false, ""},
		{"a new branch from what Bitbucket has", "main=9 topic=t2", "main=9 old=3", "", false, ""},
		{"a new branch from elsewhere", "main=9 other=x2", "main=9 old=3", "", false, "9 x2"},
		{"two that may have diverged", "main=9 topic=t2", "main=x2 topic=8", "main topic", false, "8 9 t2 x2"},
		{"a dry run needs no objects", "main=9 other=x2", "main=9 old=3", "", true, ""},
		{"a dry run of one that may have diverged", "main=9", "main=x2", "main", true, "9 x2"},
	} {
		m := planned(t, test.source, test.bitbucket, mirror.Rules{})
		m.settings.DryRun = test.dry
		var undecided []mirror.Change
		for _, c := range m.plan.ToPush() {
			if slices.Contains(strings.Fields(test.undecided), mirror.ShortName(c.Ref)) {
				undecided = append(undecided, c)
			}
		}
		if got := set(m.unfinished(all, undecided)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// What is asked about changes leaves them as they are.
func TestUpdatesAreACopy(t *testing.T) {
	t.Parallel()
	changes := []mirror.Change{{Ref: "a", Action: mirror.Created}, {Ref: "b", Action: mirror.Updated}, {Ref: "c", Action: mirror.Created}, {Ref: "d", Action: mirror.Updated}}
	before := slices.Clone(changes)
	if got := updates(changes); len(got) != 2 || got[0].Ref != "b" || got[1].Ref != "d" || !slices.Equal(changes, before) {
		t.Errorf("got %v of %v", got, changes)
	}
}

// A step that reads little comes first, and each further one reads more.
func TestDepths(t *testing.T) {
	t.Parallel()
	if depths[0] > 8 || depths[len(depths)-1] != 0 || !slices.IsSorted(depths[:len(depths)-1]) {
		t.Errorf("got %v", depths)
	}
}
