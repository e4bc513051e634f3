package host_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// onJenkins begins a step whose env-file is at path.
func onJenkins(t testing.TB, path string) *job {
	t.Helper()
	j := startJob(t, named(t, "Jenkins"))
	if err := j.host.Prepare(path, true); err != nil {
		t.Fatal(err)
	}
	return j
}

func write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func mode(t testing.TB, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

var one = host.Results{Variables: []secret.Value{hidden("A", secret.New("it's"))}}

func TestEnvFileIsCreatedForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	if err := onJenkins(t, path).host.HandOver(context.Background(), one); err != nil {
		t.Fatal(err)
	}
	if read(t, path) != "export A='it'\\''s'\n" || mode(t, path) != 0o600 {
		t.Errorf("got %q, %v", read(t, path), mode(t, path))
	}
}

func TestEnvFileIsAppendedToAndClosedToOthers(t *testing.T) {
	for before, want := range map[string]string{
		"":             "export A='it'\\''s'\n",
		"export B=1\n": "export B=1\nexport A='it'\\''s'\n",
		"export B=1":   "export B=1\nexport A='it'\\''s'\n",
	} {
		path := filepath.Join(t.TempDir(), "env")
		write(t, path, before, 0o666)
		if err := onJenkins(t, path).host.HandOver(context.Background(), one); err != nil {
			t.Fatal(err)
		}
		if read(t, path) != want || mode(t, path) != 0o600 {
			t.Errorf("%q: got %q, %v", before, read(t, path), mode(t, path))
		}
	}
}

// Every real shell of this machine reads back exactly what was handed over.
func TestEnvFileInRealShells(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	results := resultsOf(hostile)
	if err := onJenkins(t, path).host.HandOver(context.Background(), results); err != nil {
		t.Fatal(err)
	}
	for _, shell := range hosttest.Shells() {
		got, err := hosttest.Source(shell, path)
		if err != nil {
			t.Error(err)
		}
		for _, v := range results.Variables {
			if value, found := got[v.Name]; !found || value != v.Text.Reveal() {
				t.Errorf("%v: %s is %q instead of %q", shell, v.Name, value, v.Text.Reveal())
			}
		}
	}
}

func TestEnvFileMustBeARegularFile(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	write(t, target, "", 0o644)
	link, dangling := filepath.Join(dir, "link"), filepath.Join(dir, "dangling")
	for from, to := range map[string]string{link: target, dangling: filepath.Join(dir, "nothing")} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir, link, dangling, "/dev/null", "/dev/stdout", filepath.Join(dir, "no", "folder"), target + "/x", "a\x00b"} {
		j := startJob(t, named(t, "Jenkins"))
		for _, err := range []error{j.host.Prepare(path, true), j.host.HandOver(context.Background(), one)} {
			if fault.From(err).Code != fault.EnvFile {
				t.Errorf("%q: got %v", path, err)
			} else if strings.Contains(err.Error(), path) {
				t.Errorf("%q is echoed: %v", path, err)
			}
		}
	}
	if read(t, target) != "" || mode(t, target) != 0o644 {
		t.Error("the link was followed")
	}
	if _, err := os.Lstat(filepath.Join(dir, "nothing")); err == nil {
		t.Error("the dangling link was followed")
	}
}

// A file that the host shows or keeps can't receive secrets.
func TestEnvFileIsNotOneThatTheHostShows(t *testing.T) {
	for _, test := range []struct {
		host, path string
		variables  []string
	}{
		{"Tekton", "/tekton/results/token", nil},
		{"Tekton", "/tekton/home/../results/token", nil},
		{"Tekton", "/tekton/steps/step-a/results/token", nil},
		{"Bitbucket Pipelines", "/opt/variables", []string{"BITBUCKET_PIPELINES_VARIABLES_PATH", "/opt/variables"}},
		{"Bitbucket Pipelines", "/opt/./variables", []string{"BITBUCKET_PIPELINES_VARIABLES_PATH", "/opt/variables"}},
	} {
		j := startJob(t, named(t, test.host), test.variables...)
		if err := j.host.Prepare(test.path, true); fault.From(err).Code != fault.EnvFile {
			t.Errorf("%s: %s is accepted: %v", test.host, test.path, err)
		}
		if err := j.host.Prepare(filepath.Join(t.TempDir(), "env"), true); err != nil {
			t.Errorf("%s: %v", test.host, err)
		}
	}
}

// onGitLab begins a step whose env-file is the runner's own file.
func onGitLab(t *testing.T, version, path string) (*job, error) {
	t.Helper()
	j := startJob(t, named(t, "GitLab CI"), "GITLAB_ENV", path, "CI_RUNNER_VERSION", version)
	return j, j.host.Prepare(path, true)
}

