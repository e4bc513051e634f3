package host_test

import (
	"bytes"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Every host that is defined has a model, which all other tests go through, and
// the two agree.
func TestEveryDefinitionIsTested(t *testing.T) {
	for _, d := range host.Definitions() {
		model := named(t, d.Name)
		id := d.ID
		if d.HasMasks {
			id = "" // it can't be named
		}
		if model.ID != id || model.Masks != d.HasMasks || !slices.Contains(d.Settings.Names("token"), model.Setting("token")) {
			t.Errorf("the model of %s has ID %q, masks %t, token %s", d.Name, model.ID, model.Masks, model.Setting("token"))
		}
	}
	if got, want := len(hosttest.Hosts), len(host.Definitions()); got != want {
		t.Errorf("%d models of %d hosts", got, want)
	}
}

// Two runs in one process have nothing in common: each shows its remarks on its own
// streams, and writes to its own files.
func TestEachRunHasItsOwnHost(t *testing.T) {
	start := func(t *testing.T, h hosttest.Host) *job {
		t.Helper()
		j := startJob(t, h)
		if j.refusal != nil {
			t.Fatal(j.refusal)
		}
		return j
	}
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		first, second := start(t, h), start(t, h)
		first.host.Say(fault.Noticef("from the first run"))
		if shown := first.stdout.String() + first.stderr.String(); !strings.Contains(shown, "from the first run") {
			t.Errorf("the first run shows %q", shown)
		}
		if err := first.host.HandOver(t.Context(), resultsOf([]string{"first-value"})); err != nil {
			t.Fatal(err)
		}
		outputs, variables := first.HandedOver(t, first.stdout.String())
		if len(outputs)+len(variables) == 0 {
			t.Error("the first run hands over nothing")
		}
		if outputs, variables := second.HandedOver(t, second.stdout.String()); second.stdout.Len()+second.stderr.Len()+len(outputs)+len(variables) > 0 {
			t.Errorf("the second run has %q, %q, %v, %v", second.stdout.String(), second.stderr.String(), outputs, variables)
		}
	})
	for _, asked := range []bool{true, false} { // a shell, and no host
		var streams [2]bytes.Buffer
		var hosts [2]*host.Host
		for i := range hosts {
			nothing := func(string) (string, bool) { return "", false }
			hosts[i], _ = host.Choose(host.World{Lookup: nothing, Stdout: &streams[i], Stderr: &streams[i]}, asked)
		}
		hosts[0].Say(fault.Noticef("from the first run"))
		if streams[0].Len() == 0 || streams[1].Len() > 0 {
			t.Errorf("%s: got %q, %q", hosts[0].Name, streams[0].String(), streams[1].String())
		}
	}
}

// In a shell and without a host, env-file is refused with the reason.
func TestEnvFileWithoutAHost(t *testing.T) {
	for asked, want := range map[bool]string{true: "in a shell", false: "without a CI host"} {
		nothing := func(string) (string, bool) { return "", false }
		h, _ := host.Choose(host.World{Lookup: nothing, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}, asked)
		if f := fault.From(h.Prepare("file", false)); f.Code != fault.SettingRefused || !strings.Contains(f.What, want) {
			t.Errorf("asked for a shell %t: %v", asked, f)
		}
		if err := h.Prepare("", false); err != nil {
			t.Errorf("asked for a shell %t, no env-file: %v", asked, err)
		}
	}
}

