package action_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// TestMirrorRuns compares the log, the outputs and the summary of typical runs with
// testdata/mirror-runs.md, which reads like a page of the manual. After a change of words,
// read the page that this writes:
//
//	go test ./internal/action -run TestMirrorRuns -update
func TestMirrorRuns(t *testing.T) {
	t.Parallel()
	const (
		// The source is ahead of Bitbucket on main, has rewritten two branches, of which it
		// still has the old commits of one, and has moved v2.
		common   = "main: c1 c2\n"
		source   = common + "main: c3\ntopic: c2 t1 t2\nrelease: c2 r1\nfix: c2 f1\nv1: c1\nv2: c3\n"
		existing = common + "release: c2 t1 t2\nfix: c2 b1\nold: c1\nv1: c1\nv2: c2\n"
		pointer  = common + "main: lfs\n"
		renamed  = "trunk: c1 c2\n"
	)
	none := fault.Code{}
	var names []string
	runs := []struct {
		title             string
		source, bitbucket string
		more              env
		until             string // a word of the log at which the run is interrupted
		code              fault.Code
	}{
		{title: "A first run", source: source},
		{title: "Nothing to do", source: source, bitbucket: source},
		{title: "What has changed, and what is left alone", source: source, bitbucket: existing, code: fault.Incomplete},
		{title: "What is left alone is overwritten, and what is gone is deleted", source: source, bitbucket: existing, more: env{"INPUT_OVERWRITE": "true", "INPUT_PRUNE": "true"}},
		{title: "A dry run of that", source: source, bitbucket: existing, more: env{"INPUT_OVERWRITE": "true", "INPUT_PRUNE": "true", "INPUT_DRY-RUN": "true"}},
		{title: "More deletions than are allowed", source: source, bitbucket: existing, more: env{"INPUT_PRUNE": "true", "INPUT_MAX-DELETIONS": "0"}, code: fault.TooManyDeletions},
		{title: "LFS objects, without git-lfs", source: pointer, bitbucket: common, code: fault.LFSMissing},
		{title: "Bitbucket's main branch follows the source's", source: renamed, bitbucket: common, more: env{"INPUT_PRUNE": "true", "INPUT_MAIN-BRANCH": "follow"}},
		{title: "A signal during the push", source: source, bitbucket: common, until: "pushing ", code: fault.Interrupted},
		{title: "A token that may not write", source: source, bitbucket: common, more: env{"INPUT_TOKEN": "READER"}, code: fault.WriteRefused},
		{title: "A token that is wrong", source: source, bitbucket: common, more: env{"INPUT_TOKEN": "STRANGER"}, code: fault.Refused},
		{title: "An empty source", source: "", bitbucket: common, code: fault.SourceEmpty},
	}
	for i := range runs {
		names = append(names, fmt.Sprintf("acme/site%d", i))
	}
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: names})
	writer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken, Scopes: []string{"repository:write", "repository:admin"}})
	reader := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken, Scopes: []string{"repository"}})
	tokens := map[string]string{"": writer.Secret, "READER": reader.Secret, "STRANGER": bitbuckettest.WorkspaceAccessToken.NewSecret()}

	folder := t.TempDir()
	// Git without git-lfs, wherever that is on this machine.
	bin := t.TempDir()
	if err := os.Symlink(realGit, filepath.Join(bin, "git")); err != nil {
		t.Fatal(err)
	}
	sections := make([]string, len(runs))
	t.Run("runs", func(t *testing.T) {
		for i, run := range runs {
			t.Run(run.title, func(t *testing.T) {
				t.Parallel()
				from := filepath.Join(folder, names[i])
				importHistory(t, from, run.source)
				importHistory(t, fake.Dir(names[i]), run.bitbucket)
				e := env{
					"PATH": bin, "INPUT_TOKEN": tokens[run.more["INPUT_TOKEN"]], "INPUT_SERVER-URL": fake.URL,
					"INPUT_REPOSITORY": names[i], "INPUT_SOURCE": from,
				}
				for name, value := range run.more {
					if name != "INPUT_TOKEN" {
						e[name] = value
					}
				}
				o := mirrorOnGitHub(t, e, run.until)
				equal(t, "exit code", o.exit, run.code.Exit)
				equal(t, "error code", o.outputs["error-code"], run.code.ID)
				if run.code == none {
					equal(t, "faults in the log", strings.Contains(o.stdout, "::error"), false)
				}
				delete(e, "PATH")
				sections[i] = runAsText(run.title, e, o, strings.NewReplacer(
					from, "/srv/source.git", strings.ReplaceAll(from, "_", `\_`), "/srv/source.git", fake.URL, "http://127.0.0.1:7990", names[i], "acme/site",
					writer.Secret, "TOKEN", reader.Secret, "READ-ONLY-TOKEN", tokens["STRANGER"], "WRONG-TOKEN"))
			})
		}
	})
	page := "# Typical runs of the mirror\n\nWritten by `go test ./internal/action -run TestMirrorRuns -update`. Sizes depend on the version of git: N stands for them.\n" + strings.Join(sections, "")
	const path = "testdata/mirror-runs.md"
	gotSections, wantSections := strings.Split(page, "\n## "), strings.Split(golden(t, path, page), "\n## ")
	equal(t, "number of sections", len(gotSections), len(wantSections))
	for i := range min(len(gotSections), len(wantSections)) {
		equal(t, path, gotSections[i], wantSections[i])
	}
}

