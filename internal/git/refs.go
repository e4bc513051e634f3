package git

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// SourceURL returns the address at which the source was found. Its server may have
// redirected there after the repository was renamed.
func (g *Git) SourceURL() string { return g.sourceURL }

// askSource runs a command that reads the source. It follows a redirect within the
// source's server, as after a repository was renamed; to any other place, the error is
// the fault that says so.
func (g *Git) askSource(ctx context.Context, run func() (output, error)) (output, error) {
	for moved := 0; ; moved++ {
		out, err := g.repeat(ctx, "the source", run)
		failed, ok := asFailure(err)
		if !ok || !isRedirect(failed) || g.options.Locate == nil || moved == maxRedirects {
			return out, err
		}
		if err := g.follow(ctx); err != nil {
			return out, err
		}
	}
}

// All is an unlimited depth.
const All = 0

// Fetch gets objects from the source, and their history up to depth. If partial, files
// aren't fetched: see [Git.FetchFiles].
func (g *Git) Fetch(ctx context.Context, ids []string, depth int, partial bool) error {
	_, err := g.fetch(ctx, ids, depth, partial)
	if failed, ok := asFailure(err); ok && !g.complete {
		switch text := string(failed.stderr); {
		case strings.Contains(text, "does not support shallow"):
			return g.refetch(ctx, ids)
		case partial && strings.Contains(text, "did not send all necessary objects"):
			// A lightweight tag can name a file, which the filter leaves out if it
			// is also part of a commit.
			_, err = g.fetch(ctx, ids, depth, false)
		}
	}
	return g.explainSource(err)
}

func (g *Git) fetch(ctx context.Context, ids []string, depth int, partial bool) (output, error) {
	if g.complete {
		depth, partial = All, false
	}
	arguments := []string{"fetch"}
	switch {
	case depth != All:
		arguments = append(arguments, fmt.Sprintf("--depth=%d", depth))
	case g.isShallow():
		arguments = append(arguments, "--unshallow")
	}
	if partial {
		arguments = append(arguments, noFiles)
	}
	out, err := g.fetchWith(ctx, ids, arguments...)
	if err != nil {
		return out, err
	}
	return out, g.keep(ids)
}

// keep refers to objects that were fetched: the next fetch then asks only for what is
// missing. All refs are in one file (gitrepository-layout(5), packed-refs), since git
// would write a file for each of thousands. Named by object ID, no two can conflict.
func (g *Git) keep(ids []string) error {
	for _, id := range ids {
		if !g.isKept[id] {
			g.isKept[id] = true
			g.packedRefs = append(g.packedRefs, id+" "+fetched+id+"\n"...)
		}
	}
	if err := os.WriteFile(filepath.Join(g.repo, "packed-refs"), g.packedRefs, 0o600); err != nil {
		return tempFault(err)
	}
	return nil
}

// noFiles is the filter that leaves files with the source (git-rev-list(1)).
const noFiles = "--filter=blob:none"

// fetchObjects gets single objects, as git itself does for missing ones
// (promisor-remote.c): if git negotiated, the server would leave out files of the commits
// that are here.
func (g *Git) fetchObjects(ctx context.Context, ids []string) (output, error) {
	return g.fetchWith(ctx, ids, "-c", "fetch.negotiationAlgorithm=noop", "fetch", noFiles)
}

// fetchWith fetches objects by a command and its options.
func (g *Git) fetchWith(ctx context.Context, ids []string, arguments ...string) (output, error) {
	arguments = append(arguments, "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--progress", "--stdin", string(source))
	out, err := g.askSource(ctx, func() (output, error) {
		return g.runTo(ctx, source, strings.NewReader(strings.Join(ids, "\n")+"\n"), io.Discard, arguments...)
	})
	// A filter makes the source a promisor: every later command, even a push, would fetch
	// missing objects from it (gitrepository-layout(5)). None may.
	if configErr := os.WriteFile(g.configFile(), g.config, 0o600); configErr != nil && err == nil {
		return out, tempFault(configErr)
	}
	return out, err
}

