//go:build linux

package documents

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// sample is a block of YAML that uses one of the actions, and the scopes that its page
// names for it.
type sample struct {
	page, section string
	text          string
	scopes        []e2etest.TokenScopes
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```\n")

// usesOurs matches a step with one of the actions, or with a copy of the image.
var usesOurs = regexp.MustCompile(`uses: \S*\bseed-e1d06701/bitbucket-auth\b`)

// samplesOf returns the samples of a page. The scopes of one stand above it, in its
// section, and after the block before it.
func samplesOf(t *testing.T, page string) (found []sample) {
	t.Helper()
	for _, text := range regexp.MustCompile(`(?m)^##+ `).Split(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), page)), -1) {
		heading, _, _ := strings.Cut(text, "\n")
		end := 0
		for _, at := range yamlBlock.FindAllStringSubmatchIndex(text, -1) {
			s := sample{page: page, section: heading, text: text[at[2]:at[3]], scopes: e2etest.ScopesIn(text[end:at[0]])}
			end = at[1]
			if usesOurs.MatchString(s.text) && strings.Contains(s.text, "with:") {
				found = append(found, s)
			}
		}
	}
	return found
}

// gitHubFile is the sample that docs/hosts.md links to.
func gitHubFile(t *testing.T) sample {
	t.Helper()
	text := e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/hosts/github.yml"))
	return sample{page: "docs/hosts/github.yml", section: "file", text: text, scopes: e2etest.ScopesIn(text)}
}

