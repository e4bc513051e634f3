package action

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// decision is a situation of a mirror after its push, without git and servers, and what
// the run must come to.
type decision struct {
	title             string
	source, bitbucket string // "main=2 v1=1", as planned reads them
	rules             mirror.Rules
	dry               bool
	kind              credential.Kind
	onlyErrors        bool                     // log: errors
	others            []string                 // refs of Bitbucket that aren't mirrored
	diverged          map[string]int           // branches, and how many commits they lose
	results           map[string]mirror.Result // of the push, by ref; nil: everything was pushed
	later             string                   // a listing of Bitbucket after the push
	ends              error                    // the run, during the push

	code   fault.Code // none: the run succeeds
	counts string     // the outputs changed, created, updated, overwritten, deleted, refused and kept
	hints  []string   // words of the fault's hints, in their order
}

const everythingElse = "read the reason for each of them in the log"

var decisions = []decision{
	{title: "Nothing to do", source: "main=1 v1=1", bitbucket: "main=1 v1=1", counts: "false 0 0 0 0 0 0"},
	{title: "A first run", source: "main=1 topic=2 v1=1", counts: "true 3 0 0 0 0 0"},
	{title: "A commit", source: "main=2 topic=1", bitbucket: "main=1 topic=1", counts: "true 0 1 0 0 0 0"},
	{title: "Refs that only Bitbucket has", source: "main=1", bitbucket: "main=1 mine=2 v1=2", counts: "false 0 0 0 0 0 2"},
	{title: "Refs that only Bitbucket has, next to a new one", source: "main=1 new=1", bitbucket: "main=1 a=2 b=2 c=2 d=2 e=2 f=2", counts: "true 1 0 0 0 0 6"},
	{title: "Refs that only Bitbucket has, some of which aren't named", source: "main=1", bitbucket: "main=1 fix-t0kenp1ece=2 mine=2 t0kenp1ece=2", counts: "false 0 0 0 0 0 3"},
	{title: "A ref that only Bitbucket has, which isn't named", source: "main=1", bitbucket: "main=1 t0kenp1ece=2", counts: "false 0 0 0 0 0 1"},
	{title: "A first run from a source that doesn't say which branch is its main one", source: "HEAD=9 b=1 a=2", counts: "true 2 0 0 0 0 0"},
	{
		title: "Refs that only Bitbucket has, to prune", source: "main=1", bitbucket: "main=1 old=1 v1=2",
		rules: mirror.Rules{Prune: true, MaxDeletions: 2}, counts: "true 0 0 0 2 0 0",
	},
	{
		title: "The main branch is gone from the source, and would be pruned", source: "trunk=1", bitbucket: "main=1",
		rules: mirror.Rules{Prune: true, MaxDeletions: 2}, counts: "true 1 0 0 0 0 1",
	},
	{
		title: "The main branch is gone from the source, whose main one isn't known, to follow", source: "HEAD=9 trunk=1", bitbucket: "main=1",
		rules: mirror.Rules{Prune: true, MaxDeletions: 2, FollowMain: true}, counts: "true 1 0 0 0 0 1",
	},
	{
		title: "Bitbucket doesn't say which branch is its main one, and some would be pruned", source: "trunk=1", bitbucket: "HEAD=1 main=1 dev=1 old=2",
		rules: mirror.Rules{Prune: true, MaxDeletions: 2}, counts: "true 1 0 0 1 0 2",
	},
	{
		title: "The source doesn't say which branch is its main one, to follow", source: "HEAD=1 main=1 dev=1", bitbucket: "dev=1 main=1",
		rules: mirror.Rules{FollowMain: true}, counts: "false 0 0 0 0 0 0",
	},
	{
		title: "A branch has diverged", source: "main=2 topic=2", bitbucket: "main=1 topic=1", diverged: map[string]int{"topic": 0},
		code: fault.Incomplete, counts: "true 0 1 0 0 1 0", hints: []string{everythingElse, "set overwrite: true"},
	},
	{
		title: "A tag has moved", source: "main=1 v1=2", bitbucket: "main=1 v1=1",
		code: fault.Incomplete, counts: "false 0 0 0 0 1 0", hints: []string{everythingElse, "set overwrite: true"},
	},
	{
		title: "Both, to overwrite", source: "main=1 one=2 two=2 many=2 v1=2", bitbucket: "main=1 one=1 two=1 many=1 v1=1",
		rules: mirror.Rules{Overwrite: true}, diverged: map[string]int{"one": 1, "two": 2, "many": 0}, counts: "true 0 0 4 0 0 0",
	},
	{
		title: "A branch is in the way", source: "main=1 a/b=1", bitbucket: "main=1 a=1",
		code: fault.Incomplete, counts: "false 0 0 0 0 1 1", hints: []string{everythingElse, "in the way in Bitbucket; to delete whatever the source doesn't have, set prune: true"},
	},
	{
		title: "The main branch is in the way, and isn't pruned", source: "a/b=1", bitbucket: "a=1", rules: mirror.Rules{Prune: true},
		code: fault.Incomplete, counts: "false 0 0 0 0 1 1", hints: []string{everythingElse, "delete or rename the branch or tag that is in the way"},
	},
	{
		title: "Git would take a new branch for another ref", source: "main=1 new=1", bitbucket: "main=1", others: []string{"refs/remotes/refs/heads/new"},
		code: fault.Incomplete, counts: "false 0 0 0 0 1 0", hints: []string{everythingElse, "delete the branch or tag with the longer name"},
	},
	{
		title: "A name contains a piece of a token", source: "main=1 fix-t0kenp1ece=1", bitbucket: "main=1",
		code: fault.Incomplete, counts: "false 0 0 0 0 1 0", hints: []string{everythingElse, "replace the token"},
	},
	{
		title: "A name is too long", source: "main=1 " + strings.Repeat("long", 300) + "=1", bitbucket: "main=1",
		code: fault.Incomplete, counts: "false 0 0 0 0 1 0", hints: []string{everythingElse, "rename branches and tags with too long a name"},
	},
	{
		title: "Bitbucket declines a branch", source: "main=2 release=2", bitbucket: "main=1 release=1",
		results: map[string]mirror.Result{"refs/heads/main": {}, "refs/heads/release": {Outcome: mirror.Declined, Reason: "Permission denied to update branch release."}},
		code:    fault.Incomplete, counts: "true 0 1 0 0 1 0", hints: []string{everythingElse, "Repository settings → Branch restrictions"},
	},
	{
		title: "Bitbucket declines a branch that has diverged, to overwrite", source: "main=1 topic=2", bitbucket: "main=1 topic=1",
		rules: mirror.Rules{Overwrite: true}, diverged: map[string]int{"topic": 3},
		results: map[string]mirror.Result{"refs/heads/topic": {Outcome: mirror.Declined, Reason: "Rewriting the branch isn't permitted."}},
		code:    fault.Incomplete, counts: "false 0 0 0 0 1 0", hints: []string{everythingElse, "Repository settings → Branch restrictions"},
	},
	{
		title: "Bitbucket declines a branch, with an access token", source: "main=2", bitbucket: "main=1", kind: credential.AccessToken,
		results: map[string]mirror.Result{"refs/heads/main": {Outcome: mirror.Declined, Reason: "Permission denied to update branch main."}},
		code:    fault.Incomplete, counts: "false 0 0 0 0 1 0", hints: []string{everythingElse, "use an API token of a user who may push, or remove the restriction: it can't list an access token"},
	},
	{
		title: "Bitbucket declines a branch, with an OAuth client", source: "main=2", bitbucket: "main=1", kind: credential.OAuthConsumer,
		results: map[string]mirror.Result{"refs/heads/main": {Outcome: mirror.Declined, Reason: "Permission denied to update branch main."}},
		code:    fault.Incomplete, counts: "false 0 0 0 0 1 0", hints: []string{everythingElse, "use an API token of a user who may push, or remove the restriction: it can't list an OAuth client"},
	},
	{
		title: "With log: errors, the reasons are in the log, too", source: "main=2 v1=2 v2=2 new=1 fix-t0kenp1ece=1", bitbucket: "main=1 v1=1 v2=1", onlyErrors: true,
		code: fault.Incomplete, counts: "true 1 1 0 0 3 0", hints: []string{everythingElse, "set overwrite: true", "replace the token"},
	},
	{
		title: "Somebody else pushes to a branch meanwhile", source: "main=2", bitbucket: "main=1", later: "main=3",
		results: map[string]mirror.Result{"refs/heads/main": {Outcome: mirror.Raced, Reason: "stale info"}},
		code:    fault.Incomplete, counts: "false 0 0 0 0 1 0", hints: []string{everythingElse, "run the step again"},
	},
	{
		title: "Another run pushes the same meanwhile", source: "main=2", bitbucket: "main=1", later: "main=2",
		results: map[string]mirror.Result{"refs/heads/main": {Outcome: mirror.Raced, Reason: "stale info"}}, counts: "true 0 1 0 0 0 0",
	},
	{
		title: "Several reasons", source: "main=2 a=2 b=2 v1=2 new=1", bitbucket: "main=1 a=1 b=1 v1=1", diverged: map[string]int{"a": 0},
		results: map[string]mirror.Result{"refs/heads/main": {}, "refs/heads/new": {}, "refs/heads/b": {Outcome: mirror.Declined, Reason: "no | <b>bold</b>\n::error::x"}},
		code:    fault.Incomplete, counts: "true 1 1 0 0 3 0", hints: []string{everythingElse, "set overwrite: true", "Repository settings → Branch restrictions"},
	},
	{
		title: "A dry run of all that", source: "main=2 a=2 v1=2 new=1", bitbucket: "main=1 a=1 v1=1 old=1", rules: mirror.Rules{Prune: true, MaxDeletions: 1}, dry: true,
		diverged: map[string]int{"a": 0}, code: fault.Incomplete, counts: "true 1 1 0 1 2 0",
		hints: []string{"a run without dry-run would bring all others up to date", "set overwrite: true"},
	},
	{
		title: "A dry run, to overwrite", source: "main=2 one=2 two=2", bitbucket: "main=1 one=1 two=1", rules: mirror.Rules{Overwrite: true}, dry: true,
		diverged: map[string]int{"one": 1, "two": 2}, counts: "true 0 1 2 0 0 0",
	},
	{title: "A dry run with nothing to do", source: "main=1", bitbucket: "main=1 mine=1", dry: true, counts: "false 0 0 0 0 0 1"},
	{
		title: "A signal ends the push half-way", source: "main=2 a=1 b=1 c=1", bitbucket: "main=1",
		results: map[string]mirror.Result{"refs/heads/main": {}, "refs/heads/a": {Outcome: mirror.InFlight}},
		ends:    fault.New(fault.Terminated, "terminated"), code: fault.Terminated, counts: "true 0 1 0 0 3 0", hints: []string{"run the step again: what was pushed doesn't have to be pushed again"},
	},
	{
		title: "A signal ends the push before anything arrived", source: "main=2 a=1", bitbucket: "main=1", results: map[string]mirror.Result{},
		ends: fault.New(fault.Interrupted, "interrupted"), code: fault.Interrupted, hints: []string{"run the step again: what was pushed doesn't have to be pushed again"},
	},
	{
		title: "The push fails half-way", source: "main=2 a=1", bitbucket: "main=1", results: map[string]mirror.Result{"refs/heads/main": {}},
		ends: fault.New(fault.ServerFailed, "Bitbucket failed with status 503", "run the step again later"), code: fault.ServerFailed, counts: "true 0 1 0 0 1 0",
		hints: []string{"run the step again later"},
	},
	{
		title: "The push fails before anything arrived", source: "main=2 a=1", bitbucket: "main=1", results: map[string]mirror.Result{},
		ends: fault.New(fault.WriteRefused, "Bitbucket accepts the login, but doesn't let it write (403)", "give the token write access"), code: fault.WriteRefused,
		hints: []string{"give the token write access"},
	},
}

