//go:build unix

package git

import (
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// guard runs each process in a group of its own, together with its children: git runs
// git-remote-https, index-pack and others, which would outlive it otherwise.
//
// It also ends them if this program is killed. SIGKILL leaves a program no time to do
// that itself, so a shell waits for the end of a pipe, which the system closes with the
// program. The shell has no login.
type guard struct {
	mutex  sync.Mutex
	groups map[int]bool
	pipe   io.WriteCloser // nil if there is no shell
	shell  *exec.Cmd
}

// guardScript reads lines, each of which lists all groups that are running.
const guardScript = `trap '' HUP INT QUIT TERM
groups=
while read -r line; do groups=$line; done
for group in $groups; do kill -KILL "-$group"; done`

func startGuard(lookup func(string) (string, bool)) *guard {
	adoptOrphans()
	g := &guard{groups: map[int]bool{}}
	shell := exec.Command("sh", "-c", guardScript) //nolint:noctx // it must outlive every context
	path, _ := lookup("PATH")
	shell.Env = []string{"PATH=" + path}
	shell.Dir = "/"
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a signal to this program's group doesn't end it
	pipe, err := shell.StdinPipe()
	if err == nil && shell.Start() == nil {
		g.pipe, g.shell = pipe, shell
	}
	return g
}

// close ends the shell.
func (g *guard) close() {
	if g.pipe != nil {
		_ = g.pipe.Close()
		_ = g.shell.Wait()
	}
}

// run runs a process, and ends those of its children that outlive it.
func (g *guard) run(cmd *exec.Cmd) error {
	cmd.SysProcAttr = newGroup()
	// The system ends the process with the thread that started it (prctl(2),
	// PR_SET_PDEATHSIG), so the thread has to stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return err
	}
	g.tell(cmd.Process.Pid, true)
	err := cmd.Wait()
	if err != nil {
		endTree(cmd)
	}
	g.tell(cmd.Process.Pid, false)
	return err
}

// tell tells the shell which groups are running.
func (g *guard) tell(group int, running bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if running {
		g.groups[group] = true
	} else {
		delete(g.groups, group)
	}
	if g.pipe == nil {
		return
	}
	var line []string
	for id := range g.groups {
		line = append(line, strconv.Itoa(id))
	}
	_, _ = io.WriteString(g.pipe, strings.Join(line, " ")+"\n")
}

// endTree ends a process and its children, and waits a moment until they are
// gone, so that they don't write to a directory that is being removed.
func endTree(cmd *exec.Cmd) {
	for range 50 {
		reap(cmd.Process.Pid)
		if syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) != nil {
			return // no process is left
		}
		time.Sleep(10 * time.Millisecond)
	}
}
