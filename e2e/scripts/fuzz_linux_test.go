package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// Fuzzing fails for an input that fails a target, and for what isn't a target's, but not
// because its time is over.
func TestFuzzScript(t *testing.T) {
	for output, fails := range map[string]bool{
		"ok": false,
		"--- FAIL: FuzzX (3.10s)\n    context deadline exceeded\nFAIL":                                                            false,
		"--- FAIL: FuzzX (3.10s)\n    x_test.go:1: context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzX/1": true,
		"--- FAIL: FuzzX (3.10s)\n    mkdir: permission denied":                                                                   true,
	} {
		dir := t.TempDir()
		exit := "exit 1"
		if output == "ok" {
			exit = "exit 0"
		}
		if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\ncat <<'EOF'\n"+output+"\nEOF\n"+exit+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("scripts/fuzz", "3s")
		cmd.Dir = e2etest.Root()
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		shown, err := cmd.CombinedOutput()
		if (err != nil) != fails || !strings.Contains(string(shown), output) {
			t.Errorf("%q: got %v\n%s", output, err, shown)
		}
	}
}
