package host

import (
	"cmp"
	"context"
	"net/http"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// buildkite has the agent's job API for masks and results. Without it nothing
// is handed over, since nothing could be masked.
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

// Mask registers each form. The agent answers when its redactor has it, so
// what is shown afterwards, on either stream, is redacted. It knows a form as
// it is and as a Go string, but no base64.
func (b *buildkite) Mask(forms []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), jobAPITimeout)
	defer cancel()
	for _, form := range forms {
		if err := b.api.call(ctx, http.MethodPost, "redactions", map[string]string{"redact": form}, nil); err != nil {
			return err
		}
	}
	return nil
}

// environment is the body of requests and replies about the job's environment.
type environment struct {
	Env map[string]string `json:"env"`
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
	var before environment
	if err := b.api.call(ctx, http.MethodGet, "env", nil, &before); err != nil {
		return err
	}
	wanted := environment{Env: map[string]string{}}
	for _, v := range results.Variables {
		wanted.Env[secret.Underscored(v.Name)] = v.Text.Reveal()
	}
	err := b.api.call(ctx, http.MethodPatch, "env", wanted, nil)
	if err == nil {
		return nil
	}
	// A request that failed on the way may have been applied.
	if left := b.takeBack(before, wanted); left != nil {
		return notTakenBack(fault.From(err), "the job's environment", fault.From(left).What)
	}
	return err
}

// takeBack restores the job's environment.
func (b *buildkite) takeBack(before, wanted environment) error {
	ctx, cancel := context.WithTimeout(context.Background(), jobAPITimeout)
	defer cancel()
	old := environment{Env: map[string]string{}}
	var added []string
	for name := range wanted.Env {
		if value, there := before.Env[name]; there {
			old.Env[name] = value
		} else {
			added = append(added, name)
		}
	}
	var errDelete, errPatch error
	if len(added) > 0 {
		errDelete = b.api.call(ctx, http.MethodDelete, "env", map[string][]string{"keys": added}, nil)
	}
	if len(old.Env) > 0 {
		errPatch = b.api.call(ctx, http.MethodPatch, "env", old, nil)
	}
	return cmp.Or(errDelete, errPatch)
}
