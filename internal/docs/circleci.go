package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// orb generates the parameters of CircleCI's commands, the variables that hand them to
// the program, the script that gets the program, and the examples.
func orb(root fs.FS, text string) (string, error) {
	// A job has no outputs and no summary.
	credential := parameters(contract.CredentialSettings, "summary", "export-env")
	mirror := parameters(contract.MirrorSettings, "summary")
	script, err := fs.ReadFile(root, "binary/get")
	credentialExample, credentialErr := fs.ReadFile(root, "docs/hosts/circleci-credential.yml")
	mirrorExample, mirrorErr := fs.ReadFile(root, "docs/hosts/circleci-mirror.yml")
	if err := errors.Join(err, credentialErr, mirrorErr); err != nil {
		return "", err
	}
	return blocks(map[string]string{
		"credential-parameters":  orbParameters(credential),
		"credential-environment": orbEnvironment(credential),
		"credential-flags":       orbFlags(credential),
		"credential-example":     withoutHead(string(credentialExample)),
		"mirror-parameters":      orbParameters(mirror),
		"mirror-environment":     orbEnvironment(mirror),
		"mirror-flags":           orbFlags(mirror),
		"mirror-example":         withoutHead(string(mirrorExample)),
		"get":                    strings.ReplaceAll(string(script), "<<", `\<<`),
	})(root, text)
}

// orbParameters declares parameters (circleci.com/docs, reusing configuration).
func orbParameters(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		kind := kindOf(setting)
		if kind == number {
			kind = "integer"
		}
		fmt.Fprintf(&b, "%s:\n  type: %s\n  description: %q\n", setting.ID, kind, setting.Description)
		b.WriteString(defaultOf(setting))
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
func withoutHead(sample string) string {
	for strings.HasPrefix(sample, "#") {
		_, sample, _ = strings.Cut(sample, "\n")
	}
	return sample
}
