package main

import (
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// kind is the type of a setting's value, for hosts whose parameters have types.
type kind string

const (
	textual kind = "string"
	boolean kind = "boolean"
	number  kind = "number"
)

// kindOf returns the type of a setting by its default: every setting that is true or
// false, or a number, has one.
func kindOf(setting contract.Setting) kind {
	switch {
	case setting.Default == "true" || setting.Default == "false":
		return boolean
	case setting.Default != "" && charset.ContainsOnly(setting.Default, charset.Digits):
		return number
	}
	return textual
}

// defaultOf returns the line with a parameter's default. One without it is required.
func defaultOf(setting contract.Setting) string {
	if setting.Required {
		return ""
	}
	standard := setting.Default
	if kindOf(setting) == textual {
		standard = yamlText(standard)
	}
	return "  default: " + standard + "\n"
}

// parameters returns the settings that are parameters of the templates for other hosts.
// There, tokens come by the names of variables, so that no value is written into a
// pipeline, and those in unused have no effect.
func parameters(settings []contract.Setting, unused ...string) []contract.Setting {
	return slices.DeleteFunc(slices.Clone(settings), func(setting contract.Setting) bool {
		return setting.ID == "token" || setting.ID == "source-token" || slices.Contains(unused, setting.ID) ||
			setting.NotInput && !setting.WithoutMasks
	})
}

// variable returns the name by which a host without inputs reads a setting.
func variable(setting contract.Setting) string {
	return "BITBUCKET_AUTH_" + strings.ToUpper(strings.ReplaceAll(setting.ID, "-", "_"))
}
