package main

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// azureTemplate generates the parameters of a steps template for Azure Pipelines, and
// the words of the command line that hand them to the program.
func azureTemplate(settings []contract.Setting) func(fs.FS, string) (string, error) {
	// A container can't write the job's summary, and log is for hosts without masks.
	settings = parameters(settings, "summary", "log")
	return blocks(map[string]string{
		"parameters": azureParameters(settings),
		"settings":   azureSettings(settings),
	})
}

// azureName returns the name of a setting's parameter: an expression can't contain a
// name with a hyphen (learn.microsoft.com, Expressions).
func azureName(setting contract.Setting) string { return strings.ReplaceAll(setting.ID, "-", "_") }

// azureParameters declares parameters.
func azureParameters(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		for line := range strings.Lines(wrapped(setting.Description, 88)) {
			b.WriteString("# " + line)
		}
		fmt.Fprintf(&b, "- name: %s\n  type: %s\n", azureName(setting), kindOf(setting))
		b.WriteString(defaultOf(setting))
	}
	return b.String()
}

// azureSettings passes each setting to the container. Azure Pipelines puts its value
// into the script's text, so that it needs the quotes of a shell.
func azureSettings(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		expression := "parameters." + azureName(setting)
		if kindOf(setting) == textual {
			expression = `replace(` + expression + `, '''', '''\''''')`
		}
		fmt.Fprintf(&b, "-e %s='${{ %s }}'\n", variable(setting), expression)
	}
	return b.String()
}

// wrapped breaks a text into lines of at most so many characters.
func wrapped(text string, width int) string {
	var b strings.Builder
	length := 0
	for _, word := range strings.Fields(text) {
		switch {
		case length == 0:
		case length+1+len(word) > width:
			b.WriteString("\n")
			length = 0
		default:
			b.WriteString(" ")
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	return b.String() + "\n"
}
