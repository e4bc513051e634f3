package gitconfig

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// InParameters moves the entries among variables to GIT_CONFIG_PARAMETERS, after those
// that it already contains. It is for hosts that don't pass on empty variables: git
// needs an entry's value even if it is empty. Other variables stay as they are.
//
// The format is that in which git hands the settings of `git -c` to its child
// processes, 'key'='value' since git 2.31 (its config.c, git_config_push_parameter).
func InParameters(lookup func(string) (string, bool), variables []secret.Value) []secret.Value {
	parameters, _ := lookup(parametersVariable)
	var rest []secret.Value
	hasEntries, hasSecret := false, false
	for _, v := range variables {
		text := v.Text.Reveal()
		switch {
		case strings.HasPrefix(v.Name, keyPrefix):
			parameters = strings.TrimLeft(parameters+" "+quoted(text), " ")
			hasEntries = true
		case strings.HasPrefix(v.Name, valuePrefix):
			parameters += "=" + quoted(text)
			hasSecret = hasSecret || v.Secret
		case v.Name != countVariable:
			rest = append(rest, v)
		}
	}
	if !hasEntries {
		return rest
	}
	return append(rest, secret.Value{Name: parametersVariable, Text: secret.New(parameters), Secret: hasSecret})
}

// quoted returns text in quotes that git removes (its quote.c, sq_dequote_step).
func quoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