// TestDecisions compares what a run decides about each ref, and everything that it then
// reports, with the table above and with testdata/decisions.md, which reads like a page of
// the manual. After a change of words, read the page that this writes:
//
//	go test ./internal/action -run TestDecisions -update
func TestDecisions(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString("# What the mirror decides, and how it reports that\n\nWritten by `go test ./internal/action -run TestDecisions -update`. Object IDs have one digit here.\n")
	for _, d := range decisions {
		r := d.report(t)
		if r.exit != d.code.Exit || r.outputs["error-code"] != d.code.ID {
			t.Errorf("%s: exit code %d and %s, want %d and %s", d.title, r.exit, r.outputs["error-code"], d.code.Exit, d.code.ID)
		}
		if r.counts() != d.counts {
			t.Errorf("%s: counts %s, want %s", d.title, r.counts(), d.counts)
		}
		if d.counts != "" && (r.outputs["available"] != "true" || r.outputs["repository-url"] != "https://bitbucket.org/acme/site.git") {
			t.Errorf("%s: available is %q, and repository-url %q", d.title, r.outputs["available"], r.outputs["repository-url"])
		}
		if !slices.EqualFunc(r.hints, d.hints, strings.Contains) {
			t.Errorf("%s:\ngot hints %q\nwant      %q", d.title, r.hints, d.hints)
		}
		page.WriteString("\n## " + d.title + "\n\n")
		fmt.Fprintf(&page, "    source:    %s\n    Bitbucket: %s\n\nExit code %d, outputs `%s`\n\n", shortened(d.source), shortened(d.bitbucket), r.exit, r.outputs["refs"])
		for line := range strings.Lines(r.log) {
			page.WriteString("    " + line)
		}
		if r.summary != "" {
			page.WriteString("\n" + r.summary)
		}
	}
	compareGolden(t, filepath.Join("testdata", "decisions.md"), page.String())
}

