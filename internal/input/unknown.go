package input

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Misspelt warns of variables that are named like a setting of this host, but
// for a slip: their values are not used, and nothing else would say so. Only
// the names of the environment are looked at.
func (s Source) Misspelt(table []contract.Setting, environment []string) []fault.Remark {
	var known []string
	for _, setting := range table {
		known = append(known, setting.ID)
	}
	prefix := strings.TrimSuffix(s.Names("x")[0], "X") // of this host's family of names
	var remarks []fault.Remark
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		rest, found := strings.CutPrefix(name, prefix)
		if !found {
			continue
		}
		id := idOf(rest)
		if _, found := contract.Find(table, id); found {
			continue
		}
		if near := fault.Nearest(id, known); near != "" {
			remarks = append(remarks, fault.Warn(fault.New(fault.SettingUnknown,
				name+" is set, and there is no setting of that name", "did you mean "+near+"?")))
		}
	}
	return remarks
}

// idOf is the id of a setting, of its name as a variable's or a tag's.
func idOf(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}
