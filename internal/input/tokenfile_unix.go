//go:build unix

package input

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Permission bits of everybody but the owner (chmod(1)).
const (
	othersRead   = 0o044 // of a file
	othersSearch = 0o011 // of a folder
)

// othersCanRead reports whether other users of the machine can read a file of the
// running user. It ignores files that a container engine or systemd hands over (by a
// symbolic link, or in a folder for secrets), which choose the permissions.
func (s *Source) othersCanRead(path string) bool {
	absolute, err := filepath.Abs(path)
	credentials, _ := s.Lookup("CREDENTIALS_DIRECTORY")
	if err != nil || path == stdin || isHandedOver(absolute, credentials) {
		return false
	}
	if target, _ := filepath.EvalSymlinks(absolute); target != absolute {
		return false
	}
	file, fileErr := os.Stat(absolute)
	folder, folderErr := os.Stat(filepath.Dir(absolute))
	if fileErr != nil || folderErr != nil || !file.Mode().IsRegular() {
		return false
	}
	stat, ok := file.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() &&
		file.Mode()&othersRead != 0 && folder.Mode()&othersSearch != 0
}

// isHandedOver reports whether an absolute path is below a folder in which Docker and
// Kubernetes mount secrets, or below the one that systemd names (systemd.exec(5),
// Credentials).
func isHandedOver(path, credentials string) bool {
	return slices.ContainsFunc([]string{"/run/secrets", "/var/run/secrets", credentials}, func(folder string) bool {
		return strings.HasPrefix(path, filepath.Clean(folder)+"/")
	})
}
