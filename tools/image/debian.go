package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// distribution is the packages of Debian for one architecture, as
// scripts/release/parts unpacked them.
type distribution struct {
	triplet  string // the name of the folder of libraries
	files    map[string]entry
	owner    map[string]*debianPackage // of each file
	packages map[string]*debianPackage
}

type debianPackage struct {
	name, version string
	// Where its source is.
	source, sourceVersion string
}

// triplets are Debian's names of the architectures in paths (wiki.debian.org/Multiarch/Tuples).
var triplets = map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}

func openDistribution(parts, architecture string) (*distribution, error) {
	d := &distribution{
		triplet: triplets[architecture],
		files:   map[string]entry{}, owner: map[string]*debianPackage{}, packages: map[string]*debianPackage{},
	}
	dir := filepath.Join(parts, "debian", architecture)
	archives, err := filepath.Glob(filepath.Join(dir, "*.tar"))
	if err != nil || len(archives) == 0 {
		return nil, fmt.Errorf("%s has no packages: %w", dir, err)
	}
	for _, archive := range archives {
		control, err := readFile(strings.TrimSuffix(archive, ".tar") + ".control")
		if err != nil {
			return nil, err
		}
		if err := d.add(archive, newDebianPackage(string(control))); err != nil {
			return nil, fmt.Errorf("%s: %w", archive, err)
		}
	}
	return d, nil
}

// newDebianPackage reads a package's control file (Debian Policy, chapter 5).
func newDebianPackage(control string) *debianPackage {
	fields := map[string]string{}
	for line := range strings.Lines(control) {
		if name, value, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") {
			fields[name] = strings.TrimSpace(value)
		}
	}
	p := &debianPackage{name: fields["Package"], version: fields["Version"]}
	p.source, p.sourceVersion = p.name, p.version
	// Only if they differ: "Source: krb5 (1.21.3-5)".
	if source := fields["Source"]; source != "" {
		name, version, differs := strings.Cut(source, " ")
		p.source = name
		if differs {
			p.sourceVersion = strings.Trim(version, "()")
		}
	}
	return p
}

func (d *distribution) add(archive string, p *debianPackage) error {
	d.packages[p.name] = p
	file, err := os.Open(archive) //nolint:gosec // the caller chose it
	if err != nil {
		return err
	}
	defer file.Close()
	for reader := tar.NewReader(file); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e := entry{name: path.Clean(header.Name), mode: header.Mode & 0o777}
		switch header.Typeflag {
		case tar.TypeSymlink:
			e.link = header.Linkname
		case tar.TypeReg:
			if e.text, err = io.ReadAll(reader); err != nil {
				return err
			}
		default:
			continue // a folder, which newLayer makes; or a second name of git
		}
		d.files[e.name], d.owner[e.name] = e, p
	}
}

// selection is what an image has of a distribution.
type selection struct {
	from    *distribution
	entries map[string]entry
}

func (d *distribution) selection() *selection {
	return &selection{from: d, entries: map[string]entry{}}
}

// add takes a file, and whatever it is a link to.
func (s *selection) add(name string) (entry, error) {
	for range 10 {
		e, there := s.from.files[name]
		if !there {
			return e, fmt.Errorf("no package has %s", name)
		}
		s.entries[name] = e
		switch {
		case e.link == "":
			return e, nil
		case path.IsAbs(e.link):
			name = strings.TrimPrefix(path.Clean(e.link), "/")
		default:
			name = path.Join(path.Dir(name), e.link)
		}
	}
	return entry{}, fmt.Errorf("%s is a link to itself", name)
}

// addProgram takes a program or library, and the libraries that the loader needs
// for it.
func (s *selection) addProgram(name string) error {
	if _, taken := s.entries[name]; taken {
		return nil
	}
	file, err := s.add(name)
	if err != nil {
		return err
	}
	binary, err := elf.NewFile(bytes.NewReader(file.text))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	libraries, err := binary.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, library := range libraries {
		// The loader itself has a place of its own, below.
		if strings.HasPrefix(library, "ld-linux") {
			continue
		}
		if err := s.addProgram(path.Join("usr/lib", s.from.triplet, library)); err != nil {
			return err
		}
	}
	for _, program := range binary.Progs {
		if program.Type != elf.PT_INTERP {
			continue
		}
		loader, err := io.ReadAll(program.Open())
		if err != nil {
			return err
		}
		// /lib64/ld-linux-x86-64.so.2: since /lib64 is a link to usr/lib64.
		place := strings.Trim(string(loader), "/\x00")
		folder, _, _ := strings.Cut(place, "/")
		s.entries[folder] = symlink(folder, "usr/"+folder)
		if _, err := s.add("usr/" + place); err != nil {
			return err
		}
	}
	return nil
}

// packages are those that what was taken comes from, sorted by name.
func (s *selection) packages() []*debianPackage {
	taken := map[string]*debianPackage{}
	for name := range s.entries {
		if p := s.from.owner[name]; p != nil {
			taken[p.name] = p
		}
	}
	return slices.SortedFunc(maps.Values(taken), func(a, b *debianPackage) int { return strings.Compare(a.name, b.name) })
}

// commonLicense is how a package names a licence that base-files has the text of.
var commonLicense = regexp.MustCompile(`/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9])`)

// addLicenses takes the packages' statements of their licences, with the texts that
// these name, and says where the source is: the GPL requires all three. (A statement
// that another package makes counts as a part of that one.)
func (s *selection) addLicenses() error {
	for _, p := range s.packages() {
		folder := "usr/share/doc/" + p.name
		// A package may refer to another one of the same source.
		if link, is := s.from.files[folder]; is && link.link != "" {
			s.entries[folder] = link
			folder = path.Join("usr/share/doc", link.link)
		}
		statement, err := s.add(folder + "/copyright")
		if err != nil {
			return err
		}
		for _, match := range commonLicense.FindAllSubmatch(statement.text, -1) {
			if _, err := s.add("usr/share/common-licenses/" + string(match[1])); err != nil {
				return err
			}
		}
	}
	var sources strings.Builder
	sources.WriteString("The source of Debian's packages in this image:\n\n")
	for _, p := range s.packages() {
		fmt.Fprintf(&sources, "%s %s: pkg:deb/debian/%s@%s?arch=source\n", p.name, p.version, p.source, p.sourceVersion)
	}
	s.entries["usr/share/doc/SOURCES"] = file("usr/share/doc/SOURCES", 0o644, []byte(sources.String()))
	return nil
}

func (s *selection) list() []entry { return slices.Collect(maps.Values(s.entries)) }
