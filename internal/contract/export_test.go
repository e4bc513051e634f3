package contract

import "strings"

// OtherNames returns the names that other actions use, by the settings that they mean.
func OtherNames() map[string][]string {
	all := map[string][]string{}
	for _, other := range otherNames {
		all[other.id] = strings.Fields(other.names)
	}
	return all
}
