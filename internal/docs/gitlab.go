package main

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// gitLabTemplate generates the inputs of a template for GitLab, and the variables of its
// job.
func gitLabTemplate(settings []contract.Setting) func(fs.FS, string) (string, error) {
	// A job has no outputs and no summary.
	settings = parameters(settings, "summary", "export-env")
	return blocks(map[string]string{
		"inputs":    gitLabInputs(settings),
		"variables": gitLabVariables(settings),
	})
}

// gitLabInputs declares inputs (docs.gitlab.com, CI/CD inputs).
func gitLabInputs(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		fmt.Fprintf(&b, "%s:\n  description: %q\n", setting.ID, setting.Description)
		if kind := kindOf(setting); kind != textual {
			fmt.Fprintf(&b, "  type: %s\n", kind)
		}
		b.WriteString(defaultOf(setting))
	}
	return b.String()
}

func gitLabVariables(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		fmt.Fprintf(&b, "%s: $[[ inputs.%s ]]\n", variable(setting), setting.ID)
	}
	return b.String()
}
