//go:build linux

package documents

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// Every YAML block is a workflow that actionlint accepts, or steps of one.
func TestDocsYAML(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(e2etest.Root(), "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	dir := t.TempDir()
	// TestPage of the clients checks that page's samples, each with the step before it.
	pages = slices.DeleteFunc(pages, func(page string) bool { return filepath.Base(page) == "tools.md" })
	for _, page := range append(pages, filepath.Join(e2etest.Root(), "README.md"), filepath.Join(e2etest.Root(), "SECURITY.md")) {
		if _, err := os.Stat(page); err != nil {
			continue
		}
		shown := regexp.MustCompile("(?s)<!-- hosts/.*?<!-- end -->").ReplaceAllString(e2etest.ReadFile(t, page), "") // other hosts' pipelines
		for i, match := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(shown, -1) {
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
			if out, err := exec.Command(filepath.Join(e2etest.Root(), ".bin/actionlint"), "-no-color", path).CombinedOutput(); err != nil {
				t.Errorf("%s, block %d: %v\n%s", page, i+1, err, out)
			}
		}
	}
	if blocks < 5 {
		t.Errorf("%d blocks were found", blocks)
	}
}
