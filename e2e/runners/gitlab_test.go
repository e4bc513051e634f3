//go:build linux

package runners

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// project is the GitLab project that runs a pipeline.
const project = "group/project"

// gitLab serves private projects to those who have the token of each, as GitLab does,
// and the templates as a release has them, with another image.
type gitLab struct {
	*httptest.Server
	token        string // of the job
	groupToken   string // reads the other projects
	repositories string // the folder of all projects
	folder       string // of the project
	image        string

	mu      sync.Mutex
	refused []string // requests for the project with another login
}

func newGitLab(t *testing.T, image string) *gitLab {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	repositories := t.TempDir()
	g := &gitLab{
		token: "glcbt-" + rand.Text(), groupToken: "glpat-" + rand.Text(),
		repositories: repositories, folder: filepath.Join(repositories, project+".git"), image: image,
	}
	backend := &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Stderr: io.Discard,
		Env: []string{"GIT_PROJECT_ROOT=" + repositories, "GIT_HTTP_EXPORT_ALL=1"},
	}
	mux := http.NewServeMux()
	for _, name := range []string{"credential", "mirror"} {
		text := withImage(t, read(t, filepath.Join(root, "templates", name+".yml")), g.image)
		mux.HandleFunc("/gitlab-"+name+".yml", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
	}
	mux.HandleFunc("/{group}/{name}/", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("group") + "/" + r.PathValue("name")
		path, is := strings.CutSuffix(name, ".git")
		if !is {
			u := *r.URL
			u.Path = strings.Replace(u.Path, name, name+".git", 1)
			http.Redirect(w, r, u.String(), http.StatusMovedPermanently)
			return
		}
		login := [2]string{"x-access-token", g.groupToken} // what the mirror sends; GitLab ignores the name
		if path == project {
			login = [2]string{"gitlab-ci-token", g.token}
		}
		if user, password, given := r.BasicAuth(); login != [2]string{user, password} {
			if given {
				g.mu.Lock()
				g.refused = append(g.refused, user)
				g.mu.Unlock()
			}
			w.Header().Set("WWW-Authenticate", `Basic realm="GitLab"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

// withImage names another image in a template.
func withImage(t *testing.T, template, image string) string {
	t.Helper()
	return edit(t, template, regexp.MustCompile(`ghcr\.io/\S+`).FindString(template), image)
}

// gitLabVariable is a CI/CD variable of the project.
type gitLabVariable struct {
	Type   string            `yaml:"type"`
	Values map[string]string `yaml:"values"`
}

func ofType(kind, value string) gitLabVariable {
	return gitLabVariable{kind, map[string]string{"*": value}}
}

// pipeline runs a pipeline of the project with gitlab-ci-local, which reads includes
// and inputs, validates the result by GitLab's own schema, and runs the jobs in
// containers. It masks nothing.
func (g *gitLab) pipeline(t *testing.T, text string, variables map[string]gitLabVariable) (log string, err error) {
	t.Helper()
	release := regexp.MustCompile(`https://github\.com/\S+/v1\.0\.0/`)
	if !release.MatchString(text) {
		t.Fatalf("the pipeline includes no released template:\n%s", text)
	}
	text = release.ReplaceAllString(text, g.URL+"/")
	dir, home := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, ".gitlab-ci.yml"), text, 0o600)
	commit(t, dir)
	run(t, dir, "git", "branch", "topic")
	run(t, dir, "git", "tag", "v1")
	run(t, dir, "git", "remote", "add", "origin", g.URL+"/"+project+".git")
	run(t, ".", "git", "clone", "--quiet", "--mirror", dir, g.folder)
	settings, err := yaml.Marshal(map[string]any{"global": variables})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, ".gitlab-ci-local/variables.yml"), string(settings), 0o600)
	node, script := npmProgram(t, "gitlab-ci-local", "dist/index.js")
	log, err = program(t, dir, nil, node, script, "--home", home, "--network", "host", "--pull-policy", "if-not-present",
		"--helper-image", jobImage, "--no-color", "--variable", "GITLAB_CI=true", "--variable", "CI_JOB_TOKEN="+g.token)
	showOnFailure(t, log)
	return log, err
}

