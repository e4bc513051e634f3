//go:build unix

package host

import "syscall"

// noFollow opens no symbolic link, and doesn't wait for a pipe's other end.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
