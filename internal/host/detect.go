package host

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// World is what a host needs from the process.
type World struct {
	Lookup func(name string) (value string, present bool) // the environment
	Stdout io.Writer
	Stderr io.Writer

	// BeforeWriting is called before results are written, which must not stop
	// half-way. It may be nil.
	BeforeWriting func()
}

// startWriting comes before results are written. It refuses that if the run has
// ended.
func (w World) startWriting(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if w.BeforeWriting != nil {
		w.BeforeWriting()
	}
	return nil
}

// writeStdout writes to standard output, in one go.
func (w World) writeStdout(text string) error {
	if _, err := io.WriteString(w.Stdout, text); err != nil {
		return fault.New(fault.OutputStream, "standard output can't be written: "+fault.Reason(err),
			"check what reads the output of this step, and the disk space of the runner")
	}
	return nil
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

// definition is a host that can be detected, or named.
type definition struct {
	id string // its name in BITBUCKET_AUTH_HOST; GitHub and its kin have none

	// found returns the variable that the host is detected by, or "". It is nil
	// if the host sets no such variable.
	found func(w World) string
	start func(w World) Host

	// masks is set if a step can mask text while it runs. Such a host can't be
	// named: on another host, its mask commands would show the secrets.
	masks bool
	// byStdout is set if it masks by commands on standard output.
	byStdout bool
}

// others are the hosts beside GitHub and its kin.
var others = append([]definition{azure, buildkite, harness}, fileHosts...)

// finding is a host that was found by a variable.
type finding struct {
	definition
	variable string
}

// detect finds hosts by the variables that they set. GitHub and its kin come
// first, the most specific of them: their settings are in a family that no other
// host sets. Of the others, more than one contradict each other.
func detect(world World) []finding {
	var all []finding
	for _, d := range slices.Concat(kin, others) {
		if d.found == nil {
			continue
		}
		if variable := d.found(world); variable != "" {
			all = append(all, finding{d, variable})
		}
		if isKin := d.id == ""; isKin && len(all) > 0 {
			break
		}
	}
	// Woodpecker and Harness come from Drone, and set its variables too.
	is := func(ids ...string) func(finding) bool {
		return func(f finding) bool { return slices.Contains(ids, f.id) }
	}
	if slices.ContainsFunc(all, is("woodpecker", "harness")) {
		all = slices.DeleteFunc(all, is("drone"))
	}
	return all
}

// Choose decides the host, once: the one that is named or asked for, or else
// the one that is detected. Where there is an error, the host returned with it
// is the one to report it to.
func Choose(world World, askedForShell bool) (Host, error) {
	found := detect(world)
	masking := slices.IndexFunc(found, func(f finding) bool { return f.masks })
	named := strings.TrimSpace(world.getenv(hostVariable))
	shell := &shell{basic{world}}
	switch {
	case masking >= 0 && askedForShell:
		return shell, fault.New(fault.ShellRefused, "--shell can't be used on "+found[masking].start(world).Name()+
			": what it prints would be captured, where no mask can act",
			"leave out --shell: the results go to later steps by themselves")
	case len(found) > 1 && !askedForShell && (named == "" || masking >= 0):
		return &basic{world}, contradiction(world, found, masking < 0)
	case masking >= 0 && named != "":
		h := found[0].start(world)
		return h, fault.New(fault.SettingRefused, hostVariable+" can't be set on "+h.Name(),
			"remove "+hostVariable+" from the environment")
	case askedForShell && named != "" && named != shellName:
		return shell, fault.New(fault.SettingRefused, "--shell is used, but "+hostVariable+" names another host",
			"leave out one of them")
	case askedForShell || named == shellName:
		return shell, nil
	case named != "":
		return chooseNamed(world, named)
	case len(found) == 1 && found[0].byStdout && isDiscarded(world.Stdout):
		world.Stdout = discarded{}
		return found[0].start(world), fault.New(fault.OutputStream, "standard output is closed or goes to "+os.DevNull+", so nothing can be masked",
			"don't redirect the standard output of this step: it holds no secret that isn't masked")
	case len(found) == 1:
		return found[0].start(world), nil
	}
	return &basic{world}, fault.New(fault.NoHost, "no CI host was detected, and none is named",
		`in a shell, run: eval "$(bitbucket-auth --shell)"`,
		"in a container on a CI host, pass the host's own variables into the container",
		"or name the host in "+hostVariable)
}

// contradiction refuses to guess between hosts: what one of them masks, another
// shows.
func contradiction(world World, found []finding, nameable bool) *fault.Fault {
	var names []string
	for _, f := range found {
		names = append(names, f.start(world).Name()+" (by "+f.variable+")")
	}
	hints := []string{"remove the variable of the wrong one from this step's environment"}
	if nameable {
		hints = append(hints, "or name the right one in "+hostVariable)
	}
	return fault.New(fault.HostAmbiguous, "more than one CI host was found: "+strings.Join(names, ", "), hints...)
}

// isDiscarded reports whether a stream is the null device, which Go also opens
// in the place of a closed one (runtime, checkfds). Windows has no identity for
// a pipe or a device, so there the kind of file must be the same too.
func isDiscarded(stream io.Writer) bool {
	file, isFile := stream.(*os.File)
	if !isFile {
		return false
	}
	given, err := file.Stat()
	null, nullErr := os.Stat(os.DevNull)
	return err == nil && nullErr == nil && given.Mode().Type() == null.Mode().Type() && os.SameFile(given, null)
}

// discarded stands in for a stream that swallows what is written to it, so that
// a fault is reported where somebody can see it.
type discarded struct{}

func (discarded) Write([]byte) (int, error) { return 0, syscall.EBADF }

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
	return &basic{world}, fault.OutsideList(hostVariable, named, ids)
}

// isSet finds a host by a variable that is set to any value.
func isSet(name string) func(World) string {
	return func(w World) string {
		if w.getenv(name) == "" {
			return ""
		}
		return name
	}
}

// isTrue finds a host by a variable that says true. Azure Pipelines writes it
// with a capital.
func isTrue(name string) func(World) string {
	return func(w World) string {
		if !strings.EqualFold(w.getenv(name), "true") {
			return ""
		}
		return name
	}
}

// The families of setting names, beside GitHub's.

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
