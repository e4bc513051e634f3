//go:build unix

package git

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// createLock makes the file that is locked until it is closed, or the process ends.
// Under its final name, it is locked from its first moment on. Where files can't be
// locked, it never gets that name, and the directory isn't removed by others.
func createLock(root string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(root, "new"), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if lock(file) == nil {
		err = os.Rename(file.Name(), filepath.Join(root, lockName))
	}
	return file, err
}

func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // descriptors are small
}

// isUnlocked reports whether a file is there and nobody has locked it.
func isUnlocked(path string) bool {
	file, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	return lock(file) == nil
}

// isOwn reports whether a file belongs to the user who runs this program.
func isOwn(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
