package host_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

const root = "../.."

var (
	link     = regexp.MustCompile(`\]\((hosts/[^)]+)\)`)
	variable = regexp.MustCompile("`([A-Z_]+)`")
)

// The table has every host, each with a sample, and the variables that it names
// are enough to detect the host.
func TestTheTableOfHostsIsTrue(t *testing.T) {
	page := read(t, filepath.Join(root, "docs", "hosts.md"))
	_, table, _ := strings.Cut(page, "\n## What each host does\n\n")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := map[string][]string{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | "); len(cells) == 6 {
			name, _, _ := strings.Cut(strings.TrimLeft(cells[0], " ["), "]")
			rows[strings.TrimSpace(name)] = cells
		}
	}
	for _, h := range hosttest.Hosts {
		row := rows[h.Name]
		if row == nil || !link.MatchString(row[0]) {
			t.Errorf("%s has no row, or no sample", h.Name)
			continue
		}
		j := &job{Site: &hosttest.Site{Env: map[string]string{}}}
		for _, match := range variable.FindAllStringSubmatch(row[1], -1) {
			j.Env[match[1]] = h.Env[match[1]]
		}
		if err := j.choose(false); err != nil || j.host.Name != h.Name {
			t.Errorf("%s isn't detected by %v: %v", h.Name, j.Env, err)
		}
		if h.EnvFile != strings.Contains(row[4], "`env-file`") {
			t.Errorf("%s: results go to %q", h.Name, row[4])
		}
	}
	if want := len(hosttest.Hosts) + 3; len(rows) != want { // and a shell, and two lines of the head
		t.Errorf("%d rows, want %d", len(rows), want)
	}
}

var (
	variableName = regexp.MustCompile(`\bBITBUCKET_AUTH_([A-Z_]+)\b`)
	yamlKey      = regexp.MustCompile(`(?m)^( +)(settings|with|inputs|parameters|- bitbucket-auth/[a-z]+):\n`)
)

// Each sample is in the page, uses settings that exist, and leaves no container
// behind.
func TestPipelineFiles(t *testing.T) {
	page := read(t, filepath.Join(root, "docs", "hosts.md"))
	var ids []string
	for _, setting := range slices.Concat(contract.CredentialSettings, contract.MirrorSettings) {
		ids = append(ids, setting.ID)
	}
	// GitLab's templates have inputs of their own, too.
	templates := read(t, filepath.Join(root, "templates", "credential.yml")) + read(t, filepath.Join(root, "templates", "mirror.yml"))
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
		if !strings.Contains(page, "(hosts/"+entry.Name()+")") && !strings.Contains(page, "<!-- hosts/"+entry.Name()+": written by") {
			t.Errorf("%s isn't in the page", entry.Name())
		}
		if strings.Contains(text, "docker create") && !strings.Contains(text, "docker rm ") {
			t.Errorf("%s leaves a container behind", entry.Name())
		}
		found := 0
		for _, match := range variableName.FindAllStringSubmatch(text, -1) {
			found++
			if id := strings.ReplaceAll(strings.ToLower(match[1]), "_", "-"); !slices.Contains(ids, id) {
				t.Errorf("%s: there is no setting %s", entry.Name(), match[0])
			}
		}
		for _, at := range yamlKey.FindAllStringSubmatchIndex(text, -1) {
			indent := text[at[2]:at[3]] + "  "
			if strings.HasPrefix(text[at[4]:at[5]], "- ") {
				indent += "  "
			}
			for line := range strings.Lines(text[at[1]:]) {
				key, inside := strings.CutPrefix(line, indent)
				if !inside {
					break
				}
				if id, _, _ := strings.Cut(key, ":"); !strings.HasPrefix(key, " ") && !strings.HasPrefix(key, "#") {
					found++
					if text[at[4]:at[5]] == "settings" {
						// A shell between the host and the plugin could drop a name with
						// a hyphen, and nothing would tell.
						if strings.Contains(id, "-") {
							t.Errorf("%s: %s has a hyphen", entry.Name(), id)
						}
						id = strings.ReplaceAll(id, "_", "-")
					}
					inTemplate := text[at[4]:at[5]] == "inputs" && strings.Contains(templates, "\n    "+id+":\n")
					if !slices.Contains(ids, id) && !inTemplate {
						t.Errorf("%s: there is no setting %s", entry.Name(), id)
					}
				}
			}
		}
		if found == 0 && entry.Name() != "buildkite-plugin.yml" { // its agent checks the plugin's options (e2e/runners)
			t.Errorf("%s has no setting", entry.Name())
		}
	}
}
