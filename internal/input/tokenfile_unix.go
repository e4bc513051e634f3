//go:build unix

package input

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Permission bits of everybody but the owner (chmod(1)).
const (
	othersRead   = 0o044 // of a file
	othersSearch = 0o011 // of a folder
)

// othersCanRead reports whether other users of the machine can read a file that the
// running user has made. Where a container engine or systemd hands a secret over,
// the permissions are theirs: Kubernetes and Docker mount secrets by symbolic
// links or below /run/secrets, systemd below $CREDENTIALS_DIRECTORY
// (systemd.exec(5)).
func (s Source) othersCanRead(path string) bool {
	absolute, err := filepath.Abs(path)
	if err != nil || path == stdin {
		return false
	}
	credentials, _ := s.Lookup("CREDENTIALS_DIRECTORY")
	for _, folder := range []string{"/run/secrets", "/var/run/secrets", credentials} {
		if filepath.IsAbs(folder) && strings.HasPrefix(absolute, filepath.Clean(folder)+"/") {
			return false
		}
	}
	if target, err := filepath.EvalSymlinks(absolute); err != nil || target != absolute {
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
