// Package temptest lets the temporary files of tests be in memory, since they are thousands,
// and a disk's file system takes longer for them than the tests do. It also writes programs
// that tests start.
package temptest

import (
	"os"
	"syscall"
	"testing"
)

// InMemory sets the directory for temporary files to one in memory, where there is one
// with enough space for tests.
func InMemory() {
	if dir, ok := memory(); ok {
		_ = os.Setenv("TMPDIR", dir)
	}
}

// WriteProgram writes a program while no other test starts one: a process that inherits
// the open file would make it busy (execve(2), ETXTBSY).
func WriteProgram(t *testing.T, path, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
}
