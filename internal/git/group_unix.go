//go:build unix

package git

import (
	"os/exec"
	"syscall"
	"time"
)

// ownGroup makes a process the leader of a group, which its own children belong
// to: git runs git-remote-https, index-pack and others, which outlive it
// otherwise.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// endGroup ends a process and its children, and waits a moment until they are
// gone, so that they don't write to a directory that is being removed.
func endGroup(cmd *exec.Cmd) {
	if cmd.Process == nil {
		return
	}
	for range 50 {
		if syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) != nil {
			return // no process is left
		}
		time.Sleep(10 * time.Millisecond)
	}
}