// GitLab's own file has no quoting: it needs other lines than a shell.
func TestGitLabEnv(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gitlab_runner_env")
	write(t, path, "EARLIER=1", 0o600)
	j, err := onGitLab(t, "17.7.0", path)
	if err != nil {
		t.Fatal(err)
	}
	carried := slices.DeleteFunc(slices.Clone(hostile), func(v string) bool { return strings.HasSuffix(v, " ") })
	results := resultsOf(carried)
	if err := j.host.HandOver(context.Background(), results); err != nil {
		t.Fatal(err)
	}
	got, log := hosttest.GitLabEnv(path, true)
	if log != "" {
		t.Errorf("the job's log shows %q", log)
	}
	for _, v := range append(results.Variables, host.Public("EARLIER", "1")) {
		if value, found := got[v.Name]; !found || value != v.Text.Reveal() {
			t.Errorf("%s is %q instead of %q", v.Name, value, v.Text.Reveal())
		}
	}
	before := read(t, path)
	for _, value := range []string{" ", "a ", " a "} {
		err := j.host.HandOver(context.Background(), resultsOf([]string{value}))
		if fault.From(err).Code != fault.ResultRefused || read(t, path) != before {
			t.Errorf("%q: got %v", value, err)
		}
	}
}

// A runner that runs its file as a script would show the credential: the second
// word of "Basic …" becomes a command that isn't found.
func TestGitLabEnvIsRefusedWhereItIsRun(t *testing.T) {
	results := host.Results{Variables: []secret.Value{hidden("BITBUCKET_AUTHORIZATION", secret.New("Basic czNjcmV0"))}}
	for version, byLine := range map[string]bool{
		"17.5.3": false, "17.6.99": false, "16.11.1": false, "9.9.9": false,
		"17.7.0~pre.103.gdeadbeef": false, "17.7.0-rc1": false, "": false, "development version": false, "v17.9": false,
		"17.7.0": true, "17.7.1": true, "17.10.0": true, "18.0.0~pre.1.gdeadbeef": true, "18.0.0": true, "100.0.0": true,
	} {
		path := filepath.Join(t.TempDir(), "gitlab_runner_env")
		write(t, path, "", 0o600)
		j, err := onGitLab(t, version, path)
		if (err == nil) != byLine || err != nil && fault.From(err).Code != fault.EnvFile {
			t.Errorf("%q: got %v", version, err)
		}
		if err == nil {
			err = j.host.HandOver(context.Background(), results)
		}
		if _, log := hosttest.GitLabEnv(path, byLine); strings.Contains(log, "czNjcmV0") {
			t.Errorf("%q: the job's log shows %q after %v", version, log, err)
		}
	}
	// Through another name of its folder it is the same file.
	dir := t.TempDir()
	path := filepath.Join(dir, "real", "gitlab_runner_env")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "real"), 0o700), os.Symlink("real", filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	write(t, path, "", 0o600)
	j, _ := onGitLab(t, "17.6.0", path)
	if err := j.host.Prepare(filepath.Join(dir, "link", "gitlab_runner_env"), true); fault.From(err).Code != fault.EnvFile {
		t.Errorf("through a link: %v", err)
	}
}

// Bitbucket Pipelines has these two names itself: they are of the repository
// that is built.
func TestPipelinesOwnNamesAreLeftAlone(t *testing.T) {
	results := host.Results{Variables: []secret.Value{
		host.Public("BITBUCKET_WORKSPACE", "team"), host.Public("BITBUCKET_REPO_SLUG", "repo"), host.Public("MIRROR_WORKSPACE", "team"), host.Public("BITBUCKET_KIND", "x"),
	}}
	j := startJob(t, named(t, "Bitbucket Pipelines"))
	if err := j.host.HandOver(context.Background(), results); err != nil {
		t.Fatal(err)
	}
	const want = "export MIRROR_WORKSPACE='team'\nexport BITBUCKET_KIND='x'\n"
	if got := read(t, j.EnvFilePath()); got != want {
		t.Errorf("got %q", got)
	}
	if err := j.choose(true); err != nil {
		t.Fatal(err)
	}
	if err := j.host.HandOver(context.Background(), results); err != nil || j.stdout.String() != want {
		t.Errorf("in a shell: %v, %q", err, j.stdout.String())
	}
	if len(results.Variables) != 4 {
		t.Error("the results were changed")
	}
}

// Values come back as they were and never bring a line along, whatever was in
// the file before.
func FuzzEnvFile(f *testing.F) {
	for _, seed := range hostile {
		f.Add(seed, "export B='1'\n")
		f.Add(seed, "export B='1'")
	}
	f.Add("a\nexport EVIL='1'", "")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, value, before string) {
		path := filepath.Join(dir, "env")
		write(t, path, before, 0o600)
		results := resultsOf([]string{value})
		err := onJenkins(t, path).host.HandOver(context.Background(), results)
		printable := utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
		if (err == nil) != printable {
			t.Fatalf("%q: %v", value, err)
		}
		after := read(t, path)
		added, found := strings.CutPrefix(after, before)
		if !found || !printable && added != "" {
			t.Fatalf("%q: %q became %q", value, before, after)
		}
		if !printable {
			return
		}
		if before != "" && !strings.HasSuffix(before, "\n") {
			added = strings.TrimPrefix(added, "\n")
		}
		// A line that an earlier writer left open isn't part of the first one.
		write(t, path, added, 0o600)
		got, err := hosttest.Source([]string{"sh"}, path)
		if err != nil {
			t.Fatalf("%q: %q, %v", value, added, err)
		}
		for _, v := range results.Variables {
			if text, found := got[v.Name]; !found || text != v.Text.Reveal() {
				t.Fatalf("%q: %s is %q", value, v.Name, text)
			}
		}
	})
}
