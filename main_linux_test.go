package main_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// A token never reaches a screen: --shell is for eval.
func TestNoShellOnATerminal(t *testing.T) {
	for _, test := range []struct {
		name string
		env  []string
		args []string
	}{
		{"--shell", accessToken("HOME=/"), []string{"--shell"}},
		{"a shell that is only named", accessToken("BITBUCKET_AUTH_HOST=shell"), nil},
	} {
		terminal, screen := hosttest.Terminal(t)
		var stderr bytes.Buffer
		cmd := exec.Command(program, test.args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = test.env, terminal, &stderr
		_ = cmd.Run() // the exit code is compared below
		shown := make([]byte, 1<<16)
		n, err := screen.Read(shown)
		if err != nil || strings.TrimSpace(string(shown[:n])) != "(exit 2)" {
			t.Errorf("%s: the screen shows %q, %v", test.name, shown[:n], err)
		}
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(stderr.String(), "(BBA109)") ||
			!strings.Contains(stderr.String(), `eval "$(bitbucket-auth --shell)"`) || strings.Contains(stderr.String(), "s3cret") {
			t.Errorf("%s: exit code %d, %q", test.name, code, stderr.String())
		}
	}
}
