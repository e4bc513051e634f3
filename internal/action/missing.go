package action

import (
	"context"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// tokenMissing ends a run without a token: with a fault, or by on-missing-token: skip
// with nothing but available=false.
func (r *run) tokenMissing(ctx context.Context, settings *input.Settings) error {
	results := host.Results{Outputs: []secret.Value{host.Public(contract.Available.ID, "false")}}
	result := "the output available"
	if !r.host.HasOutputs {
		results.Variables = asVariables(settings.EnvPrefix, results.Outputs)
		result = "the variable " + results.Variables[0].Name
	}
	reason, isUsual := whyEmpty(r.host)
	if r.hasTokenByOtherName() {
		return reason
	}
	if !settings.SkipMissing {
		return reason.Hint("to continue without it, set " + r.host.Settings.Called("on-missing-token") +
			" to skip, and check " + result + " in later steps")
	}
	r.note(skipped(reason, isUsual, "this step did nothing, and "+result+" is false"))
	r.showRemarks()
	return r.host.HandOver(ctx, results)
}

// whyEmpty explains an empty token by the event that started the pipeline, or else by
// the usual causes on this host. On such an event, an empty token is usual.
func whyEmpty(h *host.Host) (reason *fault.Fault, isUsual bool) {
	event := h.Event()
	switch {
	case event.Fork():
		return fault.New(fault.TokenMissing, "the token is empty: this pull request comes from a fork, which has no access to secrets",
			"run this step on push, or only if the head repository is this one"), true
	case event.Dependabot:
		return fault.New(fault.TokenMissing, "the token is empty: Dependabot started this run, and has no access to Actions secrets",
			"add the secret again under Settings → Secrets and variables → Dependabot"), true
	}
	return fault.New(fault.TokenMissing, "the token is empty", h.EmptyTokenHints...), false
}

// skipped says what a run didn't do because its token is empty. Only a cause that isn't
// usual is worth a warning and advice.
func skipped(reason *fault.Fault, isUsual bool, result string) fault.Remark {
	reason.What += "; " + result
	if isUsual {
		return fault.Noticef("%s", reason.What)
	}
	return fault.Warn(reason)
}
