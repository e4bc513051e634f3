package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// read returns the values in a command file.
func read(t *testing.T, text string) map[string]string {
	t.Helper()
	records, err := hosttest.ReadGitHubFile(text)
	if err != nil {
		t.Errorf("%v: %q", err, text)
	}
	return hosttest.ByName(records)
}

// left returns the content of a command file, or "" if it isn't there, or isn't a file.
func left(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// lateMask returns the first line of a step's output that comes before a mask,
// and is none.
func lateMask(output string) string {
	const mask = "::add-mask::"
	for line := range strings.Lines(output) {
		_, rest, _ := strings.Cut(output, line)
		if !strings.HasPrefix(line, mask) && strings.Contains(rest, mask) {
			return line
		}
	}
	return ""
}
