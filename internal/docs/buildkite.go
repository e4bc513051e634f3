package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// buildkiteOwn are the options that only the plugin has. The values in a pipeline are
// visible, so a token is named by its secret or variable.
var buildkiteOwn = []contract.Setting{
	{ID: "command", Default: "credential", Description: "What to do before the step's command: credential, or mirror."},
	{ID: "token-secret", Required: true, Description: "Name of the variable or Buildkite secret that holds the token."},
	{ID: "source-token-secret", Description: "Mirror: name of the variable or Buildkite secret that holds the token with read access to the source."},
}

// pluginFile generates the configuration in Buildkite's plugin.yml: a JSON schema of
// both commands' settings.
func pluginFile(_ fs.FS, text string) (string, error) {
	head, _, ok := strings.Cut(text, "\nconfiguration:\n")
	if !ok {
		return "", errors.New("there is no configuration")
	}
	var b strings.Builder
	b.WriteString(head + "\nconfiguration:\n  properties:\n")
	var required []string
	for _, setting := range append(slices.Clone(buildkiteOwn), settingsOfBoth()...) {
		fmt.Fprintf(&b, "    %s:\n      type: %s\n      description: %q\n", setting.ID, schemaTypes(setting), setting.Description)
		if setting.Default != "" {
			fmt.Fprintf(&b, "      default: %s\n", yamlText(setting.Default))
		}
		if setting.Required {
			required = append(required, setting.ID)
		}
	}
	fmt.Fprintf(&b, "  required: [%s]\n  additionalProperties: false\n", strings.Join(required, ", "))
	return b.String(), nil
}

// settingsOfBoth returns the settings of both commands but the tokens, for a host
// where a step chooses the command. Where the two differ, it says so.
func settingsOfBoth() (settings []contract.Setting) {
	for _, setting := range contract.CredentialSettings {
		if mirrors, both := contract.Find(contract.MirrorSettings, setting.ID); both {
			if mirrors.Description != setting.Description {
				setting.Description += " Of a mirror: " + mirrors.Description
			}
			if mirrors.Default != setting.Default {
				setting.Description += " Default: " + setting.Default + ", of a mirror " + mirrors.Default + "."
				setting.Default = ""
			}
		}
		settings = append(settings, setting)
	}
	for _, setting := range contract.MirrorSettings {
		if _, both := contract.Find(contract.CredentialSettings, setting.ID); !both {
			setting.Description = "Mirror: " + setting.Description
			settings = append(settings, setting)
		}
	}
	return slices.DeleteFunc(settings, func(s contract.Setting) bool {
		return s.NotInput || s.ID == "token" || s.ID == "source-token"
	})
}

// schemaTypes lists what a value may be: whatever can be written as text, and what YAML
// makes of it without quotes.
func schemaTypes(setting contract.Setting) string {
	switch {
	case setting.List:
		return "[string, array]"
	case setting.Default == "true" || setting.Default == "false" || setting.ID == "lfs":
		return "[boolean, string]"
	case setting.ID == "max-deletions":
		return "[integer, string]"
	}
	return "string"
}
