package git

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// ListSource lists the source's branches and tags.
func (g *Git) ListSource(ctx context.Context) (mirror.Listing, error) {
	// Restricted to branches and tags, a server leaves out the rest: GitHub may
	// have a hundred thousand refs of pull requests.
	out, err := g.run(ctx, nil, "ls-remote", "--heads", "--tags", source)
	if err != nil {
		return mirror.Listing{}, g.explainSource(err)
	}
	return parseListing(out.stdout)
}

// SourceHead returns the source's main branch, or "" if it has none.
func (g *Git) SourceHead(ctx context.Context) (string, error) {
	out, err := g.run(ctx, nil, "ls-remote", "--symref", source, "HEAD")
	if err != nil {
		return "", g.explainSource(err)
	}
	listing, err := parseListing(out.stdout)
	return listing.Head, err
}

// ListBitbucket lists the branches and tags in Bitbucket, and its main branch.
func (g *Git) ListBitbucket(ctx context.Context) (mirror.Listing, error) {
	out, err := g.run(ctx, nil, "ls-remote", "--symref", bitbucket, "HEAD", "refs/heads/*", "refs/tags/*")
	if err != nil {
		return mirror.Listing{}, g.explainBitbucket(err)
	}
	return parseListing(out.stdout)
}

// sha1Length is how long object IDs are. Bitbucket has no repositories with
// longer ones.
const sha1Length = 40

// parseListing reads the output of ls-remote (git-ls-remote(1), OUTPUT).
func parseListing(text []byte) (mirror.Listing, error) {
	listing := mirror.Listing{Refs: map[string]string{}, Peeled: map[string]string{}}
	for line := range strings.Lines(string(text)) {
		id, ref, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue
		}
		if target, symbolic := strings.CutPrefix(id, "ref: "); symbolic {
			if ref == "HEAD" {
				listing.Head = target
			}
			continue
		}
		// The second line of an annotated tag says what it points to.
		if tag, peeled := strings.CutSuffix(ref, "^{}"); peeled {
			listing.Peeled[listing.Refs[tag]] = id
			continue
		}
		isMirrored := strings.HasPrefix(ref, "refs/heads/") || strings.HasPrefix(ref, "refs/tags/")
		if !isMirrored || !isName(ref) {
			continue
		}
		if len(id) != sha1Length {
			return listing, fault.New(fault.SourceFailed, "the source uses SHA-256 object IDs, which Bitbucket doesn't support",
				"mirror it to a server that does, or convert the repository to SHA-1")
		}
		listing.Refs[ref] = id
	}
	return listing, nil
}

