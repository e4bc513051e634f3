//go:build !linux

package temptest

func memory() (dir string, ok bool) { return "", false }
