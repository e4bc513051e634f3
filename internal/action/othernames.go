package action

import (
	"maps"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// reportUnknown reports the variables of this host's family that no setting is read
// from.
func (r *run) reportUnknown(source *input.Source) error {
	unknown, err := source.Unknown(r.world.Environ)
	r.note(unknown.Remarks...)
	r.otherNames = unknown.OtherNames
	return err
}

// missingSetting is the setting that is missing, by the code of the fault. A run can need
// any of them.
var missingSetting = map[fault.Code]string{
	fault.TokenMissing:      "token",
	fault.IdentityMissing:   "identity",
	fault.KindUndecided:     "identity",
	fault.RepositoryMissing: "repository",
	fault.SourceMissing:     "source",
}

// explainMissing returns the fault to end a run with. If a setting is missing, and its
// value has another action's name, that is the fault about the name.
func (r *run) explainMissing(f *fault.Fault) *fault.Fault {
	if f.Code == fault.TokenMissing {
		return r.explainMissingToken(f)
	}
	for _, name := range r.otherNames {
		if name.Given && name.Setting == missingSetting[f.Code] {
			r.forget(name)
			return name.Fault
		}
	}
	return f
}

// explainMissingToken is [run.explainMissing] for the token. If other settings that a run
// can need have other actions' names too, it returns the fault about the token, with all
// renames as its first hint.
func (r *run) explainMissingToken(f *fault.Fault) *fault.Fault {
	required := slices.Collect(maps.Values(missingSetting))
	var renames []string
	token, others := (*fault.Fault)(nil), false
	for _, name := range r.otherNames {
		if !slices.Contains(required, name.Setting) {
			continue
		}
		r.forget(name)
		renames = append(renames, name.Rename)
		switch {
		case name.Setting != "token":
			others = true
		case name.Given:
			token = name.Fault
		}
	}
	switch {
	case len(renames) == 0:
		return f
	case token != nil && !others:
		return token
	}
	slices.Sort(renames) // the environment has no order
	first := "rename " + strings.Join(renames, ", and ")
	return fault.New(f.Code, f.What, append([]string{first}, f.Hints...)...)
}

// forget drops the warning about a name, since the run's fault is about it.
func (r *run) forget(name input.OtherName) {
	r.remarks = slices.DeleteFunc(r.remarks, func(remark fault.Remark) bool { return remark.Fault == name.Fault })
}

// hasTokenByOtherName reports whether there is a token under another action's name.
func (r *run) hasTokenByOtherName() bool {
	return slices.ContainsFunc(r.otherNames, func(name input.OtherName) bool { return name.Setting == "token" && name.Given })
}
