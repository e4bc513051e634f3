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
	return blocks(map[string]func(fs.FS) (string, error){
		"inputs":    always(gitLabInputs(settings)),
		"variables": always(gitLabVariables(settings)),
	})
}

// gitLabInputs declares inputs (docs.gitlab.com, CI/CD inputs). One without a default is
// required.
func gitLabInputs(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		fmt.Fprintf(&b, "%s:\n  description: %q\n", setting.ID, setting.Description)
		standard := setting.Default
		if kind := kindOf(setting); kind == textual {
			standard = yamlText(standard)
		} else {
			fmt.Fprintf(&b, "  type: %s\n", kind)
		}
		if !setting.Required {
			fmt.Fprintf(&b, "  default: %s\n", standard)
		}
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
