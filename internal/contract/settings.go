// Package contract lists what users can set and what they get: the settings and
// outputs of both commands. The action.yml files, the help, and the tables in the
// documents are written from it.
package contract

// Setting describes a setting.
type Setting struct {
	ID          string
	Default     string
	Description string

	// Expression is the default in action.yml where GitHub evaluates one.
	Expression string
	// Required is set if a run needs the setting.
	Required bool
	// NotInput is set if the setting isn't an input of the action: it serves
	// other hosts.
	NotInput bool
	// WithoutMasks is set if the setting only exists on hosts that can't mask
	// values at run time.
	WithoutMasks bool
	// List is set if the value is a list, separated by commas or newlines.
	List bool
	// Variable is the only variable that the setting is read from, on any host;
	// empty if it is read like the others.
	Variable string
}

// Settings that both commands have.
var (
	token    = Setting{ID: "token", Description: "The secret: an API token, access token, app password, Data Center HTTP access token, or the secret of an OAuth client."}
	identity = Setting{
		ID:          "identity",
		Description: "Who the token belongs to: the e-mail address of the Atlassian account (API token), the Bitbucket username (app password, or a personal token on Data Center), or the client ID (OAuth). Access tokens don't need one.",
	}
	kind           = Setting{ID: "kind", Default: "auto", Description: "Kind of token: auto, api-token, access-token, app-password, oauth-consumer, or http-access-token."}
	serverURL      = Setting{ID: "server-url", Default: "https://bitbucket.org", Description: "Base URL of Bitbucket, including the context path of a Data Center instance."}
	expiresOn      = Setting{ID: "expires-on", Description: "Expiry date of the token (YYYY-MM-DD), which no Bitbucket API reports. Warns from 14 days before that date."}
	onMissingToken = Setting{ID: "on-missing-token", Default: "fail", Description: "What to do if the token is empty: fail, or skip (succeed with available=false)."}
	summary        = Setting{ID: "summary", Default: "true", Description: "Write a job summary (true or false)."}
	caCertificate  = Setting{ID: "ca-certificate", Description: "Additional CA certificates: PEM text, or the path of a PEM file."}
	tokenFile      = Setting{ID: "token-file", NotInput: true, Description: "File to read the token from, or - for standard input."}
	envFile        = Setting{ID: "env-file", NotInput: true, Description: "File that receives the results on hosts that can't mask values at run time."}
	logLevel       = Setting{ID: "log", Default: "normal", NotInput: true, WithoutMasks: true, Description: "What to print: normal, or errors (nothing but warnings, errors, and what a mirror leaves alone, for cron jobs). Only on hosts that can't mask values at run time."}
	hostName       = Setting{
		ID: "host", NotInput: true, Variable: "BITBUCKET_AUTH_HOST",
		Description: "Name of the CI host (gitlab, circleci, jenkins, ...) if it can't be detected. Read from BITBUCKET_AUTH_HOST only.",
	}
)

// DownloadURL is a variable in the family of our settings that isn't one: binary/get
// reads where to download the program from.
const DownloadURL = "BITBUCKET_AUTH_DOWNLOAD_URL"

// CredentialSettings lists the settings of the credential command.
var CredentialSettings = []Setting{
	token,
	identity,
	kind,
	{ID: "repository", Description: "The repository that later steps use: what the Clone button copies, its web or SSH address, or workspace/repo."},
	{ID: "workspace", Description: "Workspace ID or Data Center project key, for steps that don't use a single repository. Defaults to the repository's."},
	serverURL,
	{ID: "verify", Default: "none", Description: "Check the credential with Bitbucket: none, warn, or strict (fail if it is refused)."},
	{
		ID: "required-scopes", List: true,
		Description: "Scopes that later steps need, by their names or in the words of Bitbucket's page (Repositories: Write), separated by commas or newlines. Implies verify: strict unless verify is warn.",
	},
	expiresOn,
	{ID: "git", Default: "none", Description: "Make git log in to Bitbucket in later steps, for the repository, its workspace, or the whole host: none, repository, workspace, or host."},
	{ID: "rewrite-ssh", Default: "false", Description: "With git: also send SSH addresses within the same limit over HTTPS (true or false)."},
	{ID: "export-env", Default: "true", Description: "Also set environment variables for all later steps of the job (true or false)."},
	{ID: "env-prefix", Default: "BITBUCKET", Description: "Prefix of the names of the environment variables. Different prefixes let one job use several credentials."},
	{ID: "avo-connection-name", Description: "Name of a connection in Avo Assure. If set, the step also outputs the fields of Avo Assure's Bitbucket connection form."},
	{ID: "avo-username", Description: "Bitbucket username for that connection, if identity isn't one."},
	onMissingToken,
	summary,
	{ID: "timeout", Default: "30s", Description: "Time limit for all network requests together, such as 30s or 2m."},
	caCertificate,
	tokenFile,
	envFile,
	logLevel,
	hostName,
}

// MirrorSettings lists the settings of the mirror command.
var MirrorSettings = []Setting{
	token,
	identity,
	kind,
	{ID: "repository", Required: true, Description: "The Bitbucket repository to bring up to date: what the Clone button copies, its web or SSH address, or workspace/repo."},
	serverURL,
	{ID: "source", Description: "URL or path of the repository to mirror. Defaults to the repository that the job runs for."},
	{ID: "source-token", Expression: "${{ github.token }}", Description: "Token with read access to the source. It is sent to the source's server only."},
	{ID: "source-token-file", NotInput: true, Description: "File to read source-token from, or - for standard input."},
	{ID: "source-username", Description: "User name that goes with source-token. Defaults to x-access-token, and for a source on Bitbucket to what goes with the kind of token."},
	{
		ID: "branches", List: true,
		Description: "Branches to mirror, as patterns separated by commas or newlines: * matches any characters, including slashes; !pattern excludes; !* mirrors none. Defaults to all.",
	},
	{ID: "tags", List: true, Description: "Tags to mirror, as patterns like those of branches. Defaults to all."},
	{ID: "prune", Default: "false", Description: "Also delete branches and tags that the source no longer has (true or false)."},
	{ID: "overwrite", Default: "false", Description: "Also overwrite branches that have diverged and tags that have moved (true or false)."},
	{ID: "max-deletions", Default: "10", Description: "Fail, and change nothing, if a run would delete more branches and tags than this."},
	{ID: "lfs", Default: "auto", Description: "Mirror Git LFS objects: auto; available (if the source lacks some, mirror the others); or false."},
	{ID: "main-branch", Default: "keep", Description: "Main branch of the Bitbucket repository: keep, or follow (set it to the source's, which needs a token that may administer the repository)."},
	{ID: "create", Default: "none", Description: "Create the Bitbucket repository if it doesn't exist: none, private, or public."},
	{ID: "project", Description: "With create: key of the project that the new repository belongs to."},
	{ID: "dry-run", Default: "false", Description: "Report what would change, and change nothing (true or false)."},
	expiresOn,
	onMissingToken,
	summary,
	{ID: "timeout", Default: "30m", Description: "Time limit for the whole run, such as 30m or 2h."},
	caCertificate,
	tokenFile,
	envFile,
	logLevel,
	hostName,
}

// Find returns the setting with this ID.
func Find(settings []Setting, id string) (Setting, bool) {
	for _, setting := range settings {
		if setting.ID == id {
			return setting, true
		}
	}
	return Setting{}, false
}

// IsSetting reports whether one of the commands has a setting with this ID.
func IsSetting(id string) bool {
	_, credential := Find(CredentialSettings, id)
	_, mirror := Find(MirrorSettings, id)
	return credential || mirror
}