func shortened(text string) string {
	if len(text) > 100 {
		return text[:20] + "…"
	}
	return text
}

// outcomeOfReport is what people see of a run, and what later steps get.
type outcomeOfReport struct {
	exit         int
	log, summary string
	hints        []string
	outputs      map[string]string
}

func (r outcomeOfReport) counts() string {
	if r.outputs["changed"] == "" {
		return ""
	}
	var values []string
	for _, id := range []string{"changed", "created", "updated", "overwritten", "deleted", "refused", "kept"} {
		values = append(values, r.outputs[id])
	}
	return strings.Join(values, " ")
}

// report makes the plan, applies the results of the push, and ends the run as [Run] does.
func (d decision) report(t *testing.T) outcomeOfReport {
	t.Helper()
	d.rules.IsSecret = func(text string) bool { return strings.Contains(text, "t0kenp1ece") }
	var stdout bytes.Buffer
	m, site := reporting(t, &stdout)
	planned := planned(t, d.source, d.bitbucket, d.rules)
	m.rules, m.bitbucket, m.settings.DryRun = planned.rules, planned.bitbucket, d.dry
	m.settings.Prune, m.settings.FollowMain = d.rules.Prune, d.rules.FollowMain
	m.credential.Kind, m.onlyErrors = d.kind, d.onlyErrors
	for _, other := range d.others {
		m.bitbucket.AddOther(other)
	}
	var err error
	if m.plan, err = mirror.New(t.Context(), listing(d.source), m.bitbucket, d.rules); err != nil {
		t.Fatal(err)
	}
	for branch, lost := range d.diverged {
		m.plan.Diverged("refs/heads/"+branch, lost)
	}
	var later *mirror.Listing
	if d.later != "" {
		l := listing(d.later)
		later = &l
	}
	m.plan.Apply(d.results, later)
	ctx := context.Background()
	if d.ends != nil {
		err = m.reportPartial(ctx, d.ends)
	} else {
		err = m.report(ctx)
	}
	r := outcomeOfReport{}
	if err != nil {
		f := fault.From(err)
		m.host.Fail(m.hidden(f))
		m.summarize(m.summary(f))
		r.exit, r.hints = f.Code.Exit, f.Hints
	}
	written := site.Written(t)
	records, err := hosttest.ReadGitHubFile(written["GITHUB_OUTPUT"])
	if err != nil {
		t.Fatal(err)
	}
	r.outputs, r.summary, r.log = hosttest.ByName(records), written["GITHUB_STEP_SUMMARY"], plainLog(stdout.String())
	return r
}

