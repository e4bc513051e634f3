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
// called. The fault is shown on standard error. Buildkite's agent gets its masks in
// another way.
func TestMasksAreNotDiscarded(t *testing.T) {
	t.Parallel()
	for _, h := range hosttest.Hosts {
		for path, swallows := range map[string]bool{
			os.DevNull: true, "/proc/self/root/dev/null": true, "/dev/full": false, "/dev/zero": false, filepath.Join(t.TempDir(), "file"): false,
		} {
			file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			j := &job{Site: &hosttest.Site{Env: h.Env}}
			chosen, err := host.Choose(host.World{Lookup: j.Lookup, Stdout: file, Stderr: &j.stderr}, false)
			refused := swallows && h.Masks && h.Name != "Buildkite"
			if chosen.Name != h.Name || (err != nil) != refused || refused && fault.From(err).Code != fault.OutputStream {
				t.Errorf("%s, %s: got %s, %v", h.Name, path, chosen.Name, err)
			}
			if !refused {
				continue
			}
			if chosen.Fail(fault.From(err)); !strings.Contains(j.stderr.String(), "BBA305") {
				t.Errorf("%s, %s: shows %q", h.Name, path, j.stderr.String())
			}
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
		// Who doesn't ask for a shell may have a terminal, as a runner's own machine does.
		if h, err := host.Choose(host.World{Lookup: lookup("CIRCLECI=true"), Stdout: test.stdout, Stderr: io.Discard}, false); err != nil || h.Name != "CircleCI" {
			t.Errorf("%s, on a host: got %s, %v", test.name, h.Name, err)
		}
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
