//go:build linux

package clients

import (
	"cmp"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

const firstStep = "The bitbucket-auth step" // the section with the step that comes before each sample

// onDataCenter ends the headings of samples that are only for Data Center.
const onDataCenter = " on Data Center"

// The repositories of the samples for Cloud.
const (
	myRepo  = "my-team/my-repo"
	library = "my-team/library"
)

// client is a section of docs/tools.md, and how to try its samples.
type client struct {
	name    string // the section's heading
	program string
	project func(j *e2etest.Job, s e2etest.Side) // the files that the client works on
	uses    map[e2etest.Side]use                 // by what it supports
	// What it does, if it isn't like others.
	apiToken    bool // it has no use for another kind
	accessToken bool // it has no use for an API token
	byHand      bool // e2e/clients/setup doesn't install it
	keeps       bool // it gives git the token itself, and on Cloud git's own helper stores that
}

// use lists the requests that a client sends to Bitbucket.
type use struct {
	// asks begins the request in which the client uses the credential.
	asks string
	// answers are Bitbucket's replies to authenticated requests, and {commit} is
	// the library's only one.
	answers map[string]string
}

// The git login that a client uses is the action's.
var fetchesLibrary = map[e2etest.Side]use{
	e2etest.Cloud:      {asks: "POST /my-team/library.git/git-upload-pack "},
	e2etest.DataCenter: {asks: "POST /scm/proj/library.git/git-upload-pack "},
}

// team is the workspace of the samples, or the project.
func team(s e2etest.Side) string {
	if s == e2etest.DataCenter {
		return "proj"
	}
	return "my-team"
}

// libraryOf is the address of the library, without "https://" and ".git".
func libraryOf(s e2etest.Side) string { return s.Module + team(s) + "/library" }

const (
	onCloud       = "/2.0/repositories/" + myRepo
	inProject     = "/projects/PROJ/repos/my-repo"
	ofProject     = "/rest/api/1.0" + inProject
	report        = onCloud + "/commit/" + githubSHA + "/reports/my-linter-reviewdog"
	projectReport = "/rest/insights/1.0" + inProject + "/commits/" + githubSHA + "/reports/my-linter-reviewdog"

	githubSHA = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
)

var allClients = []client{
	{name: "npm", program: "npm", uses: fetchesLibrary, project: func(j *e2etest.Job, s e2etest.Side) {
		j.Env["npm_config_audit"] = "false" // it would ask npm's registry, again and again
		j.Env["npm_config_cafile"] = j.Path("../authorities.pem")
		j.Write("package.json", `{"dependencies": {"library": "git+https://`+libraryOf(s)+`.git#v1.0.0"}}`)
	}},
	{name: "pip", program: "pip", uses: fetchesLibrary, project: func(j *e2etest.Job, s e2etest.Side) {
		j.Write("requirements.txt", "library @ git+https://"+libraryOf(s)+".git@v1.0.0\n")
		j.Env["PIP_TARGET"] = j.Path("../pip")
	}},
	{name: "Go", program: "go", uses: map[e2etest.Side]use{
		e2etest.Cloud:      {asks: "POST /my-team/library/git-upload-pack "},
		e2etest.DataCenter: {asks: "POST /scm/proj/library/git-upload-pack "},
	}, project: func(j *e2etest.Job, s e2etest.Side) {
		j.Write("go.mod", "module example.com/me\n\ngo 1.26\n\nrequire "+libraryOf(s)+s.End+" v1.0.0\n")
		j.Env["GOPROXY"] = "direct"
	}},
	{name: "Cargo", program: "cargo", uses: fetchesLibrary, project: func(j *e2etest.Job, s e2etest.Side) {
		j.Write("Cargo.toml", "[package]\nname = \"me\"\nversion = \"1.0.0\"\n\n[lib]\npath = \"lib.rs\"\n\n"+
			"[dependencies]\nlibrary = { git = \"https://"+libraryOf(s)+".git\", tag = \"v1.0.0\" }\n")
		j.Write("lib.rs", "")
	}},
	{name: "Poetry", program: "poetry", uses: fetchesLibrary, project: func(j *e2etest.Job, s e2etest.Side) {
		j.Env["PIP_NO_INDEX"] = "true" // it would ask Python's index, again and again
		j.Write("pyproject.toml", "[tool.poetry]\nname = \"me\"\nversion = \"1.0.0\"\ndescription = \"\"\nauthors = []\n\n"+
			"[tool.poetry.dependencies]\nlibrary = { git = \"https://"+libraryOf(s)+".git\", tag = \"v1.0.0\" }\n")
	}},
	{name: "pre-commit", program: "pre-commit", uses: fetchesLibrary, project: func(j *e2etest.Job, s e2etest.Side) {
		j.Write(".pre-commit-config.yaml", "repos:\n  - repo: https://"+libraryOf(s)+".git\n    rev: v1.0.0\n    hooks:\n      - id: check\n")
		j.Run("git", "init", "--quiet")
		j.Run("git", "add", ".")
	}},
	{name: "OpenTofu", program: "tofu", uses: fetchesLibrary, project: func(j *e2etest.Job, s e2etest.Side) {
		j.Write("main.tf", "module \"library\" {\n  source = \"git::https://"+libraryOf(s)+".git?ref=v1.0.0\"\n}\n")
	}},
	{name: "zahiar/bitbucket", program: "terraform-provider-bitbucket", byHand: true, apiToken: true, uses: map[e2etest.Side]use{
		e2etest.Cloud: {asks: "GET /2.0/workspaces/my-team ", answers: map[string]string{
			"/2.0/workspaces/my-team": `{"uuid": "{1}", "slug": "my-team", "name": "My team", "is_private": true}`,
		}},
	}, project: func(j *e2etest.Job, _ e2etest.Side) {
		j.Write("main.tf", "terraform {\n  required_providers {\n    bitbucket = { source = \"zahiar/bitbucket\" }\n  }\n}\n\n"+
			"data \"bitbucket_workspace\" \"team\" {\n  id = \"my-team\"\n}\n\noutput \"name\" {\n  value = data.bitbucket_workspace.team.name\n}\n")
		j.Write("../home/.tofurc", "provider_installation {\n  dev_overrides {\n    \"zahiar/bitbucket\" = \""+filepath.Join(e2etest.Root(), ".bin")+"\"\n  }\n  direct {}\n}\n")
	}},
	{name: "Composer", program: "composer", uses: map[e2etest.Side]use{
		e2etest.Cloud: {asks: "GET /2.0/repositories/" + library + " ", answers: map[string]string{
			"/2.0/repositories/" + library: `{"scm": "git", "website": "", "mainbranch": {"name": "main"}, "links": {"html": {"href": "https://bitbucket.org/my-team/library"}, ` +
				`"clone": [{"name": "https", "href": "https://bitbucket.org/my-team/library.git"}], ` +
				`"branches": {"href": "https://api.bitbucket.org/2.0/repositories/my-team/library/refs/branches"}, ` +
				`"tags": {"href": "https://api.bitbucket.org/2.0/repositories/my-team/library/refs/tags"}}}`,
			"/2.0/repositories/" + library + "/refs/branches":              `{"values": []}`,
			"/2.0/repositories/" + library + "/refs/tags":                  `{"values": [{"name": "1.0.0", "target": {"hash": "{commit}"}}]}`,
			"/2.0/repositories/" + library + "/src/main/composer.json":     `{"name": "my-team/library"}`,
			"/2.0/repositories/" + library + "/src/{commit}/composer.json": `{"name": "my-team/library"}`,
			"/2.0/repositories/" + library + "/commit/main":                `{"date": "2026-01-01T00:00:00+00:00"}`,
			"/2.0/repositories/" + library + "/commit/{commit}":            `{"date": "2026-01-01T00:00:00+00:00"}`,
		}},
		e2etest.DataCenter: fetchesLibrary[e2etest.DataCenter],
	}, project: func(j *e2etest.Job, s e2etest.Side) {
		j.Write("composer.json", `{"require": {"my-team/library": "1.0.0"}, "repositories": [`+
			`{"type": "vcs", "url": "https://`+libraryOf(s)+`.git"}, {"packagist.org": false}]}`)
	}},
	{name: "reviewdog", program: "reviewdog", uses: map[e2etest.Side]use{
		e2etest.Cloud: {asks: "PUT " + report + " ", answers: map[string]string{
			"DELETE " + report:                "",
			"PUT " + report:                   "{}",
			"POST " + report + "/annotations": "[]",
		}},
		e2etest.DataCenter: {asks: "PUT " + projectReport + " ", answers: map[string]string{
			"DELETE " + projectReport:                "",
			"PUT " + projectReport:                   "{}",
			"POST " + projectReport + "/annotations": "",
		}},
	}, project: func(j *e2etest.Job, _ e2etest.Side) {
		j.Write("my-linter", "#!/bin/sh\necho 'main.go:1:1: wrong'\n")
		j.Run("chmod", "+x", "my-linter")
		j.Run("git", "init", "--quiet")
		j.Run("git", "commit", "--quiet", "--allow-empty", "--message", "one")
	}},
	{name: "bkt", program: "bkt", byHand: true, uses: map[e2etest.Side]use{
		e2etest.Cloud: {asks: "GET /2.0/repositories/" + myRepo + "/pullrequests ", answers: map[string]string{
			onCloud + "/pullrequests": `{"values": []}`,
		}},
		e2etest.DataCenter: {asks: "GET " + ofProject + "/pull-requests ", answers: map[string]string{
			ofProject + "/pull-requests": `{"values": [], "isLastPage": true}`,
		}},
	}, project: func(*e2etest.Job, e2etest.Side) {}},
	{name: "semantic-release", program: "semantic-release", uses: map[e2etest.Side]use{
		e2etest.Cloud:      {asks: "POST /my-team/my-repo.git/git-receive-pack "},
		e2etest.DataCenter: {asks: "POST /scm/proj/my-repo.git/git-receive-pack "},
	}, project: func(j *e2etest.Job, _ e2etest.Side) {
		j.Env["GITHUB_REF"] = "refs/heads/main"
		j.Run("git", "clone", "--quiet", "../library", ".")
		j.Run("git", "checkout", "--quiet", "-B", "main")
		j.Run("git", "commit", "--quiet", "--allow-empty", "--message", "fix: two")
		j.Write(".releaserc.json", `{"plugins": ["@semantic-release/commit-analyzer"], "branches": ["main"]}`)
	}},
	{name: "Renovate", program: "renovate", keeps: true, uses: map[e2etest.Side]use{
		e2etest.Cloud: {asks: "POST /" + myRepo + ".git/git-upload-pack ", answers: map[string]string{
			onCloud: `{"scm": "git", "uuid": "{1}", "full_name": "my-team/my-repo", "name": "my-repo", ` +
				`"is_private": true, "mainbranch": {"name": "main"}, "owner": {"username": "my-team"}, ` +
				`"links": {"clone": [{"name": "https", "href": "https://bitbucket.org/my-team/my-repo.git"}]}}`,
			onCloud + "/pullrequests": `{"values": []}`,
		}},
		e2etest.DataCenter: {asks: "POST /scm/proj/my-repo.git/git-upload-pack ", answers: map[string]string{
			"/rest/api/1.0/application-properties": `{"version": "9.2.0"}`,
			ofProject: `{"id": 1, "slug": "my-repo", "project": {"key": "PROJ"}, ` +
				`"links": {"clone": [{"name": "http", "href": "https://bitbucket.example.com/scm/proj/my-repo.git"}]}}`,
			ofProject + "/branches/default": `{"displayId": "main"}`,
			ofProject + "/pull-requests":    `{"values": [], "isLastPage": true}`,
		}},
	}, project: func(j *e2etest.Job, _ e2etest.Side) {
		j.Env["RENOVATE_ONBOARDING"], j.Env["RENOVATE_REQUIRE_CONFIG"] = "false", "optional"
		node, _ := filepath.Glob(absolute(j.T, "node_modules/node-linux-*/bin"))
		j.Env["PATH"] = strings.Join(append(node, j.Env["PATH"]), ":") // it needs a newer Node than the others
	}},
	{name: "danger", program: "danger", uses: map[e2etest.Side]use{
		e2etest.Cloud: {asks: "GET /2.0/repositories/" + myRepo + "/pullrequests/7 ", answers: map[string]string{
			onCloud + "/pullrequests/7": `{"id": 7, "title": "one", ` +
				`"source": {"commit": {"hash": "{commit}"}, "repository": {"full_name": "my-team/my-repo"}}, ` +
				`"destination": {"commit": {"hash": "{commit}"}, "repository": {"full_name": "my-team/my-repo"}}}`,
			onCloud + "/pullrequests/7/diff":     "diff --git a/a b/a\n",
			onCloud + "/pullrequests/7/commits":  `{"values": []}`,
			onCloud + "/pullrequests/7/comments": `{"values": []}`,
			onCloud + "/pullrequests/7/activity": `{"values": []}`,
		}},
		e2etest.DataCenter: {asks: "GET " + ofProject + "/pull-requests/7 ", answers: map[string]string{
			ofProject + "/pull-requests/7": `{"id": 7, "title": "one", ` +
				`"fromRef": {"latestCommit": "{commit}", "repository": {"slug": "my-repo", "project": {"key": "PROJ"}}}, ` +
				`"toRef": {"latestCommit": "{commit}", "repository": {"slug": "my-repo", "project": {"key": "PROJ"}}}}`,
			ofProject + "/pull-requests/7/changes":                   `{"values": [], "isLastPage": true}`,
			ofProject + "/pull-requests/7/commits":                   `{"values": [], "isLastPage": true}`,
			ofProject + "/pull-requests/7/activities":                `{"values": [], "isLastPage": true}`,
			"/rest/jira/1.0" + inProject + "/pull-requests/7/issues": `[]`,
		}},
	}, project: func(j *e2etest.Job, _ e2etest.Side) {
		j.Write("dangerfile.js", "message((danger.bitbucket_cloud || danger.bitbucket_server).pr.title)\n")
	}},
	{name: "git-cliff", program: "git-cliff", accessToken: true, uses: map[e2etest.Side]use{
		e2etest.Cloud: {asks: "GET /2.0/repositories/" + myRepo + "/commits ", answers: map[string]string{
			onCloud + "/commits":      `{"values": [], "size": 0, "page": 1}`,
			onCloud + "/pullrequests": `{"values": [], "size": 0, "page": 1}`,
		}},
	}, project: func(j *e2etest.Job, _ e2etest.Side) {
		j.Run("git", "clone", "--quiet", "../library", ".")
		j.Write("cliff.toml", "[remote.bitbucket]\nowner = \"my-team\"\nrepo = \"my-repo\"\n[changelog]\nbody = \"\"\"{% for commit in commits %}{{ commit.remote.username }}{% endfor %}\"\"\"\n")
	}},
}

// TestClients runs every sample of docs/tools.md as it is there, with the client
// itself and each kind of credential that the sample is for. The clients find a fake
// under Bitbucket's own names, and no other host.
func TestClients(t *testing.T) {
	needClients(t)
	frames, samples := readSamples(t)
	for _, c := range allClients {
		for _, l := range []e2etest.Login{e2etest.APIToken, e2etest.AccessToken.Reach("my-team"), e2etest.Consumer, e2etest.PersonalToken, e2etest.ProjectToken.Reach("PROJ")} {
			use, ok := c.uses[l.Side]
			if !ok {
				continue
			}
			found := samples[c.name]
			if l.Side == e2etest.DataCenter && samples[c.name+onDataCenter] != nil {
				found = samples[c.name+onDataCenter]
			}
			for i, sample := range found {
				if (len(found) == 2 || c.apiToken || c.accessToken) && (i == 0 && !c.accessToken) != (l.Name == e2etest.APIToken.Name) {
					continue
				}
				t.Run(c.name+", "+l.Name, func(t *testing.T) {
					if _, err := exec.LookPath(c.program); err != nil {
						if os.Getenv("E2E_CLIENTS") == "required" && !c.byHand && c.program != os.Getenv("E2E_CLIENTS_WITHOUT") {
							t.Fatal(err)
						}
						t.Skip(err)
					}
					t.Parallel()
					c.try(t, l, use, frames[l.Side]+sample)
				})
			}
		}
	}
}

// needClients skips a test unless `make clients` asks for it, which installs the clients.
func needClients(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E_CLIENTS") == "" {
		t.Skip("run `make clients`")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	// Debian's own programs come before others that need the user's home.
	t.Setenv("PATH", strings.Join([]string{filepath.Join(e2etest.Root(), ".bin"), absolute(t, "node_modules/.bin"), "/usr/bin", "/bin", os.Getenv("PATH")}, ":"))
	t.Setenv("RUSTUP_HOME", cmp.Or(os.Getenv("RUSTUP_HOME"), filepath.Join(home, ".rustup")))
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (c client) try(t *testing.T, l e2etest.Login, use use, sample string) {
	t.Helper()
	if l.Side == e2etest.Cloud {
		scopes := scopesFor(t, c.name)
		if l.Token.Scopes = scopes.Granular; l.Token.Kind != bitbuckettest.APIToken {
			l.Token.Scopes = scopes.Legacy(t)
		}
	}
	server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{team(l.Side) + "/library", team(l.Side) + "/my-repo"}})
	j := e2etest.NewJob(t)
	proxy := e2etest.OnlyBitbucket(j, l.Side, server)
	j.Env["RUSTUP_HOME"] = os.Getenv("RUSTUP_HOME")
	fillLibrary(j, l.Side, server)
	// semantic-release pushes notes, too.
	if err := os.Remove(filepath.Join(server.Dir(team(l.Side)+"/my-repo"), "hooks", "pre-receive")); err != nil {
		t.Fatal(err)
	}
	commit := j.Run("git", "-C", "../library", "rev-parse", "HEAD")
	for match, body := range use.answers {
		fill := strings.NewReplacer("{commit}", commit).Replace
		reply := bitbuckettest.Reply{Body: fill(body), Authenticated: true}
		if body == "" {
			reply.Status = http.StatusNoContent
		}
		server.AnswerAlways(fill(match), reply)
	}
	if c.name == "npm" && l.Side == e2etest.Cloud {
		// npm asks for an archive first, anonymously.
		server.AnswerAlways("GET /"+library+"/get/"+commit+".tar.gz", bitbuckettest.Reply{Status: http.StatusNotFound})
	}
	c.project(j, l.Side)
	if strings.Contains(sample, "npx ") {
		if err := os.Symlink(absolute(t, "node_modules"), j.Path("node_modules")); err != nil {
			t.Fatal(err)
		}
	}
	j.UseProxy(proxy)
	j.Env["BITBUCKET_API_URL"] = proxy + "/2.0/repositories" // git-cliff trusts no certificate of ours

	token := server.Add(l.Token)
	values := map[string]string{
		"secrets.BITBUCKET_TOKEN": token.Secret, "vars.BITBUCKET_EMAIL": l.Identity(token), "vars.BITBUCKET_USERNAME": l.Identity(token), "github.sha": githubSHA,
		"vars.DANGER_UUID": "{12345678-1234-1234-1234-123456789012}",
	}
	if token.Kind == bitbuckettest.OAuthConsumer {
		sample = strings.Replace(sample, "with:\n", "with:\n          kind: oauth-consumer\n", 1)
	}
	if c.keeps && l.Side == e2etest.Cloud {
		t.Cleanup(func() { j.Secrets = nil }) // before the search of the disk
	}
	text := j.RunSteps(sample, values)
	log := e2etest.Requests(server, 0)
	want := c.login(use.asks, token)
	if !slices.ContainsFunc(log, regexp.MustCompile("^"+use.asks+".* 2.. "+want+"$").MatchString) {
		t.Errorf("no request %s with %s:\n%s\n%s", use.asks, want, strings.Join(log, ""), text)
	}
}

