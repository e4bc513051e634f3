package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// kind is one of a release's images.
type kind struct {
	title, description string
	// licenses of the parts, besides the program's and those of the CA certificates.
	licenses string
	// more returns the files beside the program and the CA certificates. An image
	// without any is the Dockerfile's.
	more func(parts, architecture string) (*selection, error)
	// gitLFS is set if git-lfs is among them.
	gitLFS bool
	// start sets what the image runs. Without it, it runs the program.
	start func(*v1.Config)
}

// kinds are the images, by the names of the folders that a release builds them in.
var kinds = map[string]kind{
	"image": {
		title:       "bitbucket-auth",
		description: "Turns a Bitbucket token and identity into a masked credential for CI pipelines",
	},
	"image-shell": {
		title:       "bitbucket-auth, with a shell",
		description: "Turns a Bitbucket token and identity into a masked credential for CI pipelines",
		licenses:    " AND GPL-2.0-only",
		more:        withShell,
		// Hosts that need a shell start it themselves; an entrypoint would prevent that.
		start: func(c *v1.Config) { c.Entrypoint, c.Cmd = nil, []string{"sh"} },
	},
	"image-mirror": {
		title:       "bitbucket-auth mirror",
		description: "Mirrors a repository to Bitbucket, with branches, tags and LFS objects",
		// Those of git's libraries are too many; the image has their texts.
		licenses: " AND GPL-2.0-only AND LicenseRef-Debian-packages",
		more:     withGit,
		gitLFS:   true,
		start:    func(c *v1.Config) { c.Entrypoint = []string{programPath, "mirror"} },
	},
}

func findKind(name string) (kind, error) {
	k, there := kinds[name]
	if !there {
		return kind{}, fmt.Errorf("there is no image %q", name)
	}
	return k, nil
}

// programPath is where the program is in every image.
const programPath = "/bitbucket-auth"

// applets are the commands that busybox provides, for scripts and for what CI
// hosts run in a job's image.
var applets = strings.Fields(`
	[ ash awk base64 basename cat chmod chown cp cut date dirname echo env expr false find grep gunzip gzip head
	hostname id ln ls mkdir mktemp mv od printf ps pwd readlink realpath rm rmdir sed sh sleep sort stat
	tail tar tee test touch tr true tty uname uniq wc which whoami xargs`)

// withShell has what CI hosts need in a job's image.
func withShell(parts, architecture string) (*selection, error) {
	debian, err := openDistribution(parts, architecture)
	if err != nil {
		return nil, err
	}
	s := debian.selection()
	if err := s.addShell(); err != nil {
		return nil, err
	}
	return s, s.addLicenses()
}

func (s *selection) addShell() error {
	if _, err := s.add("usr/bin/busybox"); err != nil {
		return err
	}
	s.put(
		symlink("bin", "usr/bin"),
		file("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\n")),
		file("etc/group", 0o644, []byte("root:x:0:\n")),
		folder("root", 0o700),
		folder("tmp", 0o1777),
		// In the search path.
		symlink("usr/local/bin/bitbucket-auth", programPath),
	)
	for _, applet := range applets {
		s.put(symlink("usr/bin/"+applet, "busybox"))
	}
	return nil
}

// withGit has what the mirror needs besides the program, and a shell.
func withGit(parts, architecture string) (*selection, error) {
	debian, err := openDistribution(parts, architecture)
	if err != nil {
		return nil, err
	}
	s := debian.selection()
	err = errors.Join(
		s.addShell(),
		s.addProgram("usr/bin/git"),
		// What git starts for http and https; a source that is a path has git itself
		// under other names.
		s.addProgram("usr/lib/git-core/git-remote-http"),
		// The C library loads it when a thread ends early, as git's do after an error.
		s.addProgram("usr/lib/"+debian.triplet+"/libgcc_s.so.1"),
	)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"git-upload-pack", "git-receive-pack"} {
		s.put(symlink("usr/bin/"+name, "git"))
	}
	s.put(
		symlink("usr/lib/git-core/git-remote-https", "git-remote-http"),
		// Without it, `git init` warns.
		folder("usr/share/git-core/templates", 0o755),
		// Where git's library expects the CA certificates.
		symlink("etc/ssl/certs/ca-certificates.crt", "../cert.pem"),
	)
	for name, from := range map[string]string{"usr/bin/git-lfs": "git-lfs_" + architecture, "usr/share/doc/git-lfs/copyright": "git-lfs.licenses"} {
		text, err := readFile(filepath.Join(parts, from))
		if err != nil {
			return nil, err
		}
		mode := map[bool]int64{true: 0o755, false: 0o644}[filepath.Base(filepath.Dir(name)) == "bin"]
		s.put(file(name, mode, text))
	}
	return s, s.addLicenses()
}

// put adds files that are no package's.
func (s *selection) put(entries ...entry) {
	for _, e := range entries {
		s.entries[e.name] = e
	}
}
