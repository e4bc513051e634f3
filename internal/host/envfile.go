package host

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// envFile hands results to a file that the user names (env-file), and to no
// stream, variable or report of the host's, all of which are shown or kept in the
// clear: no step can mask anything while it runs, and the host masks only what is
// declared as a secret beforehand. Only remarks, which hold no secret, are shown.
type envFile struct {
	basic
	example string   // a path that env-file could have
	ifUnset []string // further hints if it isn't set

	// shown are variables that name files, and shownUnder folders, whose content
	// the host shows or keeps.
	shown      []string
	shownUnder []string

	// refuse returns any other reason why the host can't use a path.
	refuse func(w World, path string) error
	// format writes the values for the file's reader; nil for a shell to source.
	format func(w World, path string, values []secret.Value) (string, error)

	path string
}

func (f envFile) start(b basic) Protocol {
	f.basic = b
	return &f
}

// Prepare keeps the path of env-file, which is in no fault, since it may be a
// secret in the wrong place.
func (f *envFile) Prepare(path string, _ bool) error {
	setting := f.host.Settings.Called("env-file") + f.host.Settings.Place
	switch {
	case path == "":
		return fault.New(fault.EnvFileMissing, "env-file isn't set: on "+f.host.Name+" nothing can be masked, so the results must go to a file",
			"set "+setting+" to a path that later steps share, such as "+f.example,
			"in each step that needs the results, first run: . "+f.example).Hint(f.ifUnset...)
	case f.isShown(path):
		return fault.New(fault.EnvFile, "env-file names a file whose content "+f.host.Name+" shows or keeps in the clear",
			"set "+setting+" to another path, such as "+f.example)
	}
	if f.refuse != nil {
		if err := f.refuse(f.world, path); err != nil {
			return err
		}
	}
	f.path = path
	return f.file().check()
}

func (f *envFile) file() resultFile {
	return resultFile{
		label: "env-file", path: f.path, create: true, private: true,
		unusable: fault.EnvFile, unwritable: fault.EnvFileWrite,
		hints: []string{"name a regular file that belongs to the user who runs this step, or one that doesn't exist yet in a folder that does"},
	}
}

func (f *envFile) isShown(path string) bool {
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
func (f *envFile) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	text := exports(f.world, results.Variables)
	if f.format != nil {
		var err error
		if text, err = f.format(f.world, f.path, results.Variables); err != nil {
			return err
		}
	}
	if text == "" {
		return nil
	}
	return appendAll(ctx, f.world, addition{f.file(), text})
}
