// Command image assembles the images of a release from finished programs, with the
// same bytes every time, and pushes them. `docker build` isn't used because two
// builds of one commit have two digests.
//
//	image build [-shell DIR] VERSION PROGRAMS LAYOUT
//	image push LAYOUT REFERENCE
//	image sbom [-shell DIR] VERSION PROGRAM
//
// PROGRAMS is a folder with bitbucket-auth_linux_ARCH for each platform; LAYOUT is
// a folder in the OCI image layout, with one index of all platforms. With -shell,
// the images also contain the busybox from that folder, which
// scripts/release/busybox filled. The first two print the index's digest, the last
// an SPDX document.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const source = "https://github.com/seed-e1d06701/bitbucket-auth"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	usage := errors.New("usage: image build|push|sbom …; see tools/image/main.go")
	if len(args) == 0 {
		return usage
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	shell := flags.String("shell", "", "the folder that scripts/release/busybox filled")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	rest := flags.Args()
	var index v1.ImageIndex
	var err error
	switch {
	case args[0] == "build" && len(rest) == 3:
		index, err = build(rest[0], rest[1], *shell, rest[2])
	case args[0] == "push" && len(rest) == 2:
		index, err = push(rest[0], rest[1])
	case args[0] == "sbom" && len(rest) == 2:
		return sbom(os.Stdout, rest[0], rest[1], *shell)
	default:
		return usage
	}
	if err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	_, err = fmt.Println(digest)
	return err
}
