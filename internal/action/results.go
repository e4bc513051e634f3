package action

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/avo"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// outcome contains everything that a run has found out.
type outcome struct {
	settings     *input.Settings
	credential   credential.Credential
	repository   repository.Repository // without a slug if only workspace is set, zero if neither is
	verification verification
	avo          *avo.Connection // nil if it isn't asked for
	git          []secret.Value
}

// results returns the outputs that aren't empty, and the variables. On a host without
// outputs, each of them is a variable.
func (o *outcome) results(h *host.Host) (host.Results, error) {
	outputs, err := inContract(contract.CredentialOutputs, o.outputs())
	if err != nil {
		return host.Results{}, err
	}
	outputs = slices.DeleteFunc(outputs, func(v secret.Value) bool { return v.Text.IsEmpty() })
	results := host.Results{Outputs: outputs}
	for _, value := range outputs {
		output, _ := contract.FindOutput(contract.CredentialOutputs, value.Name)
		if o.settings.ExportEnv && (output.Variable || !h.HasOutputs) {
			value.Name = variableName(o.settings.EnvPrefix, output.ID)
			results.Variables = append(results.Variables, value)
		}
	}
	// Git's variables come last, with their count at the very end. Some of them are
	// empty on purpose: git distinguishes an empty value from none.
	results.Variables = append(results.Variables, o.git...)
	return results, nil
}

// inContract returns the outputs of a run that succeeded, in the order of the
// contract. If one is missing, or isn't in the contract, that is a bug: without this
// check, a later step would get an empty output.
func inContract(outputs []contract.Output, texts map[string]secret.String) ([]secret.Value, error) {
	var values []secret.Value
	for _, output := range outputs {
		if output.ID == contract.ErrorCode.ID {
			continue // the output of a run that failed
		}
		text, ok := texts[output.ID]
		if !ok {
			return nil, fault.Internal()
		}
		values = append(values, secret.Value{Name: output.ID, Text: text, Secret: output.Secret})
	}
	if len(values) != len(texts) {
		return nil, fault.Internal()
	}
	return values, nil
}

func (o *outcome) outputs() map[string]secret.String {
	cred, repo := o.credential, o.repository
	return map[string]secret.String{
		"credential":        cred.Basic(),
		"authorization":     cred.Authorization(),
		"token":             cred.Token,
		"git-authorization": cred.GitAuthorization(),
		"kind":              secret.New(string(cred.Kind)),
		"identity":          secret.New(cred.Identity),
		"git-username":      secret.New(cred.GitUsername),
		"repository-url":    secret.New(repo.URL),
		"repository":        secret.New(nameOf(repo)),
		"workspace":         secret.New(repo.Workspace),
		"repo-slug":         secret.New(repo.Slug),
		"verified":          secret.New(o.verification.verified),
		"scopes":            secret.New(strings.Join(o.verification.scopes, " ")),
		"token-expires-at":  secret.New(timestamp(o.verification.expiresAt)),
		"avo-assure":        o.avoJSON(),
		"available":         secret.New("true"),
	}
}

// avoJSON returns Avo Assure's form with the token; empty if it isn't asked for.
func (o *outcome) avoJSON() secret.String {
	if o.avo == nil {
		return secret.String{}
	}
	connection := *o.avo
	connection.AccessToken = o.credential.Token
	return connection.JSON()
}

func asVariables(prefix string, outputs []secret.Value) []secret.Value {
	var variables []secret.Value
	for _, v := range outputs {
		v.Name = variableName(prefix, v.Name)
		variables = append(variables, v)
	}
	return variables
}

func variableName(prefix, output string) string {
	return prefix + "_" + strings.ToUpper(secret.Underscored(output))
}

// timestamp returns a time in RFC 3339, or "" for the zero time.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
