package input

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// CheckDropped refuses to run without the inputs that have a hyphen in their names,
// if a shell has dropped these variables, as dash does: without dry-run, a mirror
// would push. A runner sets every input that an action declares, if only to an
// empty value; a step that uses the image directly (docker://) has just those that
// it sets, so that lacking some of them proves nothing.
func (s Source) CheckDropped() error {
	if !s.InputsOnly {
		return nil
	}
	for _, setting := range s.Settings {
		if setting.NotInput {
			continue
		}
		if hyphen := strings.Contains(setting.ID, "-"); s.isPresent(setting.ID) == hyphen {
			return nil
		}
	}
	return fault.New(fault.InputsDropped, "a shell between the runner and this program dropped the inputs with a hyphen in their names",
		"if docker on the runner's PATH is a script for /bin/sh, write it for bash, which keeps such names",
		"in any other script between them, do the same, or start it without a shell")
}

// isPresent reports whether a setting has a variable, whatever its value.
func (s Source) isPresent(id string) bool {
	for _, name := range s.Names(id) {
		if _, present := s.Lookup(name); present {
			return true
		}
	}
	return false
}
