//go:build linux

package e2etest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"testing"
)

// Layers are the layers of an image as tar files. Engines with containerd's image
// store save them compressed.
func Layers(t *testing.T, image string) [][]byte {
	t.Helper()
	saved, err := exec.Command("docker", "save", image).Output()
	if err != nil {
		t.Fatal(err)
	}
	files := ReadTar(t, saved)
	var manifest []struct{ Layers []string }
	if err := json.Unmarshal(files["manifest.json"].Text, &manifest); err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, name := range manifest[0].Layers {
		all = append(all, Gunzipped(t, files[name].Text))
	}
	return all
}

// Gunzipped is the content of a gzip file, or the text itself if it isn't one.
func Gunzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(text))
	if errors.Is(err, gzip.ErrHeader) {
		return text
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err = io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TarFile is a file, folder or link in a tar file.
type TarFile struct {
	Type     byte
	Mode     int64
	UID, GID int
	Link     string
	Text     []byte
}

// ReadTar returns the content of a tar file by name.
func ReadTar(t *testing.T, text []byte) map[string]TarFile {
	t.Helper()
	files := map[string]TarFile{}
	archive := tar.NewReader(bytes.NewReader(text))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		files[path.Clean(header.Name)] = TarFile{header.Typeflag, header.Mode & 0o7777, header.Uid, header.Gid, header.Linkname, content}
	}
}

// Gzipped compresses a text as much as gzip can.
func Gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression) // like a release's layers
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