// The default branch and the checkout of the repository that a job runs for, by the host's
// own variables, and not by those with the branch, or the folder, of a build.
func TestDefaultBranchAndCheckout(t *testing.T) {
	own := map[string][]string{
		"Buildkite": {"BUILDKITE_PIPELINE_DEFAULT_BRANCH", "BUILDKITE_BUILD_CHECKOUT_PATH"},
		"Harness":   {"DRONE_REPO_BRANCH", "DRONE_WORKSPACE"}, "Drone": {"DRONE_REPO_BRANCH", "DRONE_WORKSPACE"},
		"Woodpecker CI": {"CI_REPO_DEFAULT_BRANCH", "CI_WORKSPACE"}, "GitLab CI": {"CI_DEFAULT_BRANCH", "CI_PROJECT_DIR"},
	}
	ofBuilds := []string{
		"BUILDKITE_BRANCH", "BUILDKITE_BUILD_PATH", "DRONE_BRANCH", "DRONE_COMMIT_BRANCH", "DRONE_SOURCE_BRANCH", "DRONE_TARGET_BRANCH",
		"DRONE_WORKSPACE_BASE", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME", "CI_COMMIT_SOURCE_BRANCH", "CI_COMMIT_TARGET_BRANCH", "CI_BUILDS_DIR",
	}
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		for _, name := range slices.Concat(append(slices.Collect(maps.Values(own)), ofBuilds)...) {
			j.Env[name] = "the value of " + name
		}
		want := []string{"", ""}
		for i, name := range own[h.Name] {
			want[i] = "the value of " + name
		}
		if got := []string{j.host.DefaultBranch(), j.host.Checkout()}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, name := range own[h.Name] {
			delete(j.Env, name)
		}
		if got := []string{j.host.DefaultBranch(), j.host.Checkout()}; !slices.Equal(got, []string{"", ""}) {
			t.Errorf("without the host's own variables: %q", got)
		}
	})
}

// The repository that a job runs for, by the host's own variables, and no others.
func TestCloneURL(t *testing.T) {
	all := map[string]string{
		"GITHUB_SERVER_URL": " https://github.example.com/\n", "GITHUB_REPOSITORY": "octo/site",
		"BUILD_REPOSITORY_URI": "https://org@dev.azure.com/org/site/_git/site", "BUILDKITE_REPO": "https://git.example.com/buildkite.git",
		"DRONE_GIT_HTTP_URL": "https://git.example.com/drone.git", "DRONE_REMOTE_URL": "https://git.example.com/remote.git",
		"CI_REPO_CLONE_URL": " https://git.example.com/woodpecker.git\n", "CI_PROJECT_URL": "https://gitlab.example.com/group/site",
		"CI_REPOSITORY_URL": "https://gitlab-ci-token:secret@gitlab.example.com/group/site.git", "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/team/site",
		"CIRCLE_REPOSITORY_URL": "https://git.example.com/circle.git", "GIT_URL": "https://git.example.com/jenkins.git",
	}
	want := map[string]string{
		"GitHub Actions": "https://github.example.com/octo/site", "act": "https://github.example.com/octo/site",
		"Gitea Actions": "https://github.example.com/octo/site", "Forgejo Actions": "https://github.example.com/octo/site",
		"Azure Pipelines": "https://dev.azure.com/org/site/_git/site", "Buildkite": all["BUILDKITE_REPO"],
		"Harness": all["DRONE_GIT_HTTP_URL"], "Drone": all["DRONE_GIT_HTTP_URL"], "Woodpecker CI": "https://git.example.com/woodpecker.git",
		"GitLab CI": all["CI_PROJECT_URL"], "Bitbucket Pipelines": "https://bitbucket.org/team/site", "CircleCI": all["CIRCLE_REPOSITORY_URL"],
		"Jenkins": all["GIT_URL"], "TeamCity": "", "Tekton": "",
	}
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		if got := j.host.CloneURL(); !got.IsEmpty() {
			t.Errorf("without any variable: %s", got.Clean())
		}
		for name, value := range all {
			j.Env[name] = value
		}
		url, listed := want[h.Name]
		if !listed {
			t.Error("this test lists no URL for the host")
		}
		if got := j.host.CloneURL().Clean(); got != url {
			t.Errorf("got %q, want %q", got, url)
		}
		checkJobToken(t, j, h)
	})
	for _, name := range []string{"Drone", "Harness"} {
		j := startJob(t, named(t, name), "DRONE_REMOTE_URL", all["DRONE_REMOTE_URL"], "DRONE_GIT_HTTP_URL", " ")
		if got := j.host.CloneURL().Clean(); got != all["DRONE_REMOTE_URL"] {
			t.Errorf("the second variable of %s: %q", name, got)
		}
	}
	for _, test := range []struct{ host, variable, value, want string }{
		{"GitHub Actions", "GITHUB_REPOSITORY", "octo/site", "https://github.com/octo/site"}, // without a server
		{"GitHub Actions", "GITHUB_REPOSITORY", " octo/site\n", "https://github.com/octo/site"},
		{"GitHub Actions", "GITHUB_REPOSITORY", " ", ""},
		{"GitLab CI", "CI_PROJECT_URL", "http://gitlab.internal/group/site", "http://gitlab.internal/group/site"},
		{"Jenkins", "GIT_URL", "http://bitbucket.org/team/site", "https://bitbucket.org/team/site"},
		{"Jenkins", "GIT_URL", "http://bitbucket.organization/team/site", "http://bitbucket.organization/team/site"},
	} {
		if got := startJob(t, named(t, test.host), test.variable, test.value).host.CloneURL().Clean(); got != test.want {
			t.Errorf("%s, %s=%q: got %q, want %q", test.host, test.variable, test.value, got, test.want)
		}
	}
}

