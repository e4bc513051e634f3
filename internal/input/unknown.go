package input

import (
	"cmp"
	"runtime"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Unknown lists variables that no setting is read from.
type Unknown struct {
	Remarks []fault.Remark
	// OtherNames are settings without a value of which another action's name is
	// in the environment. Each of them is also a remark.
	OtherNames []OtherName
}

// OtherName is one of our settings under another action's name.
type OtherName struct {
	Setting string // the ID of ours
	Rename  string // "username to identity", as both are written on this host
	Given   bool   // its value isn't empty
	Fault   *fault.Fault
}

// Unknown finds variables of this host's family that no setting is read from, so that
// their values would be ignored. A name that differs from a setting's only in hyphens
// and underscores is an error, a [*fault.Fault]: the step would do something else than
// its author wrote. Any other name is a warning, except for settings of the other
// command, which may run in the same job.
func (s *Source) Unknown(environment []string) (found Unknown, err error) {
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		rest, ours := strings.CutPrefix(name, s.Host.Settings.Prefix)
		if !ours || rest == "" || name == contract.DownloadURL || slices.Contains(s.Host.HostVariables, name) {
			continue
		}
		id := idOf(rest)
		setting, known := contract.Find(s.Settings, id)
		switch {
		case known && slices.ContainsFunc(s.variables(setting), func(v string) bool { return sameVariable(v, name) }):
			// The setting is read from it.
		case known && !s.inFamily(setting):
			found.warn(s.withoutEffect(setting))
		case !known && contract.IsSetting(id):
			// The other command's.
		default:
			err = cmp.Or(err, s.explain(&found, name, strings.ToLower(rest)))
		}
	}
	return found, err
}

// explain adds a name that no setting has, and the setting that it most likely means.
// If only hyphens differ, it returns that as an error.
func (s *Source) explain(found *Unknown, variable, written string) error {
	id := idOf(written)
	f := s.notFound(written)
	near, same := s.nearest(id)
	if same {
		return f.Hint("did you mean " + s.called(near) + "?")
	}
	found.warn(f)
	other, elsewhere := contract.CalledElsewhere(s.Settings, id)
	switch {
	case elsewhere:
		f.What += "; it is called " + s.called(other.ID) + " here"
		if s.isSet(s.variables(other)...) {
			f.Hints = append(f.Hints, "remove "+s.called(written)+": "+s.called(other.ID)+" is set")
			return nil
		}
		rename := s.called(written) + " to " + s.called(other.ID)
		f.Hints = append(f.Hints, "rename "+rename)
		found.OtherNames = append(found.OtherNames, OtherName{other.ID, rename, s.isSet(variable), f})
	case contract.IsAboutCertificates(id):
		f.Hints = append(f.Hints, "remove it: certificates are always verified; for a CA that this machine doesn't know, set "+s.called("ca-certificate"))
	case near != "":
		f.Hints = append(f.Hints, "did you mean "+s.called(near)+"?")
	default:
		f.Hints = append(f.Hints, "remove it, or look for its name in the list of settings")
	}
	return nil
}

func (u *Unknown) warn(f *fault.Fault) { u.Remarks = append(u.Remarks, fault.Warn(f)) }

// called returns a setting's name as people write it on this host.
func (s *Source) called(id string) string { return s.Host.Settings.Called(id) }

// isSet reports whether one of these variables has a value.
func (s *Source) isSet(variables ...string) bool {
	return slices.ContainsFunc(variables, func(name string) bool {
		value, _ := s.Lookup(name)
		return strings.TrimSpace(value) != ""
	})
}

// notFound returns the fault for a setting that doesn't exist. It contains the name as
// the user wrote it, but in lower case.
func (s *Source) notFound(written string) *fault.Fault {
	noun := "setting"
	if s.Host.Settings.InputsOnly {
		noun = "input"
	}
	return fault.New(fault.SettingUnknown, "the "+noun+" "+s.called(written)+" doesn't exist")
}

// inFamily reports whether a setting is read from this host's family of names.
func (s *Source) inFamily(setting contract.Setting) bool {
	return slices.Equal(s.variables(setting), s.Host.Settings.Names(setting.ID))
}

// withoutEffect returns the fault for a setting that isn't read from this host's
// family.
func (s *Source) withoutEffect(setting contract.Setting) *fault.Fault {
	what := s.called(setting.ID) + " has no effect on this host"
	switch {
	case setting.WithoutMasks:
		return s.notFound(setting.ID).Hint("remove it: only hosts without masks at run time have the setting " + setting.ID)
	case !s.Host.Settings.InputsOnly: // has a variable of its own
		return fault.New(fault.SettingRefused, what, "set "+setting.Variable+" instead")
	}
	return fault.New(fault.SettingRefused, what, "remove it: action.yml has no input "+setting.ID)
}

// nearest returns the ID of the setting that an unknown name most likely means,
// or "" if none is close, and whether only hyphens and underscores differ.
func (s *Source) nearest(id string) (near string, same bool) {
	var candidates []string
	for _, setting := range s.Settings {
		if !s.inFamily(setting) {
			continue
		}
		if contract.SameWithoutHyphens(setting.ID, id) {
			return setting.ID, true
		}
		candidates = append(candidates, setting.ID)
	}
	return fault.Nearest(id, candidates), false
}

// sameVariable compares the names of two variables.
func sameVariable(a, b string) bool {
	if runtime.GOOS == "windows" { // where case doesn't count
		return strings.EqualFold(a, b)
	}
	return a == b
}

// idOf returns a setting's ID by its name in a variable or a tag.
func idOf(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}
