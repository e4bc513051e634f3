package e2e

import (
	"fmt"
	"os"
	"os/exec"
)

func prepare() error {
	if err := engineAnswers(); err != nil && !engineRequired() {
		// A skipped test says nothing in go test's short form.
		fmt.Fprintln(os.Stderr, "e2e: the container part is skipped:", err)
	}
	return buildTarget("build")
}

// buildTarget has the repository's own Makefile make something.
func buildTarget(name string) error {
	if text, err := exec.Command("make", "--silent", "-C", root, name).CombinedOutput(); err != nil {
		return fmt.Errorf("make %s: %w\n%s", name, err, text)
	}
	return nil
}
