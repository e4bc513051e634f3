//go:build !unix

package host

// noFollow is nothing where the system has no such flag: there the check that
// the file opened is the file looked at has to do.
const noFollow = 0
