package e2etest

import (
	"os"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// ActionInputs are the inputs of action.yml with their defaults. The runner sets
// all of them: one without a default is empty.
func ActionInputs() map[string]string { return defaultsOf(contract.CredentialSettings) }

func defaultsOf(settings []contract.Setting) map[string]string {
	inputs := map[string]string{}
	for _, setting := range settings {
		if !setting.NotInput {
			inputs[setting.ID] = setting.Default
		}
	}
	return inputs
}

// Results returns the values in a command file.
func Results(t *testing.T, text string) map[string]string {
	t.Helper()
	records, err := hosttest.ReadGitHubFile(text)
	if err != nil {
		t.Errorf("%v: %q", err, text)
	}
	return hosttest.ByName(records)
}

// Content returns the content of a command file, or "" if it isn't there, or isn't a file.
func Content(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// LateMask returns the first line of a step's output that comes before a mask,
// and is none.
func LateMask(output string) string {
	const mask = "::add-mask::"
	for line := range strings.Lines(output) {
		_, rest, _ := strings.Cut(output, line)
		if !strings.HasPrefix(line, mask) && strings.Contains(rest, mask) {
			return line
		}
	}
	return ""
}
