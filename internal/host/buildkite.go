package host

import (
	"context"
	"net/http"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// buildkite is Buildkite. Masks and results go through the agent's job API.
// Without it nothing is handed over, since nothing could be masked.
var buildkite = definition{
	id:    "buildkite",
	found: isTrue("BUILDKITE"),
	start: func(w World) Host {
		return &buildkiteHost{basic: basic{w}, api: newJobAPI(w)}
	},
	masks: true,
}

type buildkiteHost struct {
	basic
	api *jobAPI
}

func (*buildkiteHost) Name() string { return "Buildkite" }

func (*buildkiteHost) EmptyTokenHints() []string {
	return []string{
		"set BITBUCKET_AUTH_TOKEN in the hook that runs bitbucket-auth, for example by buildkite-agent secret get",
		"with the docker plugin, name BITBUCKET_AUTH_TOKEN under environment:",
	}
}

// Prepare refuses env-file, since the job's environment receives the results,
// and a job without the agent's API.
func (b *buildkiteHost) Prepare(envFile string, _ bool) error {
	if err := refuseEnvFile(b.Name(), envFile); err != nil {
		return err
	}
	return b.api.check()
}

// Mask registers each form. The agent answers when its redactor has it, so
// what is shown afterwards, on either stream, is redacted. It knows a form as
// it is and as a Go string, and no base64.
func (b *buildkiteHost) Mask(forms []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), jobAPITimeout)
	defer cancel()
	for _, form := range forms {
		if err := b.api.call(ctx, http.MethodPost, "redactions", map[string]string{"redact": form}, nil); err != nil {
			return err
		}
	}
	return nil
}

// environment is what the API takes and gives.
type environment struct {
	Env map[string]string `json:"env"`
}

// HandOver sets the variables of the job's later phases in one request, which
// the agent applies as a whole or not at all. It takes them back where ctx
// ends meanwhile.
func (b *buildkiteHost) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	if len(results.Variables) == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, jobAPITimeout)
	defer cancel()
	var before environment
	err := b.api.call(limited, http.MethodGet, "env", nil, &before)
	if err == nil {
		wanted := environment{Env: map[string]string{}}
		for _, v := range results.Variables {
			wanted.Env[secret.Underscored(v.Name)] = v.Text.Reveal()
		}
		err = b.api.call(limited, http.MethodPatch, "env", wanted, nil)
		// A request that failed on the way may have been applied.
		if err != nil || ctx.Err() != nil {
			b.takeBack(before, wanted)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// takeBack makes the job's environment what it was. Nothing more can be done
// where that fails as well. The context that ended the run must not end this.
func (b *buildkiteHost) takeBack(before, wanted environment) {
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
	if len(added) > 0 {
		_ = b.api.call(ctx, http.MethodDelete, "env", map[string][]string{"keys": added}, nil)
	}
	if len(old.Env) > 0 {
		_ = b.api.call(ctx, http.MethodPatch, "env", old, nil)
	}
}
