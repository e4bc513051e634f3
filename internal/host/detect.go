package host

import (
	"io"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// World is what a host works with.
type World struct {
	Lookup func(name string) (value string, present bool) // the environment
	Stdout io.Writer
	Stderr io.Writer
}

func (w World) getenv(name string) string {
	value, _ := w.Lookup(name)
	return value
}

// hostVariable names the host instead of detecting it. It is read under this
// name alone, since before the host is known no family of names is.
const hostVariable = "BITBUCKET_AUTH_HOST"

// shellName asks for a shell, as --shell does.
const shellName = "shell"

// Choose decides the host, once: the shell where asked for, or the one that is
// detected. Where there is an error, the host returned with it is the one to
// tell it to.
func Choose(world World, askedForShell bool) (Host, error) {
	detected := detectGitHub(world)
	named := strings.TrimSpace(world.getenv(hostVariable))
	shell := &shell{screen{world: world}}
	switch {
	case detected != nil && askedForShell:
		return shell, fault.New(fault.ShellRefused, "--shell can't be used on "+detected.Name()+
			": what it prints would be captured, where no mask can act",
			"leave out --shell: the results go to later steps by themselves")
	case detected != nil && named != "":
		return detected, fault.New(fault.SettingRefused, hostVariable+" can't be set on "+detected.Name(),
			"take "+hostVariable+" out of the environment")
	case detected != nil:
		return detected, nil
	case named != "" && named != shellName:
		return &screen{world: world}, fault.OutsideList(hostVariable, named, []string{shellName})
	case askedForShell || named != "":
		return shell, nil
	}
	return &screen{world: world}, fault.New(fault.NoHost, "no CI host found, and none is named",
		`in a shell, run: eval "$(bitbucket-auth --shell)"`,
		"in a container on a CI host, hand the host's own variables into the container",
		"or name the host in "+hostVariable)
}
