package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// needAct skips a test that needs act, and all that act needs.
func needAct(t *testing.T) {
	t.Helper()
	needJobImage(t)
	if err := buildTarget(".bin/act"); err != nil {
		t.Fatal(err)
	}
}

// TestRecipesMirror pushes a mirror of this project itself.
func TestRecipesMirror(t *testing.T) {
	needAct(t)
	j := newJob(t)
	j.dir = copyTree(t)
	commit(t, j.dir)
	j.run("git", "tag", "v1.0.0")
	j.run("git", "branch", "topic")
	j.run("git", "update-ref", "refs/pull/1/head", "HEAD")
	server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{site}})
	token := server.Add(apiToken.token)

	log := act{workflow: "e2e/testdata/workflows/e2e-mirror.yml", vars: map[string]string{
		"TOKEN": token.Secret, "SERVER": server.URL,
	}}.run(t, j.dir)
	j.checkRefs(server, site, "refs/heads/main refs/heads/topic refs/tags/v1.0.0")
	checkLine(t, log, `password=\*\*\*`)
	checkLine(t, log, `.*Authorization: Basic \*\*\*`)
	checkNoSecret(t, log, token.Secret)
}

const recipes = "../docs/recipes"

// recipe is a workflow of docs/recipes, and what it does.
type recipe struct {
	file   string
	logins map[string]login // by the secret that holds the token
	// project is what the workflow's own repository has besides.
	project func(j *job, server *bitbuckettest.Server)
	refs    string // that the mirror has in the end; empty where it isn't pushed to
	asked   string // a request that the server gets, or empty
	withGo  bool   // in the job's image
}

const (
	mirror   = "my-team/my-repo"
	library  = "my-team/library"
	settings = "my-team/settings"
)

var allRecipes = []recipe{
	{
		file:   "mirror-on-push.yml",
		logins: map[string]login{"BITBUCKET_TOKEN": apiToken},
		refs:   "refs/heads/main refs/heads/topic refs/tags/v1.0.0",
	},
	{
		file:   "mirror-on-release.yml",
		logins: map[string]login{"BITBUCKET_TOKEN": accessToken.reach(mirror)},
		refs:   "refs/heads/gone refs/heads/main refs/heads/topic refs/tags/gone refs/tags/v1.0.0",
	},
	{
		file:   "lfs.yml",
		logins: map[string]login{"BITBUCKET_TOKEN": apiToken},
		project: func(j *job, _ *bitbuckettest.Server) {
			j.write(".gitattributes", "*.bin filter=lfs -text\n")
			j.write("large.bin", strings.Repeat("large", 1000))
			j.run("git", "add", ".")
		},
		refs:  "refs/heads/gone refs/heads/main refs/heads/topic refs/tags/gone refs/tags/v1.0.0",
		asked: "PUT /lfs-storage/" + mirror + "/24c6cd9fa9a84aba0247a62a055c235cf9377272a17c96aaa031117324a8ee39",
	},
	{
		file:   "submodules.yml",
		logins: map[string]login{"BITBUCKET_TOKEN": accessToken.reach("my-team")},
		project: func(j *job, server *bitbuckettest.Server) {
			commit := j.run("git", "-C", server.Dir(library), "rev-parse", "main")
			j.write(".gitmodules", "[submodule \"library\"]\n\tpath = library\n\turl = git@127.0.0.1:"+library+".git\n")
			j.run("git", "update-index", "--add", "--cacheinfo", "160000,"+commit+",library")
		},
		asked: "POST /" + library + ".git/git-upload-pack",
	},
	{
		file:   "go-modules.yml",
		logins: map[string]login{"BITBUCKET_TOKEN": accessToken.reach("my-team")},
		project: func(j *job, _ *bitbuckettest.Server) {
			j.write("go.mod", "module example.com/me\n\ngo 1.26\n\nrequire bitbucket.org/"+library+" v1.0.0\n")
			j.run("git", "add", ".")
		},
		asked:  "POST /" + library + "/git-upload-pack",
		withGo: true,
	},
	{
		file:   "several-repositories.yml",
		logins: map[string]login{"SETTINGS_TOKEN": accessToken.reach(settings), "MIRROR_TOKEN": accessToken.reach(mirror)},
		refs:   "refs/heads/gone refs/heads/main refs/tags/gone",
		asked:  "POST /" + settings + ".git/git-upload-pack",
	},
}

