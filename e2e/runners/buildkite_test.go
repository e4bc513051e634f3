//go:build linux

package runners

import (
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// TestBuildkite runs the documented pipeline and its hook with Buildkite's own
// agent; in the same job a careless command shows everything, and a later phase
// pushes.
func TestBuildkite(t *testing.T) {
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	token := bitbucket.Add(readsAndWrites)

	var pipeline struct {
		Steps []struct {
			Env     map[string]string
			Command []string
		}
	}
	documented := edit(t, read(t, filepath.Join(root, "docs/hosts/buildkite.yml")), "https://api.bitbucket.org/", bitbucket.URL+"/")
	// `buildkite-agent pipeline upload` turns $$ into $.
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(documented, "$$", "$")), &pipeline); err != nil {
		t.Fatal(err)
	}
	step := pipeline.Steps[0]
	step.Env["BITBUCKET_AUTH_IDENTITY"] = token.Email
	step.Env["BITBUCKET_AUTH_SERVER_URL"] = bitbucket.URL
	command := strings.Join(step.Command, "\n") + `
set -x
env | sort
echo "$BITBUCKET_AUTHORIZATION"
base64 -d <<<"$BITBUCKET_CREDENTIAL"
base64 -d <<<"$BITBUCKET_CREDENTIAL" | base64 -w 76
`
	repository := t.TempDir()
	hooks := filepath.Join(repository, ".buildkite/hooks")
	write(t, filepath.Join(hooks, "pre-command"), read(t, filepath.Join(root, "docs/hosts/buildkite-pre-command")), 0o755)
	write(t, filepath.Join(hooks, "post-command"), `#!/bin/sh
git push --quiet "$BITBUCKET_REPOSITORY_URL" HEAD:refs/heads/main
`, 0o755)
	commit(t, repository)

	job := runBuildkite(t, repository, command, step.Env, map[string]string{"BITBUCKET_TOKEN": token.Secret})
	if job.exit != "0" {
		t.Errorf("the job's exit status is %q", job.exit)
	}
	checkHidden(t, job.log.String(), token.Secret)
	checkContains(t, job.log.String(), "BITBUCKET_CREDENTIAL=[REDACTED]")
	checkPushed(t, bitbucket, "team/repo")
	if !slices.ContainsFunc(bitbucket.Requests(), func(r bitbuckettest.Request) bool {
		return r.Path == "/2.0/repositories/team/repo" && r.Status == 200
	}) {
		t.Error("the command didn't reach the REST API")
	}
}

// runBuildkite has the agent run one job. Its hooks find the agent and the product
// in their PATH.
func runBuildkite(t *testing.T, repository, command string, env, secrets map[string]string) *service {
	t.Helper()
	s := &service{secrets: secrets, env: map[string]string{
		"BUILDKITE": "true", "CI": "true", "BUILDKITE_JOB_ID": buildkiteJob, "BUILDKITE_AGENT_NAME": "e2e",
		"BUILDKITE_ORGANIZATION_SLUG": "team", "BUILDKITE_PIPELINE_SLUG": "report", "BUILDKITE_PIPELINE_PROVIDER": "git",
		"BUILDKITE_REPO": repository, "BUILDKITE_COMMIT": "HEAD", "BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "false",
		"BUILDKITE_COMMAND": command,
	}}
	maps.Copy(s.env, env)
	server := httptest.NewServer(s)
	defer server.Close()

	bin, home := t.TempDir(), t.TempDir()
	for name, path := range map[string]string{"buildkite-agent": tool(t, "buildkite-agent"), "bitbucket-auth": product(t)} {
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	text, err := program(t, home, filepath.Join(bin, "buildkite-agent"), "start", "--disconnect-after-job",
		"--token", "e2e", "--endpoint", server.URL, "--build-path", "builds", "--hooks-path", "hooks",
		"--plugins-path", "plugins", "--sockets-path", home, "--no-color", "--no-ansi-timestamps")
	showOnFailure(t, text+s.log.String())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
