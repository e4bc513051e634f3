package host_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// On a host whose masks are printed, only the null device swallows them, however it is
// called.
func TestMasksAreNotDiscarded(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]fault.Code{
		os.DevNull: fault.OutputStream, "/proc/self/root/dev/null": fault.OutputStream, "/dev/full": {}, "/dev/zero": {}, filepath.Join(t.TempDir(), "file"): {},
	} {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		lookup := func(name string) (string, bool) {
			value, found := map[string]string{"GITHUB_ACTIONS": "true"}[name]
			return value, found
		}
		code := fault.Code{}
		if _, err := host.Choose(host.World{Lookup: lookup, Stdout: file, Stderr: io.Discard}, false); err != nil {
			code = fault.From(err).Code
		}
		if code != want {
			t.Errorf("%s: got %v, want %v", path, code, want)
		}
	}
}

// What is printed for a shell doesn't go to a terminal.
func TestNoShellOnATerminal(t *testing.T) {
	terminal, _ := hosttest.Terminal(t)
	open := func(path string) *os.File {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = file.Close() })
		return file
	}
	_, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	for _, test := range []struct {
		name   string
		stdout *os.File
		code   fault.Code
	}{
		{"a terminal", terminal, fault.ShellRefused},
		{"the null device", open(os.DevNull), fault.Code{}},
		{"another device", open("/dev/full"), fault.Code{}},
		{"a file", open(filepath.Join(t.TempDir(), "file")), fault.Code{}},
		{"a pipe", pipe, fault.Code{}},
	} {
		h, err := host.Choose(host.World{
			Lookup: func(string) (string, bool) { return "", false }, Stdout: test.stdout, Stderr: io.Discard,
		}, true)
		code := fault.Code{}
		if err != nil {
			code = fault.From(err).Code
			if hints := strings.Join(fault.From(err).Hints, "\n"); !strings.Contains(hints, `eval "$(bitbucket-auth --shell)"`) {
				t.Errorf("%s: hints %q", test.name, hints)
			}
		}
		if h.Name != "a shell" || code != test.code {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}
