//go:build linux

package runners

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// TestWoodpecker runs the documented pipeline. The later step is on the host's
// network, where the test's Bitbucket is.
func TestWoodpecker(t *testing.T) {
	needEngine(t)
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	token := bitbucket.Add(readsAndWrites)
	pipeline := edit(t, read(t, filepath.Join(root, "docs/hosts/woodpecker.yaml")),
		"image: ghcr.io/seed-e1d06701/bitbucket-auth:v1.0.0", "image: "+image(t),
		"identity: me@example.com", "identity: "+token.Email+"\n      server_url: "+bitbucket.URL,
		"image: alpine/git", "image: "+jobImage,
		`- git ls-remote "$BITBUCKET_REPOSITORY_URL" HEAD`, `- git ls-remote "$BITBUCKET_REPOSITORY_URL" HEAD
      - test ! -e .bitbucket.env
      - git init --quiet && git config user.name dev && git config user.email dev@example.com
      - git commit --quiet --allow-empty --message one
      - git push --quiet "$BITBUCKET_REPOSITORY_URL" HEAD:refs/heads/main`,
	)
	log, err := runWoodpecker(t, pipeline, map[string]string{"bitbucket_token": token.Secret}, nil)
	showOnFailure(t, log)
	if err != nil {
		t.Errorf("the pipeline failed: %v", err)
	}
	checkHidden(t, log, token.Secret)
	checkPushed(t, bitbucket, "team/repo")
}

// TestWoodpeckerMirror runs the documented pipeline that mirrors its repository,
// which is private.
func TestWoodpeckerMirror(t *testing.T) {
	needEngine(t)
	from := privateSource(t)
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	token := bitbucket.Add(readsAndWrites)
	pipeline := edit(t, read(t, filepath.Join(root, "docs/hosts/woodpecker-mirror.yaml")),
		"image: ghcr.io/seed-e1d06701/bitbucket-auth-mirror:v1.0.0", "image: "+mirrorImage(t),
		"repository: team/repo", "repository: team/repo\n      server_url: "+bitbucket.URL,
		"# source_token:\n      #   from_secret", "source_token:\n        from_secret",
	)
	log, err := runWoodpecker(t, pipeline,
		map[string]string{"bitbucket_token": token.Secret, "source_token": from.token},
		map[string]string{"CI_REPO_CLONE_URL": from.url})
	showOnFailure(t, log)
	if err != nil {
		t.Errorf("the pipeline failed: %v", err)
	}
	checkHidden(t, log, token.Secret, from.token)
	from.checkMirrored(t, bitbucket.Dir("team/repo"))
}

// runWoodpecker does what Woodpecker's agent does with a pipeline on its docker
// backend, as of version 3.17 (a4cb541b8): pipeline/frontend/yaml/compiler/convert.go
// and settings/params.go for the environment and the workspace,
// pipeline/backend/docker/convert.go and common/script_posix.go for the containers. A
// model has to do, because Woodpecker's own command line can't be built as a tool
// here. Like that command line, it masks nothing.
func runWoodpecker(t *testing.T, pipeline string, secrets, repository map[string]string) (string, error) {
	t.Helper()
	var file struct {
		Steps []struct {
			Name, Image string
			Settings    map[string]any
			Commands    []string
		}
	}
	if err := yaml.Unmarshal([]byte(pipeline), &file); err != nil {
		t.Fatal(err)
	}
	volume := label + "-" + strings.ToLower(rand.Text()[:10])
	t.Cleanup(func() { run(t, ".", "docker", "volume", "rm", "--force", volume) })
	var log strings.Builder
	for _, step := range file.Steps {
		// A plugin's workspace has a place of its own.
		base := "/woodpecker"
		env := map[string]string{"CI": "woodpecker", "CI_SYSTEM_NAME": "woodpecker", "CI_STEP_NAME": step.Name}
		maps.Copy(env, repository)
		var entrypoint, arguments []string
		if len(step.Commands) > 0 {
			workspace := base + "/src/team/source"
			script := fmt.Sprintf("unset CI_SCRIPT\nmkdir -p %q\ncd %q\n", workspace, workspace)
			for _, command := range step.Commands {
				script += "\necho + '" + strings.ReplaceAll(command, "'", `'"'"'`) + "'\n" + command + "\n"
			}
			env["CI_SCRIPT"], env["SHELL"] = base64.StdEncoding.EncodeToString([]byte(script)), "/bin/sh"
			entrypoint, arguments = []string{"--entrypoint", "/bin/sh"}, []string{"-c", "echo $CI_SCRIPT | base64 -d | /bin/sh -e"}
		}
		env["CI_WORKSPACE"] = base + "/src/team/source"
		for name, value := range step.Settings {
			env["PLUGIN_"+strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))] = woodpeckerValue(t, value, secrets)
		}
		cmd := exec.Command("docker", slices.Concat(
			[]string{"run", "--rm", "--label", label, "--network", "host", "--volume", volume + ":" + base, "--workdir", env["CI_WORKSPACE"]}, entrypoint)...)
		cmd.Env = cmd.Environ()
		for name, value := range env {
			cmd.Args = append(cmd.Args, "--env", name)
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		cmd.Args = append(append(cmd.Args, step.Image), arguments...)
		text, err := cmd.CombinedOutput()
		fmt.Fprintf(&log, "[%s]\n%s", step.Name, text)
		if err != nil {
			return log.String(), fmt.Errorf("step %s: %w", step.Name, err)
		}
	}
	return log.String(), nil
}

// woodpeckerValue is a setting as its variable has it.
func woodpeckerValue(t *testing.T, value any, secrets map[string]string) string {
	t.Helper()
	reference, is := value.(map[string]any)
	if !is {
		return fmt.Sprint(value)
	}
	secret, there := secrets[fmt.Sprint(reference["from_secret"])]
	if !there {
		t.Fatalf("secret %q not found", reference["from_secret"])
	}
	return secret
}
