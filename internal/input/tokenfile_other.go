//go:build !unix

package input

// othersCanRead reports nothing where files have no permission bits.
func (Source) othersCanRead(string) bool { return false }
