package action

import (
	"fmt"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

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
	b.WriteString(resultsHelp)
	for _, output := range contract.CredentialOutputs {
		if output.ID != contract.ErrorCode.ID { // set only by a step that fails, which sets no variables
			mark := map[bool]string{true: " *"}[output.Variable]
			entry(&b, 29, variableName("BITBUCKET", output.ID)+mark, output.Description)
		}
	}
	entry(&b, 29, "GIT_CONFIG_... *", "With git: the configuration with which git logs in.")
	entry(&b, 29, "BITBUCKET_GIT_0_... *", "With git: the user name and password that this configuration reads.")
	b.WriteString(exitCodesHelp)
	return b.String()
}

func settingsHelp(b *strings.Builder, settings []contract.Setting) {
	for _, setting := range settings {
		text := setting.Description
		if setting.Default != "" {
			text += " Default: " + setting.Default
		}
		entry(b, 21, setting.ID, text)
	}
}

// entry writes a name, in a column of some characters, and its description.
func entry(b *strings.Builder, column int, name, text string) {
	const indent, width = 2, 80
	fmt.Fprintf(b, "%*s%-*s", indent, "", column-1, name)
	at := indent + column - 1
	for _, word := range strings.Fields(text) {
		if at+1+len(word) > width {
			at = indent + column - 1
			fmt.Fprintf(b, "\n%*s", at, "")
		}
		b.WriteString(" " + word)
		at += 1 + len(word)
	}
	b.WriteString("\n")
}

const usage = `bitbucket-auth turns a Bitbucket token and an identity into what the later steps
of a pipeline need: the base64 credential, the Authorization header, and a git
configuration that logs in.

usage:
  bitbucket-auth                     as a step on a CI host (detected automatically)
  eval "$(bitbucket-auth --shell)"   in a shell: sets the variables listed below
  bitbucket-auth mirror              brings a Bitbucket repository up to date
  bitbucket-auth [mirror] --help     or --version

settings, each read from one environment variable:
  on GitHub, Gitea, Forgejo, act     INPUT_TOKEN, INPUT_IDENTITY, INPUT_ENV-PREFIX, ...
  on Drone, Woodpecker, Harness      PLUGIN_TOKEN, PLUGIN_IDENTITY, PLUGIN_ENV_PREFIX, ...
  on any other host, or in a shell   BITBUCKET_AUTH_TOKEN, BITBUCKET_AUTH_ENV_PREFIX, ...

`

const resultsHelp = `
results, set as environment variables for later steps (on GitHub, Azure Pipelines
and Harness, those without an asterisk are outputs of the step instead):

`

const exitCodesHelp = `
exit codes:
  0 success   1 internal error   2 wrong setting
  3 the CI host can't accept the results   4 Bitbucket refuses the credential
  5 Bitbucket can't be reached   129, 130, 131, 143 ended by a signal
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
  6 some branches or tags were left alone   129, 130, 131, 143 ended by a signal
`
