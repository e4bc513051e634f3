//go:build linux

package runners

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
	t.Parallel()
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
	command := strings.Join(step.Command, "\n") + careless
	repository := t.TempDir()
	hooks := filepath.Join(repository, ".buildkite/hooks")
	write(t, filepath.Join(hooks, "pre-command"), read(t, filepath.Join(root, "docs/hosts/buildkite-pre-command")), 0o755)
	write(t, filepath.Join(hooks, "post-command"), `#!/bin/sh
git push --quiet "$BITBUCKET_REPOSITORY_URL" HEAD:refs/heads/main
`, 0o755)
	commit(t, repository)

	job := buildkiteJob{repository: repository, command: command, env: step.Env, secrets: map[string]string{"BITBUCKET_TOKEN": token.Secret}}.run(t)
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

// TestBuildkitePlugin runs the documented pipeline that uses the plugin, with
// Buildkite's own agent, which clones the plugin and checks its configuration.
func TestBuildkitePlugin(t *testing.T) {
	t.Parallel()
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo", "team/mirror", "team/source"}})
	token := bitbucket.Add(readsAndWrites)
	source := bitbucket.Add(readsAndWrites)
	documented := edit(t, read(t, filepath.Join(root, "docs/hosts/buildkite-plugin.yml")), "https://api.bitbucket.org/", bitbucket.URL+"/")
	var pipeline struct {
		Steps []struct {
			Plugins []map[string]map[string]any
			Command any
		}
	}
	// `buildkite-agent pipeline upload` turns $$ into $.
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(documented, "$$", "$")), &pipeline); err != nil {
		t.Fatal(err)
	}
	// step returns the job of a documented step, with these options changed.
	step := func(t *testing.T, number int, options map[string]any) buildkiteJob {
		t.Helper()
		j := buildkiteJob{
			repository: seed(t), secrets: map[string]string{"BITBUCKET_TOKEN": token.Secret, "SOURCE_TOKEN": source.Secret},
			plugins: []map[string]map[string]any{{}},
		}
		for url, documented := range pipeline.Steps[number].Plugins[0] {
			all := map[string]any{"identity": token.Email, "server-url": bitbucket.URL}
			for option, value := range documented {
				if _, changed := all[option]; !changed {
					all[option] = value
				}
			}
			maps.Copy(all, options)
			j.plugins[0][url] = all
		}
		if lines, isList := pipeline.Steps[number].Command.([]any); isList {
			for _, line := range lines {
				j.command += line.(string) + "\n"
			}
		} else {
			j.command = pipeline.Steps[number].Command.(string)
		}
		return j
	}

	t.Run("credential", func(t *testing.T) {
		t.Parallel()
		j := step(t, 0, nil)
		j.command += careless + "[ -z \"$BITBUCKET_AUTH_TOKEN$BITBUCKET_AUTH_IDENTITY\" ]\n"
		write(t, filepath.Join(j.repository, ".buildkite/hooks/post-command"), "#!/bin/sh\ngit push --quiet \"$BITBUCKET_REPOSITORY_URL\" HEAD:refs/heads/main\n", 0o755)
		commit(t, j.repository)
		// What the pipeline or another hook sets changes nothing.
		j.env = map[string]string{"BITBUCKET_AUTH_SERVER_URL": "https://evil.example", "BITBUCKET_AUTH_KIND": "app-password"}
		job := j.run(t)
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
	})

	// Lists, numbers and booleans reach the program, by a URL that ends in .git, too.
	t.Run("mirror", func(t *testing.T) {
		t.Parallel()
		run(t, ".", "git", "--git-dir", bitbucket.Dir("team/mirror"), "fetch", "--quiet", seed(t), "HEAD:refs/heads/main", "HEAD:refs/heads/gone")
		run(t, ".", "git", "--git-dir", bitbucket.Dir("team/source"), "fetch", "--quiet", seed(t),
			"HEAD:refs/heads/main", "HEAD:refs/heads/release/1", "HEAD:refs/heads/release/old", "HEAD:refs/heads/other")
		j := step(t, 1, map[string]any{
			"source": bitbucket.URL + "/team/source.git", "source-username": "x-bitbucket-api-token-auth",
			"branches": []string{"main", "release/*", "gone", "!release/old"}, "overwrite": true, "prune": "true", "max-deletions": 1,
		})
		for url, options := range j.plugins[0] {
			j.plugins = []map[string]map[string]any{{strings.Replace(url, "#", ".git#", 1): options}}
		}
		job := j.run(t)
		if job.exit != "0" {
			t.Errorf("the job's exit status is %q", job.exit)
		}
		checkHidden(t, job.log.String(), token.Secret, source.Secret)
		refs, err := exec.Command("git", "--git-dir", bitbucket.Dir("team/mirror"), "for-each-ref", "--format=%(refname)").Output()
		if got, want := strings.Join(strings.Fields(string(refs)), " "), "refs/heads/main refs/heads/release/1"; err != nil || got != want {
			t.Errorf("the mirror has %s, want %s, %v", got, want, err)
		}
	})

	t.Run("variable", func(t *testing.T) {
		t.Parallel()
		j := step(t, 0, map[string]any{"token-secret": "FROM_A_HOOK"})
		j.hook = "export FROM_A_HOOK=" + token.Secret + "\n"
		job := j.run(t)
		if job.exit != "0" {
			t.Errorf("the job's exit status is %q", job.exit)
		}
		checkHidden(t, job.log.String(), token.Secret)
	})

	for name, test := range map[string]struct {
		options map[string]any
		lenient bool // the agent doesn't check the configuration, which is its default
		exits   string
		says    string
	}{
		"no such secret":   {map[string]any{"token-secret": "MISSING"}, true, "2", "BBA101"},
		"skipped":          {map[string]any{"token-secret": "MISSING", "on-missing-token": "skip"}, true, "0", "skip"},
		"a visible token":  {map[string]any{"token": token.Secret}, true, "2", "token isn't an option"},
		"a visible source": {map[string]any{"source-token": token.Secret}, true, "2", "source-token isn't an option"},
		"no name":          {map[string]any{"token-secret": "$(id)"}, true, "2", "token-secret must be the name"},
		"another command":  {map[string]any{"command": "pull"}, true, "2", "command must be credential or mirror"},
		"a misspelt name":  {map[string]any{"repositry": "x"}, true, "0", "BBA144"},
		"checked name":     {map[string]any{"repositry": "x"}, false, "1", "Plugin validation failed"},
		"checked type":     {map[string]any{"repository": 5}, false, "1", "Plugin validation failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := step(t, 0, test.options)
			j.lenient, j.noTerminal, j.command = test.lenient, true, "true"
			job := j.run(t)
			if job.exit != test.exits {
				t.Errorf("the job's exit status is %q, want %q", job.exit, test.exits)
			}
			checkContains(t, job.log.String(), test.says)
		})
	}
}

