package main

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// orb generates the parameters of CircleCI's commands, the variables that hand them to
// the program, the script that gets the program, and the examples.
func orb() func(fs.FS, string) (string, error) {
	// A job has no outputs and no summary.
	credential := parameters(contract.CredentialSettings, "summary", "export-env")
	mirror := parameters(contract.MirrorSettings, "summary")
	return blocks(map[string]func(fs.FS) (string, error){
		"credential-parameters":  always(orbParameters(credential)),
		"credential-environment": always(orbEnvironment(credential)),
		"credential-flags":       always(orbFlags(credential)),
		"credential-example":     withoutHead("docs/hosts/circleci-credential.yml"),
		"mirror-parameters":      always(orbParameters(mirror)),
		"mirror-environment":     always(orbEnvironment(mirror)),
		"mirror-flags":           always(orbFlags(mirror)),
		"mirror-example":         withoutHead("docs/hosts/circleci-mirror.yml"),
		"get": func(root fs.FS) (string, error) {
			script, err := fs.ReadFile(root, "binary/get")
			return strings.ReplaceAll(string(script), "<<", `\<<`), err
		},
	})
}

// orbParameters declares parameters (circleci.com/docs, reusing configuration). One
// without a default is required.
func orbParameters(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		kind, standard := string(kindOf(setting)), setting.Default
		switch kindOf(setting) {
		case textual:
			standard = yamlText(standard)
		case number:
			kind = "integer"
		}
		fmt.Fprintf(&b, "%s:\n  type: %s\n  description: %q\n", setting.ID, kind, setting.Description)
		if !setting.Required {
			fmt.Fprintf(&b, "  default: %s\n", standard)
		}
	}
	return b.String()
}

func orbEnvironment(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		if kindOf(setting) != boolean {
			fmt.Fprintf(&b, "%s: << parameters.%s >>\n", variable(setting), setting.ID)
		}
	}
	return b.String()
}

// orbFlags sets variables in a script: under environment, CircleCI turns true and false
// into 1 and 0 (aws-cli-orb, src/commands/install.yml and src/scripts/install.sh).
func orbFlags(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		if kindOf(setting) == boolean {
			fmt.Fprintf(&b, "export %s=<< parameters.%s >>\n", variable(setting), setting.ID)
		}
	}
	return b.String()
}

// withoutHead returns a sample without the comment that it begins with.
func withoutHead(path string) func(fs.FS) (string, error) {
	return func(root fs.FS) (string, error) {
		text, err := fs.ReadFile(root, path)
		rest := string(text)
		for strings.HasPrefix(rest, "#") {
			_, rest, _ = strings.Cut(rest, "\n")
		}
		return rest, err
	}
}
