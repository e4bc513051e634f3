//go:build !unix

package input

// othersCanRead is always false: on these systems, files have no permission bits.
func (*Source) othersCanRead(string) bool { return false }
