package input

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// checkPath rejects a token that is the path of a file, in which the token may be.
// The path isn't shown, since it may be a token after all.
func (s Source) checkPath(f tokenFile) error {
	path := f.token.Reveal()
	if rest, inHome := strings.CutPrefix(path, "~/"); inHome {
		home, _ := s.Lookup("HOME")
		path = filepath.Join(home, rest)
	}
	if !isPath(path) {
		return nil
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return nil
	}
	found := fault.New(fault.TokenIsPath, inSentence(f.setting)+" is the path of a file, not a token")
	if s.InputsOnly {
		return found.Hint("store the content of the file in the secret, not its path")
	}
	found = found.Hint("set " + s.called(f.file) + " to the path instead, and leave out " + s.called(f.setting))
	if s.FileVariableHint != "" {
		found = found.Hint(s.FileVariableHint)
	}
	return found
}

// isPath reports whether a text is absolute, or names a file relative to a folder
// in the way of a shell. Tokens may contain slashes, too.
func isPath(text string) bool {
	for _, start := range []string{"/", "./", "../", `.\`, `..\`, `\\`} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return filepath.IsAbs(text) || filepath.VolumeName(text) != ""
}

// called is how people write a setting on this host.
func (s Source) called(id string) string {
	if s.Called == nil {
		return id
	}
	return s.Called(id)
}
