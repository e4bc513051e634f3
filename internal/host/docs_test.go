package host_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

const root = "../.."

// testNames are the tests of this module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil // being edited: its own package tells
		}
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil {
				names[function.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+)`")
	link     = regexp.MustCompile(`\]\((hosts/[^)]+)\)`)
)

// The table of hosts is complete, and every cell names a test that exists.
func TestTheTableOfHostsIsTrue(t *testing.T) {
	page := read(t, filepath.Join(root, "docs", "hosts.md"))
	known := testNames(t)
	for _, match := range testName.FindAllStringSubmatch(page, -1) {
		if !known[match[1]] {
			t.Errorf("there is no test %s", match[1])
		}
	}
	wanted := []string{"a shell"}
	for _, h := range hosttest.Hosts {
		wanted = append(wanted, h.Name)
	}
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "|") || strings.Contains(line, "---") || strings.HasPrefix(line, "| host ") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(cells[0]), "["), "]")
		at := slices.Index(wanted, name)
		if at < 0 || len(cells) != 6 {
			t.Errorf("a row that is no host's, or of %d cells: %q", len(cells), name)
			continue
		}
		wanted = slices.Delete(wanted, at, at+1)
		for _, cell := range cells[1:] {
			if !testName.MatchString(cell) {
				t.Errorf("%s: no test is named in %q", name, cell)
			}
		}
		if name != "a shell" && !link.MatchString(cells[0]) {
			t.Errorf("%s has no pipeline file", name)
		}
	}
	if len(wanted) > 0 {
		t.Errorf("not in the table: %v", wanted)
	}
}

var (
	inputID      = regexp.MustCompile(`(?m)^  ([a-z-]+):$`)
	variableName = regexp.MustCompile(`\bBITBUCKET_AUTH_([A-Z_]+)\b`)
	yamlKey      = regexp.MustCompile(`(?m)^( +)(settings|with):\n`)
)

// settingIDs are the settings that there are.
func settingIDs(t *testing.T) []string {
	t.Helper()
	inputs, _, _ := strings.Cut(read(t, filepath.Join(root, "action.yml")), "\noutputs:")
	ids := []string{"host", "env-file", "token-file"}
	for _, match := range inputID.FindAllStringSubmatch(inputs, -1) {
		ids = append(ids, match[1])
	}
	return ids
}

// Each pipeline file is named in the page, and uses settings that there are,
// under names that its host reads.
func TestPipelineFiles(t *testing.T) {
	page := read(t, filepath.Join(root, "docs", "hosts.md"))
	ids := settingIDs(t)
	entries, err := os.ReadDir(filepath.Join(root, "docs", "hosts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range link.FindAllStringSubmatch(page, -1) {
		if _, err := os.Stat(filepath.Join(root, "docs", match[1])); err != nil {
			t.Error(err)
		}
	}
	for _, entry := range entries {
		text := read(t, filepath.Join(root, "docs", "hosts", entry.Name()))
		if !strings.Contains(page, "(hosts/"+entry.Name()+")") {
			t.Errorf("%s is named nowhere", entry.Name())
		}
		found := 0
		for _, match := range variableName.FindAllStringSubmatch(text, -1) {
			found++
			if id := strings.ReplaceAll(strings.ToLower(match[1]), "_", "-"); !slices.Contains(ids, id) {
				t.Errorf("%s: %s is no setting", entry.Name(), match[0])
			}
		}
		for _, at := range yamlKey.FindAllStringSubmatchIndex(text, -1) {
			indent := text[at[2]:at[3]] + "  "
			for line := range strings.Lines(text[at[1]:]) {
				key, inside := strings.CutPrefix(line, indent)
				if !inside {
					break
				}
				if id, _, _ := strings.Cut(key, ":"); !strings.HasPrefix(key, " ") {
					found++
					if !slices.Contains(ids, id) {
						t.Errorf("%s: %s is no setting", entry.Name(), id)
					}
				}
			}
		}
		if found == 0 {
			t.Errorf("%s gives no setting", entry.Name())
		}
	}
}
