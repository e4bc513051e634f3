package contract

// Output describes an output.
type Output struct {
	ID          string
	Secret      bool
	Variable    bool // also set as an environment variable for later steps
	Description string
}

// Outputs that both commands have.
var (
	repositoryURL = Output{ID: "repository-url", Variable: true, Description: "HTTPS clone URL of the Bitbucket repository, without a user name."}
	Available     = Output{ID: "available", Description: "true, or false if the token is empty and on-missing-token is skip."}
	ErrorCode     = Output{ID: "error-code", Description: "Code of the fault that failed the step, such as BBA101."}
)

// CredentialOutputs lists the outputs of the credential command.
var CredentialOutputs = []Output{
	{ID: "credential", Secret: true, Variable: true, Description: "identity:token, encoded as base64."},
	{ID: "authorization", Secret: true, Variable: true, Description: "Complete value of the Authorization header for the REST API."},
	{ID: "token", Secret: true, Description: "The token as used: trimmed, or the access token that the OAuth client received."},
	{ID: "git-authorization", Secret: true, Description: "Complete value of an Authorization header for git over HTTPS, for tools that accept a header instead of git's configuration."},
	{ID: "kind", Description: "The recognised kind of token."},
	{ID: "identity", Description: "The identity in credential."},
	{ID: "git-username", Description: "User name that goes with the token in git."},
	repositoryURL,
	{ID: "repository", Description: "The repository as workspace/slug."},
	{ID: "workspace", Variable: true, Description: "Workspace ID or Data Center project key."},
	{ID: "repo-slug", Variable: true, Description: "Slug of the repository."},
	{ID: "verified", Description: "true or false if the credential was checked, otherwise empty."},
	{ID: "scopes", Description: "Scopes that Bitbucket reports, separated by spaces."},
	{ID: "token-expires-at", Description: "Time at which the OAuth access token expires (RFC 3339)."},
	{ID: "avo-assure", Secret: true, Description: "Fields of the Avo Assure connection form, as JSON."},
	Available,
	ErrorCode,
}

// MirrorOutputs lists the outputs of the mirror command.
var MirrorOutputs = []Output{
	{ID: "changed", Description: "true if Bitbucket was changed, or would have been without dry-run; otherwise false."},
	{ID: "created", Description: "Number of branches and tags that were created."},
	{ID: "updated", Description: "Number of branches that were updated."},
	{ID: "overwritten", Description: "Number of diverged branches and moved tags that were overwritten."},
	{ID: "deleted", Description: "Number of branches and tags that were deleted."},
	{ID: "refused", Description: "Number of branches and tags that were left alone, although they differ."},
	{ID: "kept", Description: "Number of branches and tags, within branches and tags, that Bitbucket has and keeps, although the source doesn't have them."},
	{ID: "refs", Description: "JSON list of the branches and tags that differ: ref, action (created, updated, overwritten, deleted, or refused), old, new, and reason."},
	repositoryURL,
	Available,
	ErrorCode,
}

// FindOutput returns the output with this ID.
func FindOutput(outputs []Output, id string) (Output, bool) {
	for _, output := range outputs {
		if output.ID == id {
			return output, true
		}
	}
	return Output{}, false
}
