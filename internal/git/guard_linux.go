package git

import "syscall"

// adoptOrphans makes this process the parent of its descendants whose own parent has
// ended (prctl(2), PR_SET_CHILD_SUBREAPER). Otherwise the machine's first process is,
// which in many containers takes long to remove ended ones, or never does.
func adoptOrphans() {
	const setChildSubreaper = 36
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
}

// reap removes the ended processes of a group, which would count as processes of it.
func reap(group int) {
	for {
		if id, err := syscall.Wait4(-group, nil, syscall.WNOHANG, nil); err != nil || id == 0 {
			return
		}
	}
}

// newGroup makes a process the leader of a group, and ends it with this program.
func newGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
