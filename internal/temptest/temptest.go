// Package temptest lets the temporary files of tests be in memory. They are thousands, and
// a disk's file system takes longer for them than the tests do.
package temptest

import "os"

// InMemory sets the directory for temporary files to one in memory, where there is one
// with enough space for tests.
func InMemory() {
	if dir, ok := memory(); ok {
		_ = os.Setenv("TMPDIR", dir)
	}
}
