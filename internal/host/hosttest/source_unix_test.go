//go:build unix

package hosttest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

func TestSource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	for text, want := range map[string]string{"export A='a b'\n": "a b", "export A=a\\ b\n": "a b", "A=not-exported\n": ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, shell := range hosttest.Shells() {
			if got, err := hosttest.Source(shell, path); err != nil || got["A"] != want {
				t.Errorf("%v, %q: got %q, %v", shell, text, got["A"], err)
			}
		}
	}
	if err := os.WriteFile(path, []byte("nonsense-command\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := hosttest.Source([]string{"sh"}, path); err == nil {
		t.Error("a file that fails is not noticed")
	}
}
