// Package gittest makes git repositories for tests. It writes their files itself, since
// a process for each object and each ref would take most of the tests' time.
package gittest

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // the names of git's objects
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// config is that of every repository. A test's files needn't survive a crash of the
// machine, and nothing may run in the background, since they go with the test.
const config = `[core]
	repositoryformatversion = 0
	bare = true
	fsync = none
[receive]
	autogc = false
[gc]
	auto = 0
`

// Init makes an empty bare repository (gitrepository-layout(5)).
func Init(dir, mainBranch string) error {
	for _, folder := range []string{"objects", filepath.Join("refs", "heads")} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/"+mainBranch+"\n"), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600)
}

// New makes a bare repository whose branches have one commit, and returns the commit's ID.
// The first branch is the main one.
func New(t testing.TB, dir string, branches ...string) string {
	t.Helper()
	if err := Init(dir, branches[0]); err != nil {
		t.Fatal(err)
	}
	commit := Commit(t, dir, "one")
	var refs strings.Builder
	for _, branch := range branches {
		fmt.Fprintf(&refs, "%s refs/heads/%s\n", commit, branch)
	}
	if err := os.WriteFile(filepath.Join(dir, "packed-refs"), []byte(refs.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return commit
}

// Commit adds a commit without files to a repository, and returns its ID.
func Commit(t testing.TB, dir, message string, parents ...string) string {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "tree %s\n", writeObject(t, dir, "tree", nil))
	for _, parent := range parents {
		fmt.Fprintf(&text, "parent %s\n", parent)
	}
	fmt.Fprintf(&text, "author a <a> 1700000000 +0000\ncommitter a <a> 1700000000 +0000\n\n%s\n", message)
	return writeObject(t, dir, "commit", []byte(text.String()))
}

// writeObject writes a loose object (gitformat-loose(5)).
func writeObject(t testing.TB, dir, kind string, content []byte) string {
	t.Helper()
	object := append(fmt.Appendf(nil, "%s %d\x00", kind, len(content)), content...)
	sum := sha1.Sum(object) //nolint:gosec // as above
	id := hex.EncodeToString(sum[:])
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	if _, err := w.Write(object); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "objects", id[:2])
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, id[2:]), packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return id
}