// reporting is a mirror on GitHub that has done nothing yet.
func reporting(t *testing.T, stdout io.Writer) (*mirroring, *hosttest.Site) {
	t.Helper()
	site := hosttest.Hosts[0].Start(t)
	h, err := host.Choose(host.World{Lookup: site.Lookup, Stdout: stdout, Stderr: io.Discard}, false)
	if err != nil {
		t.Fatal(err)
	}
	to, _, err := repository.Parse(secret.NewAddress("acme/site"), server.Cloud)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	return &mirroring{
		settings:   &input.MirrorSettings{},
		run:        &run{world: World{Lookup: site.Lookup, Now: func() time.Time { return now }}, host: h, summarizes: true},
		repository: to,
		source:     address{text: "https://github.com/octo/site"},
	}, site
}

// plainLog is GitHub's log without its commands.
func plainLog(stdout string) string {
	var b strings.Builder
	for line := range strings.Lines(stdout) {
		for _, level := range []string{"notice", "warning", "error"} {
			if after, ok := strings.CutPrefix(line, "::"+level+" "); ok {
				_, message, _ := strings.Cut(after, "::")
				line = level + ": " + message
			}
		}
		if !strings.HasPrefix(line, "::add-mask::") {
			b.WriteString(strings.NewReplacer("%0A", "\n", "%25", "%").Replace(line))
		}
	}
	return b.String()
}

