package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// helpers are the programs that the scripts run beside the one under test. Each
// runs the command in its arguments, and ends with that command's exit code.
var helpers = map[string]func(){
	"unread":    unread,
	"signalled": signalled,
	"cancelled": cancelled,
}

var signals = map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}

// unread COMMAND… runs a command whose standard output is no longer read.
func unread() {
	reader, writer, err := os.Pipe()
	check(err)
	reader.Close()
	cmd := command(os.Args[1:])
	cmd.Stdout = writer
	end(cmd.Run())
}

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

func command(args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(99)
	}
}

func end(err error) {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exit.ExitCode())
	}
	check(err)
	os.Exit(0)
}
