package host

import (
	"context"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/pasted"
)

// World is the part of the process that a host uses.
type World struct {
	Lookup func(name string) (value string, present bool) // the environment
	Stdout io.Writer
	Stderr io.Writer

	Outputs []contract.Output // that the command declares
	Version string            // of this program

	// BeforeWriting is called before results are written, which must not stop
	// half-way. It may be nil.
	BeforeWriting func()
}

// startWriting is called before results are written. It returns the reason if the run
// has ended; otherwise signals no longer end it.
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
// name only: the prefix of settings isn't known before the host is.
const hostVariable = "BITBUCKET_AUTH_HOST"

const evalHint = `run: eval "$(bitbucket-auth --shell)"`

// finding is a host that was detected by a variable.
type finding struct {
	*Definition
	variable string
}

// detect finds hosts by the variables that they set. If it finds GitHub or a host like
// it, it returns only the most specific of these: no other host sets variables of their
// family of settings. Two other hosts contradict each other, unless one is derived from
// the other: then it returns the derived one.
func detect(world World) []finding {
	if found := detectIn(gitHubHosts, world); len(found) > 0 {
		return found[:1]
	}
	found := detectIn(otherHosts, world)
	return slices.DeleteFunc(slices.Clone(found), func(base finding) bool {
		return slices.ContainsFunc(found, func(f finding) bool { return f.derivedFrom == base.ID })
	})
}

func detectIn(hosts []Definition, world World) []finding {
	var found []finding
	for i := range hosts {
		d := &hosts[i]
		if d.detect == nil {
			continue
		}
		if variable := d.detect.in(world); variable != "" {
			found = append(found, finding{d, variable})
		}
	}
	return found
}

// Choose decides which host this run uses: the one that is named or asked for, or else
// the one that is detected. It also returns a host with an error, to report the error
// on.
func Choose(world World, askedForShell bool) (*Host, error) {
	found := detect(world)
	masking := slices.IndexFunc(found, func(f finding) bool { return f.HasMasks })
	named, _ := pasted.Clean(world.getenv(hostVariable))
	switch {
	case masking >= 0 && askedForShell:
		return shell.start(world), fault.New(fault.ShellRefused, "--shell can't be used on "+found[masking].Name+
			": its output would be captured into a variable, which the host can't mask",
			"leave out --shell: the results go to later steps by themselves")
	case len(found) > 1 && !askedForShell && (named == "" || masking >= 0):
		return noHost.start(world), contradiction(found, masking < 0)
	case masking >= 0 && named != "":
		return found[0].start(world), fault.New(fault.SettingRefused, hostVariable+" can't be set on "+found[0].Name,
			"remove "+hostVariable+" from the environment")
	case askedForShell && named != "" && named != shell.ID:
		return shell.start(world), fault.New(fault.SettingRefused, "--shell is used, but "+hostVariable+" names another host",
			"leave out one of them")
	case askedForShell && isTerminal(world.Stdout):
		return shell.start(world), fault.New(fault.ShellRefused, "standard output is a terminal, which would show the secrets that --shell prints", evalHint)
	case askedForShell:
		return shell.start(world), nil
	case named == shell.ID:
		return shell.start(world), fault.New(fault.ShellRefused, hostVariable+" names a shell, but --shell isn't used", evalHint)
	case named != "":
		return chooseNamed(world, named)
	case len(found) == 1 && found[0].masksOnStdout && isDiscarded(world.Stdout):
		world.Stdout = discarded{}
		return found[0].start(world), fault.New(fault.OutputStream, "standard output is closed or goes to "+os.DevNull+", so nothing can be masked",
			"don't redirect the standard output of this step: it holds no secret that isn't masked")
	case len(found) == 1:
		return found[0].start(world), nil
	}
	return noHost.start(world), fault.New(fault.NoHost, "no CI host was detected, and none is named",
		"in a shell, "+evalHint,
		"in a container on a CI host, pass the host's own variables into the container",
		"or name the host in "+hostVariable)
}

// contradiction returns the fault for several hosts. Guessing could leak secrets: a mask
// command of one host is shown by another.
func contradiction(found []finding, nameable bool) *fault.Fault {
	var names []string
	for _, f := range found {
		names = append(names, f.Name+" (by "+f.variable+")")
	}
	hints := []string{"remove the variable of the wrong one from this step's environment"}
	if nameable {
		hints = append(hints, "or name the right one in "+hostVariable)
	}
	return fault.New(fault.HostAmbiguous, "more than one CI host was found: "+strings.Join(names, ", "), hints...)
}

// isDiscarded reports whether a stream is the null device. Go also opens it in the place
// of a closed stream (runtime, checkfds). Windows has no identity for a pipe or a
// device, so the kind of file must be the same too.
func isDiscarded(stream io.Writer) bool {
	file, _ := stream.(*os.File) // nil, which has no kind, for any other stream
	given, err := file.Stat()
	null, nullErr := os.Stat(os.DevNull)
	return err == nil && nullErr == nil && given.Mode().Type() == null.Mode().Type() && os.SameFile(given, null)
}

// isTerminal reports whether a stream is a terminal. Other devices, such as the null
// device, don't count.
func isTerminal(stream io.Writer) bool {
	file, _ := stream.(*os.File)
	connection, err := file.SyscallConn()
	if err != nil {
		return false // no file
	}
	terminal := false
	_ = connection.Control(func(descriptor uintptr) { terminal = isTerminalDescriptor(descriptor) }) // of a closed file, it isn't called
	return terminal
}

// discarded replaces standard output that nobody can read. Its error makes the host
// report a fault on standard error.
type discarded struct{}

func (discarded) Write([]byte) (int, error) { return 0, syscall.EBADF }

func chooseNamed(world World, named string) (*Host, error) {
	for _, d := range otherHosts {
		if d.ID == named && !d.HasMasks {
			return d.start(world), nil
		}
	}
	h := noHost.start(world)
	if pasted.IsReference(named, runtime.GOOS == "windows") {
		return h, fault.New(fault.TokenUnexpanded, hostVariable+" is a reference that wasn't expanded", h.HintsAboutReferences("host")...)
	}
	return h, fault.OutsideList(hostVariable, named, Named())
}
