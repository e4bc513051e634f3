package action

import (
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/repeat"
)

// No test waits for long.
func init() { repeat.Delays = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond} }

// For tests of what no run can show.
var InContract = inContract

// OverHTTPS is for addresses of hosts and servers that no test can play.
var OverHTTPS = overHTTPS
