package git

import (
	"os/exec"
	"strconv"
)

func ownGroup(*exec.Cmd) {}

// endGroup ends a process and its children. Windows has no groups of processes
// that a signal reaches, but a program that finds the children.
func endGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() //nolint:noctx // it takes a moment, and must run after the context has ended
	}
}
