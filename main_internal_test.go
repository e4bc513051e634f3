//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// A run that a signal doesn't end is ended, even if it can't clean up, before GitHub's
// runner kills it after 7.5 seconds.
func TestTheEndOfARun(t *testing.T) {
	t.Parallel()
	for name, isStuck := range map[string]bool{"it cleans up": false, "it is stuck": true} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancelCause(t.Context())
			start, exits, released := time.Now(), make(chan int, 2), make(chan struct{})
			var asked time.Duration
			giveUp := func(f *fault.Fault) {
				asked = time.Since(start)
				if f.Code != fault.Terminated || !strings.HasPrefix(f.What, "terminated: the run didn't end by itself within 4s") {
					t.Errorf("%s: told %v", name, f)
				}
				if isStuck {
					<-released
				}
			}
			go endings[syscall.SIGTERM].end(stop, giveUp, func(code int) { exits <- code })
			<-ctx.Done()
			if f := fault.From(context.Cause(ctx)); f.Code != fault.Terminated || f.What != "terminated" || time.Since(start) > 0 {
				t.Errorf("%s: the run is told %v after %s", name, f, time.Since(start))
			}
			code, took := <-exits, time.Since(start)
			want := 4 * time.Second
			if isStuck {
				want = 6 * time.Second
			}
			if code != 143 || took != want || asked != 4*time.Second {
				t.Errorf("%s: exit code %d after %s, asked to clean up after %s", name, code, took, asked)
			}
			close(released)
			<-exits // the other one, which never happens in a process
		})
	}
}

// Only SIGHUP is left alone if it was ignored at the start: a shell ignores SIGINT in what
// it runs in the background.
func TestIgnoredSignals(t *testing.T) {
	for _, ignored := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		signal.Ignore(ignored)
		caught := endSignals()
		// Reset undoes nothing but Notify (os/signal), and processes of other tests would
		// inherit that the signal is ignored.
		handled := make(chan os.Signal, 1)
		signal.Notify(handled, ignored)
		signal.Stop(handled)
		for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
			if want := s != syscall.SIGHUP || ignored != syscall.SIGHUP; slices.Contains(caught, s) != want {
				t.Errorf("%v is ignored: %v is caught %t", ignored, s, !want)
			}
		}
	}
}

// Without a version from the linker, what go install recorded counts; a test has none.
func TestBuildVersion(t *testing.T) {
	if got := buildVersion(); got != "(devel)" {
		t.Errorf("got %q", got)
	}
}
