package host

import (
	"context"
	"net/http"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// buildkite uses the agent's job API for masks and results. Without the API nothing is
// handed over, since nothing could be masked.
type buildkite struct {
	basic
	api *jobAPI
}

func (buildkite) start(b basic) Protocol { return &buildkite{b, newJobAPI(b.world)} }

// Prepare refuses env-file, since the job's environment receives the results,
// and a job without the agent's API.
func (b *buildkite) Prepare(envFile string, _ bool) error {
	if err := b.basic.Prepare(envFile, false); err != nil {
		return err
	}
	return b.api.check()
}

// Mask registers each form. The agent's answer means that its redactor has the form, so
// everything that is printed afterwards, on either stream, is redacted. The redactor
// also recognises a form as a Go string, but not its base64.
func (b *buildkite) Mask(forms []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), jobAPITimeout)
	defer cancel()
	for _, form := range forms {
		if err := b.api.call(ctx, http.MethodPost, "redactions", map[string]string{"redact": form}); err != nil {
			return err
		}
	}
	return nil
}

// HandOver sets the variables of the job's later phases in one request, which
// the agent applies as a whole or not at all.
func (b *buildkite) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	if err := b.world.startWriting(ctx); err != nil {
		return err
	}
	if len(results.Variables) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), jobAPITimeout)
	defer cancel()
	variables := map[string]string{}
	for _, v := range results.Variables {
		variables[v.Name] = v.Text.Reveal()
	}
	err := b.api.call(ctx, http.MethodPatch, "env", map[string]any{"env": variables})
	if err != nil {
		// The request may have been applied, and only its answer lost.
		return fault.From(err).Hint("don't go on with the job: its later phases may have the credential after all")
	}
	return nil
}
