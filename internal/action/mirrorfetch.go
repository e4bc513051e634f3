package action

import (
	"context"
	"maps"
	"slices"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// depths are the numbers of commits by which history is fetched, step by step, until it
// meets commits that Bitbucket has. A depth counts along every parent: in a history with
// many merges, a depth of 64 means thousands of commits, and 8 a few dozen.
var depths = []int{8, 16, 32, 64, 128, 512, 2048, 16384, git.All}

// fetch gets the objects that the push needs, and finds out which branches have
// diverged. The amount depends on the size of the change, not of the history.
func (m *mirroring) fetch(ctx context.Context) error {
	changes := m.plan.ToPush()
	if m.settings.DryRun {
		changes = updates(changes) // only these can have diverged
	}
	if len(changes) == 0 {
		return nil
	}
	ended := m.begin("fetching %s from the source", mirror.Quantity(mirror.RefsOf(changes)))
	var err error
	if m.bitbucket.IsEmpty() {
		err = m.git.FetchAll(ctx, mirror.NewValues(changes))
	} else if err = m.fetchChange(ctx, changes); err == nil && !m.settings.DryRun {
		err = m.git.FetchFiles(ctx, mirror.NewValues(m.plan.ToPush()), slices.Collect(maps.Values(m.bitbucket.Refs)))
	}
	if err != nil {
		return err
	}
	ended("fetched %s", bytesText(m.git.Size()))
	return nil
}

// fetchChange goes back step by step until each old value is found, and the
// history of each new one meets commits that Bitbucket has.
func (m *mirroring) fetchChange(ctx context.Context, changes []mirror.Change) error {
	tips := m.withContext(mirror.NewValues(changes))
	undecided := updates(changes)
	for step, depth := range depths {
		if err := m.git.Fetch(ctx, tips, depth, true); err != nil {
			return err
		}
		history, err := m.git.History(ctx)
		if err != nil {
			return err
		}
		if step == 0 && history.EndsWithin(depth, tips) {
			return git.Shallow()
		}
		if undecided, err = m.relate(ctx, undecided, history); err != nil {
			return err
		}
		if step == 0 && len(undecided) > 0 {
			if undecided, history, err = m.fetchOld(ctx, undecided, depth); err != nil {
				return err
			}
		}
		if tips = m.unfinished(history, undecided); len(tips) == 0 {
			return nil
		}
	}
	// All of the source's history isn't enough.
	return git.Shallow()
}

// withContext adds Bitbucket's main branch, if the source has the same: new branches and
// tags most likely grow from it, and then only the commits after it have to be pushed.
func (m *mirroring) withContext(tips []string) []string {
	main := m.bitbucket.Refs[m.bitbucket.Head]
	if main == "" || m.plan.Count(mirror.Created) == 0 || !m.plan.SourceHas(main) {
		return tips
	}
	return append(tips, main)
}

// updates returns the branches that may have diverged.
func updates(changes []mirror.Change) []mirror.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c mirror.Change) bool { return c.Action != mirror.Updated })
}

// relate decides which branches have only grown and which have diverged, as far
// as the fetched history shows, and returns the others.
func (m *mirroring) relate(ctx context.Context, changes []mirror.Change, history mirror.History) ([]mirror.Change, error) {
	var undecided []mirror.Change
	for _, c := range changes {
		if ctx.Err() != nil {
			return nil, fault.From(context.Cause(ctx))
		}
		switch history.Relate(c.Old, c.New) {
		case mirror.Diverged:
			lost := 0
			if m.rules.Overwrite {
				lost = history.Lost(c.Old, c.New)
			}
			m.plan.Diverged(c.Ref, lost)
		case mirror.Unknown:
			undecided = append(undecided, c)
		case mirror.Ancestor:
		}
	}
	return undecided, nil
}

// fetchOld also fetches the old values, if the source has them: the history of
// a rewritten branch and of its old value meet soon. A commit that the source
// doesn't have is in none of its histories, however far one goes back. It returns
// the branches that are still undecided.
func (m *mirroring) fetchOld(ctx context.Context, changes []mirror.Change, depth int) ([]mirror.Change, mirror.History, error) {
	var old []string
	for _, c := range changes {
		old = append(old, c.Old)
	}
	lacking, err := m.git.FetchOld(ctx, old, depth)
	if err != nil {
		return nil, mirror.History{}, err
	}
	changes = slices.DeleteFunc(changes, func(c mirror.Change) bool {
		isLacking := slices.Contains(lacking, c.Old)
		if isLacking {
			m.plan.Diverged(c.Ref, 0)
		}
		return isLacking
	})
	history, err := m.git.History(ctx)
	if err != nil {
		return nil, history, err
	}
	changes, err = m.relate(ctx, changes, history)
	return changes, history, err
}

// unfinished returns the tips whose history has to be fetched further back.
func (m *mirroring) unfinished(history mirror.History, undecided []mirror.Change) []string {
	m.known = nil
	for _, id := range m.bitbucket.Refs {
		if history.Has(id) {
			m.known = append(m.known, id)
		}
	}
	var next []string
	if !m.settings.DryRun {
		var commits []string
		for _, c := range m.plan.ToPush() {
			commits = append(commits, m.plan.Commit(c))
		}
		next = history.Uncovered(commits, m.known)
	}
	for _, c := range undecided {
		next = append(next, c.New)
		if history.Has(c.Old) {
			next = append(next, c.Old)
		}
	}
	if len(next) == 0 {
		return nil
	}
	return m.withContext(next)
}
