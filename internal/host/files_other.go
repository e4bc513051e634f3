//go:build !unix

package host

import "os"

// noFollow is nothing where the system has no such flag: comparing the file that
// was opened with the one that was looked at has to do.
const noFollow = 0

// Where files have no owner and no count of names in this sense, the rights of
// their folder decide.
func isOwn(os.FileInfo) bool         { return true }
func hasOtherNames(os.FileInfo) bool { return false }
