package action

import "github.com/seed-e1d06701/bitbucket-auth/internal/fault"

// asked is what the command line asks for. It takes no settings: a command line
// is seen by every process of the machine.
type asked struct {
	help, version, shell bool
}

func parseArgs(args []string) (asked, error) {
	var a asked
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
			return a, fault.New(fault.Argument, "an argument is none of --shell, --help, --version",
				"settings are read from the environment, so that no secret is on a command line",
				"run: bitbucket-auth --help")
		}
	}
	return a, nil
}

const help = `bitbucket-auth turns a Bitbucket token and an identity into what later steps of
a pipeline need: the base64 credential, and the Authorization value.

usage:
  bitbucket-auth                     as a step of a CI host, which is detected
  eval "$(bitbucket-auth --shell)"   in a shell: sets the variables below
  bitbucket-auth --help | --version

settings, each read from one environment variable:
  on GitHub, Gitea, Forgejo, act     INPUT_TOKEN, INPUT_IDENTITY, INPUT_ENV-PREFIX, ...
  anywhere else                      BITBUCKET_AUTH_TOKEN, BITBUCKET_AUTH_ENV_PREFIX, ...

  token        API token, access token, app password, HTTP access token
  token-file   a file that holds the token instead; - is standard input
  identity     e-mail (API token), username (app password, Data Center);
               access tokens need none
  kind         auto, api-token, access-token, app-password, http-access-token
  server-url   https://bitbucket.org, or the address of a Data Center
  export-env   true, or false: set no environment variables
  env-prefix   BITBUCKET: what their names start with
  host         shell: the same as --shell (read from BITBUCKET_AUTH_HOST)

variables that it sets for later steps:
  BITBUCKET_CREDENTIAL      base64 of identity:token
  BITBUCKET_AUTHORIZATION   the whole value of the Authorization header

exit codes:
  0 done   1 a fault of its own   2 a wrong input   3 the host can't take the result
  4 Bitbucket refuses the credential   5 Bitbucket can't be asked
`