// checkJobToken wants a host to know its jobs' own token, and no other.
func checkJobToken(t *testing.T, j *job, h hosttest.Host) {
	t.Helper()
	own, other := secret.New("the job's own"), secret.New("another")
	j.Env["JOB_TOKEN"], j.Env["CI_JOB_TOKEN"], j.Env["CI_SERVER_URL"] = "for GitHub", "for GitLab", "https://gitlab.example.com"
	j.Env["GITHUB_SERVER_URL"] = "https://github.example.com/"
	var want [3]any
	switch {
	case h.Prefix == "INPUT_":
		j.Env["JOB_TOKEN"] = own.Reveal()
		want = [3]any{"x-access-token", "https://github.example.com/", true}
	case h.Name == "GitLab CI":
		j.Env["CI_JOB_TOKEN"] = own.Reveal()
		want = [3]any{"gitlab-ci-token", "https://gitlab.example.com", true}
	default:
		want = [3]any{"", "", false}
	}
	for token, want := range map[secret.String][3]any{own: want, other: {"", "", false}, {}: {"", "", false}} {
		user, server, is := j.host.IsJobToken(token)
		if got := [3]any{user, server, is}; got != want {
			t.Errorf("%s: got %v, want %v", token.Reveal(), got, want)
		}
	}
}

// On GitLab, $GITLAB_ENV under variables: is an env-file that isn't set.
func TestGitLabEnvUnderVariables(t *testing.T) {
	for _, h := range hosttest.Hosts {
		if !h.EnvFile {
			continue
		}
		f := fault.From(startJob(t, h, h.Setting("env-file"), "").refusal)
		for _, key := range []string{"$GITLAB_ENV: that is empty under variables:", "$GITLAB_ENV reaches after_script"} {
			if says := strings.Contains(strings.Join(f.Hints, "\n"), key); f.Code != fault.EnvFileMissing || says != (h.Name == "GitLab CI") {
				t.Errorf("%s: got %v, %q", h.Name, f, f.Hints)
			}
		}
	}
}

func TestReservedPrefix(t *testing.T) {
	for _, prefix := range []string{"ACTIONS", "BITBUCKET_AUTH", "CI", "DRONE", "FORGEJO", "GIT", "GITEA", "GITHUB", "HARNESS", "INPUT", "PLUGIN", "RUNNER", "STATE"} {
		for name, want := range map[string]string{prefix: prefix, prefix + "_NAME": prefix, prefix + "S": "", "MY_" + prefix: "", "_" + prefix: ""} {
			if got := host.ReservedPrefix(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	}
	if got := host.ReservedPrefix("BITBUCKET"); got != "" {
		t.Errorf("BITBUCKET: got %q", got)
	}
}

// The page lists the names that BITBUCKET_AUTH_HOST accepts, all of them.
func TestNamesOnThePage(t *testing.T) {
	page := read(t, filepath.Join(root, "docs", "hosts.md"))
	_, rest, _ := strings.Cut(page, "name it in `BITBUCKET_AUTH_HOST`: ")
	list, _, _ := strings.Cut(rest, ". ")
	var names []string
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(list, -1) {
		names = append(names, match[1])
	}
	if want := host.Named(); !slices.Equal(names, want) {
		t.Errorf("the page lists %v, want %v", names, want)
	}
}
