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
func sbom(w io.Writer, version, program, shell string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	text, err := readFile(program)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	digest := hex.EncodeToString(sum[:])

	const main = "SPDXRef-bitbucket-auth"
	document := spdxDocument{
		Version:   "SPDX-2.3",
		License:   "CC0-1.0",
		ID:        "SPDXRef-DOCUMENT",
		Name:      filepath.Base(program),
		Namespace: source + "/sbom/" + version + "/" + digest,
		// SPDX requires a time, but the same program must have the same document.
		Creation: spdxCreation{Created: "1970-01-01T00:00:00Z", Creators: []string{"Tool: bitbucket-auth/tools/image"}},
		Packages: []spdxPackage{{
			ID: main, Name: info.Main.Path, Version: version, Download: source, Purpose: "APPLICATION",
			Checksums: []spdxChecksum{{"SHA256", digest}},
			Refs:      []spdxReference{golang(info.Main.Path, version)},
		}},
		Relationships: []spdxRelationship{{"SPDXRef-DOCUMENT", "DESCRIBES", main}},
	}
	// The document describes the image's other parts next to the program, not as
	// dependencies of it.
	const linked, beside = "DEPENDS_ON", "DESCRIBES"
	from := map[string]string{linked: main, beside: "SPDXRef-DOCUMENT"}
	add := func(relation, path, version string, reference spdxReference) {
		id := fmt.Sprintf("SPDXRef-%d", len(document.Packages))
		document.Packages = append(document.Packages, spdxPackage{
			ID: id, Name: path, Version: version, Download: "NOASSERTION", Refs: []spdxReference{reference},
		})
		document.Relationships = append(document.Relationships, spdxRelationship{from[relation], relation, id})
	}
	addModule := func(relation string, module *debug.Module) {
		for module.Replace != nil {
			module = module.Replace
		}
		add(relation, module.Path, module.Version, golang(module.Path, module.Version))
	}
	for _, module := range info.Deps {
		addModule(linked, module)
	}
	library := strings.TrimPrefix(info.GoVersion, "go")
	add(linked, "stdlib", library, golang("stdlib", library))

	// The CA certificates come from a module of this tool.
	tool, _ := debug.ReadBuildInfo()
	for _, module := range tool.Deps {
		if strings.HasSuffix(module.Path, "/x509roots/fallback") {
			addModule(beside, module)
		}
	}
	if shell != "" {
		text, err := readFile(filepath.Join(shell, "version"))
		if err != nil {
			return err
		}
		busybox := strings.TrimSpace(string(text))
		add(beside, "busybox-static", busybox,
			spdxReference{"PACKAGE-MANAGER", "purl", "pkg:deb/debian/busybox-static@" + url.QueryEscape(busybox)})
	}

	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// golang is the package URL of a Go module.
func golang(path, version string) spdxReference {
	return spdxReference{"PACKAGE-MANAGER", "purl", "pkg:golang/" + path + "@" + version}
}
