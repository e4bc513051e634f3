package git

import (
	"bytes"
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

// CheckPath returns a fault if the source is a path and lacks a part of its repository: a
// partial or a shallow clone, and if prune is set, every other clone that may have only
// some of its origin's branches. If that can't be found out, it counts as lacking.
//
// It only reads files, since git runs programs that a repository's configuration names.
// The later commands use exactly the repository that was checked.
func (g *Git) CheckPath(ctx context.Context, prune bool) error {
	if !g.options.SourceLocal {
		return nil
	}
	dir, err := gitDir(g.options.Source)
	if err != nil {
		return err
	}
	common, err := commonDir(dir)
	if err != nil {
		return err
	}
	config, err := g.readConfigs(ctx, dir, common)
	switch {
	case err != nil:
		return err
	case config.isPartial:
		return fault.New(fault.SourceIncomplete, "the source is a partial clone, which lacks files, so nothing was changed",
			"leave out source: no clone is needed",
			"or make the clone without --filter (in a checkout step: without filter and sparse-checkout)")
	case isShallow(common):
		return Shallow()
	case prune && (config.isClone || tracksBranches(common)):
		return fault.New(fault.SourcePartial, "the source is a clone that may lack branches of its origin, and prune would delete them, so nothing was changed",
			"leave out source: no clone is needed",
			"or make the clone with git clone --mirror, or leave out prune")
	}
	g.sourceURL = dir
	g.setEnvironment(source)
	return nil
}

// noRepository returns the fault for a path without a repository that can be checked.
func noRepository(what string) error {
	return fault.New(fault.SourceNotFound, what,
		"check the path: a relative one begins at the folder in which the step runs, and in a container only mounted folders exist",
		"if source isn't meant to be a path, set it to an https URL such as https://github.com/owner/repository")
}

// gitDir returns the folder of the repository that git finds at a path (path.c,
// enter_repo).
func gitDir(path string) (string, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(path + ".git"); err != nil {
			return "", noRepository("source is a path, and nothing is there")
		}
	}
	for _, suffix := range []string{"/.git", "", ".git/.git", ".git"} {
		dir := path + filepath.FromSlash(suffix)
		if isFile(dir) {
			// Of a worktree or a submodule (gitrepository-layout(5)).
			var err error
			if dir, err = linked(dir, "gitdir: "); err != nil {
				return "", err
			}
		}
		// HEAD may be a symbolic link to a branch that doesn't exist yet.
		if _, err := os.Lstat(filepath.Join(dir, "HEAD")); err == nil {
			return dir, nil
		}
	}
	return "", noRepository(notGit)
}

const notGit = "source isn't a git repository"

// maxLink is far above the length of any path, in bytes.
const maxLink = 1 << 20

// linked returns the path that a file names after a key, relative to the file. Like
// git, it keeps all characters but line ends (setup.c, read_gitfile_gently).
func linked(file, key string) (string, error) {
	if info, err := os.Stat(file); err != nil || info.Size() > maxLink {
		return "", noRepository(notGit)
	}
	text, err := os.ReadFile(file)
	path, ok := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), key)
	switch {
	case err != nil || !ok || path == "":
		return "", noRepository(notGit)
	case filepath.IsAbs(path):
		return path, nil
	}
	return filepath.Join(filepath.Dir(file), path), nil
}

// commonDir returns the folder with the files that all worktrees of a repository share.
func commonDir(dir string) (string, error) {
	file := filepath.Join(dir, "commondir")
	if !isFile(file) {
		return dir, nil
	}
	return linked(file, "")
}

func isShallow(repo string) bool {
	info, err := os.Stat(filepath.Join(repo, "shallow"))
	return err == nil && info.Size() > 0
}

// tracksBranches reports whether there are remote-tracking branches.
func tracksBranches(common string) bool {
	if entries, _ := os.ReadDir(filepath.Join(common, "refs", "remotes")); len(entries) > 0 {
		return true
	}
	packed, err := os.ReadFile(filepath.Join(common, "packed-refs"))
	return bytes.Contains(packed, []byte(" refs/remotes/")) || err != nil && !errors.Is(err, fs.ErrNotExist)
}

// sourceConfig describes a source by its configuration.
type sourceConfig struct {
	isPartial bool // git fetches missing objects
	isClone   bool // it has a remote of which it may have only a part
}

// readConfigs reads a repository's configuration: each file by itself, and what it
// includes after it, whatever the condition, since git would evaluate conditions for
// another repository here.
func (g *Git) readConfigs(ctx context.Context, dir, common string) (sourceConfig, error) {
	var config sourceConfig
	remotes := map[string]bool{} // and whether all of it is mirrored
	var files []string
	for _, folder := range []string{common, dir} {
		files = append(files, filepath.Join(folder, "config"), filepath.Join(folder, "config.worktree"))
	}
	for i := 0; i < len(files); i++ {
		if i == maxConfigFiles {
			return config, unreadable()
		}
		if !isFile(files[i]) || slices.Contains(files[:i], files[i]) {
			continue
		}
		entries, err := g.configEntries(ctx, files[i])
		if err != nil {
			return config, err
		}
		for _, e := range entries {
			switch e.name {
			case "include.path", "includeif.path":
				file, err := included(files[i], e.value)
				if err != nil {
					return config, err
				}
				files = append(files, file)
			case "remote.url", "remote.mirror", "remote.fetch":
				mirrored := e.name == "remote.mirror" && e.isTrue || e.name == "remote.fetch" && e.value == "+refs/*:refs/*"
				remotes[e.section] = remotes[e.section] || mirrored
			case "remote.promisor":
				config.isPartial = config.isPartial || e.isTrue
			case "remote.partialclonefilter", "extensions.partialclone": // promisor-remote.c
				config.isPartial = true
			}
		}
	}
	for _, mirrored := range remotes {
		config.isClone = config.isClone || !mirrored
	}
	return config, nil
}

// maxConfigFiles is far above any real use; files can include each other.
const maxConfigFiles = 100

func unreadable() error {
	return fault.New(fault.SourceIncomplete, "the source's configuration can't be read completely, so it isn't certain that nothing is missing",
		"leave out source: no clone is needed",
		"or make another clone, with git clone --mirror")
}

// included returns the file that an include names. Git finds ~/ in the home that it has
// here, where there is nothing.
func included(from, path string) (string, error) {
	switch {
	case strings.HasPrefix(path, "~/"):
		return "", nil
	case strings.HasPrefix(path, "~"), strings.HasPrefix(path, "%("):
		return "", unreadable()
	case filepath.IsAbs(path):
		return path, nil
	}
	return filepath.Join(filepath.Dir(from), path), nil
}

// configEntry is a variable of a section, such as remote.origin, by its name without a
// subsection, such as remote.url.
type configEntry struct {
	section, name, value string
	isTrue               bool
}

// configEntries returns the entries of a configuration file.
func (g *Git) configEntries(ctx context.Context, file string) ([]configEntry, error) {
	out, err := g.run(ctx, machine, nil, "config", "--file", file, "--no-includes", "--null", "--list")
	if _, failed := asFailure(err); failed {
		return nil, unreadable()
	}
	if err != nil {
		return nil, err
	}
	var entries []configEntry
	for _, entry := range strings.Split(string(out.stdout), "\x00") {
		key, value, hasValue := strings.Cut(entry, "\n")
		dot := strings.LastIndex(key, ".")
		if dot < 0 {
			continue
		}
		kind, _, _ := strings.Cut(key, ".")
		entries = append(entries, configEntry{key[:dot], kind + key[dot:], value, !hasValue || !isFalse(value)})
	}
	return entries, nil
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
