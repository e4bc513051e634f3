package git

import (
	"io/fs"
	"os"
	"path/filepath"
)

// createLock makes a file that stays open: Windows lets nobody remove it then.
func createLock(root string) (*os.File, error) {
	return os.OpenFile(filepath.Join(root, lockName), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}

// isUnlocked reports whether a file could be removed, since no process has it open.
func isUnlocked(path string) bool { return os.Remove(path) == nil }

// isOwn leaves the question to the system: each user has a folder for temporary
// files that others can't change.
func isOwn(fs.FileInfo) bool { return true }
