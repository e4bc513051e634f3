package action

import (
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// credentialSuffix ends the name of the variable that holds the credential.
const credentialSuffix = "_CREDENTIAL"

// results is what a run hands over. The outputs are those of action.yml; what
// is empty is left out, and reads as empty.
func results(settings input.Settings, cred credential.Credential, t target, git []gitconfig.Variable) host.Results {
	var r host.Results
	add := func(values *[]host.Value, v host.Value) {
		if !v.Text.IsEmpty() {
			*values = append(*values, v)
		}
	}
	add(&r.Outputs, host.Secret("credential", cred.Basic()))
	add(&r.Outputs, host.Secret("authorization", cred.Authorization()))
	add(&r.Outputs, host.Secret("token", cred.Token))
	add(&r.Outputs, host.Public("kind", string(cred.Kind)))
	add(&r.Outputs, host.Public("identity", cred.Identity))
	add(&r.Outputs, host.Public("git-username", cred.GitUsername))
	if t.hasRepository() {
		add(&r.Outputs, host.Public("repository-url", t.repository.URL))
		add(&r.Outputs, host.Public("repository", t.repository.Name()))
		add(&r.Outputs, host.Public("repo-slug", t.repository.Slug))
	}
	add(&r.Outputs, host.Public("workspace", t.workspace))
	add(&r.Outputs, host.Public("available", "true"))

	if settings.ExportEnv {
		prefix := settings.EnvPrefix
		add(&r.Variables, host.Secret(prefix+credentialSuffix, cred.Basic()))
		add(&r.Variables, host.Secret(prefix+"_AUTHORIZATION", cred.Authorization()))
		add(&r.Variables, host.Public(prefix+"_REPOSITORY_URL", t.repository.URL))
		add(&r.Variables, host.Public(prefix+"_WORKSPACE", t.workspace))
		add(&r.Variables, host.Public(prefix+"_REPO_SLUG", t.repository.Slug))
	}
	// Git's entries come last, and whole: an empty value of theirs means
	// something, and the count ends them.
	for _, v := range git {
		r.Variables = append(r.Variables, host.Value{Name: v.Name, Text: v.Text, Secret: v.Secret})
	}
	return r
}
