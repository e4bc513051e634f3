package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// root is the repository, as seen from this package.
const root = ".."

func TestMain(m *testing.M) {
	// The scripts run this same binary under the helpers' names.
	if _, helper := helpers[strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")]; !helper {
		if err := prepare(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			os.Exit(1)
		}
	}
	testscript.Main(m, helpers)
}
