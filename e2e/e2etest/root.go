package e2etest

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// Root returns the repository's folder. It is found upwards, since `go test` runs the
// tests of a package in the package's own folder.
var Root = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "action.yml")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("no folder above has an action.yml")
		}
		dir = filepath.Dir(dir)
	}
	panic(err)
})

// Program returns the path of the program under test, which it builds where that can
// be done.
func Program(t testing.TB) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(Root(), ".bin", "bitbucket-auth")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	return path
}
