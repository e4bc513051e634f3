// Package host is where results go: it knows how each CI host masks text, shows
// messages, and hands values to later steps.
package host

import (
	"context"

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
	// SettingCalled is how messages name a setting on this host, by its id.
	SettingCalled(id string) string
	// InputsOnly reports whether a step is handed the inputs that its action
	// declares. Another name can then only come from somebody else.
	InputsOnly() bool
	// EmptyTokenHints returns what to do about an empty token, by the host's
	// usual causes of one.
	EmptyTokenHints() []string
	// HasOutputs reports whether steps have outputs. If they have none,
	// every result is handed over as a variable.
	HasOutputs() bool
	// Event is what started the pipeline, if the host says so.
	Event() Event

	// Prepare refuses whatever would keep the host from receiving results, before
	// anything else is printed: if a host isn't what it seems to be, a mask
	// is a leak. EnvFile is the path of the file that receives the results, or
	// empty; exports is set if later steps get variables.
	Prepare(envFile string, exports bool) error
	// Mask registers text that must not show in logs from here on. It comes
	// before anything else is shown or handed over.
	Mask(forms []string) error
	// Say shows a remark.
	Say(fault.Remark)
	// HandOver gives results to later steps: all of them, or on an error none.
	HandOver(context.Context, Results) error
	// Summarize adds Markdown to the run's summary page, if the host has one.
	Summarize(markdown string) error
	// Fail ends a run: it shows the fault and hands over nothing but its code.
	Fail(*fault.Fault)
}

// failWithCode shows a fault and hands over its code. If the code can't be handed
// over either, the exit code is all that is left. The context that ended the run
// must not end this too.
func failWithCode(h Host, f *fault.Fault) {
	h.Say(fault.Remark{Level: fault.Error, Fault: f})
	_ = h.HandOver(context.Background(), Results{Outputs: []secret.Value{Public("error-code", f.Code.ID)}})
}

// refuseEnvFile refuses env-file on a host that hands results over without it.
func refuseEnvFile(host, path string) error {
	if path == "" {
		return nil
	}
	return fault.New(fault.SettingRefused, "env-file can't be set on "+host+", which hands results to later steps without it",
		"leave out env-file")
}
