package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// Budgets of size (DESIGN 9), in bytes.
const (
	budgetImage        = 6_815_744 // 6.5 MiB
	budgetCompressed   = 2_936_012 // 2.8 MiB
	budgetDependencies = 4
)

// contents is what an image holds.
type contents struct {
	bytes, compressed, layers int // layers that hold files
	certificates              int // bytes of them
}

// sizes measures what is downloaded and kept.
func (b bench) sizes(r *report) error {
	t := table{title: "Sizes", head: []string{"what", "size", "compressed", "budget", "verdict"}}
	for _, file := range []struct{ name, path string }{
		{"the binary", b.product},
		{"a Go program that links net/http", b.yardstick("links")},
		{"a Go program that exits", b.yardstick("exits")},
		{"the bundle for Node", b.yardstick("node.cjs")},
	} {
		text, err := os.ReadFile(file.path)
		if errors.Is(err, os.ErrNotExist) {
			continue // no Node, no bundle
		}
		if err != nil {
			return err
		}
		packed, err := compressed(text)
		if err != nil {
			return err
		}
		t.add(file.name, mebibytes(len(text)), mebibytes(packed), "", "")
	}
	if image := r.image; image != nil {
		t.add("the image", mebibytes(image.bytes), mebibytes(image.compressed), "at most 6.50 MiB, 2.80 MiB compressed",
			verdict(image.bytes <= budgetImage && image.compressed <= budgetCompressed))
		t.add("CA certificates in it", mebibytes(image.certificates), "", "", "")
		t.add("layers that hold files", fmt.Sprint(image.layers), "", "1", verdict(image.layers == 1))
	} else {
		t.note("The image was not built here: see above.")
	}
	direct, err := dependencies()
	if err != nil {
		return err
	}
	t.add("direct dependencies", fmt.Sprint(direct), "", fmt.Sprintf("at most %d", budgetDependencies), verdict(direct <= budgetDependencies))
	t.note("Compressed by gzip at its default level, the image layer by layer.")
	r.tables = append(r.tables, t)
	return nil
}

// dependencies counts the modules that the binary's code imports itself.
func dependencies() (int, error) {
	cmd := command("go", "mod", "edit", "-json")
	cmd.Dir = root
	text, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	var file struct {
		Require []struct{ Indirect bool }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return 0, err
	}
	direct := 0
	for _, module := range file.Require {
		if !module.Indirect {
			direct++
		}
	}
	return direct, nil
}

// readImage looks into an image's layers.
func readImage(image string) (contents, error) {
	var c contents
	saved, err := command("docker", "save", image).Output()
	if err != nil {
		return c, err
	}
	files, err := untar(saved)
	if err != nil {
		return c, err
	}
	var manifest []struct{ Layers []string }
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		return c, err
	}
	for _, name := range manifest[0].Layers {
		layer := files[name]
		inside, err := untar(layer)
		if err != nil {
			return c, err
		}
		if len(inside) > 0 {
			c.layers++
		}
		for _, text := range inside {
			c.bytes += len(text)
		}
		c.certificates += len(inside["etc/ssl/certs/ca-certificates.crt"])
		packed, err := compressed(layer)
		if err != nil {
			return c, err
		}
		c.compressed += packed
	}
	return c, nil
}

// untar returns the files of a tar file by name, but for folders.
func untar(text []byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	archive := tar.NewReader(bytes.NewReader(text))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeDir {
			continue
		}
		if files[path.Clean(header.Name)], err = io.ReadAll(archive); err != nil {
			return nil, err
		}
	}
}

// compressed is how many bytes gzip makes of text.
func compressed(text []byte) (int, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		return 0, err
	}
	err := w.Close()
	return b.Len(), err
}
