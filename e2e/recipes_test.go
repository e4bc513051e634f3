//go:build linux

package e2e

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// The credential is masked in everything that git traces of a push.
func TestRecipesTrace(t *testing.T) {
	needAct(t)
	tree := copyTree(t)
	commit(t, tree)
	server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{site}})
	token := server.Add(apiToken.token)
	log := act{workflow: "e2e/testdata/workflows/e2e-git-trace.yml", vars: map[string]string{
		"TOKEN": token.Secret, "SERVER": server.URL,
	}}.run(t, tree)
	newJob(t).checkRefs(server, site, "refs/heads/trace")
	checkLine(t, log, `password=\*\*\*`)
	checkLine(t, log, `.*Authorization: Basic \S*\*\*\*`) // the fixed user name may show
	checkNoSecret(t, log, token.Secret)
}

// The README's sample for a company's own CA works in later steps.
func TestRecipesCertificate(t *testing.T) {
	server := newServer(t, "proj/repo")
	token := server.Add(projectToken.reach("proj").token)
	j := newJob(t) // which doesn't trust the server
	j.write("../home/.gitconfig", "")
	j.step("token", token.Secret, "server-url", server.URL+"/context", "repository", server.URL+"/context/projects/PROJ/repos/repo/browse",
		"ca-certificate", server.CA(), "git", "repository")
	if text, err := j.lsRemote(j.env["BITBUCKET_REPOSITORY_URL"]); err == nil || !strings.Contains(text, "certificate") {
		t.Fatalf("the server is trusted already: %v\n%s", err, text)
	}
	_, script, _ := strings.Cut(readFile(t, "../README.md"), "# git and curl need the company CA, too\n")
	script, _, ok := strings.Cut(script, "        shell: bash\n")
	if !ok {
		t.Fatal("the README has no such sample")
	}
	j.env["COMPANY_CA"], j.env["RUNNER_TEMP"] = server.CA(), j.env["TMPDIR"]
	j.run("bash", "-e", "-c", strings.NewReplacer("https://git.example.com/bitbucket", server.URL+"/context", "https://git.example.com", server.URL).Replace(script))
}

const recipes = "../docs/recipes"

// recipe is a workflow in docs/recipes, and what it needs and does.
type recipe struct {
	file   string
	logins map[string]login // by the secret that holds the token
	// project adds to the workflow's own repository.
	project func(j *job, server *bitbuckettest.Server)
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
		logins: map[string]login{"BITBUCKET_TOKEN": accessToken.reach(myRepo)},
		asked:  "POST /" + myRepo + ".git/git-upload-pack  200",
	},
	{
		file:   "submodules.yml",
		logins: map[string]login{"BITBUCKET_TOKEN": accessToken.reach("my-team")},
		project: func(j *job, server *bitbuckettest.Server) {
			commit := j.run("git", "--git-dir", server.Dir(library), "rev-parse", "main")
			j.write(".gitmodules", "[submodule \"library\"]\n\tpath = library\n\turl = git@127.0.0.1:"+library+".git\n")
			j.run("git", "update-index", "--add", "--cacheinfo", "160000,"+commit+",library")
		},
		asked: "POST /" + library + ".git/git-upload-pack  200",
	},
	{
		file:   "go-modules.yml",
		logins: map[string]login{"BITBUCKET_TOKEN": accessToken.reach("my-team")},
		project: func(j *job, _ *bitbuckettest.Server) {
			j.write("go.mod", "module example.com/me\n\ngo 1.26\n\nrequire bitbucket.org/"+library+" v1.0.0\n")
			j.run("git", "add", ".")
		},
		asked:  "POST /" + library + "/git-upload-pack  200",
		withGo: true,
	},
	{
		file:   "several-repositories.yml",
		logins: map[string]login{"SETTINGS_TOKEN": accessToken.reach(settings), "REPOSITORY_TOKEN": accessToken.reach(myRepo)},
		asked:  "POST /" + myRepo + ".git/git-receive-pack  200",
		refs:   "refs/heads/main refs/heads/other",
	},
	{
		file:   "build-status.yml",
		logins: map[string]login{"BITBUCKET_TOKEN": apiToken},
		project: func(j *job, _ *bitbuckettest.Server) {
			j.write("test.sh", "#!/bin/sh\n")
			j.run("chmod", "+x", "test.sh")
			j.run("git", "add", ".")
		},
		asked: "POST /2.0/repositories/" + myRepo + "/commit/[0-9a-f]{40}/statuses/build  201 Basic dev@example.com",
	},
	{
		file:   "pipeline.yml",
		logins: map[string]login{"BITBUCKET_TOKEN": apiToken},
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
	needAct(t)
	action := copyTree(t)
	for _, r := range allRecipes {
		t.Run(r.file, func(t *testing.T) {
			t.Parallel()
			server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{myRepo, library, settings}})
			j := newJob(t)
			r.run(t, j, server, action)
			if r.refs != "" {
				j.checkRefs(server, myRepo, r.refs)
			}
			if log := strings.Join(requests(server, 0), ""); !regexp.MustCompile(r.asked).MatchString(log) {
				t.Errorf("no request asked for %s:\n%s", r.asked, log)
			}
		})
	}
}

