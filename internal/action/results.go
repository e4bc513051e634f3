package action

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/avo"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
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

// results is what a run hands over: the outputs of the contract, without those
// that are empty, and the variables.
func (m made) results(h host.Host) host.Results {
	texts := m.outputs()
	var outputs []host.Value
	for _, output := range contract.CredentialOutputs {
		if text := texts[output.ID]; !text.IsEmpty() {
			outputs = append(outputs, host.Value{Name: output.ID, Text: text, Secret: output.Secret})
		}
	}
	prefix := m.settings.EnvPrefix
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

// outputs are the texts of the outputs, by their IDs.
func (m made) outputs() map[string]secret.String {
	cred, t := m.credential, m.target
	return map[string]secret.String{
		"credential":        cred.Basic(),
		"authorization":     cred.Authorization(),
		"token":             cred.Token,
		"git-authorization": cred.GitAuthorization(),
		"kind":              secret.New(string(cred.Kind)),
		"identity":          secret.New(cred.Identity),
		"git-username":      secret.New(cred.GitUsername),
		"repository-url":    secret.New(t.repository.URL),
		"repository":        secret.New(t.repositoryName()),
		"workspace":         secret.New(t.workspace),
		"repo-slug":         secret.New(t.repository.Slug),
		"verified":          secret.New(m.checked.verified),
		"scopes":            secret.New(strings.Join(m.checked.scopes, " ")),
		"token-expires-at":  secret.New(timestamp(m.checked.expiresAt)),
		"avo-assure":        m.avoJSON(),
		"available":         secret.New("true"),
	}
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
