package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/cputest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// A push's results decide about each ref. Of refs that may have changed, a later
// listing does.
func TestApply(t *testing.T) {
	const declined, elsewhere = "Bitbucket declined it: why", "it changed in Bitbucket during this run"
	for _, test := range []struct {
		name    string
		outcome mirror.Outcome
		later   string
		want    mirror.Change
	}{
		{"pushed", mirror.Pushed, "", mirror.Change{Action: mirror.Updated}},
		{"there already", mirror.Present, "", mirror.Change{Action: mirror.Updated, Reason: "another run pushed the same"}},
		{"declined", mirror.Declined, "", mirror.Change{Action: mirror.LeftAlone, Reason: declined}},
		{"in flight", mirror.InFlight, "", mirror.Change{Action: mirror.LeftAlone, Reason: "the run ended while this was being pushed; it may be in Bitbucket"}},
		{"raced, and the same", mirror.Raced, "main=2", mirror.Change{Action: mirror.Updated, Reason: "another run pushed the same"}},
		{"raced, and another", mirror.Raced, "main=3", mirror.Change{Action: mirror.LeftAlone, Reason: elsewhere}},
		{"raced, and gone", mirror.Raced, "dev=1", mirror.Change{Action: mirror.LeftAlone, Reason: elsewhere}},
		{"not raced", mirror.Raced, "main=1", mirror.Change{Action: mirror.LeftAlone, Reason: declined}},
		{"raced, without a listing", mirror.Raced, "", mirror.Change{Action: mirror.LeftAlone, Reason: elsewhere}},
		{"pushed, and changed since", mirror.Pushed, "main=1", mirror.Change{Action: mirror.Updated}},
		{"declined, and there now", mirror.Declined, "main=2", mirror.Change{Action: mirror.LeftAlone, Reason: declined}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := newPlan(t, "main=2", "main=1", mirror.Rules{})
			var later *mirror.Listing
			if test.later != "" {
				l := listing(test.later)
				later = &l
			}
			plan.Apply(map[string]mirror.Result{"refs/heads/main": {Outcome: test.outcome, Reason: "why"}}, later)
			got := plan.Changes()[0]
			cause := map[mirror.Outcome]mirror.Cause{mirror.InFlight: mirror.IsInterrupted}[test.outcome]
			switch test.want.Reason {
			case declined:
				cause = mirror.WasDeclined
			case elsewhere:
				cause = mirror.HasChanged
			}
			if got.Cause != cause {
				t.Errorf("the cause is %v, want %v", got.Cause, cause)
			}
			if got.Action != test.want.Action || got.Reason != test.want.Reason {
				t.Errorf("got %v", got)
			}
		})
	}
	t.Run("a deletion that another run made", func(t *testing.T) {
		plan := newPlan(t, "main=1", "main=1 dev=1", mirror.Rules{Prune: true, MaxDeletions: 1})
		later := listing("main=1")
		plan.Apply(map[string]mirror.Result{"refs/heads/dev": {Outcome: mirror.Raced}}, &later)
		if got := plan.Changes()[0]; got.Action != mirror.Deleted {
			t.Errorf("got %v", got)
		}
	})
}

