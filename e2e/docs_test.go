//go:build linux

package e2e

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documents")

// actions lists the action.yml files, each with its command's settings and outputs.
var actions = []struct {
	path      string
	settings  []contract.Setting
	outputs   []contract.Output
	composite bool // runs the downloaded program, in a step called run
}{
	{"../action.yml", contract.CredentialSettings, contract.CredentialOutputs, false},
	{"../binary/action.yml", contract.CredentialSettings, contract.CredentialOutputs, true},
	{"../mirror/action.yml", contract.MirrorSettings, contract.MirrorOutputs, true},
}

// The inputs and outputs of the action.yml files are those of the program.
func TestDocsActions(t *testing.T) {
	for _, a := range actions {
		text := readFile(t, a.path)
		before, rest, ok := strings.Cut(text, "\ninputs:\n")
		_, steps, ends := strings.Cut(rest, "\nruns:\n")
		if !ok || !ends {
			t.Fatalf("%s has no inputs before its runs", a.path)
		}
		if a.composite {
			head, _, found := strings.Cut(steps, "        INPUT_")
			if !found {
				t.Fatalf("%s hands no input to the program", a.path)
			}
			steps = head + inputVariables(a.settings)
		}
		want := before + "\ninputs:\n" + actionInputsOf(a.settings) + "\noutputs:\n" + actionOutputsOf(a.outputs, a.composite) + "\nruns:\n" + steps
		same(t, a.path, text, want)
	}
}

func actionInputsOf(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		if setting.NotInput {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n    description: %q\n", setting.ID, setting.Description)
		if setting.Required {
			b.WriteString("    required: true\n")
		}
		if standard := cmp.Or(setting.Expression, setting.Default); standard != "" {
			fmt.Fprintf(&b, "    default: %s\n", yamlText(standard))
		}
	}
	return b.String()
}

// yamlText is text that YAML reads as a string.
func yamlText(text string) string {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil || value != any(text) {
		return strconv.Quote(text)
	}
	return text
}

func actionOutputsOf(outputs []contract.Output, composite bool) string {
	var b strings.Builder
	for _, output := range outputs {
		secret := map[bool]string{true: "Secret. "}[output.Secret]
		fmt.Fprintf(&b, "  %s:\n    description: %q\n", output.ID, secret+output.Description)
		if composite {
			fmt.Fprintf(&b, "    value: ${{ steps.run.outputs.%s }}\n", output.ID)
		}
	}
	return b.String()
}

// inputVariables hands each input to the program, as a runner does where an
// action is a container.
func inputVariables(settings []contract.Setting) string {
	var b strings.Builder
	for _, setting := range settings {
		if !setting.NotInput {
			fmt.Fprintf(&b, "        INPUT_%s: ${{ inputs.%s }}\n", strings.ToUpper(setting.ID), setting.ID)
		}
	}
	return b.String()
}

// same compares a file with its expected text, or rewrites it.
func same(t *testing.T, path, got, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("%s is out of date: run make docs", strings.TrimPrefix(path, "../"))
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The tables in the documents are those of the program.
func TestDocsTables(t *testing.T) {
	for _, page := range []struct {
		path     string
		settings []contract.Setting
		outputs  []contract.Output
	}{
		{"../README.md", contract.CredentialSettings, contract.CredentialOutputs},
		{"../docs/mirror.md", contract.MirrorSettings, contract.MirrorOutputs},
	} {
		text := readFile(t, page.path)
		want := replacePart(t, replacePart(t, text, "inputs", inputTable(page.settings)), "outputs", outputTable(page.outputs))
		same(t, page.path, text, want)
	}
	if lines := strings.Count(readFile(t, "../README.md"), "\n"); lines > 250 {
		t.Errorf("README.md has %d lines", lines)
	}
}

func inputTable(settings []contract.Setting) string {
	var b strings.Builder
	b.WriteString("| input | default | meaning |\n|---|---|---|\n")
	for _, setting := range settings {
		if setting.NotInput {
			continue
		}
		standard := cmp.Or(setting.Expression, setting.Default)
		if standard != "" {
			standard = "`" + standard + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", setting.ID, standard, setting.Description)
	}
	return b.String()
}

// outputTable says which outputs are masked, if any is.
func outputTable(outputs []contract.Output) string {
	var b strings.Builder
	if !slices.ContainsFunc(outputs, func(o contract.Output) bool { return o.Secret }) {
		b.WriteString("| output | meaning |\n|---|---|\n")
		for _, output := range outputs {
			fmt.Fprintf(&b, "| `%s` | %s |\n", output.ID, output.Description)
		}
		return b.String()
	}
	b.WriteString("| output | masked | meaning |\n|---|---|---|\n")
	for _, output := range outputs {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", output.ID, map[bool]string{true: "yes"}[output.Secret], output.Description)
	}
	return b.String()
}

// The Marketplace accepts descriptions of up to 124 characters.
func TestActionDescription(t *testing.T) {
	var file struct{ Description string }
	if err := yaml.Unmarshal([]byte(readFile(t, "../action.yml")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Description) > 124 {
		t.Errorf("the description has %d characters", len(file.Description))
	}
}

// The page about Avo Assure shows the example that TestAvo runs.
func TestDocsAvoExample(t *testing.T) {
	const path = "../docs/avo-assure.md"
	page := readFile(t, path)
	want := replacePart(t, page, "avo-assure.yml", "```yaml\n"+readFile(t, "../docs/examples/avo-assure.yml")+"```\n")
	same(t, path, page, want)
}

// replacePart replaces the text between a part's marks.
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

// Every YAML block is a workflow that actionlint accepts, or steps of one.
func TestDocsYAML(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	dir := t.TempDir()
	// TestToolsPage checks the tools' samples, each with the step before it.
	pages = slices.DeleteFunc(pages, func(page string) bool { return page == toolsPage })
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