// TestRecipes runs every recipe as users copy it.
func TestRecipes(t *testing.T) {
	needAct(t)
	action := copyTree(t)
	for _, r := range allRecipes {
		t.Run(r.file, func(t *testing.T) {
			t.Parallel()
			server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{mirror, library, settings}})
			j := newJob(t)
			r.run(t, j, server, action)
			if r.refs != "" {
				j.checkRefs(server, mirror, r.refs)
			}
			if log := strings.Join(requests(server, 0), ""); !strings.Contains(log, r.asked+" ") && r.asked != "" {
				t.Errorf("nobody asked for %s:\n%s", r.asked, log)
			}
		})
	}
}

func (r recipe) run(t *testing.T, j *job, server *bitbuckettest.Server, action string) {
	t.Helper()
	// The library and the settings, and what the mirror has from earlier times.
	j.run("git", "init", "--quiet", "--template=", "../library")
	j.write("../library/go.mod", "module bitbucket.org/"+library+"\n")
	j.run("git", "-C", "../library", "add", ".")
	j.run("git", "-C", "../library", "commit", "--quiet", "--message", "one")
	j.run("git", "-C", "../library", "push", "--quiet", server.Dir(library), "HEAD:refs/heads/main", "HEAD:refs/tags/v1.0.0")
	j.run("git", "-C", "../library", "push", "--quiet", server.Dir(settings), "HEAD:refs/heads/main")
	j.run("git", "-C", "../library", "push", "--quiet", server.Dir(mirror), "HEAD:refs/heads/gone", "HEAD:refs/tags/gone")

	// The one substitution: the server, on push, and the token as a plain
	// variable, so that act itself masks nothing. Which server git finds under
	// Bitbucket's name, the environment says.
	uses := "uses: seed-e1d06701/bitbucket-auth@v1\n        with:\n"
	text := strings.NewReplacer(
		uses, uses+"          server-url: "+server.URL+"\n",
		"on:\n  release:\n    types: [published]\n", "on: push\n",
		"secrets.", "vars.",
	).Replace(readFile(t, filepath.Join(recipes, r.file)))
	// A repository as actions/checkout leaves it.
	j.run("git", "init", "--quiet", "--template=")
	j.write("workflow.yml", text)
	j.run("git", "add", ".")
	if r.project != nil {
		r.project(j, server)
	}
	j.run("git", "commit", "--quiet", "--message", "one")
	j.run("git", "tag", "v1.0.0")
	for _, ref := range []string{"refs/remotes/origin/main", "refs/remotes/origin/topic", "refs/remotes/pull/1/merge"} {
		j.run("git", "update-ref", ref, "HEAD")
	}
	j.run("git", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")

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

// Every recipe is on the page, as it is in its file, and is run.
func TestRecipesPage(t *testing.T) {
	const path = "../docs/recipes.md"
	page := readFile(t, path)
	want := page
	for _, r := range allRecipes {
		want = replacePart(t, want, "recipes/"+r.file, "```yaml\n"+readFile(t, filepath.Join(recipes, r.file))+"```\n")
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != page {
		t.Error("docs/recipes.md doesn't show docs/recipes: run make docs")
	}

	if err := buildTarget(".bin/actionlint"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(recipes, "*"))
	if err != nil || len(files) != len(allRecipes) {
		t.Errorf("%d files, %d recipes: %v", len(files), len(allRecipes), err)
	}
	if text, err := exec.Command("../.bin/actionlint", append([]string{"-no-color"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("actionlint: %v\n%s", err, text)
	}
}
