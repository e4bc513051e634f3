package input

import (
	"reflect"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Misspelt warns of variables that are named like a setting of this host, but
// for a slip: their values are not used, and nothing else would say so. Only
// the names of the environment are looked at.
func (s Source) Misspelt(environment []string) []fault.Remark {
	known := ids()
	prefix := strings.TrimSuffix(s.Names("x")[0], "X") // of this host's family of names
	var remarks []fault.Remark
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		rest, found := strings.CutPrefix(name, prefix)
		if !found {
			continue
		}
		id := idOf(rest)
		if slices.Contains(known, id) {
			continue
		}
		if near := fault.Nearest(id, known); near != "" {
			remarks = append(remarks, fault.Warn(fault.New(fault.SettingUnknown,
				name+" is set, and there is no setting of that name", "did you mean "+near+"?")))
		}
	}
	return remarks
}

// ids are the settings' ids: those of Given, and host, which is read before.
func ids() []string {
	all := []string{"host"}
	for field := range reflect.TypeFor[Given]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		all = append(all, idOf(name))
	}
	return all
}

// idOf is the id of a setting, of its name as a variable's or a tag's.
func idOf(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}