// seed is a repository with one commit.
func seed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "README"), "one\n", 0o644)
	commit(t, dir)
	return dir
}

// careless shows everything that a job has.
const careless = `
set -x
env | sort
echo "$BITBUCKET_AUTHORIZATION"
base64 -d <<<"$BITBUCKET_CREDENTIAL"
base64 -d <<<"$BITBUCKET_CREDENTIAL" | base64 -w 76
set +x
`

// pluginURL is where pipelines say that the plugin is.
const pluginURL = "https://github.com/seed-e1d06701/bitbucket-auth"

// releasePlugin makes a repository of the plugin with the tag v1.0.0, and a server that
// has its program.
func releasePlugin(t *testing.T) (repository, downloads string) {
	t.Helper()
	repository = t.TempDir()
	for _, name := range []string{"plugin.yml", "hooks/pre-command", "binary/get"} {
		write(t, filepath.Join(repository, name), read(t, filepath.Join(root, name)), 0o755)
	}
	name, text := "bitbucket-auth_linux_"+runtime.GOARCH, read(t, product(t))
	write(t, filepath.Join(repository, "binary/release"), fmt.Sprintf("https://release.invalid/v1.0.0\n%x  %s\n", sha256.Sum256([]byte(text)), name), 0o644)
	commit(t, repository)
	run(t, repository, "git", "tag", "v1.0.0")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1.0.0/"+name+".gz" {
			http.NotFound(w, r)
			return
		}
		packed := gzip.NewWriter(w)
		io.WriteString(packed, text)
		packed.Close()
	}))
	t.Cleanup(server.Close)
	return repository, server.URL
}

// buildkiteJob is a job for Buildkite's agent.
type buildkiteJob struct {
	repository, command string
	env, secrets        map[string]string
	plugins             []map[string]map[string]any
	// The agent loses the end of a terminal's text if a job fails at once.
	noTerminal bool
	lenient    bool   // the agent doesn't check how plugins are configured
	hook       string // more of the agent's own hook `environment`
}

// run has the agent run the job. Its hooks find the agent and, if there is no plugin,
// the product in their PATH.
func (j buildkiteJob) run(t *testing.T) *service {
	t.Helper()
	s := &service{secrets: j.secrets, env: map[string]string{
		"BUILDKITE": "true", "CI": "true", "BUILDKITE_JOB_ID": buildkiteJobID, "BUILDKITE_AGENT_NAME": "e2e",
		"BUILDKITE_ORGANIZATION_SLUG": "team", "BUILDKITE_PIPELINE_SLUG": "report", "BUILDKITE_PIPELINE_PROVIDER": "git",
		"BUILDKITE_REPO": j.repository, "BUILDKITE_COMMIT": "HEAD", "BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "false",
		"BUILDKITE_COMMAND": j.command,
	}}
	maps.Copy(s.env, j.env)
	server := httptest.NewServer(s)
	defer server.Close()

	bin, home := t.TempDir(), t.TempDir()
	programs := map[string]string{"buildkite-agent": tool(t, "buildkite-agent")}
	if j.plugins == nil {
		programs["bitbucket-auth"] = product(t)
	} else {
		text, err := json.Marshal(j.plugins)
		if err != nil {
			t.Fatal(err)
		}
		s.env["BUILDKITE_PLUGINS"] = string(text)
		repository, downloads := releasePlugin(t)
		write(t, filepath.Join(home, "hooks/environment"), "#!/bin/sh\nexport BITBUCKET_AUTH_DOWNLOAD_URL="+downloads+"\n"+j.hook, 0o755)
		write(t, filepath.Join(home, ".gitconfig"), fmt.Sprintf("[url %q]\n\tinsteadOf = %s.git\n[url %[1]q]\n\tinsteadOf = %[2]s\n", repository, pluginURL), 0o644)
	}
	for name, path := range programs {
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	temporary := t.TempDir()
	text, err := program(t, home, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "TMPDIR=" + temporary}, filepath.Join(bin, "buildkite-agent"), "start", "--disconnect-after-job",
		"--token", "e2e", "--endpoint", server.URL, "--build-path", "builds", "--hooks-path", "hooks",
		"--plugins-path", "plugins", "--sockets-path", home, "--no-color", "--no-ansi-timestamps", fmt.Sprintf("--no-plugin-validation=%t", j.lenient), fmt.Sprintf("--no-pty=%t", j.noTerminal))
	showOnFailure(t, text+s.log.String())
	if err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(temporary, "bitbucket-auth.*")); err != nil || len(left) > 0 {
		t.Errorf("after the job, there is still %q, %v", left, err)
	}
	return s
}
