package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// maxPart is the largest size of a push, in bytes. Bitbucket Cloud refuses pushes of more
// than 3.5 GB (support.atlassian.com, "Reduce repository size"), and the size on disk
// only approximates that.
var maxPart int64 = 2 << 30

// pushOlder pushes the history of changes that are too large for one push: along the
// first parents of each branch, the oldest commits first, as many at a time as fit into
// one push. It returns the remaining changes, each with the present value of its ref, as
// batches that fit into one push.
func (p *pushing) pushOlder(ctx context.Context, changes []mirror.Change) ([][]mirror.Change, error) {
	g := p.git
	if g.Size() <= maxPart {
		return [][]mirror.Change{changes}, nil // all there is fits into one push
	}
	size, err := g.packSize(ctx, mirror.NewValues(changes), p.has)
	if err != nil || size <= maxPart {
		return [][]mirror.Change{changes}, err
	}
	var left []mirror.Change
	for _, c := range changes {
		if c.New == "" || c.Action == mirror.Overwritten || !mirror.Grows(c.Ref) {
			left = append(left, c)
			continue
		}
		now, err := p.pushSteps(ctx, c)
		if err != nil {
			return nil, err
		}
		if _, failed := p.done.Results[c.Ref]; !failed {
			left = append(left, now)
		}
	}
	return g.halve(ctx, left, p.has)
}

// halve divides changes until each batch fits into one push, or is a single change.
func (g *Git) halve(ctx context.Context, changes []mirror.Change, has []string) ([][]mirror.Change, error) {
	if len(changes) < 2 {
		return [][]mirror.Change{changes}, nil
	}
	size, err := g.packSize(ctx, mirror.NewValues(changes), has)
	if err != nil || size <= maxPart {
		return [][]mirror.Change{changes}, err
	}
	half := len(changes) / 2
	first, err := g.halve(ctx, changes[:half], has)
	if err != nil {
		return nil, err
	}
	second, err := g.halve(ctx, changes[half:], append(slices.Clone(has), mirror.NewValues(changes[:half])...))
	return append(first, second...), err
}

// pushSteps pushes a branch in steps until the rest fits into one push. If a step fails,
// the branch has a result.
func (p *pushing) pushSteps(ctx context.Context, c mirror.Change) (mirror.Change, error) {
	chain, err := p.git.firstParents(ctx, c.New, p.has)
	if err != nil {
		return c, err
	}
	for {
		n, size, err := p.git.fitting(ctx, chain, p.has)
		if err != nil || n >= len(chain) {
			return c, err
		}
		p.git.say(fmt.Sprintf("pushing a part of %s: %d commits of its main line, %.1f GiB", p.git.serverReason(c.Ref, ""), n, float64(size)/(1<<30)))
		step := c
		step.New = chain[n-1]
		once, err := p.push(ctx, []mirror.Change{step}, p.has)
		p.done.Sent += once.sent
		switch result, ok := once.results[c.Ref]; {
		case ok && (result.Outcome == mirror.Pushed || result.Outcome == mirror.Present):
			c.Old, chain = step.New, chain[n:]
			p.nowHas(step)
		case ok:
			p.record(c, result, p.git.answer(once.stderr))
			return c, err
		default:
			return c, err
		}
	}
}

// Size returns the size of everything that was fetched, in bytes on disk. Git's progress
// doesn't always contain it.
func (g *Git) Size() (size int64) {
	objects := filepath.Join(g.repo, "objects")
	folders, err := os.ReadDir(objects)
	if err != nil {
		return 0
	}
	for _, folder := range folders {
		files, err := os.ReadDir(filepath.Join(objects, folder.Name()))
		if err != nil {
			continue // what can't be read doesn't count
		}
		for _, file := range files {
			if info, err := file.Info(); err == nil && info.Mode().IsRegular() {
				size += info.Size()
			}
		}
	}
	return size
}

// packSize returns the size of the objects that a push of some tips sends, in bytes on
// disk.
func (g *Git) packSize(ctx context.Context, tips, has []string) (int64, error) {
	out, err := g.run(ctx, machine, revisions(tips, has), "rev-list", "--objects", "--disk-usage", "--missing=allow-any", "--ignore-missing", "--stdin")
	if err != nil {
		return 0, g.local(err)
	}
	size, err := strconv.ParseInt(strings.TrimSpace(string(out.stdout)), 10, 64)
	if err != nil {
		return 0, nil //nolint:nilerr // then it isn't split, and Bitbucket says what is wrong
	}
	return size, nil
}

// firstParents returns the commits of a branch's main line that Bitbucket lacks, the
// oldest first.
func (g *Git) firstParents(ctx context.Context, tip string, has []string) ([]string, error) {
	out, err := g.run(ctx, machine, revisions([]string{tip}, has), "rev-list", "--first-parent", "--reverse", "--ignore-missing", "--stdin")
	return strings.Fields(string(out.stdout)), g.local(err)
}

// fitting returns how many commits of a main line fit into one push, at least one, and
// the size of those that fit.
func (g *Git) fitting(ctx context.Context, chain, has []string) (n int, size int64, err error) {
	n = sort.Search(len(chain), func(i int) bool {
		var usage int64
		if err == nil {
			usage, err = g.packSize(ctx, []string{chain[i]}, has)
		}
		if err != nil || usage > maxPart {
			return true
		}
		size = max(size, usage)
		return false
	})
	return max(n, min(1, len(chain))), size, err
}
