package scripts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// helpers are programs that the scripts run in addition to the one under test. Each
// runs the command in its arguments, and ends with that command's exit code.
var helpers = map[string]func(){
	"unread": unread,
}

// unread COMMAND… runs a command whose standard output is no longer read.
func unread() {
	reader, writer, err := os.Pipe()
	check(err)
	reader.Close()
	cmd := command(os.Args[1:])
	cmd.Stdout = writer
	end(cmd.Run())
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
