package main

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

var root = os.DirFS("../..")

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := fs.Glob(root, pattern)
	if err != nil || names == nil {
		t.Fatalf("%s matches nothing: %v", pattern, err)
	}
	return names
}

// The inputs and outputs of the action.yml files, and the tables and samples in the
// documents, are those of the program.
func TestGenerated(t *testing.T) {
	for _, d := range documents() {
		text := readFile(t, d.path)
		want, err := d.generate(root, text)
		if err != nil {
			t.Errorf("%s: %v", d.path, err)
		} else if want != text {
			t.Errorf("%s is out of date: run make docs", d.path)
		}
	}
}

// Every file with generated parts is known. `go test -update` writes those of
// docs/troubleshooting.md.
func TestAllPagesAreKnown(t *testing.T) {
	for _, name := range slices.Concat(glob(t, "docs/*.md"), glob(t, "*.md"), glob(t, "hosts/*/*/*.md")) {
		known := slices.ContainsFunc(documents(), func(d document) bool { return d.path == name })
		if marked := part.MatchString(readFile(t, name)); marked != known && name != "docs/troubleshooting.md" {
			t.Errorf("%s: generated parts %v, known %v", name, marked, known)
		}
	}
}

// Every recipe is shown on exactly one page.
func TestEveryRecipeIsShown(t *testing.T) {
	pages := ""
	for _, name := range glob(t, "docs/*.md") {
		pages += readFile(t, name)
	}
	for _, recipe := range glob(t, "docs/recipes/*") {
		if got := strings.Count(pages, "<!-- "+strings.TrimPrefix(recipe, "docs/")+": written by"); got != 1 {
			t.Errorf("%s is shown %d times", recipe, got)
		}
	}
}

