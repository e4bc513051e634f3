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

// envFile writes results to a file that the user names (env-file). The host's streams,
// variables and reports are shown or kept in the clear: no step can mask anything while
// it runs, since the host only masks secrets that were declared beforehand. So nothing
// but remarks, which contain no secret, is shown.
type envFile struct {
	basic
	example string   // a path that env-file could have
	ifUnset []string // further hints if it isn't set

	// The host shows or keeps the content of certain files: those that publicFiles
	// (names of variables) name, and those below publicFolders.
	publicFiles   []string
	publicFolders []string

	// refuse returns any other reason against a path; nil: there is none.
	refuse func(w World, path string) error
	// format writes the values for the file's reader; nil: a shell sources them.
	format func(w World, path string, values []secret.Value) (string, error)

	path string
}

func (f envFile) start(b basic) Protocol {
	f.basic = b
	return &f
}

// Prepare checks and keeps the path of env-file. No fault quotes it, since it may be a
// secret in the wrong place.
func (f *envFile) Prepare(path string, _ bool) error {
	setting := f.host.Settings.Called("env-file") + f.host.Settings.Place
	switch {
	case path == "":
		return fault.New(fault.EnvFileMissing, "env-file isn't set: on "+f.host.Name+" nothing can be masked, so the results must go to a file",
			"set "+setting+" to a path that later steps share, such as "+f.example,
			"in each step that needs the results, first run: . "+f.example).Hint(f.ifUnset...)
	case f.isPublic(path):
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

func (f *envFile) isPublic(path string) bool {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return true
	}
	under := func(folder string) bool { return strings.HasPrefix(filepath.ToSlash(absolute), folder) }
	return slices.ContainsFunc(f.publicFolders, under) ||
		slices.ContainsFunc(f.publicFiles, func(name string) bool { return samePath(path, f.world.getenv(name)) })
}

// samePath reports whether two paths name the same file, existing or not.
func samePath(a, b string) bool {
	if b == "" {
		return false
	}
	infoA, _ := os.Stat(a)
	infoB, _ := os.Stat(b)
	if os.SameFile(infoA, infoB) { // never, if one of them doesn't exist
		return true
	}
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

// HandOver appends all variables to env-file, or restores it.
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
