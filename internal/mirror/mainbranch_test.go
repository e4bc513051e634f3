package mirror_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// An empty repository gets as its main branch what the source's is or, if that isn't
// known or mirrored, what it most likely is.
func TestFirstMain(t *testing.T) {
	for _, test := range []struct {
		name, source, head, headID, fromHost, branches string
		want                                           string
		guessed                                        string
	}{
		{"the source's", "trunk=2 main=1", "trunk", "2", "dev", "", "trunk", ""},
		{"left out, the host's", "trunk=2 main=1 dev=3", "trunk", "2", "dev", "!trunk", "dev", ""},
		{"left out, main", "trunk=2 main=1 dev=3", "trunk", "2", "", "!trunk", "main", ""},
		{"detached, the host's", "dev=1 main=2", "", "2", "dev", "", "dev", ""},
		{"detached, the host's isn't mirrored", "dev=1 main=2", "", "1", "trunk", "", "main", ""},
		{"detached, main", "dev=1 main=2 master=3", "", "1", "", "", "main", ""},
		{"detached, master", "dev=1 master=3", "", "1", "", "", "master", ""},
		{"detached, at HEAD", "a=1 dev=2", "", "2", "", "", "dev", ""},
		{"detached, several at HEAD", "b=2 a=1 dev=2", "", "2", "", "", "a", "refs/heads/a"},
		{"detached, none at HEAD", "b=2 a=1", "", "9", "", "", "a", "refs/heads/a"},
		{"unborn", "b=2 a=1", "", "", "", "", "a", "refs/heads/a"},
		{"tags only", "main=1 v1=1", "main", "1", "", "!*", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := listing(test.source)
			source.Head, source.HeadID = "", test.headID
			if test.head != "" {
				source.Head = "refs/heads/" + test.head
			}
			plan, err := mirror.New(t.Context(), source, mirror.Listing{}, mirror.Rules{DefaultBranch: test.fromHost, Patterns: patterns(test.branches, "")})
			if err != nil {
				t.Fatal(err)
			}
			parts, _ := plan.Pushes()
			got := ""
			if len(parts[1]) == 1 {
				got = parts[1][0].Ref
			}
			want := test.want
			if want != "" {
				want = "refs/heads/" + want
			}
			if got != want || plan.GuessedMain() != test.guessed {
				t.Errorf("got %q, guessed %q, want %q", got, plan.GuessedMain(), want)
			}
		})
	}
}

// A repository that isn't empty has its main branch.
func TestNoGuess(t *testing.T) {
	t.Parallel()
	source := listing("b=2 a=1")
	source.Head = ""
	plan, err := mirror.New(t.Context(), source, listing("x=1"), mirror.Rules{})
	if err != nil || plan.GuessedMain() != "" {
		t.Errorf("got %q, %v", plan.GuessedMain(), err)
	}
}

// A main branch that the source no longer has is kept: no change, and named.
func TestKeptMain(t *testing.T) {
	rules := mirror.Rules{Prune: true, MaxDeletions: 10}
	plan := newPlan(t, "trunk=1 dev=1", "main=1 trunk=1 dev=1 gone=2", rules)
	if got := joined(fates(plan.Changes())); got != "deleted gone" || !slices.Equal(plan.KeptMain(), []string{"refs/heads/main"}) {
		t.Errorf("got %s, kept %q", got, plan.KeptMain())
	}
	if count, names := plan.Kept(); count != 1 || names[0] != "refs/heads/main" {
		t.Errorf("%d are kept: %q", count, names)
	}
	// Outside the patterns, or without prune, nothing was to be deleted.
	rules.Patterns = patterns("!main", "")
	if plan := newPlan(t, "trunk=1", "main=1 trunk=1", rules); len(plan.KeptMain()) != 0 {
		t.Errorf("kept %q", plan.KeptMain())
	}
	if plan := newPlan(t, "trunk=1", "main=1 trunk=1", mirror.Rules{}); len(plan.KeptMain()) != 0 || !plan.IsEmpty() {
		t.Errorf("kept %q", plan.KeptMain())
	}
}