// login is the login that Bitbucket wants for a request, or on Data Center the
// one of those that the page's samples use.
func (c client) login(asks string, token bitbuckettest.Token) string {
	git := strings.Contains(asks, "/git-")
	switch kind := token.Kind; {
	case git && kind == bitbuckettest.APIToken:
		return "Basic x-bitbucket-api-token-auth\n"
	case kind == bitbuckettest.APIToken:
		return "Basic dev@example.com\n"
	case git && kind == bitbuckettest.PersonalHTTPToken && !c.keeps:
		return "Basic dev\n"
	case !git, kind == bitbuckettest.PersonalHTTPToken, kind == bitbuckettest.ProjectHTTPToken:
		return "Bearer \n"
	}
	return "Basic x-token-auth\n"
}

// fillLibrary pushes a library that every package manager can use.
func fillLibrary(j *e2etest.Job, s e2etest.Side, server *bitbuckettest.Server) {
	j.T.Helper()
	j.Copy("testdata/library", "../library")
	j.Write("../library/go.mod", "module "+libraryOf(s)+s.End+"\n")
	git := func(args ...string) { j.Run(append([]string{"git", "-C", "../library"}, args...)...) }
	git("init", "--quiet", "--template=")
	git("add", ".")
	git("commit", "--quiet", "--message", "one")
	git("tag", "v1.0.0")
	for _, name := range []string{"/library", "/my-repo"} {
		git("push", "--quiet", server.Dir(team(s)+name), "HEAD:refs/heads/main", "v1.0.0")
	}
}

