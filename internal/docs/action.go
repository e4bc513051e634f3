package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// actionFile generates the inputs and outputs of an action.yml file. A composite
// action runs the downloaded program in its last step, called run, and hands every
// input to it.
func actionFile(settings []contract.Setting, outputs []contract.Output, composite bool) func(fs.FS, string) (string, error) {
	return func(_ fs.FS, text string) (string, error) {
		before, rest, ok := strings.Cut(text, "\ninputs:\n")
		_, steps, ends := strings.Cut(rest, "\nruns:\n")
		if !ok || !ends {
			return "", errors.New("there are no inputs before runs")
		}
		if composite {
			head, _, found := strings.Cut(steps, "        INPUT_")
			if !found {
				return "", errors.New("no input is handed to the program")
			}
			steps = head + inputVariables(settings)
		}
		return before + "\ninputs:\n" + actionInputs(settings) + "\noutputs:\n" + actionOutputs(outputs, composite) + "\nruns:\n" + steps, nil
	}
}

func actionInputs(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		if setting.NotInput {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n    description: %q\n", setting.ID, setting.Description)
		if setting.Required {
			b.WriteString("    required: true\n")
		}
		if standard := cmp.Or(setting.Expression, setting.Default); standard != "" {
			fmt.Fprintf(&b, "    default: %s\n", yamlText(standard))
		}
	}
	return b.String()
}

// What YAML reads as a string without quotes, except for words that mean something
// else (yaml.org/spec/1.2.2, 10.3; the last six are older parsers').
var (
	yamlPlain = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9./-]*(:[A-Za-z0-9./-]+)*|\$\{\{ [a-z_.]+ \}\}|[0-9]+[smh])$`)
	yamlWords = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
)

// yamlText is text that YAML reads as a string.
func yamlText(text string) string {
	if !yamlPlain.MatchString(text) || slices.Contains(yamlWords, strings.ToLower(text)) {
		return strconv.Quote(text)
	}
	return text
}

func actionOutputs(outputs []contract.Output, composite bool) string {
	var b strings.Builder
	for _, output := range outputs {
		secret := map[bool]string{true: "Secret. "}[output.Secret]
		fmt.Fprintf(&b, "  %s:\n    description: %q\n", output.ID, secret+output.Description)
		if composite {
			fmt.Fprintf(&b, "    value: ${{ steps.run.outputs.%s }}\n", output.ID)
		}
	}
	return b.String()
}

// inputVariables hands each input to the program, as a runner does where an
// action is a container.
func inputVariables(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		if !setting.NotInput {
			fmt.Fprintf(&b, "        INPUT_%s: ${{ inputs.%s }}\n", strings.ToUpper(setting.ID), setting.ID)
		}
	}
	return b.String()
}
