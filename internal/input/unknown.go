package input

import (
	"runtime"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Unknown finds variables of this host's family that no setting is read from,
// and whose values would be ignored in silence. A name that differs from a
// setting's only in hyphens and underscores is an error, a [*fault.Fault]: the
// step would do something else than its author wrote. Any other name that is
// close to a setting's is a warning. Only the names in the environment are
// looked at.
func (s Source) Unknown(environment []string) (remarks []fault.Remark, err error) {
	family := strings.TrimSuffix(s.Names("x")[0], "X")
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		rest, found := strings.CutPrefix(name, family)
		if !found {
			continue
		}
		id := idOf(rest)
		setting, known := contract.Find(s.Settings, id)
		switch {
		case known && slices.ContainsFunc(s.variables(setting), func(v string) bool { return sameVariable(v, name) }):
			// This is where the setting is read from.
		case known && !s.inFamily(setting):
			remarks = append(remarks, fault.Warn(fault.New(fault.SettingRefused, name+" has no effect on this host", s.instead(setting))))
		case !known && contract.IsSetting(id):
			// The other command's, which may run in the same job.
		default:
			near, same := s.nearest(id)
			if near == "" {
				continue
			}
			f := fault.New(fault.SettingUnknown, name+" is set, but there is no such setting", "did you mean "+s.Called(near)+"?")
			if !same {
				remarks = append(remarks, fault.Warn(f))
			} else if err == nil {
				err = f
			}
		}
	}
	return remarks, err
}

// inFamily reports whether a setting is read from this host's family of names.
func (s Source) inFamily(setting contract.Setting) bool {
	return slices.Equal(s.variables(setting), s.Names(setting.ID))
}

// instead is what to do about a setting that isn't read from this host's family.
func (s Source) instead(setting contract.Setting) string {
	if setting.Variable != "" && !s.InputsOnly {
		return "set " + setting.Variable + " instead"
	}
	return "remove it: action.yml has no input " + setting.ID
}

// nearest returns the ID of the setting that an unknown name most likely means,
// or "" if none is close, and whether only hyphens and underscores differ.
func (s Source) nearest(id string) (near string, same bool) {
	var candidates []string
	for _, setting := range s.Settings {
		if !s.inFamily(setting) {
			continue
		}
		if strings.ReplaceAll(setting.ID, "-", "") == strings.ReplaceAll(id, "-", "") {
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

// idOf is the ID of a setting, made of its name as a variable's or a tag's.
func idOf(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}
