package git_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git/gittest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// sides are two repositories, of which the source has six branches at one commit. More
// of them would take more pushes, whose number [TestPushing] limits without git.
type sides struct {
	t                 *testing.T
	source, bitbucket string
	git               *git.Git
	commit            string
}

func newSides(t *testing.T) *sides {
	t.Helper()
	s := &sides{t: t, source: filepath.Join(t.TempDir(), "source.git"), bitbucket: filepath.Join(t.TempDir(), "bitbucket.git")}
	s.commit = gittest.New(t, s.source, "b00", "b01", "b02", "b03", "b04", "b05")
	err := gittest.Init(s.bitbucket, "main")
	if err != nil {
		t.Fatal(err)
	}
	s.git, err = git.Open(git.Options{
		Program: "git",
		Source:  s.source, SourceLocal: true, Bitbucket: s.bitbucket,
		Lookup: os.LookupEnv,
		Scrub:  func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") },

		IsSecret: func(text string) bool { return strings.Contains(text, "half-a-t0ken") },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.git.Close)
	if err := s.git.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sides) run(arguments ...string) string {
	s.t.Helper()
	cmd := exec.Command("git", arguments...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.DevNull, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %q: %v\n%s", arguments, err, out)
	}
	return strings.TrimSpace(string(out))
}

// fastImport fills a repository by a stream of git-fast-import(1).
func (s *sides) fastImport(dir, stream string) {
	s.t.Helper()
	cmd := exec.Command("git", "--git-dir", dir, "fast-import", "--quiet")
	cmd.Stdin = strings.NewReader(stream)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("git fast-import: %v: %s", err, out)
	}
}

// hook makes the destination run a script before a push is accepted.
func (s *sides) hook(name, script string) {
	s.t.Helper()
	dir := s.t.TempDir()
	s.run("--git-dir", s.bitbucket, "config", "core.hooksPath", dir)
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

// inScript is a path as a word in a shell script. On Windows, git runs hooks with a
// shell that knows slashes, and takes a backslash for an escape.
func inScript(path string) string { return "'" + filepath.ToSlash(path) + "'" }

// push creates all branches, and returns why some were declined.
func (s *sides) push() map[string]string {
	s.t.Helper()
	pushed, err := s.pushAll()
	if err != nil {
		s.t.Fatal(err)
	}
	declined := map[string]string{}
	for ref, result := range pushed.Results {
		if result.Outcome == mirror.Declined {
			declined[mirror.ShortName(ref)] = result.Reason
		}
	}
	return declined
}

// pushAll creates all refs that the source has. It checks that what arrived is
// reported.
func (s *sides) pushAll() (git.Pushed, error) {
	s.t.Helper()
	ctx := s.t.Context()
	listing, err := s.git.ListSource(ctx, false)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.git.FetchAll(ctx, []string{s.commit}); err != nil {
		s.t.Fatal(err)
	}
	var list []mirror.Change
	for _, ref := range slices.Sorted(maps.Keys(listing.Refs)) {
		list = append(list, mirror.Change{Ref: ref, Action: mirror.Created, New: listing.Refs[ref]})
	}
	pushed, err := s.git.Push(ctx, [][]mirror.Change{list}, nil, nil)
	arrived := strings.Fields(s.run("--git-dir", s.bitbucket, "for-each-ref", "--format=%(refname)"))
	var reported []string
	for ref, result := range pushed.Results {
		if result.Outcome == mirror.Pushed {
			reported = append(reported, ref)
		}
	}
	slices.Sort(reported)
	if !slices.Equal(arrived, reported) {
		s.t.Errorf("%q arrived, %q are reported", arrived, reported)
	}
	if err == nil && len(pushed.Results) != len(list) {
		s.t.Errorf("%d of %d refs have a result", len(pushed.Results), len(list))
	}
	return pushed, err
}

// A hook declines a push as a whole because of a few refs. The others are pushed
// all the same, whether the hook names the few or not.
func TestPushDeclined(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"naming them":  `echo "no pushes to ${ref#refs/heads/}, s3cret::error::"`,
		"saying a lot": "yes declined | head -1000",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSides(t)
			s.hook("pre-receive", "while read -r old new ref; do case $ref in */b02 | */b05) "+says+"; exit 1 ;; esac; done")
			refused := s.push()
			if got := len(refused); got != 2 || refused["b02"] == "" || refused["b05"] == "" {
				t.Errorf("%d were refused: %v", got, refused)
			}
			for ref, why := range refused {
				if strings.Contains(why, "s3cret") || len(why) > 1000 || why == "" {
					t.Errorf("%s: %s", ref, why)
				}
			}
		})
	}
}

