package git

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// delays are the times to wait before a command that reads is repeated. Git doesn't show
// the time that a server asks for.
var delays = []time.Duration{2 * time.Second, 8 * time.Second, 30 * time.Second}

// repeat runs a command that changes nothing on the server, and repeats it if it fails for
// a temporary reason.
func (g *Git) repeat(ctx context.Context, server string, run func() (output, error)) (output, error) {
	out, err := run()
	for _, delay := range delays {
		failed, ok := asFailure(err)
		if !ok {
			return out, err
		}
		reason := passingReason(string(failed.stderr))
		if reason == "" {
			return out, err
		}
		if err := g.wait(ctx, server, reason, delay); err != nil {
			return out, err
		}
		out, err = run()
	}
	return out, err
}

// wait logs the reason, and waits before a command is repeated.
func (g *Git) wait(ctx context.Context, server, reason string, delay time.Duration) error {
	// Runs that failed at the same time must not all return at the same time.
	delay = delay*3/4 + rand.N(delay/2) //nolint:gosec // it needn't be unpredictable
	g.say(fmt.Sprintf("%s: %s; trying again in %.0f s", server, reason, delay.Seconds()))
	select {
	case <-ctx.Done():
		return fault.From(context.Cause(ctx))
	case <-time.After(delay):
		return nil
	}
}

// say shows a line in the log. Both sides can be listed at the same time.
func (g *Git) say(line string) {
	g.saying.Lock()
	defer g.saying.Unlock()
	if g.options.Say != nil {
		g.options.Say(line)
	}
}

// passingReason returns the reason for a failure if it is temporary: too many requests, a
// server's failure, or a connection that was cut. Otherwise it returns "", even for a
// connection that was never made.
func passingReason(stderr string) string {
	text := ownLines([]byte(stderr))
	switch status := httpStatus(text); {
	case strings.Contains(text, " died of signal "):
		return "" // on this machine, which cuts connections, too
	case strings.Contains(stderr, corruption):
		return "" // it stays damaged
	case status == 429:
		return "too many requests (429)"
	case status >= 500:
		return fmt.Sprintf("the server failed (%d)", status)
	case status != 0:
		return ""
	}
	if containsAny(text, cuts...) {
		return "the connection was cut"
	}
	return ""
}

// cuts are parts of git's and curl's messages about a connection that ended too early, or
// that no longer delivers anything (curl's lib/strerror.c, lib/transfer.c, lib/vtls).
var cuts = []string{
	"early EOF", "unexpected disconnect", "hung up unexpectedly", "expected flush after",
	"transfer closed with", "Empty reply from server", "Recv failure", "recv failure", "Send failure",
	"Connection reset by peer", "Connection was reset", "was not closed cleanly", "stream was reset",
	"SSL_read", "TLS connection was non-properly terminated", "GnuTLS recv error", "Operation too slow",
}
