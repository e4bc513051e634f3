package repeat_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/repeat"
)

// A request is made four times at most, and each wait is told. A server's wish
// lengthens it.
func TestDo(t *testing.T) {
	for name, test := range map[string]struct {
		failures int
		asked    time.Duration
		timeout  time.Duration
		tries    int
		from, to time.Duration // how long it takes
	}{
		"at once":                        {0, 0, time.Hour, 1, 0, 0},
		"the second time":                {1, 0, time.Hour, 2, 1500 * time.Millisecond, 2500 * time.Millisecond},
		"after a short wish":             {1, time.Second, time.Hour, 2, 1500 * time.Millisecond, 2500 * time.Millisecond},
		"after a long wish":              {1, time.Minute, time.Hour, 2, time.Minute, time.Minute},
		"never":                          {9, 0, time.Hour, 4, 30 * time.Second, 50 * time.Second},
		"until the time is short":        {9, 0, 15 * time.Second, 3, 7500 * time.Millisecond, 12500 * time.Millisecond},
		"after a wish that is too long":  {9, time.Hour, time.Minute, 1, 0, 0},
		"after a wish that ends with it": {1, time.Minute, time.Minute, 1, 0, 0},
		"after a wish that ends before":  {1, time.Minute, time.Minute + 1, 2, time.Minute, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			defer cancel()
			var said []string
			tries, started := 0, time.Now()
			repeat.Do(ctx, "Bitbucket", func(line string) { said = append(said, line) }, func() repeat.Failure {
				if tries++; tries > test.failures {
					return repeat.Failure{}
				}
				return repeat.Failure{Reason: repeat.Status(503), Asked: test.asked}
			})
			took := time.Since(started)
			if tries != test.tries || took < test.from || took > test.to || len(said) != tries-1 {
				t.Errorf("%s: %d tries in %v, said %q", name, tries, took, said)
			}
			if len(said) > 0 && !strings.HasPrefix(said[0], "Bitbucket: the server failed (503); trying again in ") ||
				test.asked == time.Minute && len(said) > 0 && !strings.HasSuffix(said[0], " 60 s") {
				t.Errorf("%s: said %q", name, said)
			}
		})
	}
}

// Runs that failed at the same time don't return at the same time.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := repeat.Failure{Reason: repeat.Cut}
		shortest, longest := time.Hour, time.Duration(0)
		for range 200 {
			said, started := "", time.Now()
			if !repeat.Wait(t.Context(), "Bitbucket", func(line string) { said = line }, failed) || !strings.HasPrefix(said, "Bitbucket: the connection was cut; ") {
				t.Fatalf("said %q", said)
			}
			took := time.Since(started)
			shortest, longest = min(shortest, took), max(longest, took)
		}
		if shortest < 1500*time.Millisecond || shortest > 1600*time.Millisecond || longest < 2400*time.Millisecond || longest > 2500*time.Millisecond {
			t.Errorf("waits %v to %v", shortest, longest)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if repeat.Wait(ctx, "Bitbucket", nil, failed) || ctx.Err() != nil {
			t.Error("waits although there isn't enough time")
		}
	})
}

// The waits become longer: a server that fails often needs more than a moment.
func TestDelays(t *testing.T) {
	t.Parallel()
	if want := []time.Duration{2 * time.Second, 8 * time.Second, 30 * time.Second}; !slices.Equal(repeat.Delays, want) {
		t.Errorf("got %v, want %v", repeat.Delays, want)
	}
}

// A signal ends the wait.
func TestDoEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errors.New("terminated")) })
		tries, started := 0, time.Now()
		repeat.Do(ctx, "Bitbucket", nil, func() repeat.Failure {
			tries++
			return repeat.Failure{Reason: repeat.Cut}
		})
		if took := time.Since(started); tries != 1 || took != time.Second {
			t.Errorf("%d tries in %v", tries, took)
		}
	})
}

func TestStatus(t *testing.T) {
	for status, want := range map[int]bool{200: false, 302: false, 401: false, 403: false, 404: false, 428: false, 429: true, 430: false, 499: false, 500: true, 503: true, 599: true} {
		if got := repeat.Status(status); (got != "") != want {
			t.Errorf("%d: %q", status, got)
		}
	}
}
