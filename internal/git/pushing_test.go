package git_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// declining is a server that declines each push with one of the bad branches as a whole,
// for a reason of git's, and says something.
func declining(reason, says string, bad func(name string) bool) git.Server {
	return func(changes []mirror.Change) (string, string, error) {
		isBad := slices.ContainsFunc(changes, func(c mirror.Change) bool { return bad(mirror.ShortName(c.Ref)) })
		var porcelain strings.Builder
		for _, c := range changes {
			if isBad {
				fmt.Fprintf(&porcelain, "!\t%s:%s\t[remote rejected] (%s)\n", c.New, c.Ref, reason)
			} else {
				fmt.Fprintf(&porcelain, "*\t%s:%s\t[new branch]\n", c.New, c.Ref)
			}
		}
		if !isBad {
			return porcelain.String(), "", nil
		}
		return porcelain.String(), "remote: " + says + "\n", nil
	}
}

// branches are n new branches.
func branches(n int) []mirror.Change {
	var list []mirror.Change
	for i := range n {
		list = append(list, mirror.Change{Ref: fmt.Sprintf("refs/heads/b%03d", i), Action: mirror.Created, New: "1"})
	}
	return list
}

// Bitbucket declines a push as a whole because of a few refs. The others are pushed all
// the same, in a number of pushes that depends on the few; once it has declined many refs
// one after the other, they are no longer tried one by one.
func TestPushing(t *testing.T) {
	t.Parallel()
	named := func(names ...string) func(string) bool {
		return func(name string) bool { return slices.Contains(names, name) }
	}
	every := func(n int) func(string) bool {
		return func(name string) bool {
			var i int
			_, _ = fmt.Sscanf(name, "b%d", &i)
			return i%n == 0
		}
	}
	const declined = "pre-receive hook declined"
	for _, test := range []struct {
		name         string
		refs         int
		reason, says string
		bad          func(string) bool
		declined     int
		pushes       int
	}{
		{"none", 40, declined, "", named(), 0, 1},
		{"one", 40, declined, "no", named("b007"), 1, 11},
		{"one that is named", 40, declined, "b007: no", named("b007"), 1, 3},
		{"two", 40, declined, "no", named("b007", "b033"), 2, 19},
		{"two, for their size", 40, "unpacker error", "", named("b007", "b033"), 2, 19},
		{"for another reason", 40, "branch is protected", "no", named("b007"), 40, 1}, // it was about each of them
		{"every tenth of many", 200, declined, "no", every(10), 20, 175},
		{"every second", 60, declined, "no", every(2), 30, 119},
		{"all", 400, declined, "no", every(1), 400, 31},
		{"all, of a few", 3, declined, "no", every(1), 3, 5},
		{"all, of as many as are tried", 11, declined, "no", every(1), 11, 21},
		{"all, of some more", 13, declined, "no", every(1), 13, 21},
		{"some more than are pushed for", 200, declined, "no", every(5), 81, 203},
		{"more than are pushed for", 500, declined, "no", every(3), 422, 203},
	} {
		list := branches(test.refs)
		result, pushes, err := git.PushTo(t, declining(test.reason, test.says, test.bad), [][]mirror.Change{list}, nil)
		got := 0
		for _, c := range list {
			outcome, reached := result.Results[c.Ref]
			isDeclined := outcome.Outcome == mirror.Declined
			if isDeclined {
				got++
			}
			if !reached || test.bad(mirror.ShortName(c.Ref)) && !isDeclined {
				t.Errorf("%s: %s: %v", test.name, c.Ref, outcome)
			}
		}
		if err != nil || got != test.declined || pushes != test.pushes {
			t.Errorf("%s: %d refs are declined, want %d, in %d pushes, want %d; %v", test.name, got, test.declined, pushes, test.pushes, err)
		}
	}
}

