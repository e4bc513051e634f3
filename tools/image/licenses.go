package main

import (
	"bytes"
	"cmp"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenseFile matches the names of the files in which a module states its licence.
var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)`)

// licenses prints the licences of a Go program, as the modules that it was linked
// from state them. The program was built in the folder of a module, and the modules
// are still in Go's cache.
func licenses(w io.Writer, program, folder string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	paths := []string{info.Main.Path}
	for _, module := range info.Deps {
		paths = append(paths, module.Path)
	}
	modules, err := listModules(folder, paths)
	if err != nil {
		return err
	}
	root, err := goTool("env", "GOROOT")
	if err != nil {
		return err
	}
	modules = append(modules, module{Path: "Go's standard library", Version: strings.TrimPrefix(info.GoVersion, "go"), Dir: strings.TrimSpace(string(root))})

	// Modules with the same text share it.
	var texts []string
	users := map[string][]string{}
	for _, m := range modules {
		text, err := m.license()
		if err != nil {
			return err
		}
		if users[text] == nil {
			texts = append(texts, text)
		}
		users[text] = append(users[text], strings.TrimSpace(m.Path+" "+m.Version))
	}
	for _, text := range texts {
		if err := printLicense(w, users[text], text); err != nil {
			return err
		}
	}
	return nil
}

// printLicense prints a licence below what it applies to.
func printLicense(w io.Writer, subjects []string, text string) error {
	line := strings.Repeat("=", 78)
	_, err := fmt.Fprintf(w, "%s\n%s\n%s\n\n%s\n\n", line, strings.Join(subjects, "\n"), line, strings.Trim(text, "\n"))
	return err
}

// module is what `go list -m -json` prints.
type module struct {
	Path, Version, Dir string
	Replace            *module
}

func listModules(folder string, paths []string) ([]module, error) {
	text, err := goTool(slices.Concat([]string{"-C", folder, "list", "-m", "-json"}, paths)...)
	if err != nil {
		return nil, err
	}
	var modules []module
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var m module
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return modules, nil
		} else if err != nil {
			return nil, err
		}
		if m.Replace != nil {
			m = *m.Replace
		}
		modules = append(modules, m)
	}
}

// license is the text of a module's licence files.
func (m module) license() (string, error) {
	files, err := os.ReadDir(cmp.Or(m.Dir, m.Path+" isn't downloaded"))
	if err != nil {
		return "", err
	}
	var texts []string
	for _, file := range files {
		if !licenseFile.MatchString(file.Name()) || file.IsDir() {
			continue
		}
		text, err := readFile(filepath.Join(m.Dir, file.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.Trim(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"))
	}
	if len(texts) == 0 {
		return "", fmt.Errorf("%s has no licence", m.Path)
	}
	return strings.Join(texts, "\n\n"), nil
}

func goTool(args ...string) ([]byte, error) {
	text, err := exec.CommandContext(context.Background(), "go", args...).Output() //nolint:gosec // paths of modules that a program names
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, failed.Stderr)
	}
	return text, err
}
