package action

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// results is what a run hands over. The outputs are those of action.yml; what
// is empty is left out, and reads as empty.
func results(settings input.Settings, cred credential.Credential, t target, c checked, git []gitconfig.Variable, h host.Host) host.Results {
	outputs := given(
		host.Secret("credential", cred.Basic()),
		host.Secret("authorization", cred.Authorization()),
		host.Secret("token", cred.Token),
		host.Public("kind", string(cred.Kind)),
		host.Public("identity", cred.Identity),
		host.Public("git-username", cred.GitUsername),
		host.Public("repository-url", t.repository.URL),
		host.Public("repository", t.repositoryName()),
		host.Public("workspace", t.workspace),
		host.Public("repo-slug", t.repository.Slug),
		host.Public("verified", c.verified),
		host.Public("scopes", strings.Join(c.scopes, " ")),
		host.Public("token-expires-at", timestamp(c.expiresAt)),
		host.Public("available", "true"),
	)
	var variables []host.Value
	switch {
	case settings.ExportEnv && h.HasOutputs():
		variables = named(settings.EnvPrefix, outputs, exported)
	case settings.ExportEnv:
		variables = named(settings.EnvPrefix, outputs, nil)
	}
	// Git's entries come last, and whole: an empty value of theirs means
	// something, and the count ends them.
	for _, v := range git {
		variables = append(variables, host.Value{Name: v.Name, Text: v.Text, Secret: v.Secret})
	}
	return host.Results{Outputs: outputs, Variables: variables}
}

// exported are the outputs that are variables too. On a host without outputs
// all are.
var exported = []string{"credential", "authorization", "repository-url", "workspace", "repo-slug"}

// given is the values that aren't empty.
func given(values ...host.Value) []host.Value {
	return slices.DeleteFunc(values, func(v host.Value) bool { return v.Text.IsEmpty() })
}

// named is outputs as variables: those listed, or all of them for a nil list.
func named(prefix string, outputs []host.Value, list []string) []host.Value {
	var variables []host.Value
	for _, v := range outputs {
		if list == nil || slices.Contains(list, v.Name) {
			v.Name = variableName(prefix, v.Name)
			variables = append(variables, v)
		}
	}
	return variables
}

// variableName is how an output is called as a variable.
func variableName(prefix, output string) string {
	return prefix + "_" + strings.ToUpper(strings.ReplaceAll(output, "-", "_"))
}

// timestamp is a time in RFC 3339, or empty for none.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
