package git

import (
	"context"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repeat"
)

// repeat runs a command that changes nothing on the server, and repeats it if it fails for
// a reason that passes by itself. Git doesn't show the time that a server asks to wait.
func (g *Git) repeat(ctx context.Context, server string, run func() (output, error)) (out output, err error) {
	repeat.Do(ctx, server, g.say, func() repeat.Failure {
		out, err = run()
		failed, ok := asFailure(err)
		if !ok {
			return repeat.Failure{}
		}
		return repeat.Failure{Reason: passingReason(string(failed.stderr))}
	})
	if err != nil && ctx.Err() != nil {
		err = fault.From(context.Cause(ctx))
	}
	return out, err
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
	case status != 0:
		return repeat.Status(status)
	case containsAny(text, cuts...):
		return repeat.Cut
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
