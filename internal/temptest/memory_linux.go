package temptest

import "syscall"

const (
	directory = "/dev/shm" // shm_overview(7)
	enough    = 256 << 20
	noExec    = 0x8 // ST_NOEXEC of statvfs(3): tests run scripts, as git's hooks
)

// memory returns the directory. A container's often allows no programs, and is small.
func memory() (dir string, ok bool) {
	var stat syscall.Statfs_t
	if syscall.Statfs(directory, &stat) != nil || syscall.Access(directory, 7) != nil {
		return "", false
	}
	return directory, stat.Flags&noExec == 0 && stat.Bavail*uint64(stat.Bsize) >= enough //nolint:gosec // sizes are positive
}