// pagesWithSamples are the pages whose samples TestSamples runs. TestTools runs those
// of docs/tools.md, and TestRecipesCertificate the one for a Data Center.
func pagesWithSamples(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(e2etest.Root(), "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := []string{"README.md", "SECURITY.md"}
	for _, page := range pages {
		if name := filepath.Base(page); name != "tools.md" {
			found = append(found, "docs/"+name)
		}
	}
	return found
}

// TestSamples runs each sample with the scopes that its page names, and no others, on a
// Bitbucket that refuses a request without the scopes that it needs. With one scope
// less, the sample fails: a page names no scope without a use.
func TestSamples(t *testing.T) {
	t.Parallel()
	w := newWorkplace(t)
	count := 0
	for _, page := range pagesWithSamples(t) {
		for i, s := range samplesOf(t, page) {
			if strings.Contains(s.text, "server-url: https://git.example.com") ||
				strings.Contains(s.text, "matrix:") { // TestMirrorMany runs it
				continue
			}
			count++
			t.Run(fmt.Sprintf("%s, %s, %d", filepath.Base(page), s.section, i+1), func(t *testing.T) {
				t.Parallel()
				s.check(t, w)
			})
		}
	}
	t.Run("hosts/github.yml", func(t *testing.T) {
		t.Parallel()
		gitHubFile(t).check(t, w)
	})
	if count < 12 {
		t.Errorf("only %d samples were found", count)
	}
}

func (s sample) check(t *testing.T, w workplace) {
	t.Helper()
	client := strings.Contains(s.text, "kind: oauth-consumer")
	if len(s.scopes) == 0 { // then any token is good enough
		s.mustRun(t, w, tokens(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:snippet:bitbucket"}}))
		return
	}
	access := map[string]bitbuckettest.Token{}
	api := map[string]bitbuckettest.Token{}
	for _, scopes := range s.scopes {
		kind := bitbuckettest.WorkspaceAccessToken
		if client {
			kind = bitbuckettest.OAuthConsumer
		}
		access[scopes.Secret] = bitbuckettest.Token{Kind: kind, Scopes: scopes.Legacy(t)}
		if len(scopes.Granular) > 0 {
			api[scopes.Secret] = bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: scopes.Granular}
		}
	}
	s.mustRun(t, w, access)
	if len(api) == 0 {
		if strings.Contains(s.text, "vars.BITBUCKET_EMAIL") {
			t.Error("the page names no scopes for an API token")
		}
		return
	}
	s.mustRun(t, w, api)
	for secret, token := range api {
		for _, scope := range token.Scopes {
			fewer := token
			fewer.Scopes = append(slices.DeleteFunc(slices.Clone(token.Scopes), func(s string) bool { return s == scope }), "read:snippet:bitbucket")
			if printed, err := s.try(t, w, map[string]bitbuckettest.Token{secret: fewer}); err == nil {
				t.Errorf("%s isn't needed:\n%s", scope, printed)
			}
		}
	}
}

func tokens(token bitbuckettest.Token) map[string]bitbuckettest.Token {
	return map[string]bitbuckettest.Token{"BITBUCKET_TOKEN": token, "BITBUCKET_CLIENT_SECRET": token}
}

func (s sample) mustRun(t *testing.T, w workplace, tokens map[string]bitbuckettest.Token) {
	t.Helper()
	if printed, err := s.try(t, w, tokens); err != nil {
		t.Errorf("with %v: %v\n%s", tokens, err, printed)
	}
}

// try runs the sample with tokens, by the names of their secrets.
func (s sample) try(t *testing.T, w workplace, tokens map[string]bitbuckettest.Token) (string, error) {
	t.Helper()
	server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{myRepo, library, settings}})
	j := e2etest.NewJob(t)
	j.UseProxy(e2etest.OnlyBitbucket(j, e2etest.Cloud, server))
	w.copyTo(t, j, server)
	values := map[string]string{
		"vars.BITBUCKET_EMAIL": "", "vars.BITBUCKET_BOT_EMAIL": "1@bots.bitbucket.org", "vars.BITBUCKET_USERNAME": "someone", "runner.temp": j.Env["TMPDIR"],
		"github.server_url": "https://github.com", "github.repository": "octo/site", "github.run_id": "1", "job.status == 'success' && 'SUCCESSFUL' || 'FAILED'": "SUCCESSFUL",
	}
	for name, token := range tokens {
		token = server.Add(token)
		values["secrets."+name] = token.Secret
		switch token.Kind {
		case bitbuckettest.APIToken:
			values["vars.BITBUCKET_EMAIL"] = token.Email
		case bitbuckettest.OAuthConsumer:
			values["vars.BITBUCKET_CLIENT_ID"], values["secrets.BITBUCKET_CLIENT_SECRET"] = token.Key, token.Secret
		}
	}
	sha := j.Run("git", "rev-parse", "HEAD")
	j.Env["RUNNER_TEMP"], j.Env["GITHUB_SHA"] = j.Env["TMPDIR"], sha
	const api = "/2.0/repositories/" + myRepo + "/"
	for match, body := range map[string]string{
		"GET " + api + "pullrequests":                       `{"values": []}`,
		"POST " + api + "commit/" + sha + "/statuses/build": `{}`,
		"POST " + api + "pipelines":                         `{"uuid": "{1-2}", "state": {"name": "PENDING"}}`,
		"GET " + api + "pipelines/{1-2}":                    `{"uuid": "{1-2}", "state": {"name": "COMPLETED", "result": {"name": "SUCCESSFUL"}}}`,
	} {
		server.AnswerIfAsked(match, bitbuckettest.Reply{Body: body, Authenticated: true})
	}
	// The only changes: no waiting, and a mirror of a repository on this machine, to a
	// server with a certificate of its own.
	text := strings.ReplaceAll(s.text, "sleep 10", "sleep 0")
	if strings.Contains(text, "bitbucket-auth/mirror@") && !strings.Contains(text, " source: ") {
		text = regexp.MustCompile(`(?m)^( +)repository: .*\n`).ReplaceAllString(text, "${0}${1}source: "+j.Path("../source")+"\n${1}ca-certificate: "+j.Path("../authorities.pem")+"\n")
	}
	return j.TrySteps(text, values)
}

// A request to the REST API that is refused fails its step, and shows the reason.
func TestSamplesShowReasons(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range Scripts(t) {
		for _, call := range restCall.FindAllString(strings.ReplaceAll(s.Text, "\\\n", ""), -1) {
			found++
			if !strings.Contains(call, " --fail-with-body ") {
				t.Errorf("%s: no --fail-with-body in %s", s.File, call)
			}
		}
	}
	if found < 6 {
		t.Errorf("only %d requests were found", found)
	}
}

