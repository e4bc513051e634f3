package action

import (
	"fmt"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// asked is what the command line asks for. It takes no settings: a command line
// is seen by every process of the machine.
type asked struct {
	help, version, shell, mirror bool
}

// parseArgs reads all arguments even where one is wrong, since --shell decides
// where that is told.
func parseArgs(args []string) (asked, error) {
	var a asked
	var err error
	if len(args) > 0 && args[0] == "mirror" {
		a.mirror, args = true, args[1:]
	}
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
	if a.mirror && a.shell {
		a.shell = false
		err = fault.New(fault.Argument, "the mirror sets no variables, so --shell has no effect", "run: bitbucket-auth mirror")
	}
	return a, err
}

// help is the text that --help prints.
func help(mirror bool) string {
	var b strings.Builder
	if mirror {
		b.WriteString(mirrorUsage)
		settingsHelp(&b, contract.MirrorSettings)
		b.WriteString(mirrorExitCodes)
		return b.String()
	}
	b.WriteString(usage)
	settingsHelp(&b, contract.CredentialSettings)
	b.WriteString(variablesHelp)
	return b.String()
}

func settingsHelp(b *strings.Builder, settings []contract.Setting) {
	for _, setting := range settings {
		text := setting.Description
		if setting.Default != "" {
			text += " Default: " + setting.Default
		}
		entry(b, setting.ID, text)
	}
}

// entry writes a name and its description, wrapped, in two columns.
func entry(b *strings.Builder, name, text string) {
	const indent, width = 23, 80
	column := indent
	fmt.Fprintf(b, "  %-*s", indent-3, name)
	for word := range strings.FieldsSeq(text) {
		if column+1+len(word) > width {
			b.WriteString("\n" + strings.Repeat(" ", indent-1))
			column = indent
		}
		b.WriteString(" " + word)
		column += 1 + len(word)
	}
	b.WriteString("\n")
}

const usage = `bitbucket-auth turns a Bitbucket token and an identity into what the later steps
of a pipeline need: the base64 credential, the Authorization header, and git that
logs in by itself.

usage:
  bitbucket-auth                     as a step on a CI host, which is detected
  eval "$(bitbucket-auth --shell)"   in a shell: sets the variables listed below
  bitbucket-auth mirror              brings a Bitbucket repository up to date
  bitbucket-auth [mirror] --help     or --version

settings, each read from one environment variable:
  on GitHub, Gitea, Forgejo, act     INPUT_TOKEN, INPUT_IDENTITY, INPUT_ENV-PREFIX, ...
  on Drone, Woodpecker, Harness      PLUGIN_TOKEN, PLUGIN_IDENTITY, PLUGIN_ENV_PREFIX, ...
  on any other host, or in a shell   BITBUCKET_AUTH_TOKEN, BITBUCKET_AUTH_ENV_PREFIX, ...

`

const variablesHelp = `
variables that it sets for later steps:
  BITBUCKET_CREDENTIAL      base64 of identity:token
  BITBUCKET_AUTHORIZATION   the whole value of the Authorization header
  BITBUCKET_REPOSITORY_URL, BITBUCKET_WORKSPACE, BITBUCKET_REPO_SLUG
  GIT_CONFIG_*              with git: git's login

exit codes:
  0 success   1 internal error   2 wrong setting   3 the CI host can't accept the results
  4 Bitbucket refuses the credential   5 Bitbucket can't be reached
  130, 143 ended by a signal
`

const mirrorUsage = `bitbucket-auth mirror brings a Bitbucket repository up to date with its source. It
needs git, but no checkout, and leaves no credential behind.

usage:
  bitbucket-auth mirror              as a step on a CI host, or in a shell

settings, each read from one environment variable:
  on GitHub, Gitea, Forgejo, act     INPUT_TOKEN, INPUT_REPOSITORY, INPUT_DRY-RUN, ...
  on Drone, Woodpecker, Harness      PLUGIN_TOKEN, PLUGIN_REPOSITORY, PLUGIN_DRY_RUN, ...
  on any other host, or in a shell   BITBUCKET_AUTH_TOKEN, BITBUCKET_AUTH_DRY_RUN, ...

`

const mirrorExitCodes = `
exit codes:
  0 success   1 internal error   2 wrong setting, or a source that must not be mirrored
  3 the CI host can't accept the results   4 Bitbucket refuses the login or the push
  5 the source or Bitbucket can't be read, or an LFS object or a tool is missing
  6 some branches or tags were left alone   130, 143 ended by a signal
`
