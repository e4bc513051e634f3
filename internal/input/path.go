package input

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// checkPath rejects a token that is the path of a file, which probably contains the
// token, or the path of one that doesn't exist here. The fault doesn't quote the path,
// since it may be a token after all.
func (s *Source) checkPath(f tokenFile) error {
	path := f.token.Reveal()
	if rest, inHome := strings.CutPrefix(path, "~/"); inHome {
		home, _ := s.Lookup("HOME")
		path = filepath.Join(home, rest)
	}
	info, err := os.Stat(path)
	if !isPath(path) || err != nil && !isOfFile(f.token.Reveal()) || err == nil && info.IsDir() {
		return nil
	}
	what := " is the path of a file, not a token"
	hint := "set " + s.called(f.file) + " to the path instead, and leave out " + s.called(f.setting)
	if err != nil {
		what += "; the file doesn't exist here"
	}
	if err != nil || s.Host.Settings.InputsOnly {
		hint = "store the content of the file in the secret, not its path"
	}
	found := fault.New(fault.TokenIsPath, inSentence(f.setting)+what, hint)
	if s.Host.FileVariableHint != "" {
		found = found.Hint(s.Host.FileVariableHint)
	}
	return found
}

// isOfFile reports whether a path that leads nowhere can't be a token that happens to begin
// like one: by the folder at its beginning, or by the one next to the project's in which
// GitLab's runner keeps variables of type File (docs.gitlab.com, "Use file type CI/CD
// variables").
func isOfFile(path string) bool {
	return strings.Contains(path, ".tmp/") || strings.Contains(path, `.tmp\`) ||
		slices.ContainsFunc(strings.Fields(folders), func(folder string) bool { return strings.HasPrefix(path, "/"+folder+"/") })
}

// folders are those at the root of systems and containers.
const folders = "builds drone etc github harness home mnt opt private root run secrets srv tmp Users usr var workspace"

// isPath reports whether a text is an absolute path, or begins like a relative one in a
// shell. A slash isn't enough: tokens may contain slashes.
func isPath(text string) bool {
	starts := []string{"/", "./", "../", `.\`, `..\`, `\\`}
	return filepath.IsAbs(text) || filepath.VolumeName(text) != "" ||
		slices.ContainsFunc(starts, func(start string) bool { return strings.HasPrefix(text, start) })
}