// What Bitbucket says about the push as a whole ends the run with that fault, but only if
// it declined every ref, and never spoke of a single one.
func TestPushingRefused(t *testing.T) {
	t.Parallel()
	all := func(string) bool { return true }
	one := func(name string) bool { return name == "b001" }
	none := fault.Code{}
	for _, test := range []struct {
		name, reason, says string
		bad                func(string) bool
		want               fault.Code
	}{
		{"read-only", "pre-receive hook declined", "repository is in read only mode", all, fault.ReadOnly},
		{"read-only, in capitals", "pre-receive hook declined", "Read-only", all, fault.ReadOnly},
		{"too large", "pre-receive hook declined", "Repository is over the size limit (4 GB)", all, fault.ReadOnly},
		{"too large, in other words", "pre-receive hook declined", "it is over its size limit", all, fault.ReadOnly},
		{"the user limit", "pre-receive hook declined", "has exceeded its user limit", all, fault.UserLimit},
		{"each ref by itself", "read only mode", "repository is read-only", all, fault.ReadOnly},
		{"each ref by itself, one for another reason", "hook declined", "no\nremote: read only mode", all, fault.ReadOnly},
		{"not all refs", "pre-receive hook declined", "repository is in read only mode", one, none},
		{"one ref, quoting", "pre-receive hook declined", "'read only mode', over the size limit, user limit: a commit without a ticket", one, none},
		{"one ref, which is named", "pre-receive hook declined", "b001: read only mode", one, none},
		{"the refs are named", "pre-receive hook declined", "b000 b001 b002: read only mode", all, none},
		{"the refs are named in full", "pre-receive hook declined", "refs/heads/b000\nremote: refs/heads/b001 and refs/heads/b002 are in read only mode", all, none},
		{"other words", "pre-receive hook declined", "no", all, none},
	} {
		_, _, err := git.PushTo(t, declining(test.reason, test.says, test.bad), [][]mirror.Change{branches(3)}, nil)
		code := none
		if err != nil {
			code = fault.From(err).Code
		}
		if code != test.want {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want.ID)
		}
	}
}

// The same holds for what it says in several pushes.
func TestPushingRefusedLater(t *testing.T) {
	t.Parallel()
	const readOnly = "repository is in read only mode"
	for _, test := range []struct {
		first, second string // none: the ref is accepted
		want          fault.Code
	}{
		{readOnly, readOnly, fault.ReadOnly},
		{"no", readOnly, fault.Code{}},
		{readOnly, "no", fault.Code{}},
		{"", readOnly, fault.Code{}},
		{readOnly, "", fault.Code{}},
	} {
		server := func(changes []mirror.Change) (string, string, error) {
			says := test.first
			if changes[0].Ref == "refs/heads/b001" {
				says = test.second
			}
			return declining("hook declined", says, func(string) bool { return says != "" })(changes)
		}
		list := branches(2)
		if _, _, err := git.PushTo(t, server, [][]mirror.Change{list[:1], list[1:]}, nil); codeOf(err) != test.want {
			t.Errorf("%q, then %q: got %v, want %s", test.first, test.second, err, test.want.ID)
		}
	}
}

// The reason of a declined ref is what the server says about it, or else all that it says,
// or else git's own.
func TestPushingReasons(t *testing.T) {
	t.Parallel()
	server := func(changes []mirror.Change) (string, string, error) {
		return "!\t1:refs/heads/b000\t[remote rejected] (hook declined)\n" +
			"!\t1:refs/heads/b001\t[rejected] (stale info)\n" +
			"=\t1:refs/heads/b002\t[up to date]\n", "remote: b000 is protected\nremote: ask an admin\nremote: see refs/heads/b000, called b000\n", nil
	}
	result, pushes, err := git.PushTo(t, server, [][]mirror.Change{branches(3)}, nil)
	want := map[string]mirror.Result{
		"refs/heads/b000": {Outcome: mirror.Declined, Reason: "b000 is protected see refs/heads/b000, called b000"},
		"refs/heads/b001": {Outcome: mirror.Raced, Reason: "b000 is protected ask an admin see refs/heads/b000, called b000"},
		"refs/heads/b002": {Outcome: mirror.Present},
	}
	if err != nil || pushes != 1 || !maps.Equal(result.Results, want) {
		t.Errorf("got %v, %v", result.Results, err)
	}
}

// Refs that have changed meanwhile don't refuse a push as a whole, whatever Bitbucket says.
func TestPushingRaced(t *testing.T) {
	t.Parallel()
	server := func([]mirror.Change) (string, string, error) {
		return "!\t1:refs/heads/b000\t[rejected] (stale info)\n", "remote: repository is in read only mode\n", nil
	}
	result, _, err := git.PushTo(t, server, [][]mirror.Change{branches(1)}, nil)
	if err != nil || result.Results["refs/heads/b000"].Outcome != mirror.Raced || !result.Raced() {
		t.Errorf("got %v, %v", result.Results, err)
	}
}

// Git's own reasons, too, are shown without secrets.
func TestPushingHidesSecrets(t *testing.T) {
	t.Parallel()
	server := func([]mirror.Change) (string, string, error) {
		return "!\t1:refs/heads/b000\t[remote rejected] (no s3cret)\n!\t1:refs/heads/b001\t[remote rejected] (half-a-t0ken)\n" +
			"!\t1:refs/heads/b002\t[rejected] (stale info: s3cret)\n", "", nil
	}
	result, _, err := git.PushTo(t, server, [][]mirror.Change{branches(3)}, nil)
	want := map[string]mirror.Result{
		"refs/heads/b000": {Outcome: mirror.Declined, Reason: "no ***"},
		"refs/heads/b001": {Outcome: mirror.Declined, Reason: "the reason contains a piece of a token, and isn't shown"},
		"refs/heads/b002": {Outcome: mirror.Raced, Reason: "stale info: ***"},
	}
	if err != nil || !maps.Equal(result.Results, want) {
		t.Errorf("got %v, %v", result.Results, err)
	}
}