// npmProgram returns a Node that runs a package's program, and the path of that
// program. e2e/runners/setup installs both.
func npmProgram(t *testing.T, name, path string) (node, script string) {
	t.Helper()
	nodes, err := filepath.Glob("node_modules/node-linux-*/bin/node")
	if err != nil || len(nodes) != 1 {
		t.Fatalf("e2e/runners/setup hasn't been run: %v %v", nodes, err)
	}
	if node, err = filepath.Abs(nodes[0]); err != nil {
		t.Fatal(err)
	}
	if script, err = filepath.Abs(filepath.Join("node_modules", name, path)); err != nil {
		t.Fatal(err)
	}
	return node, script
}

// TestGitLabCredential runs the documented pipeline; its job also pushes, and looks for
// what is left on disk. With a variable of the type File, its shell shows what it runs,
// as with CI_DEBUG_TRACE.
func TestGitLabCredential(t *testing.T) {
	needEngine(t)
	t.Parallel()
	image := mirrorImage(t)
	documented := read(t, filepath.Join(root, "docs/hosts/gitlab-credential.yml"))
	for kind, before := range map[string]string{
		"variable": "",
		"file":     "\n  before_script:\n    - set -x\n    - !reference [.bitbucket-auth, before_script]\n    - set +x",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			g := newGitLab(t, image)
			bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
			token := bitbucket.Add(readsAndWrites)
			text := edit(t, documented, "identity: me@example.com", "identity: $BITBUCKET_EMAIL\n      server-url: "+bitbucket.URL,
				"\n  extends: .bitbucket-auth", "\n  extends: .bitbucket-auth"+before) + `
    - '[ "$BITBUCKET_WORKSPACE $BITBUCKET_REPO_SLUG" = "team repo" ]'
    - if grep -rlF "$BITBUCKET_CREDENTIAL" . /tmp; then exit 1; fi
    - git -c user.name=dev -c user.email=dev@example.com commit --quiet --allow-empty --message one
    - git push --quiet "$BITBUCKET_REPOSITORY_URL" HEAD:refs/heads/main
`
			log, err := g.pipeline(t, text, map[string]gitLabVariable{
				"BITBUCKET_TOKEN": ofType(kind, token.Secret), "BITBUCKET_EMAIL": ofType("variable", token.Email),
			})
			if err != nil {
				t.Errorf("the pipeline failed: %v", err)
			}
			checkHidden(t, log, token.Secret)
			if before != "" {
				checkContains(t, log, "+ command -v bitbucket-auth") // it was shown
			}
			checkPushed(t, bitbucket, "team/repo")
		})
	}
}

// TestGitLabMirror runs the documented pipeline in a private project. With a variable of
// the type File, its shell shows what it runs, as with CI_DEBUG_TRACE.
func TestGitLabMirror(t *testing.T) {
	needEngine(t)
	t.Parallel()
	image := mirrorImage(t)
	documented := read(t, filepath.Join(root, "docs/hosts/gitlab-mirror.yml"))
	for kind, extra := range map[string]string{
		"variable": "",
		// A default of the project's own jobs that would fail in this one.
		"file": "\ndefault:\n  before_script: [\"false\"]\n  image: none.invalid/none\nbitbucket-mirror:\n  before_script: [set -x]\n",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			g := newGitLab(t, image)
			bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"my-team/my-repo"}})
			token := bitbucket.Add(readsAndWrites)
			text := edit(t, documented, "repository: my-team/my-repo", "repository: my-team/my-repo\n      identity: "+token.Email+
				"\n      server-url: "+bitbucket.URL+"\n      branches: |\n        main\n        top*") + extra
			log, err := g.pipeline(t, text, map[string]gitLabVariable{"BITBUCKET_TOKEN": ofType(kind, token.Secret)})
			if err != nil {
				t.Errorf("the pipeline failed: %v", err)
			}
			checkHidden(t, log, token.Secret, g.token)
			if kind == "file" {
				checkContains(t, log, "+ command -v bitbucket-auth") // it was shown
			}
			for _, ref := range []string{"refs/heads/main", "refs/heads/topic", "refs/tags/v1"} {
				if got, want := revision(t, bitbucket.Dir("my-team/my-repo"), ref), revision(t, g.folder, ref); got != want {
					t.Errorf("%s is %s in Bitbucket, and %s in the project", ref, got, want)
				}
			}
			if len(g.refused) > 0 {
				t.Errorf("other logins were sent: %q", g.refused)
			}
		})
	}
}

