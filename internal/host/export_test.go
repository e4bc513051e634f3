package host

import "slices"

// Definitions returns those of all hosts that can be detected or named, except a
// shell's.
func Definitions() []Definition { return slices.Concat(gitHubHosts, otherHosts) }
