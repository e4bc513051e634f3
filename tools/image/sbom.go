package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// The fields of SPDX 2.3 (spdx.github.io/spdx-spec/v2.3) that are needed here. The
// library spdx/tools-golang models every version and field of the format, which
// is far more than these 40 lines.
type (
	spdxDocument struct {
		Version       string             `json:"spdxVersion"`
		License       string             `json:"dataLicense"`
		ID            string             `json:"SPDXID"`
		Name          string             `json:"name"`
		Namespace     string             `json:"documentNamespace"`
		Creation      spdxCreation       `json:"creationInfo"`
		Packages      []spdxPackage      `json:"packages"`
		Relationships []spdxRelationship `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		ID        string          `json:"SPDXID"`
		Name      string          `json:"name"`
		Version   string          `json:"versionInfo"`
		Download  string          `json:"downloadLocation"`
		Analyzed  bool            `json:"filesAnalyzed"`
		Purpose   string          `json:"primaryPackagePurpose,omitempty"`
		Checksums []spdxChecksum  `json:"checksums,omitempty"`
		Refs      []spdxReference `json:"externalRefs,omitempty"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxReference struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelationship struct {
		From string `json:"spdxElementId"`
		Type string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	}
)

// sbom lists what an image contains: the program with its modules, as the Go linker
// recorded them in it, and the image's other parts. Package URLs say where each
// part comes from.
func sbom(w io.Writer, name, version, dist, parts string) error {
	k, err := findKind(name)
	if err != nil {
		return err
	}
	all, err := architectures(dist)
	if err != nil {
		return err
	}
	// The modules are the same on every platform.
	first := filepath.Join(dist, program+all[0])
	info, err := buildinfo.ReadFile(first)
	if err != nil {
		return err
	}
	text, err := readFile(first)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	digest := hex.EncodeToString(sum[:])

	const main = "SPDXRef-bitbucket-auth"
	document := spdxDocument{
		Version:   "SPDX-2.3",
		License:   "CC0-1.0",
		ID:        documentID,
		Name:      k.title,
		Namespace: source + "/sbom/" + version + "/" + name + "/" + digest,
		// SPDX requires a time, but the same program must have the same document.
		Creation: spdxCreation{Created: "1970-01-01T00:00:00Z", Creators: []string{"Tool: bitbucket-auth/tools/image"}},
		Packages: []spdxPackage{{
			ID: main, Name: info.Main.Path, Version: version, Download: source, Purpose: "APPLICATION",
			Checksums: []spdxChecksum{{"SHA256", digest}},
			Refs:      []spdxReference{golang(info.Main.Path, version)},
		}},
		Relationships: []spdxRelationship{{documentID, "DESCRIBES", main}},
	}
	document.addModules(main, info)

	// The document describes the image's other parts next to the program, not as
	// dependencies of it. The CA certificates come from a module of this tool.
	tool, _ := debug.ReadBuildInfo()
	for _, module := range tool.Deps {
		if strings.HasSuffix(module.Path, "/x509roots/fallback") {
			document.add(documentID, module.Path, module.Version, golang(module.Path, module.Version))
		}
	}
	if k.gitLFS {
		if err := document.addGitLFS(filepath.Join(parts, "git-lfs_"+all[0])); err != nil {
			return err
		}
	}
	if k.more != nil {
		if err := document.addPackages(k, parts, all); err != nil {
			return err
		}
	}

	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// documentID is what the document calls itself.
const documentID = "SPDXRef-DOCUMENT"

// add lists a part of the image, or of another part.
func (d *spdxDocument) add(of, name, version string, reference spdxReference) string {
	relation := map[bool]string{true: "DESCRIBES", false: "DEPENDS_ON"}[of == documentID]
	id := fmt.Sprintf("SPDXRef-%d", len(d.Packages))
	d.Packages = append(d.Packages, spdxPackage{
		ID: id, Name: name, Version: version, Download: "NOASSERTION", Refs: []spdxReference{reference},
	})
	d.Relationships = append(d.Relationships, spdxRelationship{of, relation, id})
	return id
}

// addModules lists the modules that a program is linked with, and the standard library.
func (d *spdxDocument) addModules(of string, info *debug.BuildInfo) {
	for _, module := range info.Deps {
		for module.Replace != nil {
			module = module.Replace
		}
		d.add(of, module.Path, module.Version, golang(module.Path, module.Version))
	}
	library := strings.TrimPrefix(info.GoVersion, "go")
	d.add(of, "stdlib", library, golang("stdlib", library))
}

func (d *spdxDocument) addGitLFS(program string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	id := d.add(documentID, info.Main.Path, info.Main.Version, golang(info.Main.Path, info.Main.Version))
	d.addModules(id, info)
	return nil
}

// addPackages lists Debian's packages, of all architectures: their versions may
// differ in the number of a rebuild.
func (d *spdxDocument) addPackages(k kind, parts string, architectures []string) error {
	listed := map[debianPackage]bool{}
	for _, architecture := range architectures {
		selected, err := k.more(parts, architecture)
		if err != nil {
			return err
		}
		for _, p := range selected.packages() {
			if listed[*p] {
				continue
			}
			listed[*p] = true
			d.add(documentID, p.name, p.version,
				spdxReference{"PACKAGE-MANAGER", "purl", "pkg:deb/debian/" + url.PathEscape(p.name) + "@" + url.QueryEscape(p.version)})
		}
	}
	return nil
}

// golang is the package URL of a Go module.
func golang(path, version string) spdxReference {
	return spdxReference{"PACKAGE-MANAGER", "purl", "pkg:golang/" + path + "@" + version}
}