// A page that lost a mark, or whose part is misspelt, isn't written.
func TestPartsThatCannotBeWritten(t *testing.T) {
	for name, text := range map[string]string{
		"no part":    "text\n",
		"no end":     "<!-- inputs: written by `make docs` -->\n",
		"no file":    "<!-- recipes/missing.yml: written by `make docs` -->\n<!-- end -->",
		"one no end": "<!-- inputs: written by `make docs` -->\n<!-- end -->\n<!-- outputs: written by `make docs` -->\n",
	} {
		if _, err := page(nil, nil)(fstest.MapFS{}, text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, text := range []string{"name: x\n", "\ninputs:\n", "\ninputs:\n\nruns:\n  using: composite\n"} {
		if _, err := actionFile(nil, nil, true)(nil, text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

// Text that YAML would read as something else, or not at all, is quoted.
func TestYAMLText(t *testing.T) {
	for text, want := range map[string]string{
		"none": "none", "https://bitbucket.org": "https://bitbucket.org", "30s": "30s", "${{ github.token }}": "${{ github.token }}",
		"true": `"true"`, "No": `"No"`, "10": `"10"`, "1.5": `"1.5"`, "": `""`, "a: b": `"a: b"`, "a #b": `"a #b"`, "a:": `"a:"`,
		"*": `"*"`, "refs/heads/*": `"refs/heads/*"`, "- a": `"- a"`, "0x10": `"0x10"`, " a": `" a"`, "a\nb": `"a\nb"`, `"a"`: `"\"a\""`,
	} {
		if got := yamlText(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}

// The Marketplace accepts descriptions of up to 124 characters.
func TestActionDescription(t *testing.T) {
	for _, name := range []string{"action.yml", "binary/action.yml", "mirror/action.yml"} {
		match := regexp.MustCompile(`(?m)^description: (.+)$`).FindStringSubmatch(readFile(t, name))
		if match == nil {
			t.Errorf("%s has no description in one line", name)
		} else if len(match[1]) > 124 {
			t.Errorf("%s: the description has %d characters", name, len(match[1]))
		}
	}
}

func TestREADMEIsShort(t *testing.T) {
	if lines := strings.Count(readFile(t, "README.md"), "\n"); lines > 200 {
		t.Errorf("README.md has %d lines", lines)
	}
}

// Every code has an anchor in the troubleshooting page, and no other has one.
func TestCodes(t *testing.T) {
	var codes []string
	for _, match := range regexp.MustCompile(`Code\{"(BBA\d{3})"`).FindAllStringSubmatch(readFile(t, "internal/fault/codes.go"), -1) {
		codes = append(codes, match[1])
	}
	var anchors []string
	for _, match := range regexp.MustCompile(`<a id="(bba\d{3})"></a>(BBA\d{3}) `).FindAllStringSubmatch(readFile(t, "docs/troubleshooting.md"), -1) {
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

// Links within the documents lead somewhere, and to an anchor that exists.
func TestLinks(t *testing.T) {
	count := 0
	for _, name := range slices.Concat(glob(t, "docs/*.md"), glob(t, "*.md"), glob(t, "bench/*.md")) {
		for _, match := range regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`).FindAllStringSubmatch(readFile(t, name), -1) {
			count++
			target := name
			if match[1] != "" {
				target = path.Clean(path.Join(path.Dir(name), match[1]))
			}
			if _, err := fs.Stat(root, target); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, match[1])
				continue
			}
			if match[2] != "" && !slices.Contains(anchors(readFile(t, target)), match[2]) {
				t.Errorf("%s: %s has no anchor %s", name, target, match[2])
			}
		}
	}
	if count < 200 {
		t.Errorf("only %d links were found", count)
	}
}

// The page about tests names the versions that are pinned.
func TestTestedVersions(t *testing.T) {
	page := readFile(t, "docs/tested.md")
	for tool, words := range map[string]string{
		"act": "act %s;", "gitea-runner": "and %s, in containers", "gitea-runner-1.0.6": "runners %s and",
		"buildkite-agent": "agent %s, with", "drone-runner": "drone-runner-docker %s,", "git-lfs": ", %s |", "git-lfs-3.6.0": ", %s,",
	} {
		mod := readFile(t, "tools/"+tool+"/go.mod")
		module := regexp.MustCompile(`(?m)^tool (\S+)$`).FindStringSubmatch(mod)[1]
		version := regexp.MustCompile(regexp.QuoteMeta(module) + ` v(\S+)`).FindStringSubmatch(mod)[1]
		if text := strings.ReplaceAll(words, "%s", version); !strings.Contains(page, text) {
			t.Errorf("docs/tested.md doesn't say %q of %s", text, tool)
		}
	}
}

// anchors are those that GitHub gives the headings of a page, and those in its HTML.
func anchors(page string) (found []string) {
	page = regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(page, "")
	for _, match := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		text := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(match[1]), "")
		found = append(found, strings.ReplaceAll(text, " ", "-"))
	}
	for _, match := range regexp.MustCompile(`<a id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		found = append(found, match[1])
	}
	return found
}

// Woodpecker's index of plugins shows these pages on its own site. It reads their
// head and leaves out comments (docs/plugins/woodpecker-plugins/src in
// woodpecker-ci/woodpecker, 3.17: types.ts, markdown.ts).
func TestWoodpeckerIndex(t *testing.T) {
	for name, sample := range map[string]string{"credential": "woodpecker.yaml", "mirror": "woodpecker-mirror.yaml"} {
		text := readFile(t, "hosts/woodpecker/"+name+"/docs.md")
		match := regexp.MustCompile(`^---([\s|\S]*?)---\n`).FindStringSubmatch(text)
		if match == nil {
			t.Errorf("%s: there is no head", name)
			continue
		}
		fields := map[string]string{}
		for line := range strings.Lines(strings.TrimSpace(match[1])) {
			field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			fields[field] = value
		}
		for _, field := range []string{"name", "description", "url", "tags", "author", "containerImage", "containerImageUrl"} {
			if fields[field] == "" || strings.Contains(fields[field], ": ") {
				t.Errorf("%s: %s is %q", name, field, fields[field])
			}
		}
		if image := "image: " + fields["containerImage"] + ":v1."; !strings.Contains(readFile(t, "docs/hosts/"+sample), image) {
			t.Errorf("%s has no %s", sample, image)
		}
		body := strings.TrimPrefix(text, match[0])
		if !strings.Contains(body, "<!-- hosts/"+sample+": written by") || !strings.Contains(body, "<!-- settings: written by") {
			t.Errorf("%s: the page lacks its sample or its settings", name)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(body, -1) {
			if !strings.HasPrefix(link[1], "https://") {
				t.Errorf("%s: the link %s leads nowhere on another site", name, link[1])
			}
		}
	}
}

// A plugin's setting has a name that every shell keeps.
func TestPluginTable(t *testing.T) {
	for _, settings := range [][]contract.Setting{contract.CredentialSettings, contract.MirrorSettings} {
		table := pluginTable(settings)
		for _, setting := range settings {
			row := "| `" + strings.ReplaceAll(setting.ID, "-", "_") + "` | "
			if got, want := strings.Contains(table, row), setting.ID != "host"; got != want {
				t.Errorf("a row for %s: %v, want %v", setting.ID, got, want)
			}
		}
	}
}

// TestCompositeScripts requires scripts that contain no expression: a value in it
// could be read as code.
func TestCompositeScripts(t *testing.T) {
	for _, action := range []string{"binary", "mirror"} {
		_, steps, _ := strings.Cut(readFile(t, action+"/action.yml"), "\nruns:\n")
		for line := range strings.Lines(steps) {
			if strings.Contains(line, "run: ") && strings.Contains(line, "${{") {
				t.Errorf("%s/action.yml has an expression in a script: %s", action, line)
			}
		}
	}
}
