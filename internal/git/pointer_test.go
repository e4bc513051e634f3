package git_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
)

// A text is a pointer if git-lfs accepts it: hundreds of texts that are nearly pointers
// are committed, and git-lfs lists those that it would transfer.
func TestPointersAreGitLFSs(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git-lfs"); err != nil {
		t.Skip("git-lfs isn't installed")
	}
	s := newSides(t)
	texts := nearlyPointers(1500)
	var stream strings.Builder
	for i, text := range texts {
		fmt.Fprintf(&stream, "blob\nmark :%d\ndata %d\n%s\n", i+1, len(text), text)
	}
	stream.WriteString("commit refs/heads/pointers\ncommitter a <a> 0 +0000\ndata 0\n")
	for i := range texts {
		fmt.Fprintf(&stream, "M 100644 :%d f%d\n", i+1, i)
	}
	dir := filepath.Join(t.TempDir(), "pointers.git")
	s.run("init", "--quiet", "--bare", dir)
	s.fastImport(dir, stream.String())
	list := exec.Command("git", "lfs", "ls-files", "--long", "refs/heads/pointers")
	list.Dir = dir
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line) // OID, a mark, name
		want[fields[2]] = fields[0]
	}
	found := 0
	for i, text := range texts {
		p, ok := git.ParsePointer([]byte(text))
		if ok {
			found++
		}
		if oid := want[fmt.Sprintf("f%d", i)]; p.OID != oid {
			t.Errorf("%q: got %q, git-lfs says %q", text, p.OID, oid)
		}
	}
	if found < len(texts)/20 || found > len(texts)*9/10 {
		t.Errorf("%d of %d texts are pointers: they show nothing", found, len(texts))
	}
}

// An object is shown by the path at which a history has it.
func TestPaths(t *testing.T) {
	t.Parallel()
	s := newSides(t)
	s.fastImport(s.source, "commit refs/heads/paths\ncommitter a <a> 0 +0000\ndata 0\n"+
		"M 100644 inline some folder/a file\ndata 3\none\nM 100644 inline other\ndata 3\ntwo\n")
	tip := s.run("--git-dir", s.source, "rev-parse", "refs/heads/paths")
	blob := s.run("--git-dir", s.source, "rev-parse", "refs/heads/paths:some folder/a file")
	if err := s.git.FetchAll(t.Context(), []string{tip}); err != nil {
		t.Fatal(err)
	}
	absent := strings.Repeat("a", 40)
	got, err := s.git.Paths(t.Context(), []string{tip}, nil, []git.Pointer{{Blob: blob}, {Blob: absent}})
	if want := map[string]string{blob: "some folder/a file", absent: ""}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

// nearlyPointers returns pointers in every form that git-lfs reads, of which most
// are changed in one or two places.
func nearlyPointers(n int) []string {
	pick := func(options ...string) string { return options[rand.IntN(len(options))] }
	var texts []string
	for range n {
		oid := fmt.Sprintf("%016x%016x%016x%016x", rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64())
		lines := []string{
			"version " + pick("https://git-lfs.github.com/spec/v1", "https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1", "http://git-media.io/v/2", "https://git-lfs.github.com/spec/v2"),
			"oid sha256:" + oid,
			"size " + pick("12", "12", "12", "3", "45", "678", "0", "12345678901", "+7", "-0", "-1", "1_0", "0x1", " 12", "12 ", "99999999999999999999"),
		}
		if rand.IntN(4) == 0 {
			extension := "ext-" + pick("0", "1", "9", "10", "x") + "-" + pick("foo", "foo", "_", "-", "a-b", "") + " sha256:" + oid
			at := rand.IntN(len(lines) + 1)
			lines = append(lines[:at:at], append([]string{extension}, lines[at:]...)...)
			if rand.IntN(2) == 0 {
				lines = append([]string{pick(extension, "ext-1-other sha256:"+oid, "ext-0-foo wrong")}, lines...)
			}
		}
		switch rand.IntN(8) {
		case 0:
			a, b := rand.IntN(len(lines)), rand.IntN(len(lines))
			lines[a], lines[b] = lines[b], lines[a]
		case 1:
			lines = append(lines, pick("", "x y", "extra", "size 12"))
		case 2:
			lines = lines[:len(lines)-1]
		}
		end := pick("\n", "\n", "\r\n", "\n\n", "\r\r\n")
		text := pick("", "", "\n", " ", "\t\r\n", "\ufeff", "\u00a0", "\f") + strings.Join(lines, end) + pick(end, "", "\n", " \n\n", "\x00", "\u2003")
		if rand.IntN(4) == 0 {
			at := rand.IntN(len(text))
			text = text[:at] + pick("", " ", "\n", "\r", "a", "G", ":", "\x00") + text[at+rand.IntN(2):]
		}
		texts = append(texts, text)
	}
	// Just as long as git-lfs allows (its spec.md), or one byte longer.
	for length := 1022; length < 1026; length++ {
		text := "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("12ab", 16) + "\nsize 12\n"
		texts = append(texts, text+strings.Repeat("\n", length-len(text)))
	}
	return texts
}
