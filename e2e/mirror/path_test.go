//go:build linux

package mirror

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// With prune, only a path that certainly has all of its branches deletes others in
// Bitbucket.
func TestMirrorPrunesByCompletePaths(t *testing.T) {
	clone := func(options ...string) func(m *mirroring) string {
		return func(m *mirroring) string {
			m.Run(append(append([]string{"git", "clone", "--quiet"}, options...), "file://"+m.source.dir, "clone")...)
			return "clone"
		}
	}
	for name, test := range map[string]struct {
		prepare func(m *mirroring) (path string)
		says    string // of a fault; empty: other branches are deleted
	}{
		"a mirror clone":           {clone("--mirror"), ""},
		"a repository of its own":  {func(m *mirroring) string { return m.source.dir }, ""},
		"an ordinary clone":        {clone(), "BBA409"},
		"a bare clone":             {clone("--bare"), "BBA409"},
		"a bare clone of a branch": {clone("--bare", "--single-branch"), "BBA409"},
		"a clone without a remote": {func(m *mirroring) string {
			clone()(m)
			m.Run("git", "-C", "clone", "config", "--remove-section", "remote.origin")
			return "clone"
		}, "BBA409"},
		"with packed remote refs": {func(m *mirroring) string {
			clone()(m)
			m.Run("git", "-C", "clone", "pack-refs", "--all")
			m.Run("git", "-C", "clone", "config", "--unset", "remote.origin.url")
			return "clone"
		}, "BBA409"},
		"its work tree is gone": {func(m *mirroring) string {
			clone()(m)
			m.Run("git", "-C", "clone", "config", "core.worktree", "../../gone")
			return "clone"
		}, "BBA409"},
		"a setting git refuses": {func(m *mirroring) string {
			clone()(m)
			m.append("clone/.git/config", "[core]\n\tabbrev = zz\n")
			return "clone"
		}, "BBA409"},
		"a broken configuration": {func(m *mirroring) string { clone("--mirror")(m); m.append("clone/config", "[core\n"); return "clone" }, "BBA410"},
		"too many includes":      {func(m *mirroring) string { clone("--mirror")(m); return includes(m, "clone/config") }, "BBA410"},
		"an include of somebody's": {func(m *mirroring) string {
			clone("--mirror")(m)
			m.append("clone/config", "[include]\n\tpath = ~root/x\n")
			return "clone"
		}, "BBA410"},
		"an include by git's place": {func(m *mirroring) string {
			clone("--mirror")(m)
			m.append("clone/config", "[include]\n\tpath = %(prefix)/x\n")
			return "clone"
		}, "BBA410"},
		"HEAD is a symbolic link": {func(m *mirroring) string { clone()(m); return symbolicHead(m, "clone/.git") }, "BBA409"},
		"shallow, work tree gone": {func(m *mirroring) string {
			clone("--depth=1", "--no-single-branch")(m)
			m.Run("git", "-C", "clone", "config", "core.worktree", "../../gone")
			return "clone"
		}, "BBA406"},
		"a bundle": {func(m *mirroring) string {
			m.Run("git", "-C", m.source.dir, "bundle", "create", m.Path("x.bundle"), "--all")
			return "x.bundle"
		}, "BBA412"},
		"a gitfile with a space": {func(m *mirroring) string {
			clone()(m)
			os.Rename(m.Path("clone/.git"), m.Path("real "))
			m.Write("clone/.git", "gitdir: ../real \n")
			return "clone"
		}, "BBA409"},
		"a folder": {func(m *mirroring) string { _ = os.Mkdir(m.Path("empty"), 0o700); return "empty" }, "BBA412"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.set("refs/heads/topic", "") // so that Bitbucket's is deleted
			path := test.prepare(m)
			before := m.mirror.refs()
			r := m.run("source", path, "source-token", "", "prune", "true")
			if test.says == "" {
				r.wants(0, "deleted refs/heads/topic")
				return
			}
			r.says(test.says)
			if after := m.mirror.refs(); r.code == 0 || !maps.Equal(after, before) {
				t.Errorf("the exit code is %d, and the mirror has %v", r.code, after)
			}
		})
	}
}

// includes adds a chain of files to a configuration, each of which includes the next.
func includes(m *mirroring, file string) string {
	folder := filepath.Dir(file)
	m.append(file, "[include]\n\tpath = more0\n")
	for i := range 120 {
		m.append(filepath.Join(folder, fmt.Sprint("more", i)), fmt.Sprintf("[include]\n\tpath = more%d\n", i+1))
	}
	return folder
}

func symbolicHead(m *mirroring, dir string) string {
	m.T.Helper()
	head := m.Path(filepath.Join(dir, "HEAD"))
	if err := os.Remove(head); err != nil {
		m.T.Fatal(err)
	}
	if err := os.Symlink("refs/heads/none", head); err != nil {
		m.T.Fatal(err)
	}
	return strings.TrimSuffix(dir, "/.git")
}
