package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
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
		file(strings.TrimPrefix(programPath, "/"), 0o755, text),
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

	// Compressed once, here: the library would do it again for each thing it asks of
	// the layer.
	var b bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(compressed)
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
	if err := errors.Join(archive.Close(), compressed.Close()); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}