// TestGitLabMirrorMany runs the documented pipeline for three projects, one of which has
// no repository in Bitbucket: the others are mirrored, and its job is the one that fails.
func TestGitLabMirrorMany(t *testing.T) {
	needEngine(t)
	t.Parallel()
	g := newGitLab(t, mirrorImage(t))
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"my-team/website", "my-team/docs"}})
	token := bitbucket.Add(readsAndWrites)
	folder := func(name string) string { return filepath.Join(g.repositories, "my-group", name+".git") }
	for _, name := range []string{"website", "api", "docs"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "README.md"), name+"\n", 0o600)
		commit(t, dir)
		run(t, ".", "git", "clone", "--quiet", "--mirror", dir, folder(name))
	}
	text := edit(t, read(t, filepath.Join(root, "docs/hosts/gitlab-mirror-list.yml")),
		"identity: me@example.com", "identity: "+token.Email+"\n      server-url: "+bitbucket.URL)
	log, err := g.pipeline(t, text, map[string]gitLabVariable{
		"BITBUCKET_TOKEN": ofType("variable", token.Secret), "SOURCE_TOKEN": ofType("variable", g.groupToken),
		"CI_PIPELINE_SOURCE": ofType("variable", "schedule"),
	})
	if err == nil {
		t.Error("the pipeline succeeded")
	}
	checkHidden(t, log, token.Secret, g.groupToken, g.token)
	for _, name := range []string{"website", "docs"} {
		if got, want := revision(t, bitbucket.Dir("my-team/"+name), "refs/heads/main"), revision(t, folder(name), "refs/heads/main"); got != want {
			t.Errorf("%s is at %s in Bitbucket, and at %s in GitLab", name, got, want)
		}
	}
	for _, line := range []string{
		`PASS  bitbucket-mirror: \[one,website\]`, `FAIL  bitbucket-mirror: \[one,api\]`, `PASS  bitbucket-mirror: \[two,docs\]`,
		`bitbucket-mirror: \[one,api\] +> error: .*`,
	} {
		if found := regexp.MustCompile(`(?m)^ ?`+line+` *$`).FindAllString(log, -1); len(found) != 1 {
			t.Errorf("the log has %d times %s", len(found), line)
		}
	}
	if n := strings.Count(log, "> error: "); n != 1 {
		t.Errorf("%d jobs report an error, and not one", n)
	}
	if len(g.refused) > 0 {
		t.Errorf("other logins were sent: %q", g.refused)
	}
}

// TestGitLabMirrorLanes validates the documented pipeline for many repositories by
// GitLab's schema, and goes by its resource groups, which gitlab-ci-local ignores: each
// lane has its own, whose jobs GitLab starts one after the other.
func TestGitLabMirrorLanes(t *testing.T) {
	t.Parallel()
	text := read(t, filepath.Join(root, "docs/hosts/gitlab-mirror-list.yml"))
	if faults := gitLabFaults(t, text); faults != "" {
		t.Error(faults)
	}
	if faults := gitLabFaults(t, edit(t, text, "    matrix: ", "    list: ")); faults == "" {
		t.Error("the schema accepts a list that is no matrix")
	}
	var pipeline struct {
		Job struct {
			Parallel struct {
				Matrix []struct {
					Lane         string   `yaml:"LANE"`
					Repositories []string `yaml:"REPOSITORY"`
				}
			}
			ResourceGroup string `yaml:"resource_group"`
		} `yaml:"bitbucket-mirror"`
	}
	if err := yaml.Unmarshal([]byte(text), &pipeline); err != nil {
		t.Fatal(err)
	}
	groups := map[string][]string{}
	for _, row := range pipeline.Job.Parallel.Matrix {
		group := os.Expand(pipeline.Job.ResourceGroup, func(name string) string { return map[string]string{"LANE": row.Lane}[name] })
		groups[group] = append(groups[group], row.Repositories...)
	}
	want := map[string][]string{"bitbucket-mirror-one": {"website", "api"}, "bitbucket-mirror-two": {"docs"}}
	if !reflect.DeepEqual(groups, want) {
		t.Errorf("the resource groups are %v, want %v", groups, want)
	}
}

