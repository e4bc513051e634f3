package e2etest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

var build = sync.OnceValue(func() error { return Make("build") })

// Make has the repository's own Makefile make something, unless the tests of
// another package are at it: then it waits for them.
func Make(name string) error {
	lock, err := os.Open(filepath.Join(Root(), "Makefile"))
	if err != nil {
		return err
	}
	defer lock.Close() // which unlocks it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if text, err := exec.Command("make", "--silent", "-C", Root(), name).CombinedOutput(); err != nil {
		return fmt.Errorf("make %s: %w\n%s", name, err, text)
	}
	return nil
}
