// Command bitbucket-auth gets a Bitbucket credential into a CI pipeline: safely,
// and in the form that each later step needs.
package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// version is set by the linker.
var version string

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	// A closed pipe is reported as a fault, instead of ending the process in the
	// middle of a write.
	signal.Ignore(syscall.SIGPIPE)

	var once sync.Once
	return action.Run(ctx, action.World{
		Args:          os.Args[1:],
		Lookup:        os.LookupEnv,
		Environ:       os.Environ(),
		Stdin:         os.Stdin,
		Stdout:        os.Stdout,
		Stderr:        os.Stderr,
		Now:           time.Now,
		Proxy:         http.ProxyFromEnvironment,
		Git:           "git",
		Version:       buildVersion(),
		CatchSignals:  func(giveUp func(*fault.Fault)) { once.Do(func() { catchSignals(stop, giveUp) }) },
		IgnoreSignals: func() { signal.Ignore(endSignals()...) },
	})
}

// After a signal, a run has a time in which it must end by itself, and then one for what
// must not be left out. A runner waits for 7.5 seconds (actions/runner,
// ProcessInvoker.cs).
const (
	grace     = 4 * time.Second
	lastGrace = 2 * time.Second
)

// ending is the reason why a run is to end, and the code that it ends with.
type ending struct {
	word string
	code fault.Code
}

// endings are those by signals.
var endings = map[os.Signal]ending{
	os.Interrupt:    {"interrupted", fault.Interrupted},
	syscall.SIGTERM: {"terminated", fault.Terminated},
	syscall.SIGHUP:  {"ended by SIGHUP", fault.HungUp},
	syscall.SIGQUIT: {"ended by SIGQUIT", fault.Quit},
}

// endSignals lists the signals of endings. SIGHUP isn't among them if it was ignored
// at the start, as nohup has it.
func endSignals() []os.Signal {
	return slices.DeleteFunc(slices.Collect(maps.Keys(endings)), func(s os.Signal) bool {
		return s == syscall.SIGHUP && signal.Ignored(s)
	})
}

// catchSignals ends a run on a signal. It is called only where a run waits, since it costs
// a thread.
func catchSignals(stop context.CancelCauseFunc, giveUp func(*fault.Fault)) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, endSignals()...)
	go func() { endings[<-signals].end(stop, giveUp, os.Exit) }()
}

// end ends a run's context, and the process if that isn't enough: nothing else ends a
// write to a stream that nobody reads. Before that, giveUp cleans up and says so, if it
// can.
func (e ending) end(stop context.CancelCauseFunc, giveUp func(*fault.Fault), exit func(code int)) {
	stop(fault.New(e.code, e.word))
	time.Sleep(grace)
	time.AfterFunc(lastGrace, func() { exit(e.code.Exit) })
	giveUp(fault.New(e.code, fmt.Sprintf("%s: the run didn't end by itself within %s", e.word, grace)))
	exit(e.code.Exit)
}

// buildVersion is the version that the linker set, or that `go install` recorded.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
