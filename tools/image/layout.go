package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// program is a file of the folder with the finished programs.
const program = "bitbucket-auth_linux_"

// architectures are those for which there is a program.
func architectures(dist string) ([]string, error) {
	var found []string
	for _, architecture := range []string{"amd64", "arm64"} {
		if _, err := os.Stat(filepath.Join(dist, program+architecture)); err == nil { //nolint:gosec // the folder that the command line names
			found = append(found, architecture)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no program for Linux", dist)
	}
	return found, nil
}

// build writes an index of one image per architecture.
func build(name, version, dist, parts, to string) (v1.ImageIndex, error) {
	k, err := findKind(name)
	if err != nil {
		return nil, err
	}
	about := map[string]string{
		"org.opencontainers.image.title":       k.title,
		"org.opencontainers.image.description": k.description,
		"org.opencontainers.image.source":      source,
		"org.opencontainers.image.version":     version,
		"org.opencontainers.image.licenses":    "MIT AND Apache-2.0 AND BSD-3-Clause AND MPL-2.0" + k.licenses,
		// The smallest image has no room for their texts.
		licensesLabel: source + "/releases/download/" + version + "/" + licensesFile,
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	all, err := architectures(dist)
	if err != nil {
		return nil, err
	}
	for _, architecture := range all {
		image, err := newImage(k, architecture, dist, parts, about)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", architecture, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image,
			Descriptor: v1.Descriptor{
				Platform: &v1.Platform{OS: "linux", Architecture: architecture},
			},
		})
	}
	index = mutate.Annotations(index, about).(v1.ImageIndex)

	if err := os.RemoveAll(to); err != nil { //nolint:gosec // the folder that the command line names
		return nil, err
	}
	folder, err := layout.Write(to, empty.Index)
	if err != nil {
		return nil, err
	}
	return index, folder.AppendIndex(index)
}

// The release's file with the texts of all licences of the program and the CA
// certificates, and the label with its address.
const (
	licensesFile  = "LICENSES.txt"
	licensesLabel = "com.github.seed-e1d06701.bitbucket-auth.licenses"
)

// newImage is the image for one architecture. It doesn't contain when or where it
// was built, so it is the same every time.
func newImage(k kind, architecture, dist, parts string, labels map[string]string) (v1.Image, error) {
	files, err := base(filepath.Join(dist, program+architecture))
	if err != nil {
		return nil, err
	}
	config := v1.Config{
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Entrypoint: []string{programPath},
		Labels:     labels,
	}
	// There must be no user: the files that the runner mounts belong to another user,
	// so the container runs as root.
	if k.more != nil {
		more, err := k.more(parts, architecture)
		if err != nil {
			return nil, err
		}
		text, err := readFile(filepath.Join(dist, licensesFile))
		if err != nil {
			return nil, err
		}
		more.put(file("usr/share/doc/bitbucket-auth/copyright", 0o644, text))
		files = append(files, more.list()...)
		k.start(&config)
	}
	layer, err := newLayer(files)
	if err != nil {
		return nil, err
	}
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{CreatedBy: "tools/image"},
	})
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", architecture, config
	return mutate.ConfigFile(image, file)
}

// load reads the one index that build wrote.
func load(from string) (v1.ImageIndex, error) {
	all, err := layout.ImageIndexFromPath(from)
	if err != nil {
		return nil, err
	}
	manifest, err := all.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("%s contains %d indexes instead of 1", from, len(manifest.Manifests))
	}
	return all.ImageIndex(manifest.Manifests[0].Digest)
}

// push uploads an index with everything in it. The login comes from Docker's
// configuration.
func push(from, to string) (v1.ImageIndex, error) {
	index, err := load(from)
	if err != nil {
		return nil, err
	}
	reference, err := name.ParseReference(to)
	if err != nil {
		return nil, err
	}
	return index, remote.WriteIndex(reference, index, remote.WithAuthFromKeychain(authn.DefaultKeychain))
}

// archive writes the image of one architecture in the form that `docker load` reads.
func archive(w io.Writer, from, architecture, to string) error {
	index, err := load(from)
	if err != nil {
		return err
	}
	reference, err := name.NewTag(to)
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, m := range manifest.Manifests {
		if m.Platform.Architecture == architecture {
			image, err := index.Image(m.Digest)
			if err != nil {
				return err
			}
			return tarball.Write(reference, image, w)
		}
	}
	return fmt.Errorf("%s has no image for %s", from, architecture)
}