// line is a line of a history: commits of a branch with numbers, after another one.
func line(branch, first, prefix string, commits int) string {
	for i := range commits {
		first += fmt.Sprintf(" %s%d", prefix, i+1)
	}
	return branch + ": " + first + "\n"
}

// Histories that are longer than the first step reads are read step by step: until the old
// value is found, or shows that it isn't there.
func TestMirrorOfLongHistories(t *testing.T) {
	t.Parallel()
	main := line("main", "", "c", 24)
	old := line("topic", "c2", "x", 10) + line("fix", "c2", "y", 10)
	for name, test := range map[string]struct {
		source, bitbucket string
		want              []string // in the output refs
		depths            string   // of the steps
	}{
		"near": {main, line("main", "", "c", 22), []string{"updated main"}, "8"},
		// The source still has the old value of topic, but not that of fix.
		"far": {
			main + line("topic", "c2", "t", 10) + line("fix", "c2", "f", 10) + line("kept", "c2", "x", 10) + line("new", "c24", "n", 10),
			line("main", "", "c", 6) + old + line("kept", "c2", "x", 10),
			[]string{"refused fix, since it has diverged", "updated main", "created new", "refused topic, since it has diverged"},
			"8 16 32",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := filepath.Join(t.TempDir(), "source.git")
			importHistory(t, from, test.source)
			s := newSite(t, from)
			importHistory(t, s.fake.Dir(siteName), test.bitbucket)
			arguments := s.recordArguments()
			got := fatesOf(t, s.mirror(t.Context(), nil))
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			argv, err := os.ReadFile(arguments)
			if err != nil {
				t.Fatal(err)
			}
			var depths []string
			for _, match := range regexp.MustCompile(`--depth=(\d+)`).FindAllStringSubmatch(string(argv), -1) {
				if !slices.Contains(depths, match[1]) {
					depths = append(depths, match[1])
				}
			}
			equal(t, "depths", strings.Join(depths, " "), test.depths)
		})
	}
}

// sizes are those that differ between versions of git.
var sizes = regexp.MustCompile(`\b[0-9.]+ (bytes|KiB)`)