// TestGitLabMistakes runs a pipeline of jobs that can't succeed: none of them sends or
// shows a token, and each says why.
func TestGitLabMistakes(t *testing.T) {
	needEngine(t)
	t.Parallel()
	g := newGitLab(t, mirrorImage(t))
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"my-team/my-repo"}})
	token := bitbucket.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository:write"}, Reach: []string{"my-team/my-repo"}})
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, given := r.BasicAuth(); given {
			t.Errorf("another server got a login for %s", r.URL)
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="other"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer other.Close()
	jobs := []struct{ name, template, input, says string }{
		{"misspelt", "mirror", "token-variable: MISSPELT", "BBA101"},
		{"elsewhere", "mirror", "source: " + other.URL + "/octo/site", "it is this job's own token"},
		{"no-source-token", "mirror", "source-token-variable: MISSPELT", "BBA4"},
		{".misspelt", "credential", "token-variable: MISSPELT", "BBA101"},
		{".no-program", "credential", "git: repository", "isn't in this job's image"},
	}
	include := "include:\n"
	extending := ""
	for _, job := range jobs {
		include += "  - remote: https://github.com/seed-e1d06701/bitbucket-auth/releases/download/v1.0.0/gitlab-" + job.template + ".yml\n" +
			"    inputs: {job: " + job.name + ", repository: my-team/my-repo, server-url: \"" + bitbucket.URL + "\", " + job.input + "}\n"
		if hidden, is := strings.CutPrefix(job.name, "."); is {
			extending += "extends-" + hidden + ": {extends: " + job.name + ", script: [echo it goes on]}\n"
		}
	}
	text := include + edit(t, extending, "extends: .no-program,", "extends: .no-program, image: "+jobImage+",")
	log, err := g.pipeline(t, text, map[string]gitLabVariable{"BITBUCKET_TOKEN": ofType("variable", token.Secret)})
	if err == nil {
		t.Error("the pipeline succeeded")
	}
	checkHidden(t, log, token.Secret, g.token)
	if strings.Contains(log, "> it goes on") {
		t.Error("a job goes on without the credential")
	}
	for _, job := range jobs {
		name := strings.Replace(job.name, ".", "extends-", 1)
		if !regexp.MustCompile(`(?m)^` + name + ` +>.*` + regexp.QuoteMeta(job.says)).MatchString(log) {
			t.Errorf("%s doesn't say %q", name, job.says)
		}
	}
	if len(bitbucket.Requests()) == 0 {
		t.Error("no mirror asked Bitbucket")
	}
}

// TestGitLabTokenAsName has a token where the name of its variable belongs: the pipeline
// isn't created.
func TestGitLabTokenAsName(t *testing.T) {
	needEngine(t)
	t.Parallel()
	g := newGitLab(t, jobImage)
	text := read(t, filepath.Join(root, "docs/hosts/gitlab-mirror.yml")) + "      token-variable: " + credentialtest.AccessToken() + "\n"
	log, err := g.pipeline(t, text, nil)
	if err == nil {
		t.Error("the pipeline was created")
	}
	checkContains(t, log, "token-variable", "required regex")
}

// TestGitLabSchema validates the headers of the templates, which gitlab-ci-local doesn't,
// by GitLab's schema for CI files.
func TestGitLabSchema(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"credential", "mirror"} {
		header, _, found := strings.Cut(read(t, filepath.Join(root, "templates", name+".yml")), "\n---\n")
		if !found {
			t.Fatalf("%s.yml has no header", name)
		}
		if faults := gitLabFaults(t, header); faults != "" {
			t.Errorf("%s.yml: %s", name, faults)
		}
		if faults := gitLabFaults(t, strings.Replace(header, "type: boolean", "type: bool", 1)); faults == "" {
			t.Errorf("%s.yml: the schema accepts an unknown type", name)
		}
	}
}

// gitLabFaults says what GitLab's schema finds wrong with a document.
func gitLabFaults(t *testing.T, text string) string {
	t.Helper()
	json, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	node, _ := npmProgram(t, "ajv", ".")
	cmd := exec.Command(node, "testdata/gitlab-schema.mjs")
	cmd.Stdin = bytes.NewReader(json)
	faults, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, faults)
	}
	return string(faults)
}
