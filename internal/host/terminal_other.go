//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd || windows)

package host

// isTerminalDescriptor is always false: no release is built for these systems.
func isTerminalDescriptor(uintptr) bool { return false }
