//go:build linux

package documents

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// The credential is masked in everything that git traces of a push.
func TestRecipesTrace(t *testing.T) {
	e2etest.NeedAct(t)
	tree := e2etest.CopyTree(t)
	e2etest.Commit(t, tree)
	server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{e2etest.Site}})
	token := server.Add(e2etest.APIToken.Token)
	log := e2etest.Act{Workflow: "e2e/documents/testdata/workflows/e2e-git-trace.yml", Vars: map[string]string{
		"TOKEN": token.Secret, "SERVER": server.URL,
	}}.Run(t, tree)
	e2etest.NewJob(t).CheckRefs(server, e2etest.Site, "refs/heads/trace")
	e2etest.CheckLine(t, log, `password=\*\*\*`)
	e2etest.CheckLine(t, log, `.*Authorization: Basic \S*\*\*\*`) // the fixed user name may show
	e2etest.CheckNoSecret(t, log, token.Secret)
}

// The sample for a company's own CA works in later steps, with read permission.
func TestRecipesCertificate(t *testing.T) {
	server := e2etest.NewServer(t, "proj/repo")
	login := e2etest.ProjectToken.Reach("proj")
	login.Token.Scopes = []string{"REPO_READ"}
	token := server.Add(login.Token)
	j := e2etest.NewJob(t) // which doesn't trust the server
	j.Write("../home/.gitconfig", "")
	j.Step("token", token.Secret, "server-url", server.URL+"/context", "repository", server.URL+"/context/projects/PROJ/repos/repo/browse",
		"verify", "strict", "ca-certificate", server.CA(), "git", "repository")
	if text, err := j.LsRemote(j.Env["BITBUCKET_REPOSITORY_URL"]); err == nil || !strings.Contains(text, "certificate") {
		t.Fatalf("the server is trusted already: %v\n%s", err, text)
	}
	_, script, _ := strings.Cut(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/recipes.md")), "# git and curl need the company CA, too\n")
	script, _, ok := strings.Cut(script, "        shell: bash\n")
	if !ok {
		t.Fatal("the page has no such sample")
	}
	j.Env["COMPANY_CA"], j.Env["RUNNER_TEMP"] = server.CA(), j.Env["TMPDIR"]
	j.Run("bash", "-e", "-c", strings.NewReplacer("https://git.example.com/bitbucket", server.URL+"/context", "https://git.example.com", server.URL).Replace(script))
}

// recipe is a workflow in docs/recipes, and what it needs and does.
type recipe struct {
	file   string
	logins map[string]e2etest.Login // by the secret that holds the token
	// project adds to the workflow's own repository.
	project func(j *e2etest.Job, server *bitbuckettest.Server)
	answers map[string][]bitbuckettest.Reply
	asked   string // a pattern of a request that the server gets
	refs    string // of my-team/my-repo in the end, where the recipe changes them
	withGo  bool   // in the job's image
}

const (
	myRepo   = "my-team/my-repo"
	library  = "my-team/library"
	settings = "my-team/settings"
)

var allRecipes = []recipe{
	{
		file:   "checkout.yml",
		logins: map[string]e2etest.Login{"BITBUCKET_TOKEN": e2etest.AccessToken.Reach(myRepo)},
		asked:  "POST /" + myRepo + ".git/git-upload-pack  200",
	},
	{
		file:   "submodules.yml",
		logins: map[string]e2etest.Login{"BITBUCKET_TOKEN": e2etest.AccessToken.Reach("my-team")},
		project: func(j *e2etest.Job, server *bitbuckettest.Server) {
			commit := j.Run("git", "--git-dir", server.Dir(library), "rev-parse", "main")
			j.Write(".gitmodules", "[submodule \"library\"]\n\tpath = library\n\turl = git@127.0.0.1:"+library+".git\n")
			j.Run("git", "update-index", "--add", "--cacheinfo", "160000,"+commit+",library")
		},
		asked: "POST /" + library + ".git/git-upload-pack  200",
	},
	{
		file:   "go-modules.yml",
		logins: map[string]e2etest.Login{"BITBUCKET_TOKEN": e2etest.AccessToken.Reach("my-team")},
		project: func(j *e2etest.Job, _ *bitbuckettest.Server) {
			j.Write("go.mod", "module example.com/me\n\ngo 1.26\n\nrequire bitbucket.org/"+library+" v1.0.0\n")
			j.Run("git", "add", ".")
		},
		asked:  "POST /" + library + "/git-upload-pack  200",
		withGo: true,
	},
	{
		file:   "several-repositories.yml",
		logins: map[string]e2etest.Login{"SETTINGS_TOKEN": e2etest.AccessToken.Reach(settings), "REPOSITORY_TOKEN": e2etest.AccessToken.Reach(myRepo)},
		asked:  "POST /" + myRepo + ".git/git-receive-pack  200",
		refs:   "refs/heads/main refs/heads/other",
	},
	{
		file:   "build-status.yml",
		logins: map[string]e2etest.Login{"BITBUCKET_TOKEN": e2etest.APIToken},
		project: func(j *e2etest.Job, _ *bitbuckettest.Server) {
			j.Write("test.sh", "#!/bin/sh\n")
			j.Run("chmod", "+x", "test.sh")
			j.Run("git", "add", ".")
		},
		asked: "POST /2.0/repositories/" + myRepo + "/commit/[0-9a-f]{40}/statuses/build  201 Basic dev@example.com",
	},
	{
		file:   "pipeline.yml",
		logins: map[string]e2etest.Login{"BITBUCKET_TOKEN": e2etest.APIToken},
		answers: map[string][]bitbuckettest.Reply{
			"POST /2.0/repositories/" + myRepo + "/pipelines": {{Status: 201, Body: `{"uuid": "{1-2}", "state": {"name": "PENDING"}}`}},
			"GET /2.0/repositories/" + myRepo + "/pipelines/{1-2}": {
				{Body: `{"uuid": "{1-2}", "state": {"name": "IN_PROGRESS"}}`},
				{Body: `{"uuid": "{1-2}", "state": {"name": "COMPLETED", "result": {"name": "SUCCESSFUL"}}}`},
			},
		},
		asked: "GET /2.0/repositories/" + myRepo + "/pipelines/{1-2}  200 Basic dev@example.com",
	},
}

// TestRecipes runs every recipe the way users copy it.
func TestRecipes(t *testing.T) {
	e2etest.NeedAct(t)
	action := e2etest.CopyTree(t)
	for _, r := range allRecipes {
		t.Run(r.file, func(t *testing.T) {
			t.Parallel()
			server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{myRepo, library, settings}})
			j := e2etest.NewJob(t)
			r.run(t, j, server, action)
			if r.refs != "" {
				j.CheckRefs(server, myRepo, r.refs)
			}
			if log := strings.Join(e2etest.Requests(server, 0), ""); !regexp.MustCompile(r.asked).MatchString(log) {
				t.Errorf("no request asked for %s:\n%s", r.asked, log)
			}
		})
	}
}