// outcomes are the results of a push, without their reasons.
func outcomes(p git.Pushed) map[string]mirror.Outcome {
	list := map[string]mirror.Outcome{}
	for ref, result := range p.Results {
		list[ref] = result.Outcome
	}
	return list
}

// A ref that somebody else has pushed in the meantime stays as it is.
func TestPushLostRace(t *testing.T) {
	t.Parallel()
	s := newSides(t)
	s.run("--git-dir", s.bitbucket, "fetch", "--quiet", s.source, "refs/heads/b00:refs/heads/elsewhere")
	other := s.run("--git-dir", s.bitbucket, "commit-tree", "-m", "theirs", s.commit+"^{tree}")
	s.run("--git-dir", s.bitbucket, "update-ref", "refs/heads/b05", other)
	s.run("--git-dir", s.bitbucket, "update-ref", "-d", "refs/heads/elsewhere")
	ctx := t.Context()
	if err := s.git.FetchAll(ctx, []string{s.commit}); err != nil {
		t.Fatal(err)
	}
	list := changes("b05", "b06")
	list[0].New, list[1].New = s.commit, s.commit
	pushed, err := s.git.Push(ctx, [][]mirror.Change{list}, nil, nil)
	want := map[string]mirror.Outcome{"refs/heads/b05": mirror.Raced, "refs/heads/b06": mirror.Pushed}
	if err != nil || !maps.Equal(outcomes(pushed), want) || s.run("--git-dir", s.bitbucket, "rev-parse", "refs/heads/b05") != other {
		t.Errorf("got %v, %v", pushed.Results, err)
	}
}

