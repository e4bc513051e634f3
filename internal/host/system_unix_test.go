//go:build unix

package host_test

import "os"

// lineEnd ends the lines that go-githubactions writes on this system.
const lineEnd = "\n"

// kept is the mode that a file has after chmod.
func kept(mode os.FileMode) os.FileMode { return mode }