// runAsText is a section of the page.
func runAsText(title string, e env, o outcome, names *strings.Replacer) string {
	var b strings.Builder
	b.WriteString("\n## " + title + "\n\n")
	for _, name := range slices.Sorted(maps.Keys(e)) {
		fmt.Fprintf(&b, "    %s: %s\n", strings.ToLower(strings.TrimPrefix(name, "INPUT_")), e[name])
	}
	fmt.Fprintf(&b, "\nExit code %d\n\n", o.exit)
	for line := range strings.Lines(unmasked(o.stdout)) {
		for _, level := range []string{"notice", "warning", "error"} {
			if after, ok := strings.CutPrefix(line, "::"+level+" "); ok {
				_, message, _ := strings.Cut(after, "::")
				line = level + ": " + strings.ReplaceAll(message, "%0A", "\n    ")
			}
		}
		b.WriteString("    " + line)
	}
	b.WriteString("\nOutputs\n\n")
	for _, name := range slices.Sorted(maps.Keys(o.outputs)) {
		b.WriteString(strings.TrimRight("    "+name+": "+o.outputs[name], " ") + "\n")
	}
	b.WriteString("\n" + strings.TrimRight(o.summary, "\n") + "\n")
	return sizes.ReplaceAllString(names.Replace(b.String()), "N $1")
}

// mirrorOnGitHub runs the mirror as a step of GitHub Actions. A signal interrupts it when
// its log contains a word.
func mirrorOnGitHub(t *testing.T, e env, until string) outcome {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	host := hosttest.Hosts[0].Start(t)
	maps.Copy(host.Env, e)
	log := cancelling{when: until, cancel: func() { cancel(fault.New(fault.Interrupted, "interrupted")) }}
	if until == "" {
		log.cancel = func() {}
	}
	w := world(host.Env, &log, &bytes.Buffer{})
	w.Args = []string{"mirror"}
	o := outcome{exit: action.Run(ctx, w), stdout: log.text.String()}
	files := host.Written(t)
	o.outputs, o.summary = commandFile(t, files["GITHUB_OUTPUT"]), files["GITHUB_STEP_SUMMARY"]
	return o
}

// importHistory makes a repository, or fills an empty one: of "main: c1 c2", c1 and c2 are
// commits of the branch main, the first without a parent unless it was named before.
// What begins with v is a tag of a commit; the commit lfs contains a pointer. The commits
// are the same wherever they are made.
func importHistory(t *testing.T, path, text string) {
	t.Helper()
	var b strings.Builder
	marks := map[string]int{}
	main := "main"
	for i, line := range slices.Collect(strings.Lines(text)) {
		name, commits, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if i == 0 {
			main = name
		}
		ref := "refs/heads/" + name
		if name[0] == 'v' {
			ref = "refs/tags/" + name
		}
		parent := 0
		if i > 0 && ref == "refs/heads/"+main {
			parent = len(marks) // the line continues the main branch, which is complete by then
		}
		for _, commit := range strings.Fields(commits) {
			if marks[commit] == 0 {
				marks[commit] = len(marks) + 1
				fmt.Fprintf(&b, "commit refs/heads/%s\nmark :%d\ncommitter Dev <dev@example.com> 1780000000 +0000\ndata %d\n%s\n", name, marks[commit], len(commit), commit)
				if parent > 0 {
					fmt.Fprintf(&b, "from :%d\n", parent)
				}
				content := commit + "\n"
				if commit == "lfs" {
					content = "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("12ab", 16) + "\nsize 12\n"
				}
				fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", commit, len(content), content)
			}
			parent = marks[commit]
		}
		fmt.Fprintf(&b, "reset %s\nfrom :%d\n\n", ref, parent)
	}
	if _, err := os.Stat(path); err != nil {
		gitIn(t, path, "init", "--quiet", "--bare", "--template=", "--initial-branch="+main, path)
	}
	if text == "" {
		return
	}
	cmd := exec.Command(realGit, "--git-dir", path, "fast-import", "--quiet", "--done")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.Stdin = strings.NewReader(b.String() + "done\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
}