// An error ends the push. What was pushed before it, and with it, is reported.
func TestPushingFails(t *testing.T) {
	t.Parallel()
	failure := fault.New(fault.ServerFailed, "it failed")
	n := 0
	server := func(changes []mirror.Change) (string, string, error) {
		n++
		if n == 2 {
			return "*\t2:" + changes[0].Ref + "\t[new branch]\n", "", failure
		}
		return "*\t1:" + changes[0].Ref + "\t[new branch]\n", "", nil
	}
	list := branches(4)
	result, pushes, err := git.PushTo(t, server, [][]mirror.Change{list[:1], nil, list[1:3], list[3:]}, nil)
	if !errors.Is(err, failure) || pushes != 2 || len(result.Results) != 2 || result.Results[list[1].Ref].Outcome != mirror.Pushed {
		t.Errorf("got %v after %d pushes, %v", result.Results, pushes, err)
	}
}

// What is pushed last depends on the results so far. It may be impossible to say.
func TestPushingLast(t *testing.T) {
	t.Parallel()
	list := branches(2)
	refused := errors.New("no more")
	for _, want := range []error{nil, refused} {
		seen := 0
		last := func(results map[string]mirror.Result) ([]mirror.Change, error) {
			seen = len(results)
			return list[1:], want
		}
		server := declining("", "", func(string) bool { return false })
		result, pushes, err := git.PushThen(t, server, [][]mirror.Change{list[:1]}, nil, last)
		expected := 2
		if want != nil {
			expected = 1
		}
		if !errors.Is(err, want) || seen != 1 || pushes != expected || len(result.Results) != expected {
			t.Errorf("got %v after %d pushes, %v; it saw %d results", result.Results, pushes, err, seen)
		}
	}
}

// Only a ref that had another value than the listed one makes a later listing necessary.
func TestPushRaced(t *testing.T) {
	t.Parallel()
	results := map[string]mirror.Result{}
	for _, outcome := range []mirror.Outcome{mirror.Pushed, mirror.Present, mirror.Declined, mirror.InFlight} {
		results[fmt.Sprintf("refs/heads/%v", outcome)] = mirror.Result{Outcome: outcome}
	}
	if (git.Pushed{Results: results}).Raced() {
		t.Errorf("%v is a lost race", results)
	}
	results["refs/heads/raced"] = mirror.Result{Outcome: mirror.Raced}
	if !(git.Pushed{Results: results}).Raced() {
		t.Errorf("%v is no lost race", results)
	}
}

// What a ref no longer leads to may be gone from Bitbucket.
func TestHasAfterChanges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		change mirror.Change
		want   string
	}{
		{mirror.Change{Action: mirror.Created, New: "new"}, "first second new"},
		{mirror.Change{Action: mirror.Updated, Old: "first", New: "new"}, "first second new"},
		{mirror.Change{Action: mirror.Overwritten, Old: "first", New: "new"}, "second new"},
		{mirror.Change{Action: mirror.Overwritten, Old: "second", New: "new"}, "first new"},
		{mirror.Change{Action: mirror.Overwritten, Old: "other", New: "new"}, "first second new"},
		{mirror.Change{Action: mirror.Deleted, Old: "first"}, "second"},
		{mirror.Change{Action: mirror.Deleted, Old: "other"}, "first second"},
	} {
		if got := strings.Join(git.HasAfter([]string{"first", "second"}, []mirror.Change{test.change}), " "); got != test.want {
			t.Errorf("%v: got %q, want %q", test.change, got, test.want)
		}
	}
}

// The list of what Bitbucket has stays as it is, whatever is replaced.
func TestPushingKeepsTheList(t *testing.T) {
	t.Parallel()
	has := []string{"old", "gone", "other"}
	before := slices.Clone(has)
	list := []mirror.Change{
		{Ref: "refs/heads/a", Action: mirror.Overwritten, Old: "old", New: "new"},
		{Ref: "refs/heads/b", Action: mirror.Deleted, Old: "gone"},
	}
	server := func(changes []mirror.Change) (string, string, error) {
		return "+\tnew:refs/heads/a\told...new (forced update)\n-\t:refs/heads/b\t[deleted]\n", "", nil
	}
	result, _, err := git.PushTo(t, server, [][]mirror.Change{list, branches(1)[:0]}, has)
	if err != nil || len(result.Results) != 2 || !slices.Equal(has, before) {
		t.Errorf("got %v, %v; the list is %q", result.Results, err, has)
	}
}