// scopesFor returns the scopes that docs/tools.md names for a client: in its own section,
// or for all that name none.
func scopesFor(t *testing.T, name string) e2etest.TokenScopes {
	t.Helper()
	page := e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/tools.md"))
	for _, heading := range []string{name, firstStep} {
		_, section, _ := strings.Cut(page, "\n## "+heading+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if scopes := e2etest.ScopesIn(section); len(scopes) == 1 {
			return scopes[0]
		}
	}
	t.Fatal("docs/tools.md names no scopes for " + name)
	return e2etest.TokenScopes{}
}

// readSamples returns the samples of docs/tools.md by their section's heading, and
// the steps that come before them.
func readSamples(t *testing.T) (frames map[e2etest.Side]string, samples map[string][]string) {
	t.Helper()
	samples = map[string][]string{}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```\n")
	for _, section := range regexp.MustCompile(`\n##+ `).Split(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/tools.md")), -1) {
		heading, text, _ := strings.Cut(section, "\n")
		for _, match := range block.FindAllStringSubmatch(text, -1) {
			samples[heading] = append(samples[heading], match[1])
		}
	}
	frames = map[e2etest.Side]string{}
	for s, heading := range map[e2etest.Side]string{e2etest.Cloud: firstStep, e2etest.DataCenter: firstStep + onDataCenter} {
		if len(samples[heading]) != 1 {
			t.Fatalf("%d samples in the section %s", len(samples[heading]), heading)
		}
		frames[s] = samples[heading][0]
		delete(samples, heading)
	}
	return frames, samples
}

