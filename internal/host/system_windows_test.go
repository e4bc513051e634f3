package host_test

import "os"

const lineEnd = "\r\n"

// kept is the mode of any file that can be written: Windows knows no other.
func kept(os.FileMode) os.FileMode { return 0o666 }
