package host_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
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
	if read(t, path) != "export A='it'\\''s'\n" || mode(t, path) != kept(0o600) {
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
		if read(t, path) != want || mode(t, path) != kept(0o600) {
			t.Errorf("%q: got %q, %v", before, read(t, path), mode(t, path))
		}
	}
}

// Without variables, there is nothing to write: no file is created or changed.
func TestEnvFileWithoutVariables(t *testing.T) {
	t.Parallel()
	created, old := filepath.Join(t.TempDir(), "env"), filepath.Join(t.TempDir(), "env")
	write(t, old, "export B=1", 0o644)
	for _, path := range []string{created, old} {
		err := onJenkins(t, path).host.HandOver(t.Context(), host.Results{Outputs: []secret.Value{host.Public("kind", "x")}})
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Lstat(created); !os.IsNotExist(err) {
		t.Errorf("a file was created: %v", err)
	}
	if read(t, old) != "export B=1" || mode(t, old) != kept(0o644) {
		t.Errorf("got %q, %v", read(t, old), mode(t, old))
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
		{"Tekton", strings.Repeat("../", 100) + "tekton/results/token", nil}, // from whatever folder
		{"Bitbucket Pipelines", "/opt/variables", []string{"BITBUCKET_PIPELINES_VARIABLES_PATH", "/opt/variables"}},
		{"Bitbucket Pipelines", "/opt/./variables", []string{"BITBUCKET_PIPELINES_VARIABLES_PATH", "/opt/variables"}},
	} {
		if test.host == "Tekton" && runtime.GOOS == "windows" {
			continue // these are paths of Linux
		}
		j := startJob(t, named(t, test.host), test.variables...)
		// A folder that doesn't exist here would be another reason.
		if f := fault.From(j.host.Prepare(test.path, true)); f.Code != fault.EnvFile || !strings.Contains(f.What, "in the clear") {
			t.Errorf("%s: %s is accepted, or refused for another reason: %v", test.host, test.path, f)
		}
		if err := j.host.Prepare(filepath.Join(t.TempDir(), "env"), true); err != nil {
			t.Errorf("%s: %v", test.host, err)
		}
	}
}

// Another file is accepted, even if both exist, and so is a folder that only has such a
// name in its path.
func TestEnvFileNextToOneThatTheHostShows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shown, other, below := filepath.Join(dir, "shown"), filepath.Join(dir, "other"), filepath.Join(dir, "tekton", "results")
	write(t, shown, "", 0o600)
	write(t, other, "", 0o600)
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ host, variable, path string }{
		{"Bitbucket Pipelines", "BITBUCKET_PIPELINES_VARIABLES_PATH", other},
		{"GitLab CI", "GITLAB_ENV", other}, // of an unknown version, which may run GITLAB_ENV
		{"Tekton", "TEKTON", filepath.Join(below, "token")},
	} {
		j := startJob(t, named(t, test.host), test.variable, shown)
		if err := j.host.Prepare(test.path, true); err != nil {
			t.Errorf("%s: %v", test.host, err)
		}
	}
	// A variable that is not set names no file, nor the working directory.
	if f := fault.From(startJob(t, named(t, "GitLab CI")).host.Prepare(".", true)); f.What != "env-file is not a regular file" {
		t.Errorf("the working directory: %v", f)
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
	for name, keeps := range map[string]bool{"BITBUCKET_WORKSPACE": true, "BITBUCKET_REPO_SLUG": true, "MIRROR_WORKSPACE": false, "BITBUCKET_KIND": false} {
		if j.host.Keeps(name) != keeps || onGitHub(t).host.Keeps(name) {
			t.Errorf("%s: Bitbucket Pipelines keeps it %t, GitHub %t", name, !keeps, onGitHub(t).host.Keeps(name))
		}
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
