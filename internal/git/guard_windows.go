package git

import (
	"os/exec"
	"strconv"
)

// guard runs processes. Windows has no groups of processes that end with their
// leader, so nothing ends git if this program is killed.
type guard struct{}

func startGuard() *guard { return &guard{} }

func (*guard) close() {}

func (*guard) run(cmd *exec.Cmd) error { return cmd.Run() }

// endTree ends a process, which must not have been waited for yet, and its
// children, which a program of Windows finds.
func endTree(cmd *exec.Cmd) {
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() //nolint:noctx // it takes a moment, and must run after the context has ended
}
