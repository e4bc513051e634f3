package host

import (
	"io"
	"slices"
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

// definition is a host that can be found, or named.
type definition struct {
	id    string             // its name in BITBUCKET_AUTH_HOST
	found func(w World) bool // nil where the host sets no variable of its own
	start func(w World) Host

	// masks is set where a step can mask text while it runs. Such a host can't
	// be named: elsewhere its masks would do nothing, and what is printed with
	// them would show.
	masks bool
}

// others are the hosts beside GitHub and its kin, the most specific first:
// Woodpecker and Harness also set variables of Drone's, which they come from.
var others = []definition{
	woodpecker, harness, drone, gitLab, azure, bitbucketPipelines, circleCI, buildkite, teamCity, jenkins, tekton,
}

// detect finds the host, or returns nil.
func detect(world World) (host Host, masks bool) {
	if github := detectGitHub(world); github != nil {
		return github, true
	}
	for _, d := range others {
		if d.found != nil && d.found(world) {
			return d.start(world), d.masks
		}
	}
	return nil, false
}

// Choose decides the host, once: the one that is named or asked for, or else
// the one that is detected. Where there is an error, the host returned with it
// is the one to tell it to.
func Choose(world World, askedForShell bool) (Host, error) {
	detected, masks := detect(world)
	named := strings.TrimSpace(world.getenv(hostVariable))
	shell := &shell{screen{world: world}}
	switch {
	case masks && askedForShell:
		return shell, fault.New(fault.ShellRefused, "--shell can't be used on "+detected.Name()+
			": what it prints would be captured, where no mask can act",
			"leave out --shell: the results go to later steps by themselves")
	case masks && named != "":
		return detected, fault.New(fault.SettingRefused, hostVariable+" can't be set on "+detected.Name(),
			"take "+hostVariable+" out of the environment")
	case askedForShell && named != "" && named != shellName:
		return shell, fault.New(fault.SettingRefused, "--shell is asked for, and "+hostVariable+" names another host",
			"leave out one of them")
	case askedForShell || named == shellName:
		return shell, nil
	case named != "":
		return chooseNamed(world, named)
	case detected != nil:
		return detected, nil
	}
	return &screen{world: world}, fault.New(fault.NoHost, "no CI host found, and none is named",
		`in a shell, run: eval "$(bitbucket-auth --shell)"`,
		"in a container on a CI host, hand the host's own variables into the container",
		"or name the host in "+hostVariable)
}

func chooseNamed(world World, named string) (Host, error) {
	ids := []string{shellName}
	for _, d := range others {
		switch {
		case d.masks:
			continue
		case d.id == named:
			return d.start(world), nil
		}
		ids = append(ids, d.id)
	}
	slices.Sort(ids)
	return &screen{world: world}, fault.OutsideList(hostVariable, named, ids)
}

// isSet finds a host by a variable that is set to any value.
func isSet(name string) func(World) bool {
	return func(w World) bool { return w.getenv(name) != "" }
}

// isTrue finds a host by a variable that says true. Azure Pipelines writes it
// with a capital.
func isTrue(name string) func(World) bool {
	return func(w World) bool { return strings.EqualFold(w.getenv(name), "true") }
}

// The families of setting names (section 2 of the design), beside GitHub's.

// ownNames is the family of hosts that have none.
func ownNames(id string) []string {
	return []string{"BITBUCKET_AUTH_" + underscored(id)}
}

// pluginNames is how plugins are given settings: Drone keeps the hyphens
// (drone-runner-docker, env.go), Woodpecker turns them into underscores
// (woodpecker, settings/params.go).
func pluginNames(id string) []string {
	return []string{"PLUGIN_" + strings.ToUpper(id), "PLUGIN_" + underscored(id)}
}
