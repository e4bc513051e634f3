package git_test

import (
	"errors"
	"os/exec"
	"syscall"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
)

// When a command has failed, nothing is left of it and of its children, so that the run
// goes on at once: even where the first process doesn't remove ended ones.
func TestNothingIsLeftOfACommand(t *testing.T) {
	for _, script := range []string{"sleep 600 & exit 1", "sh -c 'kill -9 $PPID'", "(exec true) & exit 1"} {
		cmd := exec.Command("sh", "-c", script)
		if err := git.RunGuarded(cmd); err == nil {
			t.Errorf("%s succeeds", script)
		}
		if err := syscall.Kill(-cmd.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s: its group is there: %v", script, err)
		}
	}
}