func (r recipe) run(t *testing.T, j *e2etest.Job, server *bitbuckettest.Server, action string) {
	t.Helper()
	// What is in Bitbucket.
	j.Run("git", "init", "--quiet", "--template=", "../library")
	j.Write("../library/go.mod", "module bitbucket.org/"+library+"\n")
	j.Write("../library/settings.json", "{}\n")
	j.Run("git", "-C", "../library", "add", ".")
	j.Run("git", "-C", "../library", "commit", "--quiet", "--message", "one")
	j.Run("git", "-C", "../library", "push", "--quiet", server.Dir(library), "HEAD:refs/heads/main", "HEAD:refs/tags/v1.0.0")
	j.Run("git", "-C", "../library", "push", "--quiet", server.Dir(settings), "HEAD:refs/heads/main")
	j.Run("git", "-C", "../library", "rm", "--quiet", "settings.json")
	j.Run("git", "-C", "../library", "commit", "--quiet", "--message", "two")
	j.Run("git", "-C", "../library", "push", "--quiet", server.Dir(myRepo), "HEAD:refs/heads/main", "HEAD:refs/heads/other")

	// Only the server and the trigger are replaced, and the token becomes a plain
	// variable, so that act doesn't mask it. The environment points git to that server
	// instead of Bitbucket.
	uses := "uses: seed-e1d06701/bitbucket-auth@v1\n"
	condition := regexp.MustCompile(`(` + uses + `(?: +if: .*\n)? +with:\n)`)
	text := condition.ReplaceAllString(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/recipes", r.file)), "${1}          server-url: "+server.URL+"\n")
	text = strings.NewReplacer(
		"on: workflow_dispatch\n", "on: push\n", "secrets.", "vars.",
		"https://api.bitbucket.org/", server.URL+"/", "sleep 10", "sleep 1",
	).Replace(text)
	j.Run("git", "init", "--quiet", "--template=")
	j.Write("workflow.yml", text)
	j.Run("git", "add", ".")
	if r.project != nil {
		r.project(j, server)
	}
	j.Run("git", "commit", "--quiet", "--message", "one")
	for match, replies := range r.answers {
		server.Answer(match, replies...)
	}
	if r.file == "build-status.yml" {
		server.Answer("POST /2.0/repositories/"+myRepo+"/commit/"+j.Run("git", "rev-parse", "HEAD")+"/statuses/build", bitbuckettest.Reply{Status: 201, Body: "{}"})
	}

	vars := map[string]string{}
	for name, l := range r.logins {
		token := server.Add(l.Token)
		vars[name] = token.Secret
		if identity := l.Identity(token); identity != "" {
			vars["BITBUCKET_EMAIL"] = identity
		}
	}
	args := []string{
		"--local-repository", "seed-e1d06701/bitbucket-auth@v1=" + action,
		"--local-repository", "actions/setup-go@v6=" + filepath.Join(action, "e2e/release/testdata/setup-go"),
		"--env", "GIT_CONFIG_COUNT=1", "--env", "GIT_CONFIG_KEY_0=url." + server.URL + "/.insteadOf", "--env", "GIT_CONFIG_VALUE_0=https://bitbucket.org/",
	}
	if r.withGo {
		image := regexp.MustCompile(`golang:\S+`).FindString(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "Dockerfile")))
		args = append(args, "--platform", "ubuntu-latest="+image)
	}
	log := e2etest.Act{Workflow: "workflow.yml", Vars: vars, Args: args}.Run(t, j.Dir)
	for name := range r.logins {
		e2etest.CheckNoSecret(t, log, vars[name])
	}
}

// Every recipe is valid, and is run: mirror.yml by TestMirrorAction, those for many by TestMirrorMany.
func TestRecipesAll(t *testing.T) {
	known := []string{"mirror.yml", "mirror-list.yml", "mirror-organization.yml"}
	for _, r := range allRecipes {
		known = append(known, r.file)
	}
	slices.Sort(known)
	files, err := filepath.Glob(filepath.Join(e2etest.Root(), "docs/recipes/*"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, filepath.Base(file))
	}
	if !slices.Equal(names, known) {
		t.Errorf("the recipes are %q, those that run %q", names, known)
	}
	if err := e2etest.Make(".bin/actionlint"); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command(filepath.Join(e2etest.Root(), ".bin/actionlint"), append([]string{"-no-color"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("actionlint: %v\n%s", err, text)
	}
}