// Only what is mirrored counts as kept, and what is deleted doesn't.
func TestKept(t *testing.T) {
	for _, test := range []struct {
		rules mirror.Rules
		want  string
	}{
		{mirror.Rules{}, "refs/heads/a refs/heads/b refs/tags/v1"},
		{mirror.Rules{Patterns: patterns("!a", "!*")}, "refs/heads/b"},
		{mirror.Rules{Prune: true, MaxDeletions: 9}, ""},
		{mirror.Rules{IsSecret: func(ref string) bool { return ref == "refs/heads/b" }}, "refs/heads/a refs/tags/v1"},
	} {
		plan := newPlan(t, "main=1", "main=1 a=1 b=1 v1=1", test.rules)
		count, names := plan.Kept()
		hidden := 0
		if test.rules.IsSecret != nil {
			hidden = 1
		}
		if joined(names) != test.want || count != len(names)+hidden {
			t.Errorf("%d are kept: %q", count, names)
		}
	}
	plan := newPlan(t, "main=1", "main=1 a=1 b=1", mirror.Rules{Prune: true, MaxDeletions: 9})
	plan.Apply(map[string]mirror.Result{"refs/heads/a": {Outcome: mirror.Declined}, "refs/heads/b": {}}, nil)
	if count, names := plan.Kept(); count != 1 || names[0] != "refs/heads/a" {
		t.Errorf("of declined deletions, %d are kept: %q", count, names)
	}
}

func TestFollowMain(t *testing.T) {
	follow := mirror.Rules{FollowMain: true, Prune: true, MaxDeletions: 10}
	without := func(branches string) mirror.Rules {
		rules := follow
		rules.Patterns = patterns(branches, "")
		return rules
	}
	for _, test := range []struct {
		name, source, bitbucket string
		rules                   mirror.Rules
		set, problem            string
	}{
		{"renamed", "trunk=1", "main=1", follow, "trunk", ""},
		{"nothing else differs", "trunk=1 main=1", "main=1 trunk=1", follow, "trunk", ""},
		{"the same", "main=2", "main=1", follow, "", ""},
		{"not asked for", "trunk=1", "main=1", mirror.Rules{}, "", ""},
		{"from nothing", "trunk=1", "", follow, "", ""},
		{"excluded", "trunk=1 dev=1", "main=1", without("!trunk"), "", "isn't mirrored"},
		{"excluded, the same", "main=1 dev=1", "main=1", without("!main"), "", ""},
		{"in the way", "a/b=1 dev=1", "a=1", follow, "", "was left alone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := newPlan(t, test.source, test.bitbucket, test.rules)
			ref, problem := plan.MainToSet(nil)
			if mirror.ShortName(ref) != test.set || (problem == "") != (test.problem == "") || !strings.Contains(problem, test.problem) {
				t.Errorf("got %q, %q", ref, problem)
			}
			if ref != "" && plan.IsEmpty() {
				t.Error("there is nothing to do")
			}
		})
	}
	hidden := follow
	hidden.IsSecret = func(ref string) bool { return strings.Contains(ref, "t0kenp1ece") }
	secretMain := newPlan(t, "t0kenp1ece=1 main=1", "main=1 t0kenp1ece=1", hidden)
	if ref, problem := secretMain.MainToSet(nil); ref != "" || !strings.Contains(problem, "a piece of a token") || strings.Contains(problem, "t0kenp1ece") {
		t.Errorf("got %q, %q", ref, problem)
	}
	unborn := listing("main=1")
	unborn.Head = "refs/heads/unborn"
	plan, err := mirror.New(t.Context(), unborn, listing("main=1"), follow)
	if ref, problem := plan.MainToSet(nil); err != nil || ref != "" || !strings.Contains(problem, "refs/heads/unborn, isn't mirrored") {
		t.Errorf("got %q, %q, %v", ref, problem, err)
	}
	long := newPlan(t, strings.Repeat("x", 1200)+"=1", "main=1", follow)
	if ref, problem := long.MainToSet(nil); ref != "" || !strings.HasSuffix(problem, "x…, was left alone") || len(problem) > 200 {
		t.Errorf("got %q, %q", ref, problem)
	}
	unknown := listing("main=1")
	unknown.Head = ""
	plan, err = mirror.New(t.Context(), unknown, listing("main=1"), follow)
	if ref, problem := plan.MainToSet(nil); err != nil || ref != "" || !strings.Contains(problem, "doesn't say") {
		t.Errorf("got %q, %q, %v", ref, problem, err)
	}
}

