package action

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// options holds what the command line asks for. Settings aren't among them, because
// every process on the machine can read a command line.
type options struct {
	help, version, shell, mirror bool
}

// parseArgs reads all arguments even if one is wrong, since --shell decides
// where the fault is reported.
func parseArgs(args []string) (options, error) {
	var o options
	var err error
	if len(args) > 0 && args[0] == "mirror" {
		o.mirror, args = true, args[1:]
	}
	for _, arg := range args {
		switch arg {
		case "--help", "-h":
			o.help = true
		case "--version":
			o.version = true
		case "--shell":
			o.shell = true
		default:
			err = unknownArgument(arg)
		}
	}
	if o.mirror && o.shell {
		err = fault.New(fault.Argument, "the mirror sets no variables, so --shell has no effect", "run: bitbucket-auth mirror")
	}
	return o, err
}

// unknownArgument doesn't quote the argument, which may be a token.
func unknownArgument(arg string) *fault.Fault {
	f := fault.New(fault.Argument, "unknown argument; use --shell, --help or --version",
		"set settings as environment variables: other processes can read a command line",
		"to list the settings, run: bitbucket-auth --help")
	if name, _, hasValue := strings.Cut(arg, "="); hasValue || len(name) >= secret.MinMask && !strings.HasPrefix(name, "-") {
		return f.Hint("if the command line contained a token, rotate it: make a new one, and revoke the old one")
	}
	return f
}
