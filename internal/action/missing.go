package action

import (
	"context"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// tokenMissing ends a run whose token is empty: with a fault, or where it is to
// be skipped, with nothing handed over but available=false.
func (r *run) tokenMissing(ctx context.Context, settings input.Settings) error {
	f, expected := explainMissing(r.host)
	if settings.OnMissingToken == input.Fail {
		return f.Hint("to go on without it, set on-missing-token: skip, and ask for the output available in later steps")
	}
	level := fault.Warning
	if expected {
		level = fault.Notice
	}
	r.note(fault.Remark{Level: level, Fault: f})
	r.tell()
	outputs := []host.Value{host.Public("available", "false")}
	results := host.Results{Outputs: outputs}
	if !r.host.HasOutputs() {
		results.Variables = named(settings.EnvPrefix, outputs, nil)
	}
	return r.host.HandOver(ctx, results)
}

// explainMissing says why the token is empty, by what started the pipeline, and
// whether that is how the host is meant to work.
func explainMissing(h host.Host) (f *fault.Fault, expected bool) {
	event := h.Event()
	switch {
	case event.Fork():
		return fault.New(fault.TokenMissing, "the token is empty: this pull request comes from a fork, and forks get no secrets",
			"run this step on push, or only where the head repository is this one"), true
	case event.Dependabot:
		return fault.New(fault.TokenMissing, "the token is empty: Dependabot started this run, and it gets no secrets but its own",
			"add the secret once more under Settings → Secrets and variables → Dependabot"), true
	}
	return fault.New(fault.TokenMissing, "the token is empty", h.EmptyTokenHints()...), false
}
