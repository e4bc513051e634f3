package action

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/avo"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// made is what a run has made of its settings.
type made struct {
	settings   input.Settings
	credential credential.Credential
	target     target
	checked    checked
	avo        *avo.Connection // nil where it isn't asked for
	git        []secret.Value
}

// results is what a run hands over. The outputs are those of action.yml; what
// is empty is left out, and reads as empty.
func (m made) results(h host.Host) host.Results {
	cred, t, prefix := m.credential, m.target, m.settings.EnvPrefix
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
		host.Public("verified", m.checked.verified),
		host.Public("scopes", strings.Join(m.checked.scopes, " ")),
		host.Public("token-expires-at", timestamp(m.checked.expiresAt)),
		host.Secret("avo-assure", m.avoJSON()),
		host.Public("available", "true"),
	)
	var variables []host.Value
	switch {
	case m.settings.ExportEnv && h.HasOutputs():
		variables = named(prefix, outputs, exported)
	case m.settings.ExportEnv:
		variables = named(prefix, outputs, nil)
	}
	// Git's entries come last, and whole: an empty value of theirs means
	// something, and the count ends them.
	return host.Results{Outputs: outputs, Variables: append(variables, m.git...)}
}

// avoJSON is Avo Assure's form, with the token as used; empty where it isn't
// asked for.
func (m made) avoJSON() secret.String {
	if m.avo == nil {
		return secret.String{}
	}
	connection := *m.avo
	connection.AccessToken = m.credential.Token
	return connection.JSON()
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
	return prefix + "_" + strings.ToUpper(secret.Underscored(output))
}

// timestamp is a time in RFC 3339, or empty for none.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
