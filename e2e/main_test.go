package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// root is the repository, as seen from this package.
const root = ".."

func TestMain(m *testing.M) {
	// The scripts run this same binary under the helpers' names.
	if _, helper := helpers[filepath.Base(os.Args[0])]; !helper {
		if err := buildTarget("build"); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			os.Exit(1)
		}
		if err := engineAnswers(); err != nil && !engineRequired() {
			// A skipped test says nothing in go test's short form.
			fmt.Fprintln(os.Stderr, "e2e: the container part is skipped:", err)
		}
	}
	testscript.Main(m, helpers)
}

// buildTarget has the repository's own Makefile make something.
func buildTarget(name string) error {
	if text, err := exec.Command("make", "--silent", "-C", root, name).CombinedOutput(); err != nil {
		return fmt.Errorf("make %s: %w\n%s", name, err, text)
	}
	return nil
}
