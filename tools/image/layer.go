package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// entry is a file, link or folder of a layer.
type entry struct {
	name string // without a slash at either end
	mode int64
	text []byte
	link string
	dir  bool
}

func file(name string, mode int64, text []byte) entry {
	return entry{name: name, mode: mode, text: text}
}
func folder(name string, mode int64) entry { return entry{name: name, mode: mode, dir: true} }
func symlink(name, to string) entry        { return entry{name: name, mode: 0o777, link: to} }

// readFile reads a file that the command line names.
func readFile(name string) ([]byte, error) { return os.ReadFile(name) } //nolint:gosec // the caller chose it

// base is the content of the Dockerfile's image: the program and CA certificates.
func base(program string) ([]entry, error) {
	text, err := readFile(program)
	if err != nil {
		return nil, err
	}
	authorities, err := certificates()
	if err != nil {
		return nil, err
	}
	return []entry{
		file("bitbucket-auth", 0o755, text),
		// At /etc/ssl/certs, Go would read them twice: as a file, and as the folder.
		file("etc/ssl/cert.pem", 0o644, authorities),
	}, nil
}

// certificates are Mozilla's, from the Go project's module of them, so that go.sum
// pins them. (Debian's package has the same source.)
func certificates() ([]byte, error) {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "# %s\n", cmp.Or(certificate.Subject.CommonName, strings.Join(certificate.Subject.OrganizationalUnit, " ")))
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

//go:embed GPL-2.txt
var gpl []byte

// applets are the commands of busybox that the second image provides, for scripts
// and for what CI hosts run in a job's image.
var applets = strings.Fields(`
	[ ash awk base64 basename cat chmod chown cp cut date dirname echo env expr false find grep gunzip gzip head
	hostname id ln ls mkdir mktemp mv od printf ps pwd readlink realpath rm rmdir sed sh sleep sort stat
	tail tar tee test touch tr true tty uname uniq wc which whoami xargs`)

// withShell returns the files that only the second image contains.
func withShell(from, architecture string) ([]entry, error) {
	busybox, err := readFile(filepath.Join(from, "busybox_"+architecture))
	if err != nil {
		return nil, err
	}
	notice, err := readFile(filepath.Join(from, "copyright"))
	if err != nil {
		return nil, err
	}
	entries := []entry{
		file("bin/busybox", 0o755, busybox),
		// Its licence requires these. The source is Debian's package of that name.
		file("usr/share/doc/busybox-static/copyright", 0o644, notice),
		file("usr/share/common-licenses/GPL-2", 0o644, gpl),
		file("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\n")),
		file("etc/group", 0o644, []byte("root:x:0:\n")),
		folder("root", 0o700),
		folder("tmp", 0o1777),
		// In the search path.
		symlink("usr/local/bin/bitbucket-auth", "/bitbucket-auth"),
		// Where `#!` lines expect it.
		symlink("usr/bin/env", "/bin/busybox"),
	}
	for _, applet := range applets {
		entries = append(entries, symlink("bin/"+applet, "busybox"))
	}
	return entries, nil
}

// newLayer packs entries and their parent folders.
func newLayer(entries []entry) (v1.Layer, error) {
	there := map[string]bool{".": true}
	for _, e := range entries {
		there[e.name] = true
	}
	for _, e := range entries {
		for dir := path.Dir(e.name); !there[dir]; dir = path.Dir(dir) {
			there[dir] = true
			entries = append(entries, folder(dir, 0o755))
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })

	var b bytes.Buffer
	archive := tar.NewWriter(&b)
	for _, e := range entries {
		// No time and no owner: the zero values are the same everywhere.
		header := &tar.Header{Name: e.name, Mode: e.mode, Format: tar.FormatUSTAR}
		switch {
		case e.dir:
			header.Typeflag, header.Name = tar.TypeDir, e.name+"/"
		case e.link != "":
			header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
		default:
			header.Typeflag, header.Size = tar.TypeReg, int64(len(e.text))
		}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(e.text); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }
	return tarball.LayerFromOpener(open,
		tarball.WithCompressionLevel(gzip.BestCompression), tarball.WithMediaType(types.OCILayer))
}