// The log and the summary name the refs that are left alone first, and end before they
// become unreadable; a dry run logs all of them, since that is its purpose.
func TestReportsAreLimited(t *testing.T) {
	t.Parallel()
	source, bitbucket := "main=1", "main=1"
	for i := range 600 {
		source += fmt.Sprintf(" a%03d=1", i)
	}
	for i := range 5 {
		source += fmt.Sprintf(" z%d=2", i)
		bitbucket += fmt.Sprintf(" z%d=1 only%d=1", i, i) + fmt.Sprintf(" other%d=1", i)
	}
	diverged := map[string]int{"z0": 0, "z1": 0, "z2": 0, "z3": 0, "z4": 0}
	for dry, logged := range map[bool]int{false: 200, true: 605} {
		r := decision{source: source, bitbucket: bitbucket, diverged: diverged, dry: dry}.report(t)
		if got := strings.Count(r.log, "refs/heads/a") + strings.Count(r.log, ": left alone (") + strings.Count(r.log, ": would be left alone ("); got != logged {
			t.Errorf("dry run %v: the log names %d refs, want %d", dry, got, logged)
		}
		if says := strings.Contains(r.log, "and 405 more\n"); says == dry {
			t.Errorf("dry run %v: the log counts the others: %v", dry, says)
		}
		if !strings.HasPrefix(r.log, "refs/heads/z0: ") || !strings.Contains(r.log, "10 more are kept: refs/heads/only0, refs/heads/only1, refs/heads/only2, refs/heads/only3, refs/heads/only4 and 5 others") {
			t.Errorf("dry run %v: the log is\n%.300s", dry, r.log)
		}
		rows := strings.Split(r.summary, "\n| ")
		if len(rows) != 1+2+500 || !strings.HasPrefix(rows[3], "refs/heads/z0") || !strings.Contains(r.summary, "\nand 105 more: see the log") {
			t.Errorf("dry run %v: the summary has %d rows, of which the first is %q", dry, len(rows)-3, rows[3])
		}
	}
}

// The output refs is cut at the limit of outputs, and the log says so.
func TestRefsThatDontFit(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	source.WriteString("main=1")
	for i := range 4000 {
		fmt.Fprintf(&source, " %04d-%s=2", i, strings.Repeat("x", 200))
	}
	r := decision{source: source.String(), bitbucket: "main=1"}.report(t)
	var listed []struct{ Ref string }
	if err := json.Unmarshal([]byte(r.outputs["refs"]), &listed); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("notice: the output refs leaves out %d of the branches and tags", 4000-len(listed))
	if len(listed) == 4000 || len(r.outputs["refs"]) > 1<<20 || r.outputs["created"] != "4000" || !strings.Contains(r.log, want) {
		t.Errorf("refs has %d of them, created is %s, and the log lacks %q", len(listed), r.outputs["created"], want)
	}
}

// A part of the run has a line when it starts, and one with its result and seconds when it
// ends.
func TestPartsOfARun(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	m, _ := reporting(t, &stdout)
	clock := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	m.world.Now = func() time.Time { return clock }
	ended := m.begin("fetching %d branches", 3)
	clock = clock.Add(61260 * time.Millisecond)
	ended("fetched %s", bytesText(2048))
	if got, want := stdout.String(), "fetching 3 branches\nfetched 2 KiB (61.3 s)\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for n, want := range map[int64]string{
		0: "0 bytes", 1023: "1023 bytes", 1024: "1 KiB", 1 << 19: "512 KiB", 1 << 20: "1.0 MiB", 3 << 19: "1.5 MiB", 1 << 29: "512.0 MiB", 1 << 30: "1.0 GiB", 5 << 29: "2.5 GiB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

// Results that can't be handed over fail a run that is complete, and one that isn't.
func TestReportThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"main=1", "main=1 v1=2"} {
		m, site := reporting(t, io.Discard)
		m.plan = planned(t, source, "main=1 v1=1", mirror.Rules{}).plan
		if err := os.Remove(site.Env["GITHUB_OUTPUT"]); err != nil {
			t.Fatal(err)
		}
		if err := m.report(t.Context()); err == nil || fault.From(err).Code.Exit != fault.ExitHost {
			t.Errorf("%s: got %v", source, err)
		}
	}
}

