//go:build linux

package documents

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// Script is a shell script that the documents show, or that an action runs.
type Script struct {
	File string
	Text string
	// typed is set if people type it into a shell.
	typed bool
	// stepEnv is the environment that the file gives the script's step.
	StepEnv map[string]string
}

// Scripts finds every script in the documents and in the actions. A file in a
// language that it doesn't know fails the test, so that no script is overlooked.
func Scripts(t *testing.T) []Script {
	t.Helper()
	files := []string{
		"README.md", "SECURITY.md", "CONTRIBUTING.md", "action.yml", "binary/action.yml", "mirror/action.yml",
		"templates/credential.yml", "templates/mirror.yml",
		"hosts/azure-pipelines/credential.yml", "hosts/azure-pipelines/mirror.yml",
	}
	err := filepath.WalkDir(filepath.Join(e2etest.Root(), "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, strings.TrimPrefix(path, e2etest.Root()+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []Script
	for _, file := range files {
		for _, s := range scriptsOf(t, file, e2etest.ReadFile(t, filepath.Join(e2etest.Root(), file))) {
			s.File = file
			all = append(all, s)
		}
	}
	if len(all) < 50 {
		t.Fatalf("only %d scripts were found", len(all))
	}
	return all
}

var (
	codeBlock    = regexp.MustCompile("(?sm)^```(\\w*)\n(.*?)^```")
	groovyScript = regexp.MustCompile(`(?s)\bsh '''(.*?)'''|\bsh '([^']*)'`)
	kotlinScript = regexp.MustCompile(`(?s)scriptContent = """(.*?)"""`)
	dockerRun    = regexp.MustCompile(`(?m)^RUN (.*)$`)
)

// scriptsOf returns the scripts of a file, by the language it is written in.
func scriptsOf(t *testing.T, file, text string) (found []Script) {
	t.Helper()
	switch name := filepath.Base(file); {
	case strings.HasSuffix(name, ".md"):
		for _, block := range codeBlock.FindAllStringSubmatch(text, -1) {
			found = append(found, blockScripts(t, file, block[1], block[2])...)
		}
	case strings.HasSuffix(name, ".yml"), strings.HasSuffix(name, ".yaml"):
		found = yamlScripts(t, file, text)
	case name == "Jenkinsfile":
		for _, match := range groovyScript.FindAllStringSubmatch(text, -1) {
			found = append(found, Script{Text: match[1] + match[2]})
		}
	case strings.HasSuffix(name, ".kts"):
		for _, match := range kotlinScript.FindAllStringSubmatch(text, -1) {
			found = append(found, Script{Text: strings.ReplaceAll(match[1], "${'$'}", "$")})
		}
	case strings.HasPrefix(text, "#!/bin/sh\n"):
		found = []Script{{Text: text}}
	default:
		t.Errorf("no way to find the scripts in %s", file)
	}
	return found
}

// blockScripts returns the scripts of a code block in a page.
func blockScripts(t *testing.T, file, language, text string) (found []Script) {
	t.Helper()
	switch language {
	case "sh":
		return []Script{{Text: text, typed: true}}
	case "yaml":
		return yamlScripts(t, file, text)
	case "dockerfile":
		for _, match := range dockerRun.FindAllStringSubmatch(text, -1) {
			found = append(found, Script{Text: match[1]})
		}
	case "groovy":
		for _, match := range groovyScript.FindAllStringSubmatch(text, -1) {
			found = append(found, Script{Text: match[1] + match[2]})
		}
	case "hcl", "ini", "crontab", "text", "mermaid", "": // no commands, or TestServer… runs them
	default:
		t.Errorf("%s: no way to find the scripts in a block of %q", file, language)
	}
	return found
}

// yamlScripts returns the scripts of a pipeline, of whatever host.
func yamlScripts(t *testing.T, file, text string) []Script {
	t.Helper()
	var found []Script
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var tree any
		if err := decoder.Decode(&tree); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		findScripts(tree, &found)
	}
}

// scriptKeys hold a script in one host or another: GitHub's run, Azure's script and
// bash, GitLab's and Bitbucket's lists, and so on.
var scriptKeys = []string{"run", "script", "bash", "command", "commands", "before_script", "after_script"}

func findScripts(node any, found *[]Script) {
	switch node := node.(type) {
	case []any:
		for _, element := range node {
			findScripts(element, found)
		}
	case map[string]any:
		for key, value := range node {
			_, hasImage := node["image"].(string)
			if !slices.Contains(scriptKeys, key) || hasImage && key == "command" && isList(value) {
				findScripts(value, found) // a container's command is no script
				continue
			}
			if text := scriptText(value); text != "" {
				// `buildkite-agent pipeline upload` turns $$ into $.
				*found = append(*found, Script{Text: strings.ReplaceAll(text, "$$", "$"), StepEnv: textsOf(node["env"])})
			} else {
				findScripts(value, found)
			}
		}
	}
}

func isList(value any) bool {
	_, list := value.([]any)
	return list
}

// scriptText is a script that is one text, or a list of lines.
func scriptText(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case []any:
		var lines []string
		for _, line := range value {
			text, isText := line.(string)
			if !isText {
				return ""
			}
			lines = append(lines, text)
		}
		return strings.Join(lines, "\n")
	}
	return ""
}

// textsOf returns the entries of a map whose values are texts.
func textsOf(node any) map[string]string {
	texts := map[string]string{}
	entries, _ := node.(map[string]any)
	for name, value := range entries {
		if text, isText := value.(string); isText {
			texts[name] = text
		}
	}
	return texts
}
