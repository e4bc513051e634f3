package action

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// changeMain says where people set Bitbucket's main branch.
const changeMain = "Repository settings → Repository details → Main branch"

// setMain sets Bitbucket's main branch to the source's, if it isn't and has been
// pushed. It returns what can be deleted then. A refusal is a warning.
func (m *mirroring) setMain(ctx context.Context, results map[string]mirror.Result) ([]mirror.Change, error) {
	ref, _ := m.plan.MainToSet(results)
	if ref == "" {
		return nil, nil
	}
	err := m.client(&m.settings.Common, m.credential.Server).SetMainBranch(ctx, m.credential, m.repository, ref)
	if ctx.Err() != nil {
		return nil, fault.From(context.Cause(ctx))
	}
	if err != nil {
		f := fault.From(err)
		m.warn(fault.New(f.Code, fmt.Sprintf("the main branch of Bitbucket's repository wasn't set to %s: %s", mirror.ShortName(ref), f.What), f.Hints...))
		m.showRemarks()
		return nil, nil
	}
	m.log("set the main branch of Bitbucket's repository to %s", mirror.ShortName(ref))
	return m.plan.SetMain(), nil
}

// wouldSetMain is setMain in a dry run.
func (m *mirroring) wouldSetMain() {
	if ref, _ := m.plan.MainToSet(nil); ref != "" {
		m.log("would set the main branch of Bitbucket's repository to %s", mirror.ShortName(ref))
		m.plan.SetMain()
	}
}

// mainNotices returns notices about Bitbucket's main branch that may be unexpected.
func (m *mirroring) mainNotices() []string {
	var notices []string
	if guessed := m.plan.GuessedMain(); guessed != "" {
		notices = append(notices, fmt.Sprintf("nothing says which branch is the source's main one, so %s is the first in Bitbucket and becomes its main branch; to change it: %s",
			mirror.ShortName(guessed), changeMain))
	}
	if _, problem := m.plan.MainToSet(nil); problem != "" {
		notices = append(notices, problem+", so that Bitbucket's main branch stays what it is")
	}
	if kept := m.plan.KeptMain(); len(kept) > 0 {
		text := fmt.Sprintf("%s is kept, although the source doesn't have it, because it is the main branch of Bitbucket's repository; to let it be deleted, choose another one: %s",
			kept[0], changeMain)
		if len(kept) > 1 {
			text = fmt.Sprintf("%s are kept, although the source doesn't have them, because Bitbucket doesn't say which of them is its main branch; to let them be deleted, choose another one: %s",
				strings.Join(kept, ", "), changeMain)
		}
		if !m.settings.FollowMain {
			text += ", or set " + m.set("main-branch", "follow")
		}
		notices = append(notices, text)
	}
	return notices
}
