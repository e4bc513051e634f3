// Package host knows how each CI host masks text, shows messages, and hands
// values to later steps.
package host

import (
	"context"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Host is a CI host, or a shell, for one run.
type Host struct {
	*Definition
	Protocol

	world World
}

// A marker shows that a job runs on a host.
type marker interface {
	// in returns the variable by which it does, or "".
	in(w World) string
}

// Definition holds what is constant about a host. A new host with an env-file
// needs nothing else.
type Definition struct {
	// ID is the host's name in BITBUCKET_AUTH_HOST. Hosts with run-time masks can't be
	// named, and may have none.
	ID string
	// Name is the host's name in sentences.
	Name string
	// Settings is the family of variables that hold the settings.
	Settings Family
	// HostVariables are variables in that family that the host sets itself.
	HostVariables []string
	// EmptyTokenHints are for an empty token, by its usual causes on this host.
	EmptyTokenHints []string
	// ReferenceHints say how to set a setting to the value of a variable or a secret.
	// The word SETTING is replaced by the setting's name.
	ReferenceHints []string
	// LeavesUndefined is set if the host leaves $(NAME) as it is if the variable isn't
	// defined. A token that looks like this is an undefined secret.
	LeavesUndefined bool
	// FileVariableHint is about variables that are the path of a file with the value;
	// empty if the host has none.
	FileVariableHint string
	// HasOutputs is set if steps have outputs. If they have none, every result
	// is handed over as a variable.
	HasOutputs bool
	// MapSecrets says how a later step gets a secret variable; empty if it gets it
	// by itself.
	MapSecrets string
	// OutputsAreVariables is set if later steps have an output as an environment
	// variable too: name.repository_url is NAME_REPOSITORY_URL.
	OutputsAreVariables bool
	// HasMasks is set if a step can mask text while it runs. Such a host can't be
	// named: on another host, its mask commands would show the secrets.
	HasMasks bool
	// MasksBase64 is set if the host also masks the base64 of what a step masks.
	MasksBase64 bool

	// OnBitbucket is set if the repository that a job runs for is on Bitbucket.
	OnBitbucket bool

	// detect finds the variable that the host is detected by. It is nil if the host
	// sets no such variable.
	detect marker
	// derivedFrom is the ID of a host whose variables this one also sets.
	derivedFrom string
	// masksOnStdout is set if masks are commands on standard output.
	masksOnStdout bool
	// cloneURLs are the variables that may contain the URL of the repository that the job
	// runs for, and cloneURL makes it out of others.
	cloneURLs []string
	cloneURL  func(World) string
	// defaultBranch is the variable with the name of that repository's default branch,
	// and checkout the one with the folder that it is checked out to; empty if the host
	// sets none.
	defaultBranch, checkout string
	// jobToken is the token that each job has of its own; nil if jobs get none.
	jobToken *jobToken
	// event returns the event that started the pipeline; nil if the host sets no such
	// variable.
	event func(World) Event
	// reserved are prefixes of variables that belong to the host, besides that of
	// its settings.
	reserved []string
	// protocol creates the host's protocol for one run.
	protocol protocol
}

// jobToken describes a token that belongs to a job: the variables with the URL of the
// server that issues it and with the token itself, and the user name that goes with it.
type jobToken struct{ server, token, user string }

// Protocol masks, shows, and hands over text in a host's own way. Its errors are
// [*fault.Fault].
type Protocol interface {
	// Prepare returns a fault if the host can't receive results. It is called before
	// anything is printed: if the host was detected wrongly, even a mask is a leak.
	// EnvFile is the path of the file that receives the results, or empty; exports is
	// set if later steps get variables.
	Prepare(envFile string, exports bool) error
	// Mask registers texts that must not appear in logs from now on. It is called before
	// anything else is shown or handed over.
	Mask(forms []string) error
	// Say shows a remark.
	Say(fault.Remark)
	// SayExit reports the exit code of a run that fails, if the host reads it from the
	// output.
	SayExit(code int)
	// HandOver gives results to later steps: all of them, or on an error none.
	HandOver(context.Context, Results) error
	// Summarize adds Markdown to the run's summary page, if the host has one.
	Summarize(markdown string) error
	// Finish ends a run, after everything else.
	Finish() error
}

// protocol starts a [Protocol] of its own for each run.
type protocol interface {
	start(basic) Protocol
}

func (d *Definition) start(world World) *Host {
	return &Host{Definition: d, Protocol: d.protocol.start(basic{world, d}), world: world}
}

// CloneURL returns the URL of the repository that the job runs for, or empty if
// the host doesn't tell. It may contain a password.
func (h *Host) CloneURL() secret.Address {
	if h.cloneURL != nil {
		return secret.NewSource(h.cloneURL(h.world))
	}
	return secret.NewSource(firstOf(h.cloneURLs, h.world))
}

// DefaultBranch returns the default branch of the repository that the job runs for,
// or empty if the host doesn't tell.
func (h *Host) DefaultBranch() string { return h.world.getenv(h.defaultBranch) }

// Checkout returns the folder that this repository is checked out to, or empty if the
// host doesn't tell.
func (h *Host) Checkout() string { return h.world.getenv(h.checkout) }

// IsJobToken reports whether a token is the job's own. If it is, user is the name that
// goes with it, and server the URL of the only server that may get it.
func (h *Host) IsJobToken(token secret.String) (user, server string, is bool) {
	if h.jobToken == nil || token.IsEmpty() || token.Reveal() != h.world.getenv(h.jobToken.token) {
		return "", "", false
	}
	return h.jobToken.user, h.world.getenv(h.jobToken.server), true
}

// HintsAboutReferences returns the hints about a setting that holds a reference, by
// its ID.
func (d *Definition) HintsAboutReferences(id string) []string {
	var hints []string
	for _, hint := range d.ReferenceHints {
		hints = append(hints, strings.ReplaceAll(hint, "SETTING", d.Settings.Called(id)))
	}
	return hints
}

// Keeps reports whether a variable is the host's own, which no result replaces.
func (h *Host) Keeps(variable string) bool { return h.world.keeps(variable) }

// Event returns what started the pipeline, if the host says so.
func (h *Host) Event() Event {
	if h.event == nil {
		return Event{}
	}
	return h.event(h.world)
}

// Fail ends a run: it shows the fault and hands over nothing but its code. If that fails
// too, the exit code has to be enough. The context that ended the run must not end this
// as well.
func (h *Host) Fail(f *fault.Fault) {
	h.SayExit(f.Code.Exit)
	h.Say(fault.Remark{Level: fault.Error, Fault: f})
	_ = h.HandOver(context.Background(), Results{Outputs: []secret.Value{Public(contract.ErrorCode.ID, f.Code.ID)}})
	_ = h.Finish()
}
