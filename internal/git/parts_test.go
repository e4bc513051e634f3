package git_test

import (
	"crypto/rand"
	"fmt"
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
	// 13 commits of 20 KB on main, a branch from the fourth with 5 more, and one commit of
	// 300 KB at its end.
	var stream strings.Builder
	count, tip := 0, s.commit
	commit := func(branch string, size int) {
		count++
		noise := make([]byte, size)
		_, _ = rand.Read(noise)
		fmt.Fprintf(&stream, "commit refs/heads/%s\nmark :%d\ncommitter a <a> 1700000001 +0000\ndata 0\nfrom %s\nM 100644 inline file\ndata %d\n%s\n", branch, count, tip, size, noise)
		tip = fmt.Sprintf(":%d", count)
	}
	for range 13 {
		commit("main", 20_000)
	}
	fmt.Fprintf(&stream, "reset refs/tags/v1\nfrom %s\n", tip)
	tip = ":4"
	for range 5 {
		commit("side", 20_000)
	}
	commit("side", 300_000)
	s.fastImport(s.source, stream.String())
	main, side := s.run("--git-dir", s.source, "rev-parse", "main"), s.run("--git-dir", s.source, "rev-parse", "side")
	if err := s.git.FetchAll(t.Context(), []string{main, side}); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	var said []string
	s.git.Listen(func(line string) { said = append(said, line) })
	s.hook("pre-receive", "while read -r old new ref; do refs=\"$refs$ref \"; news=\"$news $new\"; done; echo \"$refs$(git rev-list --objects --disk-usage $news --not --all)\" >>"+inScript(log))
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
		fields := strings.Fields(line)
		refs, size := fields[:len(fields)-1], fields[len(fields)-1]
		for _, ref := range refs {
			counts[ref]++
		}
		if len(size) > 5 { // 100,000 bytes and more
			tooLarge += len(refs)
		}
	}
	for _, line := range said {
		if !strings.HasSuffix(line, " commits of its main line, 0.0 GiB") {
			t.Errorf("said %q", line)
		}
	}
	if pushed.Sent < 660_000 { // 18 commits of 20 KB, and one of 300 KB
		t.Errorf("%d bytes were sent", pushed.Sent)
	}
	// 13 commits of 20 KB, four of which fit into a part; 5 on the side, and the one
	// commit that fits into none.
	if counts["refs/heads/main"] != 4 || counts["refs/heads/side"] != 3 || counts["refs/tags/v1"] != 1 || tooLarge != 1 {
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
	log := filepath.Join(t.TempDir(), "log")
	s.hook("update", "echo $1 >>"+inScript(log)+`; case $1 in */a) echo "no pushes to a"; exit 1;; esac`)
	pushed, err := s.git.Push(t.Context(), [][]mirror.Change{{
		{Ref: "refs/heads/a", Action: mirror.Created, New: second}, {Ref: "refs/heads/b", Action: mirror.Created, New: second},
	}}, nil, nil)
	if err != nil || pushed.Results["refs/heads/a"].Outcome != mirror.Declined || pushed.Results["refs/heads/b"].Outcome != mirror.Pushed {
		t.Errorf("%v, %v", pushed.Results, err)
	}
	if got := s.run("--git-dir", s.bitbucket, "for-each-ref", "--format=%(refname) %(objectname)"); got != "refs/heads/b "+second {
		t.Errorf("Bitbucket has %q", got)
	}
	if tried, err := os.ReadFile(log); err != nil || strings.Count(string(tried), "refs/heads/a") != 1 {
		t.Errorf("it tried %q, %v", tried, err)
	}
}