func (r recipe) run(t *testing.T, j *job, server *bitbuckettest.Server, action string) {
	t.Helper()
	// What is in Bitbucket.
	j.run("git", "init", "--quiet", "--template=", "../library")
	j.write("../library/go.mod", "module bitbucket.org/"+library+"\n")
	j.write("../library/settings.json", "{}\n")
	j.run("git", "-C", "../library", "add", ".")
	j.run("git", "-C", "../library", "commit", "--quiet", "--message", "one")
	j.run("git", "-C", "../library", "push", "--quiet", server.Dir(library), "HEAD:refs/heads/main", "HEAD:refs/tags/v1.0.0")
	j.run("git", "-C", "../library", "push", "--quiet", server.Dir(settings), "HEAD:refs/heads/main")
	j.run("git", "-C", "../library", "rm", "--quiet", "settings.json")
	j.run("git", "-C", "../library", "commit", "--quiet", "--message", "two")
	j.run("git", "-C", "../library", "push", "--quiet", server.Dir(myRepo), "HEAD:refs/heads/main", "HEAD:refs/heads/other")

	// Only the server and the trigger are replaced, and the token becomes a plain
	// variable, so that act doesn't mask it. The environment points git to that server
	// instead of Bitbucket.
	uses := "uses: seed-e1d06701/bitbucket-auth@v1\n"
	condition := regexp.MustCompile(`(` + uses + `(?: +if: .*\n)? +with:\n)`)
	text := condition.ReplaceAllString(readFile(t, filepath.Join(recipes, r.file)), "${1}          server-url: "+server.URL+"\n")
	text = strings.NewReplacer(
		"on: workflow_dispatch\n", "on: push\n", "secrets.", "vars.",
		"https://api.bitbucket.org/", server.URL+"/", "sleep 10", "sleep 1",
	).Replace(text)
	j.run("git", "init", "--quiet", "--template=")
	j.write("workflow.yml", text)
	j.run("git", "add", ".")
	if r.project != nil {
		r.project(j, server)
	}
	j.run("git", "commit", "--quiet", "--message", "one")
	for match, replies := range r.answers {
		server.Answer(match, replies...)
	}
	if r.file == "build-status.yml" {
		server.Answer("POST /2.0/repositories/"+myRepo+"/commit/"+j.run("git", "rev-parse", "HEAD")+"/statuses/build", bitbuckettest.Reply{Status: 201, Body: "{}"})
	}

	vars := map[string]string{}
	for name, l := range r.logins {
		token := server.Add(l.token)
		vars[name] = token.Secret
		if identity := l.identity(token); identity != "" {
			vars["BITBUCKET_EMAIL"] = identity
		}
	}
	args := []string{
		"--local-repository", "seed-e1d06701/bitbucket-auth@v1=" + action,
		"--local-repository", "actions/setup-go@v6=" + filepath.Join(action, "e2e/testdata/setup-go"),
		"--env", "GIT_CONFIG_COUNT=1", "--env", "GIT_CONFIG_KEY_0=url." + server.URL + "/.insteadOf", "--env", "GIT_CONFIG_VALUE_0=https://bitbucket.org/",
	}
	if r.withGo {
		image := regexp.MustCompile(`golang:\S+`).FindString(readFile(t, "../Dockerfile"))
		args = append(args, "--platform", "ubuntu-latest="+image)
	}
	log := act{workflow: "workflow.yml", vars: vars, args: args}.run(t, j.dir)
	for name := range r.logins {
		checkNoSecret(t, log, vars[name])
	}
}

// Every recipe is valid, and is run: mirror.yml by TestMirrorAction.
func TestRecipesAll(t *testing.T) {
	known := []string{"mirror.yml"}
	for _, r := range allRecipes {
		known = append(known, r.file)
	}
	slices.Sort(known)
	files, err := filepath.Glob(filepath.Join(recipes, "*"))
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
	if err := buildTarget(".bin/actionlint"); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command("../.bin/actionlint", append([]string{"-no-color"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("actionlint: %v\n%s", err, text)
	}
}
