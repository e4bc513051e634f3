package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var update = flag.Bool("update", false, "write the generated parts of the documents anew")

// actionFile is what the documents say of action.yml.
type actionFile struct {
	Description string
	Inputs      yaml.MapSlice
	Outputs     yaml.MapSlice
}

func readAction(t *testing.T) actionFile {
	t.Helper()
	var a actionFile
	if err := yaml.Unmarshal([]byte(readFile(t, "../action.yml")), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The README's tables are those of action.yml.
func TestDocsTables(t *testing.T) {
	a := readAction(t)
	var inputs, outputs strings.Builder
	inputs.WriteString("| input | default | meaning |\n|---|---|---|\n")
	for _, item := range a.Inputs {
		field := item.Value.(map[string]any)
		standard := ""
		if value := field["default"]; value != nil {
			standard = fmt.Sprintf("`%v`", value)
		}
		fmt.Fprintf(&inputs, "| `%s` | %s | %s |\n", item.Key, standard, field["description"])
	}
	outputs.WriteString("| output | masked | meaning |\n|---|---|---|\n")
	for _, item := range a.Outputs {
		meaning, masked := strings.CutPrefix(item.Value.(map[string]any)["description"].(string), "Secret. ")
		fmt.Fprintf(&outputs, "| `%s` | %s | %s |\n", item.Key, map[bool]string{true: "yes", false: ""}[masked], meaning)
	}
	readme := readFile(t, "../README.md")
	want := replacePart(t, replacePart(t, readme, "inputs", inputs.String()), "outputs", outputs.String())
	if *update {
		if err := os.WriteFile("../README.md", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != readme {
		t.Error("README.md isn't what action.yml says: run make docs")
	}
	if lines := strings.Count(want, "\n"); lines > 250 {
		t.Errorf("README.md has %d lines", lines)
	}
	if len(a.Description) >= 125 {
		t.Errorf("the description has %d characters, and the Marketplace takes 124", len(a.Description))
	}
}

// The page about Avo Assure shows the example that TestAvo runs.
func TestDocsAvoExample(t *testing.T) {
	const path = "../docs/avo-assure.md"
	page := readFile(t, path)
	want := replacePart(t, page, "avo-assure.yml", "```yaml\n"+readFile(t, "../docs/examples/avo-assure.yml")+"```\n")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != page {
		t.Error("docs/avo-assure.md doesn't show docs/examples/avo-assure.yml: run make docs")
	}
}

// replacePart replaces what stands between a part's marks.
func replacePart(t *testing.T, page, part, text string) string {
	t.Helper()
	begin, end := "<!-- "+part+": written by `make docs` -->\n", "<!-- end -->"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("there is no place for %s", part)
	}
	return before + begin + text + end + after
}

// Every code has an anchor in the troubleshooting page, and no other has one.
func TestDocsCodes(t *testing.T) {
	var codes []string
	for _, match := range regexp.MustCompile(`Code\{"(BBA\d{3})"`).FindAllStringSubmatch(readFile(t, "../internal/fault/codes.go"), -1) {
		codes = append(codes, match[1])
	}
	var anchors []string
	for _, match := range regexp.MustCompile(`<a id="(bba\d{3})"></a>(BBA\d{3}) `).FindAllStringSubmatch(readFile(t, "../docs/troubleshooting.md"), -1) {
		if strings.ToUpper(match[1]) != match[2] {
			t.Errorf("%s has the anchor %s", match[2], match[1])
		}
		anchors = append(anchors, match[2])
	}
	slices.Sort(codes)
	slices.Sort(anchors)
	if len(codes) < 50 || !slices.Equal(codes, anchors) {
		t.Errorf("codes and anchors differ:\n%v\n%v", codes, anchors)
	}
	if again := slices.Compact(slices.Clone(codes)); len(again) != len(codes) {
		t.Error("a code is used twice")
	}
}

// Every YAML block is a workflow that actionlint takes, or steps of one.
func TestDocsYAML(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	dir := t.TempDir()
	for _, page := range append(pages, "../README.md", "../SECURITY.md") {
		if _, err := os.Stat(page); err != nil {
			continue
		}
		for i, match := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readFile(t, page), -1) {
			text := match[1]
			var any any
			if err := yaml.Unmarshal([]byte(text), &any); err != nil {
				t.Errorf("%s, block %d: %v", page, i+1, err)
				continue
			}
			if strings.HasPrefix(strings.TrimLeft(text, " \n"), "- ") {
				text = "on: push\npermissions: {}\njobs:\n  job:\n    runs-on: ubuntu-latest\n    steps:\n" + text
			} else if !regexp.MustCompile(`(?m)^(on|jobs):`).MatchString(text) {
				continue // another host's pipeline, or a part of a file
			}
			blocks++
			path := filepath.Join(dir, fmt.Sprintf("%s-%d.yml", strings.TrimSuffix(filepath.Base(page), ".md"), i+1))
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("../.bin/actionlint", "-no-color", path).CombinedOutput(); err != nil {
				t.Errorf("%s, block %d: %v\n%s", page, i+1, err, out)
			}
		}
	}
	if blocks < 5 {
		t.Errorf("%d blocks were found", blocks)
	}
}

// Links within the documents lead somewhere.
func TestDocsLinks(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md") {
		for _, match := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(readFile(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), match[1])); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, match[1])
			}
		}
	}
}
