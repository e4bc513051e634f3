package bitbucket

import (
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/repeat"
)

// No test waits for long.
func init() { repeat.Delays = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond} }

// RetryAfter reads a reply's wish.
var RetryAfter = retryAfter

// ScopesIn reads a server's list of scopes.
func ScopesIn(list string) []string { return scopesIn(list) }
