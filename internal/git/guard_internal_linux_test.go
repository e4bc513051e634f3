package git

import (
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
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
	// It has no login, keeps no folder busy, and isn't part of this program's group.
	if path := os.Getenv("PATH"); len(g.shell.Env) != 1 || g.shell.Env[0] != "PATH="+path || g.shell.Dir != "/" || !g.shell.SysProcAttr.Setpgid {
		t.Errorf("got %q in %s, %+v", g.shell.Env, g.shell.Dir, g.shell.SysProcAttr)
	}
	// Where there is no shell, the system ends the leader of a group (prctl(2)).
	if group := newGroup(); !group.Setpgid || group.Pdeathsig != syscall.SIGKILL {
		t.Errorf("got %+v", group)
	}
}

// groupReader has nothing to read once the guard knows a group.
type groupReader struct {
	guard *guard
	cmd   *exec.Cmd
	known bool
}

func (r *groupReader) Read([]byte) (int, error) {
	for end := time.Now().Add(5 * time.Second); !r.known && time.Now().Before(end); time.Sleep(time.Millisecond) {
		r.guard.mutex.Lock()
		r.known = r.cmd.Process != nil && r.guard.groups[r.cmd.Process.Pid]
		r.guard.mutex.Unlock()
	}
	return 0, io.EOF
}

// The guard knows which commands are running: each is a group of its own.
func TestGuardKnowsWhatRuns(t *testing.T) {
	t.Parallel()
	g := &guard{groups: map[int]bool{}}
	cmd := exec.Command("cat")
	reader := &groupReader{guard: g, cmd: cmd}
	cmd.Stdin = reader
	if err := g.run(cmd); err != nil || !reader.known || len(g.groups) != 0 || !cmd.SysProcAttr.Setpgid {
		t.Errorf("got %v; known: %v, afterwards %v", err, reader.known, g.groups)
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