// isName reports whether git allows a ref to have this name
// (git-check-ref-format(1)). A server can list any, and part of a name such as
// a:refs/heads/b would be read as the ref to push to.
func isName(ref string) bool {
	for part := range strings.SplitSeq(ref, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	isControl := func(r rune) bool { return r <= ' ' || r == 0x7f }
	return !strings.ContainsFunc(ref, isControl) && !strings.ContainsAny(ref, `~^:?*[\`) &&
		!containsAny(ref, "..", "@{") && !strings.HasSuffix(ref, ".")
}

// CheckPath refuses a path as source that lacks a part of its repository: a
// shallow clone; and to prune by it, an ordinary one, which has only some of its
// origin's branches as local branches.
func (g *Git) CheckPath(ctx context.Context, prune bool) error {
	if !g.remotes.SourceLocal {
		return nil
	}
	for _, dir := range []string{filepath.Join(g.remotes.Source, ".git"), g.remotes.Source} {
		out, err := g.run(ctx, nil, "--git-dir="+dir, "rev-parse", "--is-shallow-repository", "--glob=refs/remotes/*")
		if err != nil {
			if _, ok := asFailure(err); !ok {
				return err
			}
			continue
		}
		lines := strings.Fields(string(out.stdout))
		if slices.Contains(lines, "true") {
			return Shallow()
		}
		if prune && len(lines) > 1 {
			return fault.New(fault.SourcePartial, "the source is a clone that may lack branches of its origin, and prune would delete them, so nothing was changed",
				"leave out source: no clone is needed",
				"or make the clone with git clone --mirror, or leave out prune")
		}
		return nil
	}
	return nil // the listing says what is wrong
}

// All is an unlimited depth.
const All = 0

// Fetch gets objects from the source, and what they lead to as far back as
// depth goes. If partial, files of 1 KiB and more stay there until they are
// needed. It returns how many bytes were received.
func (g *Git) Fetch(ctx context.Context, ids []string, depth int, partial bool) (int64, error) {
	out, err := g.fetch(ctx, ids, depth, partial)
	if failed, ok := asFailure(err); ok && !g.whole && containsAny(string(failed.stderr), "does not support shallow") {
		if err := g.becomeWhole(ctx); err != nil {
			return 0, err
		}
		out, err = g.fetch(ctx, ids, All, false)
	}
	if err != nil {
		return 0, g.explainSource(err)
	}
	return transferred(out.stderr), nil
}

func (g *Git) fetch(ctx context.Context, ids []string, depth int, partial bool) (output, error) {
	if g.whole {
		depth, partial = All, false
	}
	arguments := []string{"fetch", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--progress"}
	switch {
	case depth != All:
		arguments = append(arguments, fmt.Sprintf("--depth=%d", depth))
	case g.isShallow():
		arguments = append(arguments, "--unshallow")
	}
	if partial {
		arguments = append(arguments, "--filter=blob:limit=1k")
	}
	var refspecs strings.Builder
	for _, id := range ids {
		// Named by object ID, no two refs can be in each other's way, whatever
		// the file system makes of upper and lower case.
		refspecs.WriteString("+" + id + ":" + fetched + id + "\n")
	}
	return g.run(ctx, strings.NewReader(refspecs.String()), append(arguments, "--stdin", source)...)
}

// becomeWhole starts again without anything that was fetched in part: git would
// try to fetch the missing objects one by one, with some servers forever. From
// now on, everything is fetched.
func (g *Git) becomeWhole(ctx context.Context) error {
	g.whole = true
	if err := os.RemoveAll(g.repo); err != nil {
		return tempFault(err)
	}
	return g.Init(ctx)
}

// FetchAll gets all that these objects lead to, for a repository that has
// nothing yet.
func (g *Git) FetchAll(ctx context.Context, ids []string) (int64, error) {
	received, err := g.Fetch(ctx, ids, All, false)
	if err == nil && g.isShallow() {
		err = Shallow()
	}
	return received, err
}

// fetched is where refs to fetched objects are.
const fetched = "refs/mirror/"

// maxUnknown is how many commits the source may turn out not to have, before it
// is no longer asked.
const maxUnknown = 20

// FetchOld is [Git.Fetch] for commits that the source may not have. It returns
// those of which this is certain: no history of the source contains them.
func (g *Git) FetchOld(ctx context.Context, ids []string, depth int) (lacking []string, err error) {
	for len(ids) > 0 && len(lacking) < maxUnknown {
		out, err := g.fetch(ctx, ids, depth, true)
		if err == nil {
			return lacking, nil
		}
		if _, ok := asFailure(err); !ok {
			return nil, err
		}
		// A source names one of them. One that answers in another way, such as a
		// server that sends refs only, leaves it open.
		unknown := slices.IndexFunc(ids, func(id string) bool { return bytes.Contains(out.stderr, []byte("not our ref "+id)) })
		if unknown < 0 {
			return lacking, nil
		}
		lacking = append(lacking, ids[unknown])
		ids = slices.Delete(slices.Clone(ids), unknown, unknown+1)
	}
	return lacking, nil
}

// shallowFile lists the commits at which the history ends (gitformat-shallow).
func (g *Git) shallowFile() string { return filepath.Join(g.repo, "shallow") }

func (g *Git) isShallow() bool {
	info, err := os.Stat(g.shallowFile())
	return err == nil && info.Size() > 0
}

// History returns the commits that were fetched.
func (g *Git) History(ctx context.Context) (mirror.History, error) {
	out, err := g.run(ctx, nil, "rev-list", "--parents", "--all")
	if err != nil {
		return mirror.History{}, g.local(err)
	}
	boundary, err := os.ReadFile(g.shallowFile())
	if err != nil {
		boundary = nil // the history is complete
	}
	return mirror.NewHistory(string(out.stdout), strings.Fields(string(boundary))), nil
}
