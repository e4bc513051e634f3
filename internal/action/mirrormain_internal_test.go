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

// A dry run counts on the main branch that would be set: the old one, which the source
// doesn't have any more, would then be deleted.
func TestMainBranchOfADryRun(t *testing.T) {
	t.Parallel()
	rules := mirror.Rules{FollowMain: true, Prune: true, MaxDeletions: 1}
	for source, want := range map[string]struct {
		says    string
		deleted int
		notices int
	}{
		"trunk=1 main=1": {"would set the main branch of Bitbucket's repository to trunk", 0, 0},
		"trunk=1":        {"would set the main branch of Bitbucket's repository to trunk", 1, 0},
		"main=1 trunk=1": {"", 0, 0},
		"HEAD=9 trunk=1": {"", 0, 2},
	} {
		m := mirroringOn(t, map[string]string{"GITHUB_ACTIONS": "true"}, &input.MirrorSettings{})
		m.plan = planned(t, source, "main=1 trunk=1", rules).plan
		m.wouldSetMain()
		says := ""
		for _, remark := range m.reported {
			says += remark.What
		}
		if deleted, notices := m.plan.Count(mirror.Deleted), m.mainNotices(); says != want.says || deleted != want.deleted || len(notices) != want.notices {
			t.Errorf("%s: said %q, would delete %d, and notes %q", source, says, deleted, notices)
		}
	}
}
