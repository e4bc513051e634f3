package git

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// If this program is killed, its pipe to the guard's shell is closed. The shell then ends
// the groups that are running, and no others.
func TestGuardEndsWhatRuns(t *testing.T) {
	t.Parallel()
	g := startGuard(os.LookupEnv)
	var sleeps []*exec.Cmd
	for range 3 {
		cmd := exec.Command("sleep", "600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		g.tell(cmd.Process.Pid, true)
		sleeps = append(sleeps, cmd)
	}
	g.tell(sleeps[1].Process.Pid, false)
	g.close()
	for i, want := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL} {
		_ = sleeps[i].Process.Signal(syscall.SIGTERM)
		_ = sleeps[i].Wait()
		if status, ok := sleeps[i].ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != want {
			t.Errorf("%d: got %v, want %v", i, sleeps[i].ProcessState, want)
		}
	}
	// Where there is no shell, the system ends the leader of a group (prctl(2)).
	if group := newGroup(); !group.Setpgid || group.Pdeathsig != syscall.SIGKILL {
		t.Errorf("got %+v", group)
	}
}

// Directories of other users are left alone, even by root.
func TestIsOwn(t *testing.T) {
	t.Parallel()
	info, err := os.Stat(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	own := isOwn(info)
	stat.Uid++
	if other := isOwn(info); !own || other {
		t.Errorf("got %v, and %v of another user", own, other)
	}
}