// TestShellSamples runs what the pages show for a shell, with the program in PATH and the
// tokens in files.
func TestShellSamples(t *testing.T) {
	t.Parallel()
	w := newWorkplace(t)
	block := regexp.MustCompile("(?s)```sh\n(.*?)```")
	for page, test := range map[string]struct{ then, asked string }{
		"README.md": {
			`curl --fail-with-body -sS -H @- https://api.bitbucket.org/2.0/repositories/my-team/my-repo <<<"Authorization: $BITBUCKET_AUTHORIZATION"`,
			"GET /2.0/repositories/my-team/my-repo  200 Basic me@example.com\n",
		},
		"docs/mirror.md": {"", "POST /my-team/my-repo.git/git-receive-pack  200 Basic x-bitbucket-api-token-auth\n"},
	} {
		script := ""
		for _, match := range block.FindAllStringSubmatch(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), page)), -1) {
			if strings.Contains(match[1], "TOKEN_FILE=") {
				script = match[1]
			}
		}
		server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{myRepo, library, settings}})
		j := e2etest.NewJob(t)
		j.UseProxy(e2etest.OnlyBitbucket(j, e2etest.Cloud, server))
		w.copyTo(t, j, server)
		delete(j.Env, "GITHUB_ACTIONS")
		delete(j.Env, "CI")
		j.Env["PATH"] = filepath.Dir(e2etest.Program(t)) + ":" + j.Env["PATH"]
		j.Env["BITBUCKET_AUTH_CA_CERTIFICATE"] = j.Path("../authorities.pem")
		token := server.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Email: "me@example.com", Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket"}})
		j.Write("../home/.bitbucket-token", token.Secret+"\n")
		j.Write("../home/.source-token", "not asked for\n")
		script = strings.ReplaceAll(script, "https://git.example.com/my-repo.git", j.Path("../source"))
		if script == "" {
			t.Fatalf("%s has no sample for a shell", page)
		}
		j.Run("bash", "-e", "-c", script+test.then)
		if log := strings.Join(e2etest.Requests(server, 0), ""); !strings.Contains(log, test.asked) {
			t.Errorf("%s: no request is %s in\n%s", page, test.asked, log)
		}
	}
}

// workplace is what samples work on: a repository in the job's workspace that each of
// them can build, the source of a mirror beside it, and what is in Bitbucket.
type workplace struct {
	job    *e2etest.Job
	server *bitbuckettest.Server
}

func newWorkplace(t *testing.T) workplace {
	t.Helper()
	w := workplace{e2etest.NewJob(t), bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{myRepo, library, settings}})}
	w.fill()
	return w
}

// copyTo copies everything into a job and a server that are new.
func (w workplace) copyTo(t *testing.T, j *e2etest.Job, server *bitbuckettest.Server) {
	t.Helper()
	folders := map[string]string{w.job.Dir: j.Dir, w.job.Path("../source"): j.Path("../source")}
	for _, name := range []string{myRepo, library, settings} {
		for _, part := range []string{"objects", "refs"} {
			folders[filepath.Join(w.server.Dir(name), part)] = filepath.Join(server.Dir(name), part)
		}
	}
	for from, to := range folders {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
}

func (w workplace) fill() {
	j, server := w.job, w.server
	j.T.Helper()
	git := func(args ...string) { j.Run(append([]string{"git"}, args...)...) }
	git("init", "--quiet", "--template=", "../library")
	j.Write("../library/go.mod", "module bitbucket.org/"+library+"\n")
	j.Write("../library/settings.json", "{}\n")
	git("-C", "../library", "add", ".")
	git("-C", "../library", "commit", "--quiet", "--message", "one")
	for _, name := range []string{library, settings} {
		git("-C", "../library", "push", "--quiet", server.Dir(name), "HEAD:refs/heads/main", "HEAD:refs/tags/v1.0.0")
	}
	git("-C", "../library", "rm", "--quiet", "settings.json")
	git("-C", "../library", "commit", "--quiet", "--message", "two")
	git("-C", "../library", "push", "--quiet", server.Dir(myRepo), "HEAD:refs/heads/main")
	git("-C", "../library", "commit", "--quiet", "--allow-empty", "--message", "three")
	git("clone", "--quiet", "--mirror", "../library", "../source")

	git("init", "--quiet", "--template=")
	j.Write("go.mod", "module example.com/me\n\ngo 1.26\n\nrequire bitbucket.org/"+library+" v1.0.0\n")
	j.Write("test.sh", "#!/bin/sh\n")
	if err := os.Chmod(j.Path("test.sh"), 0o700); err != nil {
		j.T.Fatal(err)
	}
	j.Write(".gitmodules", "[submodule \"library\"]\n\tpath = library\n\turl = git@bitbucket.org:"+library+".git\n")
	git("add", ".")
	git("update-index", "--add", "--cacheinfo", "160000,"+j.Run("git", "--git-dir", server.Dir(library), "rev-parse", "main")+",library")
	git("commit", "--quiet", "--message", "one")
}
