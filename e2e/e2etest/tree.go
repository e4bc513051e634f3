//go:build linux

package e2etest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ReadFile returns the text of a file, which must be there.
func ReadFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// WriteFile writes a file, and makes its folder.
func WriteFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// CopyTree copies the working tree, without the files that git ignores, so that it
// doesn't change during a test.
func CopyTree(t testing.TB) string {
	t.Helper()
	list, err := exec.Command("git", "-C", Root(), "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		if err := CopyFile(filepath.Join(Root(), name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// CopyFile copies a file and its mode, if it is there.
func CopyFile(from, to string) error {
	info, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted, but not yet in git
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

// Commit makes a repository of a tree, which act needs.
func Commit(t *testing.T, tree string) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch", "main"},
		{"add", "--all"},
		{
			"-c", "user.name=e2e", "-c", "user.email=e2e@example.com", "-c", "core.hooksPath=" + os.DevNull,
			"commit", "--quiet", "--no-gpg-sign", "--message", "as it is now",
		},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = tree
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, text)
		}
	}
}