// A branch called refs/heads/b05, in full refs/heads/refs/heads/b05, isn't taken
// for the branch b05.
func TestPushAmbiguous(t *testing.T) {
	t.Parallel()
	s := newSides(t)
	for _, ref := range []string{"refs/heads/refs/heads/b05", "refs/heads/refs/heads/b06"} {
		s.run("--git-dir", s.bitbucket, "fetch", "--quiet", s.source, "refs/heads/b00:"+ref)
	}
	ctx := t.Context()
	newer := s.run("--git-dir", s.source, "commit-tree", "-p", s.commit, "-m", "two", s.commit+"^{tree}")
	s.run("--git-dir", s.source, "update-ref", "refs/heads/b05", newer)
	if err := s.git.FetchAll(ctx, []string{newer}); err != nil {
		t.Fatal(err)
	}
	list := changes("b04", "b05", "b06")
	for i := range list {
		list[i].New = newer
	}
	if _, err := s.git.Push(ctx, [][]mirror.Change{list}, nil, nil); err != nil {
		t.Fatal(err)
	}
	got := s.run("--git-dir", s.bitbucket, "for-each-ref", "--format=%(refname) %(objectname)")
	want := "refs/heads/b04 " + newer + "\nrefs/heads/b05 " + newer + "\nrefs/heads/b06 " + newer +
		"\nrefs/heads/refs/heads/b05 " + s.commit + "\nrefs/heads/refs/heads/b06 " + s.commit
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// When the context ends, so do git and its children, with the context's fault.
// Afterwards nothing is left on disk.
func TestEnd(t *testing.T) {
	temporary := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP"} { // the second is Windows'
		t.Setenv(name, temporary)
	}
	s := newSides(t)
	if err := s.git.FetchAll(t.Context(), []string{s.commit}); err != nil {
		t.Fatal(err)
	}
	started := filepath.Join(t.TempDir(), "started")
	s.hook("pre-receive", "echo >"+inScript(started)+"\nexec sleep 600")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := fault.New(fault.Terminated, "terminated")
	var begin time.Time
	go func() {
		defer cancel(why)
		for ctx.Err() == nil && begin.IsZero() {
			if _, err := os.Stat(started); err == nil {
				begin = time.Now()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	list := changes("b05")
	list[0].New = s.commit
	pushed, err := s.git.Push(ctx, [][]mirror.Change{list, changes("b06")}, nil, nil)
	if !errors.Is(err, why) || time.Since(begin) > time.Minute {
		t.Errorf("it ends with %v after %v", err, time.Since(begin))
	}
	if want := map[string]mirror.Outcome{"refs/heads/b05": mirror.InFlight}; !maps.Equal(outcomes(pushed), want) {
		t.Errorf("got %v", pushed.Results)
	}
	s.git.Close()
	left, _ := filepath.Glob(filepath.Join(temporary, "bitbucket-auth-*"))
	if len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// Bitbucket refuses the push as a whole, in words of its own. If the words are about a
// single ref, they don't end the push. [TestPushingRefused] has more of them.
func TestPushRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, hook, script string
		code               fault.Code // none: single refs are declined
	}{
		{"at once", "pre-receive", "cat >/dev/null; echo repository is in read only mode; exit 1", fault.ReadOnly},
		{"by each ref", "update", "echo repository is in read only mode; exit 1", fault.ReadOnly},
		{"quoting, ref by ref", "update", "case $1 in */b02) echo read only mode; exit 1 ;; esac", fault.Code{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSides(t)
			s.hook(test.hook, test.script)
			pushed, err := s.pushAll()
			if test.code.ID == "" {
				if err != nil || pushed.Results["refs/heads/b02"].Outcome != mirror.Declined {
					t.Errorf("got %v, %v", pushed.Results["refs/heads/b02"], err)
				}
				return
			}
			if err == nil || fault.From(err).Code != test.code || len(pushed.Results) != 6 {
				t.Errorf("%d refs, %v", len(pushed.Results), err)
			}
		})
	}
}

// A branch whose name contains the words doesn't end the push if Bitbucket ends the
// connection.
func TestPushNamesWords(t *testing.T) {
	s := newSides(t)
	s.run("--git-dir", s.source, "update-ref", "refs/heads/docs-read-only-mode", s.commit)
	s.run("--git-dir", s.source, "update-ref", "refs/heads/over-the-size-limit", s.commit)
	s.hook("pre-receive", "while read -r old new ref; do case $ref in */docs*) echo \"GitLab: ${ref#refs/heads/}: no read-only changes\"; exit 1 ;; esac; done")
	if declined := s.push(); len(declined) != 1 || declined["docs-read-only-mode"] == "" {
		t.Errorf("got %v", declined)
	}
}

// If the connection ends during a push, the refs may have arrived, and those before
// them have.
func TestPushCutOff(t *testing.T) {
	git.ShortDelays(t)
	s := newSides(t)
	s.hook("pre-receive", "while read -r old new ref; do case $ref in */b07) kill -9 $PPID ;; esac; done")
	ctx := t.Context()
	if err := s.git.FetchAll(ctx, []string{s.commit}); err != nil {
		t.Fatal(err)
	}
	first, second, third := changes("b01"), changes("b06", "b07"), changes("b08")
	for _, list := range [][]mirror.Change{first, second, third} {
		for i := range list {
			list[i].New = s.commit
		}
	}
	pushed, err := s.git.Push(ctx, [][]mirror.Change{first, second, third}, nil, nil)
	want := map[string]mirror.Outcome{"refs/heads/b01": mirror.Pushed, "refs/heads/b06": mirror.InFlight, "refs/heads/b07": mirror.InFlight}
	if err == nil || !maps.Equal(outcomes(pushed), want) {
		t.Errorf("got %v, %v", pushed.Results, err)
	}
}
