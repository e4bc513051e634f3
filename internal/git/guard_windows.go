package git

import (
	"os/exec"
	"strconv"
	"syscall"
)

// guard runs processes. Windows has no groups of processes that end with their
// leader, so nothing ends git if this program is killed.
type guard struct{}

func startGuard(func(string) (string, bool)) *guard { return &guard{} }

func (*guard) close() {}

func (*guard) run(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	// Windows gives a process ID to no other process as long as a handle is open, so
	// that endTree can't meet one.
	if handle, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(cmd.Process.Pid)); err == nil { //nolint:gosec // process IDs are 32 bits long
		defer func() { _ = syscall.CloseHandle(handle) }()
	}
	return cmd.Wait()
}

// endTree ends a process and its children, which a program of Windows finds.
func endTree(cmd *exec.Cmd) {
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() //nolint:noctx // it takes a moment, and must run after the context has ended
}
