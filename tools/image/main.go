// Command image assembles the images of a release from finished programs, with the
// same bytes every time, and pushes them. `docker build` isn't used because two
// builds of one commit have two digests.
//
//	image build IMAGE VERSION DIST PARTS LAYOUT
//	image push LAYOUT REFERENCE
//	image archive LAYOUT ARCHITECTURE TAG
//	image sbom IMAGE VERSION DIST PARTS
//	image licenses PROGRAM MODULE
//
// IMAGE is image, image-shell or image-mirror. DIST is a folder with
// bitbucket-auth_linux_ARCH for each platform and LICENSES.txt; PARTS is what
// scripts/release/parts made; LAYOUT is a folder in the OCI image layout, with one
// index of all platforms. The first two print the index's digest, the others a
// file for `docker load`, an SPDX document, and the licences of a Go program that
// was built in the folder MODULE.
package main

import (
	"errors"
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
	usage := errors.New("usage: image build|push|archive|sbom|licenses …; see tools/image/main.go")
	if len(args) == 0 {
		return usage
	}
	var index v1.ImageIndex
	var err error
	switch rest := args[1:]; {
	case args[0] == "build" && len(rest) == 5:
		index, err = build(rest[0], rest[1], rest[2], rest[3], rest[4])
	case args[0] == "push" && len(rest) == 2:
		index, err = push(rest[0], rest[1])
	case args[0] == "archive" && len(rest) == 3:
		return archive(os.Stdout, rest[0], rest[1], rest[2])
	case args[0] == "sbom" && len(rest) == 4:
		return sbom(os.Stdout, rest[0], rest[1], rest[2], rest[3])
	case args[0] == "licenses" && len(rest) == 2:
		return licenses(os.Stdout, rest[0], rest[1])
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
