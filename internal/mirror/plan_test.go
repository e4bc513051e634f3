package mirror_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// listing reads refs such as "main=1 v1=2": what begins with v and a digit is a
// tag. The first branch is the main one.
func listing(text string) mirror.Listing {
	l := mirror.Listing{Refs: map[string]string{}}
	for item := range strings.FieldsSeq(text) {
		name, id, _ := strings.Cut(item, "=")
		ref := "refs/heads/" + name
		if len(name) > 1 && name[0] == 'v' && name[1] <= '9' {
			ref = "refs/tags/" + name
		} else if l.Head == "" {
			l.Head = ref
		}
		l.Refs[ref] = id
	}
	return l
}

// fates are the changes of a plan, in short: "updated main".
func fates(changes []mirror.Change) []string {
	var list []string
	for _, c := range changes {
		name := strings.TrimPrefix(strings.TrimPrefix(c.Ref, "refs/heads/"), "refs/tags/")
		list = append(list, string(c.Action)+" "+name)
		if (c.Action == mirror.LeftAlone) != (c.Reason != "") {
			list = append(list, "reason: "+c.Reason)
		}
	}
	return list
}

// newPlan plans between two listings.
func newPlan(t *testing.T, source, bitbucket string, rules mirror.Rules) mirror.Plan {
	t.Helper()
	plan, err := mirror.New(t.Context(), listing(source), listing(bitbucket), rules)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func joined(list []string) string { return strings.Join(list, " ") }

func TestPlan(t *testing.T) {
	for _, test := range []struct {
		name, source, bitbucket string
		rules                   mirror.Rules
		want                    []string
	}{
		{"equal", "main=1 v1=1", "main=1 v1=1", mirror.Rules{}, nil},
		{"an empty mirror", "main=1 v1=1", "", mirror.Rules{}, []string{"created main", "created v1"}},
		{"a commit", "main=2 dev=1", "main=1 dev=1", mirror.Rules{}, []string{"updated main"}},
		{"a moved tag", "main=1 v1=2", "main=1 v1=1", mirror.Rules{}, []string{"refused v1"}},
		{"a moved tag, to overwrite", "main=1 v1=2", "main=1 v1=1", mirror.Rules{Overwrite: true}, []string{"overwritten v1"}},
		{"gone", "main=1", "main=1 dev=1 v1=1", mirror.Rules{}, nil},
		{"gone, to prune", "main=1", "main=1 dev=1 v1=1", mirror.Rules{Prune: true, MaxDeletions: 2}, []string{"deleted dev", "deleted v1"}},
		{"the main branch is gone", "dev=1", "main=1 dev=1", mirror.Rules{Prune: true}, nil},
		{"excluded in the source", "main=1 wip=2", "main=1 wip=1", mirror.Rules{Patterns: patterns("!wip", ""), Prune: true}, nil},
		{"excluded in Bitbucket", "main=1", "main=1 wip=1", mirror.Rules{Patterns: patterns("!wip", ""), Prune: true}, nil},
		{"tags alone", "main=2 v1=1", "main=1", mirror.Rules{Patterns: patterns("!*", "")}, []string{"created v1"}},
		{"tags alone, by two asterisks", "main=2 v1=1", "main=1", mirror.Rules{Patterns: patterns("!**", "")}, []string{"created v1"}},
		{"a branch is in a folder's way", "main=1 a/b=1", "main=1 a=1", mirror.Rules{}, []string{"refused a/b"}},
		{"a folder is in a branch's way", "main=1 a=1", "main=1 a/b/c=1", mirror.Rules{}, []string{"refused a"}},
		{"no longer in the way", "main=1 a/b=1", "main=1 a=1", mirror.Rules{Prune: true, MaxDeletions: 1}, []string{"deleted a", "created a/b"}},
		{"the main branch is in the way", "a/b=1", "a=1", mirror.Rules{Prune: true}, []string{"refused a/b"}},
		{"a name that git completes", "main=2 dev=1", "main=1 refs/heads/main=1", mirror.Rules{}, []string{"created dev", "updated main"}},
		{"a name that git completes, to prune", "main=1", "main=1 dev=1 refs/heads/dev=1", mirror.Rules{Prune: true, MaxDeletions: 1}, []string{"refused dev", "deleted refs/heads/dev"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan, err := mirror.New(t.Context(), listing(test.source), listing(test.bitbucket), test.rules)
			if err != nil {
				t.Fatal(err)
			}
			if got := fates(plan.Changes()); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// patterns are those of branches and tags.
func patterns(branches, tags string) map[string]mirror.Patterns {
	list := map[string]mirror.Patterns{}
	for setting, text := range map[string]string{"branches": branches, "tags": tags} {
		var err error
		if list[setting], err = mirror.ParsePatterns(setting, text); err != nil {
			panic(err)
		}
	}
	return list
}

// What is asked of a plan doesn't change it, nor the listings that it was made of: a push
// needs to know what Bitbucket had.
func TestPlanKeepsListings(t *testing.T) {
	source, bitbucket := listing("main=2 a/b=1 v1=2"), listing("main=1 a=1 gone=1 kept=1 v1=1 v2=1")
	before := [2]string{fmt.Sprint(source), fmt.Sprint(bitbucket)}
	plan, err := mirror.New(t.Context(), source, bitbucket, mirror.Rules{Prune: true, Overwrite: true, MaxDeletions: 9, Patterns: patterns("!kept", "")})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() string {
		parts, last := plan.Pushes()
		kept, names := plan.Kept()
		text, _ := plan.JSON()
		return fmt.Sprint(plan.Changes(), plan.LeftAloneFirst(), plan.ToPush(), parts, last, kept, names, text, plan.Unmatched(), plan.Causes())
	}
	if first, second := ask(), ask(); first != second {
		t.Errorf("at first %s\nthen     %s", first, second)
	}
	if after := [2]string{fmt.Sprint(source), fmt.Sprint(bitbucket)}; after != before {
		t.Errorf("got  %q\nwant %q", after, before)
	}
}

// A pattern that matches nothing is named, if it is one of several that do.
func TestUnmatched(t *testing.T) {
	for _, test := range []struct{ branches, tags, want string }{
		{"", "", ""},
		{"main, relase/*", "", "branches relase/*"},
		{"main, relase/*, hotfix", "v1, w*", "branches relase/* hotfix tags w*"},
		{"main, dev, !dev", "", ""},
		{"main, !gone", "", ""},
		{"main", "w*", ""},
		{"main", "w*, x*", ""},
		{"", "v1, refs/h*", "tags refs/h*"},
	} {
		plan := newPlan(t, "main=1 dev=1 v1=1", "", mirror.Rules{Patterns: patterns(test.branches, test.tags)})
		var got []string
		for _, setting := range []string{"branches", "tags"} {
			if list := plan.Unmatched()[setting]; len(list) > 0 {
				got = append(append(got, setting), list...)
			}
		}
		for setting, list := range plan.Unmatched() {
			if len(list) == 0 {
				t.Errorf("%q, %q: %s has none", test.branches, test.tags, setting)
			}
		}
		if joined(got) != test.want {
			t.Errorf("%q, %q: got %q, want %q", test.branches, test.tags, got, test.want)
		}
	}
}

// If Bitbucket doesn't say which branch is the main one, those that may be it are
// kept.
func TestMainBranchUnknown(t *testing.T) {
	bitbucket := listing("main=1 same=1 other=2 v1=1 dev=3")
	bitbucket.Head, bitbucket.HeadID = "", "1"
	plan, err := mirror.New(t.Context(), listing("dev=3"), bitbucket, mirror.Rules{Prune: true, MaxDeletions: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := joined(fates(plan.Changes())), "deleted other deleted v1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	// Where it is known, its commit doesn't matter.
	bitbucket.Head = "refs/heads/main"
	plan, err = mirror.New(t.Context(), listing("dev=3"), bitbucket, mirror.Rules{Prune: true, MaxDeletions: 3})
	if got, want := joined(fates(plan.Changes())), "deleted other deleted same deleted v1"; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// A broken source, or too many deletions, yields a fault instead of a plan.
func TestNoPlan(t *testing.T) {
	for _, test := range []struct {
		name, source string
		rules        mirror.Rules
		want         fault.Code
	}{
		{"an empty source", "", mirror.Rules{}, fault.SourceEmpty},
		{"a source with tags alone", "v1=1", mirror.Rules{}, fault.SourceEmpty},
		{"a source with tags alone, tags asked for", "v1=1", mirror.Rules{Patterns: patterns("!*", "")}, fault.SourceEmpty},
		{"patterns that match nothing", "main=1", mirror.Rules{Patterns: patterns("mian", "")}, fault.SourceEmpty},
		{"patterns that exclude everything", "main=1", mirror.Rules{Patterns: patterns("!*", "!*")}, fault.Pattern},
		{"too many deletions", "main=1", mirror.Rules{Prune: true, MaxDeletions: 1}, fault.TooManyDeletions},
	} {
		plan, err := mirror.New(t.Context(), listing(test.source), listing("main=1 a=1 b=1"), test.rules)
		if err == nil && plan.CheckDeletions() != nil {
			plan, err = mirror.Plan{}, plan.CheckDeletions()
		}
		if err == nil || fault.From(err).Code != test.want || !plan.IsEmpty() {
			t.Errorf("%s: %v, %v, want %v", test.name, plan.Changes(), err, test.want)
		}
	}
}

// A tag isn't a branch, whatever its name is; and patterns that match nothing are named.
func TestSourceEmpty(t *testing.T) {
	t.Parallel()
	tag := mirror.Listing{Refs: map[string]string{"refs/tags/refs/heads/main": "1"}}
	if _, err := mirror.New(t.Context(), tag, listing("main=1"), mirror.Rules{}); err == nil || fault.From(err).Code != fault.SourceEmpty {
		t.Errorf("of a tag: %v", err)
	}
	_, err := mirror.New(t.Context(), listing("main=1"), listing("main=1"), mirror.Rules{Patterns: patterns("mian, !wip/*, dev", "")})
	if err == nil || !strings.Contains(err.Error(), "matches mian, dev, !wip/*,") {
		t.Errorf("of patterns: %v", err)
	}
}

// As many refs as max-deletions says may be deleted.
func TestCheckDeletions(t *testing.T) {
	t.Parallel()
	for maximum, want := range map[int]bool{0: false, 1: false, 2: true, 3: true} {
		plan := newPlan(t, "main=1", "main=1 a=1 b=1", mirror.Rules{Prune: true, MaxDeletions: maximum})
		f := plan.CheckDeletions()
		if got := plan.Quantity(mirror.Deleted); got != "2 branches" {
			t.Errorf("%s are deleted", got)
		}
		if (f == nil) != want || f != nil && (!strings.Contains(f.What, "2 branches") || !strings.HasSuffix(f.Hints[1], "max-deletions: 2")) {
			t.Errorf("2 deletions of %d: %v", maximum, f)
		}
	}
}

// Bitbucket changes, and git pushes, only if there is something to do.
func TestToPush(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		source, bitbucket string
		rules             mirror.Rules
		want              string
		changed           bool
	}{
		{"main=1", "main=1", mirror.Rules{}, "", false},
		{"main=1 v1=2", "main=1 v1=1", mirror.Rules{}, "", false},
		{"main=2 v1=2", "main=1 v1=1", mirror.Rules{}, "updated main", true},
		{"main=1", "main=1 gone=1", mirror.Rules{Prune: true, MaxDeletions: 1}, "", true},
		{"main=1 new=1", "main=1 gone=1", mirror.Rules{Prune: true, MaxDeletions: 1}, "created new", true},
	} {
		plan := newPlan(t, test.source, test.bitbucket, test.rules)
		isEmpty := len(plan.Changes()) == 0
		if got := joined(fates(plan.ToPush())); got != test.want || plan.Changed() != test.changed || plan.IsEmpty() != isEmpty {
			t.Errorf("%s to %s: pushes %q, changed: %v, empty: %v", test.source, test.bitbucket, got, plan.Changed(), plan.IsEmpty())
		}
	}
}

func TestSourceHas(t *testing.T) {
	t.Parallel()
	plan := newPlan(t, "main=1 v1=2", "main=3", mirror.Rules{})
	for id, want := range map[string]bool{"1": true, "2": true, "3": false} {
		if got := plan.SourceHas(id); got != want {
			t.Errorf("%s: got %v", id, got)
		}
	}
}

// The commit of an annotated tag is the one that it points to.
func TestCommit(t *testing.T) {
	t.Parallel()
	source := listing("main=1 v1=2")
	source.Peeled = map[string]string{"2": "1"}
	plan, err := mirror.New(t.Context(), source, listing(""), mirror.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range plan.Changes() {
		if got := plan.Commit(c); got != "1" {
			t.Errorf("%s: got %q", c.Ref, got)
		}
	}
}

func TestDiverged(t *testing.T) {
	for overwrite, want := range map[bool]string{false: "refused main", true: "overwritten main"} {
		plan, err := mirror.New(t.Context(), listing("main=2"), listing("main=1"), mirror.Rules{Overwrite: overwrite})
		if err != nil {
			t.Fatal(err)
		}
		plan.Diverged("refs/heads/main", 3)
		if got := fates(plan.Changes()); got[0] != want || overwrite != (plan.Changes()[0].Lost == 3) {
			t.Errorf("got %q, of %d commits, want %q", got, plan.Changes()[0].Lost, want)
		}
	}
}

// Deletions that make room come first, then branches, tags, and the rest. An
// empty repository gets the main branch by itself.
func TestPushes(t *testing.T) {
	pushes := func(source, bitbucket string, rules mirror.Rules) string {
		plan, err := mirror.New(t.Context(), listing(source), listing(bitbucket), rules)
		if err != nil {
			t.Fatal(err)
		}
		var parts []string
		all, last := plan.Pushes()
		for _, changes := range append(all, last) {
			if len(changes) > 0 {
				parts = append(parts, strings.Join(fates(changes), ", "))
			}
		}
		return strings.Join(parts, "; ")
	}
	got := pushes("main=2 a/b=1 new=1 v1=1 v2=2", "main=1 a=1 old=1 v2=1", mirror.Rules{Prune: true, MaxDeletions: 10})
	if want := "deleted a; created a/b, updated main, created new; created v1; deleted old"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	got = pushes("main=2 a=1 v1=1", "", mirror.Rules{})
	if want := "created main; created a; created v1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The causes of refs being left alone, each once, and in a fixed order.
func TestCauses(t *testing.T) {
	t.Parallel()
	plan := newPlan(t, "main=2 a=2 b=2 c/d=1 new=1 v1=2 v2=2", "main=1 a=1 b=1 c=1 v1=1 v2=1", mirror.Rules{})
	for _, branch := range []string{"a", "b"} {
		plan.Diverged("refs/heads/"+branch, 0)
	}
	if got, want := plan.Causes(), []mirror.Cause{mirror.HasDiverged, mirror.HasMoved, mirror.IsInTheWay}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	plan = newPlan(t, "main=2", "main=1", mirror.Rules{})
	if got := plan.Causes(); got != nil {
		t.Errorf("nothing is left alone because of %v", got)
	}
}

func TestJSON(t *testing.T) {
	plan := mirror.Plan{}
	if text, _ := plan.JSON(); text != "[]" {
		t.Errorf("no changes are %s", text)
	}
	json := func(source, bitbucket mirror.Listing) (text string, omitted int) {
		plan, err := mirror.New(t.Context(), source, bitbucket, mirror.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		return plan.JSON()
	}
	text, _ := json(mirror.Listing{Refs: map[string]string{"refs/heads/\u200b日😀<&\xff": "1"}}, mirror.Listing{})
	if want := `[{"ref":"refs/heads/\u200b\u65e5\ud83d\ude00\u003c\u0026\ufffd","action":"created","old":"","new":"1","reason":""}]`; text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}

	text, _ = json(mirror.Listing{Refs: map[string]string{"refs/heads/\uffff\U00010000": "1"}}, mirror.Listing{})
	if want := `[{"ref":"refs/heads/\uffff\ud800\udc00","action":"created","old":"","new":"1","reason":""}]`; text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}

	// Refs that fit are in the order of their names, and only then.
	text, _ = json(listing("main=1 a=1 v1=2"), listing("main=1 v1=1"))
	if created, refused := strings.Index(text, `"created"`), strings.Index(text, `"refused"`); created < 0 || refused < created || strings.Count(text, "},{") != 1 {
		t.Errorf("got %s", text)
	}

	// Refs that don't fit are counted; those that were left alone come first.
	many := mirror.Listing{Refs: map[string]string{"refs/tags/moved": "2"}}
	for i := range 9_999 {
		many.Refs[fmt.Sprintf("refs/heads/branch-%d", i)] = "1"
	}
	text, omitted := json(many, mirror.Listing{Refs: map[string]string{"refs/tags/moved": "1"}})
	if named := strings.Count(text, `"ref"`); named+omitted != 10_000 || omitted == 0 || len(text) > 400_000 || !strings.HasPrefix(text, `[{"ref":"refs/tags/moved"`) {
		t.Errorf("%d named, %d omitted in %d bytes", named, omitted, len(text))
	}
}

// A list of the greatest length is complete. If it is longer by one byte, a ref is left out,
// and not the last one, which was left alone.
func TestJSONLimit(t *testing.T) {
	t.Parallel()
	const count, item = 883, 452 // each with a comma or a bracket, and a bracket more: 400,000
	for excess, want := range []int{0, 1} {
		moved := "refs/tags/" + strings.Repeat("x", item-len(`{"ref":"refs/tags/","action":"refused","old":"1","new":"2","reason":"the tag has moved"}`))
		listing := mirror.Listing{Refs: map[string]string{moved: "2"}}
		for i := range count - 1 {
			ref := fmt.Sprintf("refs/heads/%0*d", item-len(`{"ref":"refs/heads/","action":"created","old":"","new":"1","reason":""}`), i)
			if i == 0 {
				ref += strings.Repeat("x", excess)
			}
			listing.Refs[ref] = "1"
		}
		plan, err := mirror.New(t.Context(), listing, mirror.Listing{Refs: map[string]string{moved: "1"}}, mirror.Rules{})
		if err != nil {
			t.Fatal(err)
		}
		if text, omitted := plan.JSON(); omitted != want || want == 0 && len(text) != 400_000 || !strings.Contains(text, moved) {
			t.Errorf("%d omitted in %d bytes, want %d", omitted, len(text), want)
		}
	}
}

// The list can be printed and pasted whatever names and reasons contain, and reads
// as what they are.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{"##vso[task.complete]", "a'; $(x) `y` \"", "::error::x", "日😀\u2028", "a\\b%0a%AZP25", "_~+<&>", "\xff", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := mirror.New(
			t.Context(),
			mirror.Listing{Refs: map[string]string{"refs/heads/main": "1", "refs/heads/" + text: "2"}},
			mirror.Listing{Refs: map[string]string{"refs/heads/main": "1"}},
			mirror.Rules{})
		ref := "refs/heads/" + text
		if err != nil || plan.IsEmpty() || len(ref) > 1024 {
			t.Skip()
		}
		plan.Apply(map[string]mirror.Result{ref: {Outcome: mirror.Declined, Reason: text}}, nil)
		list, _ := plan.JSON()
		var got []struct{ Ref, Action, Old, New, Reason string }
		if err := json.Unmarshal([]byte(list), &got); err != nil || len(got) != 1 {
			t.Fatalf("%s: %v", list, err)
		}
		valid := strings.ToValidUTF8(text, "\ufffd")
		if utf8.ValidString(text) && (got[0].Ref != ref || got[0].Reason != "Bitbucket declined it: "+valid || got[0].New != "2") {
			t.Errorf("%q reads as %q", text, got[0])
		}
		const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._/:,-"
		inside := strings.NewReplacer(`\u`, "", `"`, "", "[", "", "]", "", "{", "", "}", "").Replace(list)
		if strings.Trim(inside, allowed) != "" || strings.Count(list, `\`) != strings.Count(list, `\u`) {
			t.Errorf("%q is written as %s", text, list)
		}
		if strings.Count(list, `"`) != 20 || strings.Count(list, "[")+strings.Count(list, "]")+strings.Count(list, "{")+strings.Count(list, "}") != 4 {
			t.Errorf("%q is written as %s", text, list)
		}
	})
}
