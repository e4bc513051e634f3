//go:build !unix

package host

import "os"

// noFollow is empty, since these systems have no such flag: it has to be enough that the
// file is compared before and after it is opened.
const noFollow = 0

// Files have no owner and no number of names in this sense: the permissions of their
// folder decide.
func isOwn(os.FileInfo) bool         { return true }
func hasOtherNames(os.FileInfo) bool { return false }
