package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// architectures of the images, all for Linux.
var architectures = []string{"amd64", "arm64"}

// build writes an index of one image per architecture.
func build(version, programs, shell, to string) (v1.ImageIndex, error) {
	about := map[string]string{
		"org.opencontainers.image.title":       "bitbucket-auth",
		"org.opencontainers.image.description": "Turns a Bitbucket token and identity into a masked credential for CI pipelines",
		"org.opencontainers.image.source":      source,
		"org.opencontainers.image.version":     version,
		"org.opencontainers.image.licenses":    "MIT AND MPL-2.0",
	}
	if shell != "" {
		about["org.opencontainers.image.title"] = "bitbucket-auth, with a shell"
		about["org.opencontainers.image.licenses"] += " AND GPL-2.0-only"
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, architecture := range architectures {
		image, err := newImage(architecture, programs, shell, about)
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

// newImage is the image for one architecture. It doesn't contain when or where it
// was built, so it is the same every time.
func newImage(architecture, programs, shell string, labels map[string]string) (v1.Image, error) {
	files, err := base(filepath.Join(programs, "bitbucket-auth_linux_"+architecture))
	if err != nil {
		return nil, err
	}
	config := v1.Config{
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Entrypoint: []string{"/bitbucket-auth"},
		Labels:     labels,
	}
	// There must be no user: the files that the runner mounts belong to another user,
	// so the container runs as root.
	if shell != "" {
		more, err := withShell(shell, architecture)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
		// Hosts that need a shell start it themselves; an entrypoint would prevent that.
		config.Entrypoint, config.Cmd = nil, []string{"sh"}
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
