package input

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// checkPath rejects a token that is the path of a file, which probably contains the
// token. The fault doesn't quote the path, since it may be a token after all.
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

// isPath reports whether a text is an absolute path, or begins like a relative one in a
// shell. A slash isn't enough: tokens may contain slashes.
func isPath(text string) bool {
	for _, start := range []string{"/", "./", "../", `.\`, `..\`, `\\`} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return filepath.IsAbs(text) || filepath.VolumeName(text) != ""
}

// called returns a setting's name as people write it on this host.
func (s Source) called(id string) string {
	if s.Called == nil {
		return id
	}
	return s.Called(id)
}