// FetchFiles gets the files that a push of some tips needs and that [Git.Fetch] didn't
// fetch, in one request. The history of known commits, which Bitbucket has, needs none.
func (g *Git) FetchFiles(ctx context.Context, tips, known []string) error {
	if g.complete {
		return nil
	}
	return g.fetchMissing(ctx, tips, known, tips)
}

// fetchAllFiles gets all files of the commits that Bitbucket lacks, whatever it has of
// them.
func (g *Git) fetchAllFiles(ctx context.Context, tips, known []string) error {
	out, err := g.run(ctx, machine, revisions(tips, known), "rev-list", "--ignore-missing", "--stdin")
	if err != nil {
		return g.local(err)
	}
	var trees []string
	for _, commit := range strings.Fields(string(out.stdout)) {
		trees = append(trees, commit+"^{tree}")
	}
	return g.fetchMissing(ctx, trees, nil, tips)
}

// fetchMissing gets the files of commits or trees from the source, without those of known
// commits. Tips are fetched completely if it can't send single files.
func (g *Git) fetchMissing(ctx context.Context, of, known, tips []string) error {
	missing, err := g.missingFiles(ctx, of, known)
	if err != nil || len(missing) == 0 {
		return err
	}
	_, err = g.fetchObjects(ctx, missing)
	if failed, ok := asFailure(err); ok && containsAny(string(failed.stderr), "not our ref", "unadvertised object") {
		return g.refetch(ctx, tips)
	}
	return g.explainSource(err)
}

// missingFiles returns the files that a push has to send and that aren't here.
func (g *Git) missingFiles(ctx context.Context, tips, known []string) ([]string, error) {
	// Exactly what pack-objects walks for a push (builtin/pack-objects.c): with a
	// shallow history, it leaves out more.
	objects := "--objects-edge"
	if g.isShallow() {
		objects = "--objects-edge-aggressive"
	}
	var missing []string
	lines := lineWriter{use: func(line string) {
		if id, isMissing := strings.CutPrefix(line, "?"); isMissing {
			missing = append(missing, id)
		}
	}}
	_, err := g.runTo(ctx, machine, revisions(tips, known), &lines, "rev-list", objects, "--no-object-names",
		"--missing=print", "--ignore-missing", "--filter=object:type=blob", "--stdin")
	return missing, g.local(err)
}

// refetch starts again with an empty repository, for a source that can't send a part of
// its history or single files. From now on, everything is fetched.
func (g *Git) refetch(ctx context.Context, ids []string) error {
	g.complete = true
	if err := os.RemoveAll(g.repo); err != nil {
		return tempFault(err)
	}
	if err := g.Init(ctx); err != nil {
		return err
	}
	return g.Fetch(ctx, ids, All, false)
}

// FetchAll gets the complete history of objects, for an empty repository.
func (g *Git) FetchAll(ctx context.Context, ids []string) error {
	err := g.Fetch(ctx, ids, All, false)
	if err == nil && g.isShallow() {
		err = Shallow()
	}
	return err
}

// fetched is the namespace of refs to fetched objects.
const fetched = "refs/mirror/"

// maxUnknown limits the number of commits that the source turns out not to have. After
// that, it is no longer asked.
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
		// The source names one of them. From any other answer, such as that of a server
		// that only sends refs, nothing follows.
		unknown := slices.IndexFunc(ids, func(id string) bool { return bytes.Contains(out.stderr, []byte("not our ref "+id)) })
		if unknown < 0 {
			return lacking, nil
		}
		lacking = append(lacking, ids[unknown])
		ids = slices.Delete(slices.Clone(ids), unknown, unknown+1)
	}
	return lacking, nil
}

// shallow lists the commits at which the history ends (gitformat-shallow): none if it is
// complete.
func (g *Git) shallow() []byte {
	list, _ := os.ReadFile(filepath.Join(g.repo, "shallow"))
	return list
}

func (g *Git) isShallow() bool { return isShallow(g.repo) }

// History returns the commits that were fetched.
func (g *Git) History(ctx context.Context) (mirror.History, error) {
	out, err := g.run(ctx, machine, nil, "rev-list", "--parents", "--all")
	if err != nil {
		return mirror.History{}, g.local(err)
	}
	return mirror.NewHistory(string(out.stdout), strings.Fields(string(g.shallow()))), nil
}
