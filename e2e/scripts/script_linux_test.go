package scripts

import (
	"fmt"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScriptLinux runs testdata/script-linux/*.txtar: scripts with signals, pipes,
// full disks, and a shell.
func TestScriptLinux(t *testing.T) {
	more := maps.Clone(commands)
	more["disk"], more["fill"] = cmdDisk, cmdFill
	runScripts(t, testscript.Params{
		Dir:  "testdata/script-linux",
		Cmds: more,
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	})
}

func init() {
	helpers["signalled"], helpers["cancelled"] = signalled, cancelled
}

var signals = map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}

// signalled SIGNAL COMMAND… ends a command by a signal while it waits for the
// rest of its standard input. The text that it gets of it is in the variable
// HALF.
func signalled() {
	reader, writer, err := os.Pipe()
	check(err)
	cmd := command(os.Args[2:])
	cmd.Stdin = reader
	check(cmd.Start())
	reader.Close() // the command has its own: if it ends early, so does the write
	// Twice as much as the pipe holds: the write ends only when the command has
	// read some of it, and by then it is ready for signals.
	const page = 4096
	check(shrink(writer, page))
	half := os.Getenv("HALF")
	_, err = writer.WriteString(strings.Repeat(half, 2*page/len(half)+1))
	check(err)
	check(cmd.Process.Signal(signals[os.Args[1]]))
	end(cmd.Wait())
}

// cancelled SIGNAL COMMAND… ends a command by a signal while it waits for
// Bitbucket, which accepts its connection and never answers.
func cancelled() {
	bitbucket, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	cmd := command(os.Args[2:])
	cmd.Env = append(os.Environ(), "INPUT_SERVER-URL=http://"+bitbucket.Addr().String())
	check(cmd.Start())
	connection, err := bitbucket.Accept()
	check(err)
	defer connection.Close()
	check(cmd.Process.Signal(signals[os.Args[1]]))
	end(cmd.Wait())
}

// shrink sets how much a pipe holds (Linux, fcntl(2), F_SETPIPE_SZ).
func shrink(pipe *os.File, size uintptr) error {
	const setPipeSize = 1031
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, pipe.Fd(), setPipeSize, size); errno != 0 {
		return errno
	}
	return nil
}

// disk DIR mounts a disk of two pages, 8 KiB.
func cmdDisk(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "disk DIR")
	dir := ts.MkAbs(args[0])
	ts.Check(os.Mkdir(dir, 0o700))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8k"))
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// fill FILE SIZE writes a record of an earlier writer, of that many bytes.
func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "fill FILE SIZE")
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	const name = "earlier="
	text := name + strings.Repeat("x", size-len(name)-1) + "\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
