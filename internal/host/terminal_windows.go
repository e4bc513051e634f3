package host

import "syscall"

// isTerminalDescriptor asks for the mode that only a console has
// (GetConsoleMode).
func isTerminalDescriptor(descriptor uintptr) bool {
	var mode uint32
	return syscall.GetConsoleMode(syscall.Handle(descriptor), &mode) == nil
}
