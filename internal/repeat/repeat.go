// Package repeat makes a request again that failed for a reason that passes by itself.
package repeat

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Delays are the times to wait before a request is repeated. Tests replace them.
var Delays = []time.Duration{2 * time.Second, 8 * time.Second, 30 * time.Second}

// Failure says why a request failed, if the reason passes by itself.
type Failure struct {
	Reason string        // empty: it doesn't pass, or the request succeeded
	Asked  time.Duration // for which the server asked to wait
}

// Do makes a request that changes nothing on the server, and repeats it until it doesn't
// fail for a passing reason, or has been repeated often enough. Say shows a line in the
// log; it may be nil.
func Do(ctx context.Context, server string, say func(line string), request func() Failure) {
	for _, delay := range Delays {
		failed := request()
		if failed.Reason == "" || !wait(ctx, server, say, failed, delay) {
			return
		}
	}
	request()
}

// Wait waits before a request is repeated for the first time. It returns false if there
// isn't enough time.
func Wait(ctx context.Context, server string, say func(line string), failed Failure) bool {
	return wait(ctx, server, say, failed, Delays[0])
}

func wait(ctx context.Context, server string, say func(line string), failed Failure, delay time.Duration) bool {
	// Runs that failed at the same time must not all return at the same time.
	delay = max(failed.Asked, delay*3/4+rand.N(delay/2)) //nolint:gosec // it needn't be unpredictable
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= delay {
		return false // the reason for the failure says more than that the time is over
	}
	if say != nil {
		say(fmt.Sprintf("%s: %s; trying again in %.0f s", server, failed.Reason, delay.Seconds()))
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(delay):
		return true
	}
}

// Status returns the reason why a request failed, if its HTTP status says that this passes
// by itself, or "".
func Status(status int) string {
	switch {
	case status == 429:
		return "too many requests (429)"
	case status >= 500:
		return fmt.Sprintf("the server failed (%d)", status)
	}
	return ""
}

// Cut is the reason for a connection that ended too early.
const Cut = "the connection was cut"
