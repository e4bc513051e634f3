package host

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// fileHost is a host on which no step can mask anything while it runs. There
// the results go to a file that the user names (env-file), and into no stream,
// variable or report of the host's, all of which are shown or kept in the
// clear. Only remarks, which hold no secret, are shown.
type fileHost struct {
	screen
	name    string
	plugin  bool   // settings come in the family of plugins
	example string // a path that env-file could have

	// shown are variables that name files, and shownUnder folders, whose content
	// the host shows or keeps.
	shown      []string
	shownUnder []string

	// refuse is what else the host has against a path.
	refuse func(w World, path string) error

	// format is how the file is written; nil for a shell to source.
	format func(w World, path string, values []Value) (string, error)

	path string
}

func (f *fileHost) Name() string { return f.name }

func (f *fileHost) SettingNames(id string) []string {
	if f.plugin {
		return pluginNames(id)
	}
	return ownNames(id)
}

func (f *fileHost) SettingCalled(id string) string {
	if f.plugin {
		return id
	}
	return ownNames(id)[0]
}

// UseFile takes the path of env-file. It is not told in any fault, since a
// secret may have been given in its place.
func (f *fileHost) UseFile(path string) error {
	setting := ownNames("env-file")[0]
	if f.plugin {
		setting = "env-file, under settings,"
	}
	switch {
	case path == "":
		return fault.New(fault.EnvFileMissing, "env-file is not set, and on "+f.name+" a step can't mask what it would print",
			"set "+setting+" to a path that later steps share, such as "+f.example,
			"in each step that needs the results, first run: . "+f.example)
	case f.isShown(path):
		return fault.New(fault.EnvFile, "env-file names a file whose content "+f.name+" shows or keeps in the clear",
			"set "+setting+" to another path, such as "+f.example)
	}
	if f.refuse != nil {
		if err := f.refuse(f.world, path); err != nil {
			return err
		}
	}
	f.path = path
	return nil
}

func (f *fileHost) isShown(path string) bool {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return true
	}
	under := func(folder string) bool { return strings.HasPrefix(filepath.ToSlash(absolute), folder) }
	return slices.ContainsFunc(f.shownUnder, under) ||
		slices.ContainsFunc(f.shown, func(name string) bool { return samePath(path, f.world.getenv(name)) })
}

// samePath reports whether two paths name one file, by their text or by the file
// that is there.
func samePath(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	a, errA = filepath.Abs(a)
	b, errB = filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

// HandOver appends every variable to env-file, or leaves it as it was.
func (f *fileHost) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	values := withoutPipelinesOwn(f.world, results.Variables)
	if len(values) == 0 {
		return nil
	}
	text := exports(values)
	if f.format != nil {
		var err error
		if text, err = f.format(f.world, f.path, values); err != nil {
			return err
		}
	}
	return appendAll(ctx, []addition{{label: "env-file", path: f.path, text: text, private: true}})
}
