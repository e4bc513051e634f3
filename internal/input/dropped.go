package input

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// CheckDropped returns a fault if a shell has dropped the inputs with a hyphen in their
// names, as dash does: without dry-run, for instance, a mirror would push. A runner sets
// every input that an action declares, if only to an empty value, so all inputs without
// a hyphen must be there and none with one. A step that uses the image directly
// (docker://) has only the inputs that it sets.
func (s *Source) CheckDropped() error {
	if !s.Host.Settings.InputsOnly {
		return nil
	}
	for _, setting := range s.Settings {
		if setting.NotInput {
			continue
		}
		_, present := s.Lookup(s.Host.Settings.Names(setting.ID)[0])
		if present == strings.Contains(setting.ID, "-") {
			return nil
		}
	}
	return fault.New(fault.InputsDropped, "a shell between the runner and this program dropped the inputs with a hyphen in their names",
		"if docker on the runner's PATH is a script for /bin/sh, write it for bash, which keeps such names",
		"in any other script between them, do the same, or start it without a shell")
}