// Every sample of docs/tools.md is a valid step, and is run.
func TestPage(t *testing.T) {
	frames, samples := readSamples(t)
	if err := e2etest.Make(".bin/actionlint"); err != nil {
		t.Fatal(err)
	}
	for heading, found := range samples {
		name, special := strings.CutSuffix(heading, onDataCenter)
		s := e2etest.Cloud
		if special {
			s = e2etest.DataCenter
		}
		if name != buildKitSection && !slices.ContainsFunc(allClients, func(c client) bool { return c.name == name && c.uses[s].asks != "" }) {
			t.Errorf("no test runs the samples of %s", heading)
		}
		for _, sample := range found {
			lint := exec.Command(filepath.Join(e2etest.Root(), ".bin/actionlint"), "-no-color", "-")
			lint.Stdin = strings.NewReader("on: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    timeout-minutes: 10\n    steps:\n" + frames[s] + sample)
			if text, err := lint.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", heading, err, text)
			}
		}
	}
	for _, c := range allClients {
		if samples[c.name] == nil {
			t.Errorf("the page has no sample of %s", c.name)
		}
	}
	// The page names the versions that are pinned.
	page, pins := strings.ToLower(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/tools.md"))), regexp.MustCompile(`"([a-z-]+)": "([0-9.]+)"`).FindAllStringSubmatch(e2etest.ReadFile(t, "package.json"), -1)
	pins = append(pins,
		regexp.MustCompile(`/(reviewdog) v([0-9.]+)`).FindStringSubmatch(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "tools/reviewdog/go.mod"))),
		regexp.MustCompile(`/(opentofu) v([0-9.]+)`).FindStringSubmatch(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "tools/tofu/go.mod"))))
	for _, pin := range pins {
		if row := "[" + pin[1] + "](#" + pin[1] + ") | " + pin[2] + " |"; !strings.Contains(page, row) {
			t.Errorf("the page has no row %s", row)
		}
	}
}
