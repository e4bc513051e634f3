//go:build unix && !linux

package git

import "syscall"

func adoptOrphans() {}

// reap has nothing to do: the first process removes ended ones at once.
func reap(int) {}

// newGroup makes a process the leader of a group. Nothing but the guard's shell
// ends it with this program: only Linux has a signal for that.
func newGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
