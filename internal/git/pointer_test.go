package git_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
)

const pointerOID = "12ab34cd56ef78900987fe65dc43ba2112ab34cd56ef78900987fe65dc43ba21"

// pointers are texts, and whether they are pointers of an object with that OID.
var pointers = func() map[string]bool {
	const version, oid, size = "version https://git-lfs.github.com/spec/v1\n", "oid sha256:" + pointerOID + "\n", "size 12\n"
	const foo, bar = "ext-0-foo sha256:" + pointerOID + "\n", "ext-1-bar sha256:" + pointerOID + "\n"
	texts := map[string]bool{
		version + oid + size:                                         true,
		version + oid + "size 12":                                    true,
		" \t\r\n" + version + oid + size + "\n \n":                   true,
		version + "\n" + oid + "\n" + size:                           true,
		strings.ReplaceAll(version+oid+size, "\n", "\r\n"):           true,
		strings.ReplaceAll(version+oid+size, "\n", "\r\r\n"):         false,
		"version https://hawser.github.com/spec/v1\n" + oid + size:   true,
		"version http://git-media.io/v/2\n" + oid + size:             true,
		"version https://git-lfs.github.com/spec/v2\n" + oid + size:  false,
		"version  https://git-lfs.github.com/spec/v1\n" + oid + size: false,

		"": false, "\n": false, version: false, version + oid: false, version + size: false, oid + size: false,
		version + size + oid: false, oid + version + size: false, version + version + oid + size: false,
		version + oid + size + size: false, version + oid + size + "more text\n": false, version + "more text\n" + oid + size: false,
		version + "text\n" + oid + size: false,

		version + foo + bar + oid + size: true, version + bar + foo + oid + size: true, version + oid + foo + size: true, foo + version + oid + size: true,
		version + oid + size + foo: false,
		version + foo + strings.Replace(foo, "foo", "bar", 1) + oid + size:     false, // the same priority
		version + strings.Replace(foo, "sha256", "sha1", 1) + oid + size:       false,
		version + strings.Replace(foo, pointerOID, "12", 1) + oid + size:       false,
		version + strings.Replace(foo, pointerOID, "12", 1) + foo + oid + size: true, // the last value counts
	}
	texts[version+"ext-0-foo bar sha256:"+pointerOID+"\n"+oid+size] = false
	texts[version+"ext-0-foo\n"+foo+oid+size] = false // without a value
	for _, key := range []string{"ext-9-Z", "ext-5-_", "ext-0-7", "ext-0-a-b", "ext-0-a!"} {
		texts[version+strings.Replace(foo, "ext-0-foo", key, 1)+oid+size] = true
	}
	for _, key := range []string{"ext-10-foo", "ext-x-foo", "ext--foo", "ext-0-", "ext-0--", "ext-0-!", "ext-0_foo", "ext-0", "ext-", "Ext-0-foo", "text-0-foo"} {
		texts[version+strings.Replace(foo, "ext-0-foo", key, 1)+oid+size] = false
	}
	for _, value := range []string{
		pointerOID, "sha1:" + pointerOID, "SHA256:" + pointerOID, "sha256:" + pointerOID[1:], "sha256:" + pointerOID + "1", "sha256:" + strings.ToUpper(pointerOID),
		"sha256:g" + pointerOID[1:], "sha256: " + pointerOID, "sha256:" + pointerOID + " ",
	} {
		texts[version+"oid "+value+"\n"+size] = false
	}
	for value, want := range map[string]bool{
		"1": true, "+7": true, "9223372036854775807": true, "9223372036854775808": false, "-1": false, "1_0": false, "0x1": false, " 12": false, "12 3": false, "": false,
	} {
		texts[version+oid+"size "+value+"\n"] = want
	}
	texts[version+oid+size+strings.Repeat("\n", 1023-len(version+oid+size))] = true
	texts[version+oid+size+strings.Repeat("\n", 1024-len(version+oid+size))] = false
	return texts
}()

func TestParsePointer(t *testing.T) {
	t.Parallel()
	for text, want := range pointers {
		if p, ok := git.ParsePointer([]byte(text)); ok != want || want && p.OID != pointerOID {
			t.Errorf("%q: got %v, %v", text, p, ok)
		}
	}
	// The object of an empty file is never transferred.
	if p, ok := git.ParsePointer([]byte("version https://git-lfs.github.com/spec/v1\noid sha256:" + pointerOID + "\nsize 0\n")); ok {
		t.Errorf("got %v", p)
	}
}

// A text is a pointer if git-lfs accepts it: hundreds of texts that are nearly pointers
// are committed, and git-lfs lists those that it would transfer.
func TestPointersAreGitLFSs(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git-lfs"); err != nil {
		t.Skip("git-lfs isn't installed")
	}
	s := newSides(t)
	texts := append(nearlyPointers(500), slices.Collect(maps.Keys(pointers))...)
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
