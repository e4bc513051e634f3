package action

import "github.com/seed-e1d06701/bitbucket-auth/internal/fault"

// asked is what the command line asks for. It takes no settings: a command line
// is seen by every process of the machine.
type asked struct {
	help, version, shell bool
}

// parseArgs reads all arguments even where one is wrong, since --shell decides
// where that is told.
func parseArgs(args []string) (asked, error) {
	var a asked
	var err error
	for _, arg := range args {
		switch arg {
		case "--help", "-h":
			a.help = true
		case "--version":
			a.version = true
		case "--shell":
			a.shell = true
		default:
			// Not echoed: it may be a token.
			err = fault.New(fault.Argument, "an argument is none of --shell, --help, --version",
				"settings are read from the environment, so that no secret is on a command line",
				"run: bitbucket-auth --help")
		}
	}
	return a, err
}

const help = `bitbucket-auth turns a Bitbucket token and an identity into what later steps of
a pipeline need: the base64 credential, the Authorization value, git that logs in.

usage:
  bitbucket-auth                     as a step of a CI host, which is detected
  eval "$(bitbucket-auth --shell)"   in a shell: sets the variables below
  bitbucket-auth --help | --version

settings, each read from one environment variable:
  on GitHub, Gitea, Forgejo, act     INPUT_TOKEN, INPUT_IDENTITY, INPUT_ENV-PREFIX, ...
  on Drone, Woodpecker, Harness      PLUGIN_TOKEN, PLUGIN_IDENTITY, PLUGIN_ENV_PREFIX, ...
  anywhere else                      BITBUCKET_AUTH_TOKEN, BITBUCKET_AUTH_ENV_PREFIX, ...

  token                API token, access token, app password, HTTP access token,
                       or the secret of an OAuth consumer
  token-file           a file that holds the token instead; - is standard input
  identity             e-mail (API token), username (app password, Data Center),
                       key (OAuth consumer); access tokens need none
  kind                 auto, api-token, access-token, app-password,
                       oauth-consumer, http-access-token
  repository           any spelling: Clone button, web page, ssh, workspace/repo
  workspace            workspace id or project key, where there is no repository
  server-url           https://bitbucket.org, or the address of a Data Center
  verify               none, warn, strict: check the credential
  required-scopes      scopes that later steps need
  expires-on           the token's expiry date, year-month-day
  git                  none, repository, workspace, host: how far git logs in
  rewrite-ssh          true: also send ssh addresses over HTTPS
  export-env           false: set no environment variables
  env-prefix           BITBUCKET: what their names start with
  avo-connection-name  ask for Avo Assure's connection
  avo-username         the username for it
  on-missing-token     fail, skip
  summary              false: write no job summary
  timeout              30s, for all network calls together
  ca-certificate       further CA certificates: PEM text, or a path
  env-file             the file that takes the results on hosts without masks
  host                 name the host instead of detecting it (read from
                       BITBUCKET_AUTH_HOST): shell, gitlab, circleci, jenkins, ...

variables that it sets for later steps:
  BITBUCKET_CREDENTIAL      base64 of identity:token
  BITBUCKET_AUTHORIZATION   the whole value of the Authorization header
  BITBUCKET_REPOSITORY_URL, BITBUCKET_WORKSPACE, BITBUCKET_REPO_SLUG
  GIT_CONFIG_*              with git: git's login

exit codes:
  0 done   1 a fault of its own   2 a wrong input   3 the host can't take the result
  4 Bitbucket refuses the credential   5 Bitbucket can't be asked
  130, 143 ended by a signal
`