// The old main branch is deleted after the new one is set, and counts as a deletion.
func TestSetMain(t *testing.T) {
	plan := newPlan(t, "trunk=2", "main=1 trunk=1 gone=1", mirror.Rules{FollowMain: true, Prune: true, MaxDeletions: 1})
	if plan.CheckDeletions() == nil {
		t.Error("two deletions are allowed")
	}
	if got, want := joined(fates(plan.Changes())), "deleted gone updated trunk"; got != want || plan.Pending() != 2 {
		t.Errorf("before: %s, want %s", got, want)
	}
	for _, outcome := range []mirror.Outcome{mirror.Raced, mirror.Declined, mirror.InFlight} {
		if ref, problem := plan.MainToSet(map[string]mirror.Result{"refs/heads/trunk": {Outcome: outcome}}); ref != "" || problem == "" {
			t.Errorf("after outcome %d, it is set: %q", outcome, ref)
		}
	}
	for _, outcome := range []mirror.Outcome{mirror.Pushed, mirror.Present} {
		if ref, _ := plan.MainToSet(map[string]mirror.Result{"refs/heads/trunk": {Outcome: outcome}}); ref != "refs/heads/trunk" {
			t.Errorf("after outcome %d, it isn't set: %q", outcome, ref)
		}
	}
	if kept := plan.KeptMain(); !slices.Equal(kept, []string{"refs/heads/main"}) {
		t.Errorf("before, %q are kept", kept)
	}
	released := plan.SetMain()
	if got := joined(fates(released)); got != "deleted main" {
		t.Errorf("then %s", got)
	}
	if got, want := joined(fates(plan.Changes())), "deleted gone deleted main updated trunk"; got != want || !plan.Changed() {
		t.Errorf("after: %s, want %s", got, want)
	}
	if count, _ := plan.Kept(); count != 0 || len(plan.KeptMain()) != 0 {
		t.Errorf("%d are kept, %q", count, plan.KeptMain())
	}
}

// Nor is one that git can't delete: it isn't held for later.
func TestSetMainLeftAlone(t *testing.T) {
	t.Parallel()
	plan := newPlan(t, "trunk=1", "main=1 trunk=1 refs/heads/main=1", mirror.Rules{FollowMain: true, Prune: true, MaxDeletions: 9})
	if released := plan.SetMain(); len(released) != 0 || !slices.Equal(plan.KeptMain(), []string{"refs/heads/main"}) {
		t.Errorf("got %q, %q are kept", fates(released), plan.KeptMain())
	}
}

// A main branch that stays, since the source's can't be set, isn't deleted and doesn't count.
func TestSetMainToNothing(t *testing.T) {
	rules := mirror.Rules{FollowMain: true, Prune: true, MaxDeletions: 1, Patterns: patterns("!trunk", "")}
	plan := newPlan(t, "trunk=1 dev=1", "main=1 dev=1 gone=1", rules)
	if f := plan.CheckDeletions(); f != nil {
		t.Errorf("one deletion isn't allowed: %v", f)
	}
	if count, _ := plan.Kept(); count != 1 || !slices.Equal(plan.KeptMain(), []string{"refs/heads/main"}) {
		t.Errorf("%d are kept, %q", count, plan.KeptMain())
	}
}

// The main branch counts as a change of its own, even if no ref changes, and as
// something that arrived if the run ends then.
func TestSetMainOnly(t *testing.T) {
	newOne := func() mirror.Plan {
		return newPlan(t, "trunk=1 main=1", "main=1 trunk=1", mirror.Rules{FollowMain: true})
	}
	if plan := newOne(); plan.Changed() || plan.LeaveRest() {
		t.Error("it counts before it is set")
	}
	plan := newOne()
	if len(plan.SetMain()) != 0 || !plan.Changed() || !plan.LeaveRest() {
		t.Error("it doesn't count after it is set")
	}
	if ref, problem := plan.MainToSet(nil); ref != "" || problem != "" {
		t.Errorf("it is set again: %q, %q", ref, problem)
	}
}
