//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import (
	"syscall"
	"unsafe"
)

// isTerminalDescriptor asks for the settings that only a terminal has (tty(4)),
// as isatty(3) does.
func isTerminalDescriptor(descriptor uintptr) bool {
	var settings syscall.Termios
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, descriptor, syscall.TIOCGETA, uintptr(unsafe.Pointer(&settings))) //nolint:gosec // ioctl(2) has no other form
	return errno == 0
}
