//go:build linux

package mirror

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// githubAPI stands for what two recipes ask GitHub's API for. Like GitHub, it goes by
// what became of a job: here, by what is in Bitbucket.
func githubAPI(t *testing.T, mirrored func(repository string) bool) *httptest.Server {
	t.Helper()
	names := []string{"website", "api", "docs"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		type object = map[string]any
		var answer any
		switch {
		case r.URL.Path == "/orgs/my-org/repos":
			all := []object{{"name": "old", "archived": true}}
			for _, name := range names {
				all = append(all, object{"name": name, "archived": false})
			}
			answer = all
		case strings.Contains(r.URL.Path, "/actions/runs/") && strings.HasSuffix(r.URL.Path, "/jobs"):
			jobs := []object{{"name": "list", "conclusion": "success"}}
			for _, name := range names {
				jobs = append(jobs, object{"name": "mirror (" + name + ")", "conclusion": map[bool]string{true: "success", false: "failure"}[mirrored(name)]})
			}
			answer = object{"jobs": jobs}
		default:
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server
}

// installGH is a step that stands for GitHub's own client: `gh api --paginate PATH --jq FILTER`.
const installGH = `      - uses: actions/checkout@v7
      - run: |
          printf '%s\n' '#!/bin/sh' '[ "$1 $2 $4" = "api --paginate --jq" ] && [ -n "$GH_TOKEN" ] && curl -fsS "API/$3" | jq -r "$5"' >/usr/local/bin/gh
          chmod +x /usr/local/bin/gh
        shell: bash
`

// TestMirrorMany runs the recipes for many repositories. One of three is missing in
// Bitbucket: the others are mirrored, and the log and the last job say which one failed.
func TestMirrorMany(t *testing.T) {
	e2etest.NeedAct(t)
	action, authorities := released(t)
	for _, recipe := range []string{"mirror-list.yml", "mirror-organization.yml"} {
		t.Run(recipe, func(t *testing.T) {
			t.Parallel()
			bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"my-team/website", "my-team/docs"}})
			github := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"my-org/website", "my-org/api", "my-org/docs"}})
			scopes := []string{"read:repository:bitbucket", "write:repository:bitbucket"}
			token := bitbucket.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: scopes})
			source := github.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: scopes[:1]})
			j := e2etest.NewJob(t)
			j.Run("git", "init", "--quiet", "--template=")
			j.Write("authorities.pem", authorities)
			j.Run("git", "add", ".")
			j.Run("git", "commit", "--quiet", "--message", "one")
			for _, name := range []string{"website", "api", "docs"} {
				j.Run("git", "push", "--quiet", github.Dir("my-org/"+name), "HEAD:refs/heads/main")
			}
			api := githubAPI(t, func(repository string) bool {
				return repository != "api" && e2etest.Content(filepath.Join(bitbucket.Dir("my-team/"+repository), "refs/heads/main")) != ""
			})

			text := e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/recipes", recipe))
			// act never stops the other jobs of a matrix, and GitHub does by default.
			if !strings.Contains(text, "      fail-fast: false ") {
				t.Error("the first job that fails stops the others")
			}
			text = strings.NewReplacer(
				"mirror@v1\n        with:\n", "mirror@v1\n        with:\n          server-url: "+bitbucket.URL+"\n          source-username: x-bitbucket-api-token-auth\n",
				"https://github.com/", github.URL+"/", "secrets.", "vars.",
				"on:\n", "on:\n  push:\n", "    steps:\n", "    steps:\n"+strings.ReplaceAll(installGH, "API", api.URL),
			).Replace(text)
			j.Write("workflow.yml", text)
			log := e2etest.Act{Workflow: "workflow.yml", Fails: true, Vars: map[string]string{
				"BITBUCKET_TOKEN": token.Secret, "BITBUCKET_EMAIL": token.Email, "SOURCE_TOKEN": source.Secret,
			}, Args: []string{
				"--local-repository", "seed-e1d06701/bitbucket-auth@v1=" + action, "--secret", "GITHUB_TOKEN=" + newSourceToken(),
				"--env", "CURL_CA_BUNDLE=" + j.Path("authorities.pem"),
			}}.Run(t, j.Dir)
			j.CheckRefs(bitbucket, "my-team/website", "refs/heads/main")
			j.CheckRefs(bitbucket, "my-team/docs", "refs/heads/main")
			for _, line := range []string{"- mirror \\(website\\): success", "- mirror \\(api\\): failure", "- mirror \\(docs\\): success"} {
				e2etest.CheckLine(t, log, line)
			}
			leg := regexp.MustCompile(`/(mirror-\d)\] .* and \S+/my-team/api\.git`).FindStringSubmatch(log)
			for _, fault := range regexp.MustCompile(`/(\S+) *\] .*::error title=bitbucket-auth`).FindAllStringSubmatch(log, -1) {
				if leg == nil || fault[1] != leg[1] {
					t.Errorf("the job %s fails, and that of api is %q", fault[1], leg)
				}
			}
			e2etest.CheckNoSecret(t, log, token.Secret)
			e2etest.CheckNoSecret(t, log, source.Secret)
			if strings.Contains(log, "mirror (old)") {
				t.Error("an archived repository is mirrored")
			}
		})
	}
}
