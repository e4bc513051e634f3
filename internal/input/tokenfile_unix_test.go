//go:build unix

package input_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// A file with a token that other users can read is worth a warning, unless a
// container engine or systemd hands it over in this way.
func TestOthersCanReadTheTokenFile(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir()) // it is behind a symbolic link on macOS
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, folder, mode os.FileMode) string {
		t.Helper()
		dir := filepath.Join(root, name)
		path := filepath.Join(dir, "token")
		for _, err := range []error{
			os.Mkdir(dir, 0o700), os.WriteFile(path, []byte("s3cret-s3cret\n"), 0o600), os.Chmod(path, mode), os.Chmod(dir, folder),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	link := func(target, name string) string {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := file("open", 0o755, 0o644)
	pipe := filepath.Join(filepath.Dir(open), "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(pipe, []byte("s3cret-s3cret\n"), 0o600) }()

	foreign := file("foreign", 0o755, 0o644)
	isRoot := os.Chown(foreign, 12345, 12345) == nil

	for _, test := range []struct {
		name, path, credentials string
		warns                   bool
	}{
		{"everybody", open, "", true},
		{"others alone", file("others", 0o711, 0o604), "", true},
		{"the group", file("group", 0o750, 0o640), "", true},
		{"another folder of credentials", open, root + "/ope", true},
		{"a folder of credentials that isn't absolute", open, ".", true},
		{"everybody, but it is another user's", foreign, "", !isRoot},
		{"the owner", file("owner", 0o755, 0o600), "", false},
		{"everybody, to write and run", file("write", 0o755, 0o733), "", false},
		{"everybody, in the owner's folder", file("closed", 0o700, 0o644), "", false},
		{"everybody, in a folder that others only list", file("listed", 0o744, 0o644), "", false},
		{"a credential of systemd's", open, root + "/open/", false},
		{"a symbolic link", link(open, "link"), "", false},
		{"a folder that is a symbolic link", filepath.Join(link(filepath.Dir(open), "folder"), "token"), "", false},
		{"a pipe", pipe, "", false},
		{"standard input", "-", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, remarks, err := parseMirror(t, map[string]string{
				"source-token-file": test.path, "CREDENTIALS_DIRECTORY": test.credentials, "token": "another-token",
			})
			if err != nil {
				t.Fatal(err)
			}
			warns := slices.ContainsFunc(remarks, func(r fault.Remark) bool {
				return r.Level == fault.Warning && r.Code == fault.TokenFileOpen
			})
			if warns != test.warns {
				t.Errorf("got %v", remarks)
			}
		})
	}
}

func TestFoldersForSecrets(t *testing.T) {
	for path, want := range map[string]bool{
		"/run/secrets/token":       true,
		"/var/run/secrets/a/token": true,
		"/run/credentials/x/token": true,
		"/run/secrets":             false,
		"/run/secrets-of-mine/t":   false,
		"/srv/run/secrets/token":   false,
		"/run/credentials/y/token": false,
	} {
		if got := input.IsHandedOver(path, "/run/credentials/x/"); got != want {
			t.Errorf("%s: got %v", path, got)
		}
		if want = want && path != "/run/credentials/x/token"; input.IsHandedOver(path, "") != want {
			t.Errorf("%s, without systemd: got %v", path, !want)
		}
	}
}

// Two pipes are two streams: a shell makes one for each <(command).
func TestTwoPipesForTwoTokens(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for _, token := range []string{"s3cret-of-bitbucket", "s3cret-of-the-source"} {
		pipe := filepath.Join(dir, token)
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		go func() { _ = os.WriteFile(pipe, []byte(token), 0o600) }()
		paths = append(paths, pipe)
	}
	s := source(map[string]string{"token-file": paths[0], "source-token-file": paths[1]})
	s.Settings = contract.MirrorSettings
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	text, err := input.ReadMirror(ctx, s)
	if err != nil || text.Token.Reveal() != "s3cret-of-bitbucket" || text.SourceToken.Reveal() != "s3cret-of-the-source" {
		t.Errorf("got %v", err)
	}
}

// A file that is standard input can be read only once as that. By its name, it can be read
// again.
func TestOneFileAsStandardInput(t *testing.T) {
	t.Parallel()
	path, other := filepath.Join(t.TempDir(), "token"), filepath.Join(t.TempDir(), "other")
	for _, name := range []string{path, other} {
		if err := os.WriteFile(name, []byte("s3cret-s3cret\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for paths, one := range map[[2]string]bool{{"-", path}: true, {path, "-"}: true, {"-", other}: false, {other, "-"}: false, {path, path}: false, {path, other}: false} {
		in, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s := source(map[string]string{"token-file": paths[0], "source-token-file": paths[1]})
		s.Settings, s.Stdin = contract.MirrorSettings, in
		_, err = input.ReadMirror(t.Context(), s)
		if got := err != nil && strings.Contains(err.Error(), "are the same stream"); got != one || err != nil && !one {
			t.Errorf("%v: %v", paths, err)
		}
		in.Close()
	}
}

// A pipe can be read only once, whatever its name: the second token would be empty, or
// the run would wait for ever.
func TestOneStreamForTwoTokens(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	for _, err := range []error{syscall.Mkfifo(pipe, 0o600), os.Symlink(pipe, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	in, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, paths := range [][2]string{{"-", pipe}, {link, "-"}, {pipe, link}, {pipe, pipe}} {
		s := source(map[string]string{"token-file": paths[0], "source-token-file": paths[1]})
		s.Settings, s.Stdin = contract.MirrorSettings, in
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_, err := input.ReadMirror(ctx, s)
		cancel()
		if err == nil || !strings.Contains(err.Error(), "token-file and source-token-file are the same stream") {
			t.Errorf("%v: %v", paths, err)
		}
	}
}
