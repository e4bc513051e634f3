package git

import "syscall"

// newGroup makes a process the leader of a group, and ends it with this program.
func newGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