// If a run ends early, what wasn't pushed is left alone. There is something to
// report if anything has arrived, or may have.
func TestAbandon(t *testing.T) {
	t.Run("left alone before", func(t *testing.T) {
		plan := newPlan(t, "main=1 v1=2", "main=1 v1=1", mirror.Rules{})
		if arrived := plan.LeaveRest(); arrived || plan.LeftAlone()[0].Cause != mirror.HasMoved {
			t.Errorf("something arrived: %v, the cause is %v", arrived, plan.LeftAlone()[0].Cause)
		}
	})
	for name, test := range map[string]struct {
		results map[string]mirror.Result
		want    []string
		arrived bool
	}{
		"nothing":      {nil, []string{"refused a", "refused b"}, false},
		"one arrived":  {map[string]mirror.Result{"refs/heads/a": {}}, []string{"created a", "refused b"}, true},
		"in flight":    {map[string]mirror.Result{"refs/heads/a": {Outcome: mirror.InFlight}}, []string{"refused a", "refused b"}, true},
		"one declined": {map[string]mirror.Result{"refs/heads/a": {Outcome: mirror.Declined}}, []string{"refused a", "refused b"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			plan := newPlan(t, "main=1 a=1 b=1", "main=1", mirror.Rules{})
			plan.Apply(test.results, nil)
			if arrived := plan.LeaveRest(); arrived != test.arrived {
				t.Errorf("something arrived: %v", arrived)
			}
			for _, c := range plan.LeftAlone() {
				cause := mirror.IsInterrupted
				if test.results[c.Ref].Outcome == mirror.Declined {
					cause = mirror.WasDeclined
				}
				if c.Cause != cause {
					t.Errorf("%s: the cause is %v, want %v", c.Ref, c.Cause, cause)
				}
			}
			if got := fates(plan.Changes()); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Names that a repository can't have together are found, however deep they are,
// and whatever sorts between a folder and what is in it.
func TestConflicts(t *testing.T) {
	for _, test := range []struct{ source, bitbucket, left, other string }{
		{"main=1 a/b/c/d=1", "main=1 a/b=1", "refused a/b/c/d", "a/b"},
		{"main=1 a/b=1", "main=1 a/b/c/d=1 a/b-c=1", "refused a/b", "a/b/c/d"},
		{"main=1 a/b=1", "main=1 a-=1 a-/b=1 a.b=1 a=1", "refused a/b", "a"},
		{"main=1 a/b=1 a-b=1 ab=1", "main=1 a/c=1 a/b-=1 a-=1", "created a-b created a/b created ab", ""},
		{"main=1 a/b/c=1 a/b/d=1 a/e=1", "main=1 a=1 a/b=1", "refused a/b/c refused a/b/d refused a/e", "a"},
		{"main=1 a=1", "main=1 refs/heads/a/x=1", "created a", ""},
	} {
		plan := newPlan(t, test.source, test.bitbucket, mirror.Rules{})
		if got := joined(fates(plan.Changes())); got != test.left {
			t.Errorf("%s to %s: got %s, want %s", test.source, test.bitbucket, got, test.left)
		}
		for _, c := range plan.LeftAlone() {
			if !strings.Contains(c.Reason, "has refs/heads/"+test.other+",") {
				t.Errorf("%s: %s", c.Ref, c.Reason)
			}
		}
	}
}

// Planning takes time in proportion to the size of the listings, also if they have
// 15 MB of names in deep folders, and the two sides are in each other's way.
func TestPlanDeepNames(t *testing.T) {
	for _, length := range []int{1000, 4000} {
		t.Run(fmt.Sprint("of ", length), func(t *testing.T) {
			source, bitbucket := listing("main=1"), listing("main=1")
			for i := range 5_000_000 / length {
				folder := fmt.Sprintf("refs/heads/%s%d/", strings.Repeat("a/", (length-30)/2), i%1000)
				source.Refs[folder+fmt.Sprint(i)] = "1"
				bitbucket.Refs[folder+fmt.Sprint(i)+"/x"] = "1"
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			took := cputest.Time(func() {
				plan, err := mirror.New(t.Context(), source, bitbucket, mirror.Rules{Prune: true, MaxDeletions: 1 << 20})
				if err != nil {
					t.Fatal(err)
				}
				plan.Pushes()
			})
			runtime.ReadMemStats(&after)
			if took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 100 {
				t.Errorf("it needed %d MiB", got)
			}
		})
	}
}

// A name of more than 1,024 bytes is left alone where this run would have changed it,
// and is reported by its beginning and its length.
func TestLongNames(t *testing.T) {
	long := func(name string) string {
		return "refs/heads/" + name + strings.Repeat("é", (1025-len("refs/heads/"+name))/2+1)
	}
	allowed := "refs/heads/fits/" + strings.Repeat("x", 1024-len("refs/heads/fits/"))
	source := mirror.Listing{Refs: map[string]string{
		"refs/heads/main": "1", allowed: "1", long("new"): "1", long("grown"): "2", long("same"): "1", long("excluded"): "2", "refs/heads/folder": "1",
	}}
	bitbucket := mirror.Listing{Refs: map[string]string{
		"refs/heads/main": "1", long("grown"): "1", long("same"): "1", long("gone"): "1", long("folder/"): "1",
	}}
	rules := mirror.Rules{Prune: true, Patterns: patterns("!excluded*", "")}
	plan, err := mirror.New(t.Context(), source, bitbucket, rules)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Count(mirror.LeftAlone) != 5 || plan.Pending() != 1 || len(plan.Changes()) != 6 {
		t.Errorf("%d are left alone, %d to be changed: %q", plan.Count(mirror.LeftAlone), plan.Pending(), fates(plan.Changes()))
	}
	for _, c := range plan.Changes() {
		name := strings.TrimRight(strings.TrimPrefix(c.Ref, "refs/heads/"), "é…")
		switch {
		case c.Ref == allowed:
		case name == "folder":
			if !strings.HasPrefix(c.Reason, "Bitbucket has refs/heads/folder/éé") || len(c.Reason) > 200 {
				t.Errorf("%s: %s", name, c.Reason)
			}
		case !strings.HasPrefix(c.Reason, "its name has 1026 bytes") && !strings.HasPrefix(c.Reason, "its name has 1027 bytes"):
			t.Errorf("%s: %s", name, c.Reason)
		case len(strings.TrimSuffix(c.Ref, "…")) > 80 || len(c.Ref) < 79 || !utf8.ValidString(c.Ref):
			t.Errorf("%s is shown as %s", name, c.Ref)
		}
	}
	rules.Prune = false
	plan, err = mirror.New(t.Context(), source, bitbucket, rules)
	if _, kept := plan.Kept(); err != nil || len(kept) != 2 || len(kept[0]) > 83 || len(kept[1]) > 83 {
		t.Errorf("%d are kept, %q, %v", len(kept), kept, err)
	}
}

// The beginning of a long name that isn't UTF-8 is shown, too.
func TestLongNameOfBytes(t *testing.T) {
	t.Parallel()
	bitbucket := listing("main=1")
	bitbucket.Refs["refs/heads/"+strings.Repeat("\x80", 1024)] = "1"
	plan, err := mirror.New(t.Context(), listing("main=1"), bitbucket, mirror.Rules{})
	if _, kept := plan.Kept(); err != nil || len(kept) != 1 || len(kept[0]) != 76+len("…") {
		t.Errorf("got %q, %v", kept, err)
	}
}

// Of a ref that git would change instead, only the beginning is named if it is too long.
func TestLongNameInReason(t *testing.T) {
	t.Parallel()
	const prefix = "refs/heads/"
	long := prefix + strings.Repeat("x", 1024-len(prefix))
	for name, sides := range map[string][2]string{"created": {"main=1 " + long[len(prefix):] + "=1", "main=1 "}, "deleted": {"main=1", "main=1 " + long[len(prefix):] + "=1 "}} {
		plan := newPlan(t, sides[0], sides[1]+long+"=1", mirror.Rules{Prune: name == "deleted"})
		for _, c := range plan.LeftAlone() {
			if len(c.Reason) > 200 {
				t.Errorf("%s: %s", name, c.Reason)
			}
		}
		if plan.Count(mirror.LeftAlone) == 0 {
			t.Errorf("%s: got %q", name, fates(plan.Changes()))
		}
	}
}

// A name that must not be shown is left alone and counted, and shown nowhere: not as
// a reason for another one either.
func TestSecretNames(t *testing.T) {
	const piece = "t0kenp1ece"
	isSecret := func(ref string) bool { return strings.Contains(ref, piece) }
	plan := newPlan(t, "main=1 a/"+piece+"=1 b=1 c=2 "+piece+"=2", "main=1 b/"+piece+"=1 gone-"+piece+"=1 c=1 "+piece+"=1 v1"+piece+"=1",
		mirror.Rules{Prune: true, IsSecret: isSecret})
	hidden, quantity := plan.Unnamed()
	if hidden != 5 || quantity != "4 branches and 1 tag" || plan.Count(mirror.LeftAlone) != 6 || plan.Pending() != 1 {
		t.Errorf("%d are hidden, %d left alone, %d to be changed: %q", hidden, plan.Count(mirror.LeftAlone), plan.Pending(), fates(plan.Changes()))
	}
	text, _ := plan.JSON()
	parts, last := plan.Pushes()
	for _, c := range slices.Concat(plan.Changes(), slices.Concat(parts...), last) {
		text += c.Ref + c.Reason
	}
	if strings.Contains(text, piece) {
		t.Errorf("it is shown in %s", text)
	}
	if got, want := joined(fates(plan.Changes())), "refused b updated c"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	plan = newPlan(t, "trunk=1", piece+"=1 trunk=1", mirror.Rules{Prune: true, IsSecret: isSecret})
	if count, names := plan.Kept(); count != 1 || len(names) != 0 || len(plan.KeptMain()) != 0 {
		t.Errorf("%d are kept, %q and %q", count, names, plan.KeptMain())
	}
}

// So is a ref with such an object ID on either side: a server can list any.
func TestSecretObjectIDs(t *testing.T) {
	const piece = "7430" + "6b656e31"
	isSecret := func(text string) bool { return strings.Contains(text, piece) }
	plan := newPlan(t, "main=1 new=a"+piece+" grown=b"+piece+" fixed=2", "main=1 grown=1 fixed=c"+piece+" gone=d"+piece,
		mirror.Rules{Prune: true, IsSecret: isSecret})
	hidden, _ := plan.Unnamed()
	if hidden != 4 || len(plan.Changes()) != 0 || plan.Pending() != 0 {
		t.Errorf("%d are hidden, %d to be changed: %q", hidden, plan.Pending(), fates(plan.Changes()))
	}
	if text, _ := plan.JSON(); strings.Contains(text, piece) {
		t.Errorf("it is shown in %s", text)
	}
}

// Planning ends when the run does, with its cause.
func TestPlanningEnds(t *testing.T) {
	cause := fault.New(fault.Terminated, "terminated")
	for name, sides := range map[string][2]string{"new": {"main=1 a=1", "main=1"}, "extra": {"main=1", "main=1 a=1"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		checked := 0
		rules := mirror.Rules{Prune: true, IsSecret: func(string) bool {
			checked++
			cancel(cause)
			return false
		}}
		source, bitbucket := listing(sides[0]), listing(sides[1])
		for i := range 100 {
			source.Refs[fmt.Sprintf("refs/heads/both%d", i)] = "1"
			bitbucket.Refs[fmt.Sprintf("refs/heads/both%d", i)] = "1"
			if name == "new" {
				source.Refs[fmt.Sprintf("refs/heads/%d", i)] = "1"
			} else {
				bitbucket.Refs[fmt.Sprintf("refs/heads/%d", i)] = "1"
			}
		}
		if _, err := mirror.New(ctx, source, bitbucket, rules); !errors.Is(err, cause) || checked > 3 {
			t.Errorf("%s: after %d names: %v", name, checked, err)
		}
	}
}

// Git deletes no ref whose full name is also the short one of another: it can't tell which
// of them is meant, and fails the push of all others (of git: remote.c, match_explicit).
// Remote-tracking refs are no match for a full name.
func TestCompletedDeletions(t *testing.T) {
	for _, test := range []struct {
		others []string
		want   string
	}{
		{[]string{"refs/refs/heads/gone"}, "refused gone deleted other"},
		{[]string{"refs/remotes/refs/heads/gone"}, "deleted gone deleted other"},
		{[]string{"refs/refs/heads/gone", "refs/remotes/refs/heads/gone"}, "refused gone deleted other"},
		{[]string{"refs/remotes/refs/heads/gone", "refs/refs/heads/gone"}, "refused gone deleted other"},
		{[]string{"refs/refs/heads/main"}, "deleted gone deleted other"},
	} {
		bitbucket := listing("main=1 gone=1 other=1")
		for _, other := range test.others {
			bitbucket.AddOther(other)
		}
		plan, err := mirror.New(t.Context(), listing("main=1"), bitbucket, mirror.Rules{Prune: true, MaxDeletions: 2})
		if err != nil {
			t.Fatal(err)
		}
		if got := joined(fates(plan.Changes())); got != test.want {
			t.Errorf("%q: got %s, want %s", test.others, got, test.want)
		}
		if left := plan.LeftAlone(); len(left) > 0 && !strings.Contains(left[0].Reason, "refs/refs/heads/gone") {
			t.Errorf("%q: %v", test.others, left)
		}
	}
}

// Git completes a new name to an existing one that ends with it, and would push there. A
// name that exists counts by itself.
func TestCompletedNames(t *testing.T) {
	for _, other := range []string{"refs/refs/heads/new", "refs/remotes/refs/heads/new", "refs/remotes/refs/heads/new/HEAD", "refs/heads/refs/heads/new", "refs/tags/refs/heads/new"} {
		source, bitbucket := listing("main=2 new=2 other=2"), listing("main=1")
		if mirror.IsMirrored(other) {
			bitbucket.Refs[other] = "1"
		} else {
			bitbucket.AddOther(other)
		}
		bitbucket.AddOther("refs/remotes/refs/heads/main")
		plan, err := mirror.New(t.Context(), source, bitbucket, mirror.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := joined(fates(plan.Changes())), "updated main refused new created other"; got != want {
			t.Errorf("%s: got %s, want %s", other, got, want)
		}
		if left := plan.LeftAlone(); len(left) != 1 || !strings.Contains(left[0].Reason, other) {
			t.Errorf("%s: %v", other, left)
		}
	}
}
