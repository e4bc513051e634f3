// Package host is where results go: how each CI host is told what to mask, what
// to show, and what to keep for later steps.
package host

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Host is a CI host, or a shell. Its errors are [*fault.Fault].
type Host interface {
	// Name is the host's name in sentences.
	Name() string
	// SettingNames returns the environment variables that may hold a setting,
	// by its id.
	SettingNames(id string) []string
	// SettingCalled is how people write a setting on this host, by its id.
	SettingCalled(id string) string
	// InputsOnly reports whether a step is handed the inputs that its action
	// declares. Another name can then only come from somebody else.
	InputsOnly() bool
	// HasOutputs tells whether a step has outputs of its own. Where it has none,
	// every result is handed over as a variable.
	HasOutputs() bool
	// UseFile names the file that takes the results (env-file), or none.
	UseFile(path string) error
	// Event is what started the pipeline, where the host tells.
	Event() Event
	// Mask registers text that must not show in logs from here on. It comes
	// before anything else is shown or handed over.
	Mask(forms []string) error
	// Say shows a remark.
	Say(fault.Remark)
	// HandOver gives results to later steps: all of them, or on an error none.
	HandOver(context.Context, Results) error
	// Summarize adds Markdown to the run's summary page, where the host has one.
	Summarize(markdown string) error
	// Fail ends a run: it shows the fault and hands over nothing but its code.
	Fail(*fault.Fault)
}

// Results is what a run hands over.
type Results struct {
	Outputs   []Value // of this step, by name
	Variables []Value // of the environment of all later steps, in this order
}

// Value is one result.
type Value = secret.Value

// isName holds for output names and variable names: ^[A-Za-z_][A-Za-z0-9_-]*$
// It is no regular expression, here and elsewhere, because compiling a few of
// them took longer than everything else that a run does.
func isName(text string) bool {
	const first = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	return text != "" && strings.Contains(first, text[:1]) && strings.Trim(text, first+"0123456789-") == ""
}

// check refuses results that could be taken for more than one value by any
// reader: whatever isn't a plain name and one line of printable text.
func (r Results) check() error {
	for _, values := range [][]Value{r.Outputs, r.Variables} {
		for _, v := range values {
			if !isName(v.Name) || !secret.OneLine(v.Text.Reveal()) {
				return fault.New(fault.Unprintable, fmt.Sprintf("the result %q is not one line of printable text", v.Name),
					"this is a bug: please report it with the version and the settings used, without their values")
			}
		}
	}
	return nil
}

// noFile refuses an env-file on a host that takes results by other ways.
func noFile(name, path string) error {
	if path == "" {
		return nil
	}
	return fault.New(fault.SettingRefused, "env-file can't be set on "+name+", where results go to later steps by themselves",
		"leave out env-file")
}

// Secret makes a result that must be masked.
func Secret(name string, text secret.String) Value {
	return Value{Name: name, Text: text, Secret: true}
}

// Public makes a result that may be seen.
func Public(name, text string) Value {
	return Value{Name: name, Text: secret.New(text)}
}