// compareGolden compares a text with a file, section by section. The flag -update, which
// the package's other tests define, writes the file.
func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotSections, wantSections := strings.Split(got, "\n## "), strings.Split(string(want), "\n## ")
	if len(gotSections) != len(wantSections) {
		t.Errorf("%s has %d sections, want %d", path, len(wantSections), len(gotSections))
	}
	for i := range min(len(gotSections), len(wantSections)) {
		if gotSections[i] != wantSections[i] {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", path, gotSections[i], wantSections[i])
		}
	}
}

// A run that fails before it knows its source has a summary with the fault alone.
func TestSummaryOfAnEarlyFault(t *testing.T) {
	t.Parallel()
	m, _ := reporting(t, io.Discard)
	m.source = address{}
	page := m.summary(fault.New(fault.Pattern, "a mistake", "a hint"))
	if !strings.HasPrefix(page, "### Mirror\n\n❌ a mistake ([") || !strings.HasSuffix(page, "\n\n- a hint\n\n") {
		t.Errorf("got %q", page)
	}
}

// Hints write a setting as people do on the host, and object IDs are as short as git's.
func TestSettingsAndIDsInReports(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]string{
		"GITHUB_ACTIONS": "main-branch: follow", "DRONE": "main-branch: follow", "GITLAB_CI": "BITBUCKET_AUTH_MAIN_BRANCH=follow",
	} {
		m := mirroringOn(t, map[string]string{variable: "true"}, &input.MirrorSettings{})
		if got := m.set("main-branch", "follow"); got != want {
			t.Errorf("%s: got %q, want %q", variable, got, want)
		}
	}
	long := strings.Repeat("0123456789abcdef", 4)
	m, _ := reporting(t, io.Discard)
	if got, want := m.line(mirror.Change{Ref: "refs/heads/a", Action: mirror.Updated, Old: long, New: long[1:]}), "refs/heads/a: updated (012345678..123456789)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := idCell(long) + idCell("12345") + idCell(""); got != "`012345678``12345`–" {
		t.Errorf("got %q", got)
	}
}

// A report hides what is masked, and shows text from outside as text in the summary.
func TestReportsAreHarmless(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	m, site := reporting(t, &stdout)
	m.masked = []string{"s3cret-word"}
	m.source.text, m.repository.URL = "https://github.com/octo/s<i>te", "https://bitbucket.org/acme/s<b>te.git"
	m.plan = planned(t, "trunk|<u>x=2", "s3cret-word<s>=1 trunk|<u>x=1", mirror.Rules{Prune: true, MaxDeletions: 1}).plan
	m.plan.Apply(map[string]mirror.Result{"refs/heads/trunk|<u>x": {Outcome: mirror.Declined, Reason: "not with s3cret-word <q>"}}, nil)
	f := fault.From(m.report(t.Context()))
	summary := site.Written(t)["GITHUB_STEP_SUMMARY"]
	if shown := stdout.String() + summary + f.What; strings.Contains(shown, "s3cret") {
		t.Errorf("a secret is shown:\n%s", shown)
	}
	if !strings.Contains(stdout.String(), "<q>") || !strings.Contains(f.What, "not with *** <q>") {
		t.Errorf("the reason isn't shown: %q\n%s", f.What, stdout.String())
	}
	for _, want := range []string{
		"### Mirror of https://github.com/octo/s&lt;i&gt;te\n", "https://bitbucket.org/acme/s&lt;b&gt;te.git: 1 left alone; 1 more is kept: refs/heads/\\*\\*\\*&lt;s&gt;\n",
		"\n\nrefs/heads/\\*\\*\\*&lt;s&gt; is kept, although", "| refs/heads/trunk\\|&lt;u&gt;x | ⚠️ left alone | ", " not with \\*\\*\\* &lt;q&gt; |\n",
	} {
		if !strings.Contains(summary, want) {
			t.Errorf("%q isn't in the summary:\n%s", want, summary)
		}
	}
}
