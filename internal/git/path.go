package git

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// CheckPath refuses a path as source that lacks a part of its repository: a
// partial or a shallow clone; and to prune by it, an ordinary one, which has only
// some of its origin's branches as local branches.
func (g *Git) CheckPath(ctx context.Context, prune bool) error {
	if !g.remotes.SourceLocal {
		return nil
	}
	dir := gitDir(g.remotes.Source)
	if dir == "" {
		if _, err := os.Stat(g.remotes.Source); errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.SourceNotFound, "source is a path, and nothing is there",
				"check the path: a relative one begins at the folder in which the step runs, and in a container only mounted folders exist",
				"if source isn't meant to be a path, set it to an https URL such as https://github.com/owner/repository")
		}
		return nil // the listing says what is wrong
	}
	// First, and by reading files only: in a partial clone, many commands run what its
	// configuration names, in order to get missing objects.
	if partial, err := g.isPartial(ctx, dir); err != nil || partial {
		if partial {
			return fault.New(fault.SourceIncomplete, "the source is a partial clone, which lacks files, so nothing was changed",
				"leave out source: no clone is needed",
				"or make the clone without --filter (in a checkout step: without filter and sparse-checkout)")
		}
		return err
	}
	out, err := g.run(ctx, source, nil, "--git-dir="+dir, "rev-parse", "--is-shallow-repository", "--glob=refs/remotes/*")
	if err != nil {
		if _, ok := asFailure(err); !ok {
			return err
		}
		return nil // the listing says what is wrong
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

// gitDir returns the folder of the repository that git finds at a path (path.c,
// enter_repo), or "".
func gitDir(path string) string {
	for _, suffix := range []string{"/.git", "", ".git/.git", ".git"} {
		dir := path + filepath.FromSlash(suffix)
		info, err := os.Stat(dir)
		if err == nil && info.Mode().IsRegular() && info.Size() < 1<<16 {
			dir = linked(dir, "gitdir:") // of a worktree or a submodule (gitrepository-layout(5))
			info, err = os.Stat(dir)
		}
		if err != nil || !info.IsDir() {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "HEAD")); err == nil {
			return dir
		}
	}
	return ""
}

// linked returns the path that a file names after a key, relative to the file.
func linked(file, key string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	path := strings.TrimSpace(strings.TrimPrefix(string(text), key))
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// isPartial reports whether a repository's configuration makes git fetch missing
// objects: extensions.partialClone, or a remote that is a promisor or has a filter
// (promisor-remote.c).
func (g *Git) isPartial(ctx context.Context, dir string) (bool, error) {
	dirs := []string{dir}
	if common := filepath.Join(dir, "commondir"); isFile(common) {
		dirs = append(dirs, linked(common, ""))
	}
	var files []string
	for _, dir := range dirs {
		files = append(files, filepath.Join(dir, "config"), filepath.Join(dir, "config.worktree"))
	}
	// Each file is read by itself, and what it includes after it, whatever the
	// condition: git would evaluate conditions for another repository here.
	for i := 0; i < len(files) && i < maxConfigFiles; i++ {
		if !isFile(files[i]) {
			continue
		}
		partial, included, err := g.readConfig(ctx, files[i])
		if partial || err != nil {
			return partial, err
		}
		files = append(files, included...)
	}
	return false, nil
}

// maxConfigFiles is far above any real use; files can include each other.
const maxConfigFiles = 100

// readConfig reports whether a configuration file makes its repository a partial
// clone, and returns the files that it includes.
func (g *Git) readConfig(ctx context.Context, file string) (partial bool, included []string, err error) {
	out, err := g.run(ctx, machine, nil, "config", "--file", file, "--no-includes", "--null",
		"--get-regexp", `^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter)|include(if\..*)?\.path)$`)
	if _, failed := asFailure(err); err != nil && !failed {
		return false, nil, err
	}
	for entry := range strings.SplitSeq(string(out.stdout), "\x00") {
		key, value, hasValue := strings.Cut(entry, "\n")
		switch {
		case key == "":
		case strings.HasPrefix(key, "include"):
			if !filepath.IsAbs(value) {
				value = filepath.Join(filepath.Dir(file), value)
			}
			included = append(included, value)
		case strings.HasSuffix(key, ".promisor") && hasValue && isFalse(value):
		default:
			return true, nil, nil
		}
	}
	return false, included, nil
}

// isFalse reports whether a value means no (git-config(1), "Values").
func isFalse(value string) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n == 0 || slices.Contains([]string{"", "false", "no", "off"}, strings.ToLower(value))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
