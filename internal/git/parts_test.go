package git_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// A push that is too large goes in parts along each branch, oldest commits first.
func TestPushInParts(t *testing.T) {
	git.SmallParts(t, 100_000)
	s := newSides(t)
	// 30 commits of 20 KB on main, a branch from the tenth with 10 more, and one
	// commit of 300 KB at its end.
	tip := s.commit
	commit := func(size int) string {
		noise := make([]byte, size)
		_, _ = rand.Read(noise)
		file := filepath.Join(t.TempDir(), "noise")
		if err := os.WriteFile(file, noise, 0o600); err != nil {
			t.Fatal(err)
		}
		blob := s.run("--git-dir", s.source, "hash-object", "-w", file)
		index := filepath.Join(t.TempDir(), "tree")
		if err := os.WriteFile(index, []byte("100644 blob "+blob+"\tfile\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		tree := s.mktree(index)
		tip = s.run("--git-dir", s.source, "commit-tree", "-p", tip, "-m", "more", tree)
		return tip
	}
	var tenth string
	for i := range 30 {
		if commit(20_000); i == 9 {
			tenth = tip
		}
	}
	main := tip
	tip = tenth
	for range 10 {
		commit(20_000)
	}
	side := commit(300_000)
	s.run("--git-dir", s.source, "update-ref", "refs/heads/main", main)
	s.run("--git-dir", s.source, "update-ref", "refs/heads/side", side)
	s.run("--git-dir", s.source, "update-ref", "refs/tags/v1", main)
	if err := s.git.FetchAll(t.Context(), []string{main, side}); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	s.hook("pre-receive", "while read -r old new ref; do echo \"$ref $(git rev-list --objects --disk-usage $new --not --all)\" >>"+inScript(log)+"; done")
	created := func(ref, id string) mirror.Change { return mirror.Change{Ref: ref, Action: mirror.Created, New: id} }
	pushed, err := s.git.Push(t.Context(), [][]mirror.Change{
		{created("refs/heads/main", main), created("refs/heads/side", side)},
		{created("refs/tags/v1", main)},
	}, nil, nil)
	if err != nil || len(pushed.Results) != 3 {
		t.Fatalf("%v, %v", pushed.Results, err)
	}
	for ref, result := range pushed.Results {
		if result.Outcome != mirror.Pushed {
			t.Errorf("%s: %v", ref, result)
		}
	}
	for ref, want := range map[string]string{"refs/heads/main": main, "refs/heads/side": side, "refs/tags/v1": main} {
		if got := s.run("--git-dir", s.bitbucket, "rev-parse", ref); got != want {
			t.Errorf("%s is %s, want %s", ref, got, want)
		}
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	counts, tooLarge := map[string]int{}, 0
	for line := range strings.Lines(string(text)) {
		ref, size, _ := strings.Cut(strings.TrimSpace(line), " ")
		counts[ref]++
		if len(size) > 5 { // 100,000 bytes and more
			tooLarge++
		}
	}
	// 30 commits of 20 KB, four of which fit into a part; 10 on the side, and the one
	// commit that fits into none.
	if counts["refs/heads/main"] < 6 || counts["refs/heads/side"] < 3 || counts["refs/tags/v1"] != 1 || tooLarge != 1 {
		t.Errorf("the pushes were\n%s", text)
	}
}

// A part that is declined is the branch's result, and the others are pushed.
func TestPushInPartsDeclined(t *testing.T) {
	git.SmallParts(t, 1)
	s := newSides(t)
	second := s.run("--git-dir", s.source, "commit-tree", "-p", s.commit, "-m", "two", s.commit+"^{tree}")
	for _, ref := range []string{"refs/heads/a", "refs/heads/b"} {
		s.run("--git-dir", s.source, "update-ref", ref, second)
	}
	if err := s.git.FetchAll(t.Context(), []string{second}); err != nil {
		t.Fatal(err)
	}
	s.hook("update", `case $1 in */a) echo "no pushes to a"; exit 1;; esac`)
	pushed, err := s.git.Push(t.Context(), [][]mirror.Change{{
		{Ref: "refs/heads/a", Action: mirror.Created, New: second}, {Ref: "refs/heads/b", Action: mirror.Created, New: second},
	}}, nil, nil)
	if err != nil || pushed.Results["refs/heads/a"].Outcome != mirror.Declined || pushed.Results["refs/heads/b"].Outcome != mirror.Pushed {
		t.Errorf("%v, %v", pushed.Results, err)
	}
	if got := s.run("--git-dir", s.bitbucket, "for-each-ref", "--format=%(refname) %(objectname)"); got != "refs/heads/b "+second {
		t.Errorf("Bitbucket has %q", got)
	}
}
