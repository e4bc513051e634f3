package action

import (
	"context"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// A signal while the main branch is set ends the run: it isn't a refusal, which is only a
// warning. Nothing that the main branch holds is then to be deleted.
func TestSignalWhileTheMainBranchIsSet(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fault.New(fault.Terminated, "ended for a test"))
	for source, want := range map[string]fault.Code{"trunk=1 main=1": fault.Terminated, "main=1 trunk=1": {}} {
		m := mirroringOn(t, map[string]string{"GITHUB_ACTIONS": "true"}, &input.MirrorSettings{})
		m.plan = planned(t, source, "main=1 trunk=1", mirror.Rules{FollowMain: true}).plan
		released, err := m.setMain(ctx, nil)
		got := fault.Code{}
		if err != nil {
			got = fault.From(err).Code
		}
		if got != want || len(released) > 0 || len(m.reported)+len(m.remarks) > 0 {
			t.Errorf("%s: got %v, %v, and said %v", source, err, released, m.reported)
		}
	}
}
