//go:build linux

package runners

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// TestDrone runs the documented pipeline with Drone's own runner. The later step is
// on the host's network, where the test's Bitbucket is. The token stands in the
// pipeline, since the runner's exec command crashes on from_secret.
func TestDrone(t *testing.T) {
	needEngine(t)
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	token := bitbucket.Add(readsAndWrites)
	pipeline := edit(t, read(t, filepath.Join(root, "docs/hosts/drone.yml")),
		"image: ghcr.io/seed-e1d06701/bitbucket-auth:v1.0.0", "image: "+image(t),
		"\n        from_secret: bitbucket_token", " "+token.Secret,
		"identity: me@example.com", "identity: "+token.Email+"\n      server-url: "+bitbucket.URL,
		"image: alpine/git", "image: "+jobImage+"\n    network_mode: host",
		`- git ls-remote "$BITBUCKET_REPOSITORY_URL" HEAD`, `- git ls-remote "$BITBUCKET_REPOSITORY_URL" HEAD
      - cd "$(mktemp -d)" # not the workspace, whose files belong to another user than the step's
      - git init --quiet && git config user.name dev && git config user.email dev@example.com
      - git commit --quiet --allow-empty --message one
      - git push --quiet "$BITBUCKET_REPOSITORY_URL" HEAD:refs/heads/main`,
	)
	dir := t.TempDir() // the steps' workspace, too
	write(t, filepath.Join(dir, ".drone.yml"), pipeline, 0o600)

	log, err := program(t, dir, nil, "env", "DOCKER_API_VERSION="+droneAPI(t), tool(t, "drone-runner"), "exec", "--repo-trusted", "--stage-name", "report", "--labels", label+"=")
	showOnFailure(t, log)
	if err != nil {
		t.Errorf("the pipeline failed: %v", err)
	}
	checkHidden(t, log, token.Secret)
	checkPushed(t, bitbucket, "team/repo")
}

// TestDroneMirror runs the documented pipeline that mirrors its repository, which is
// private.
func TestDroneMirror(t *testing.T) {
	needEngine(t)
	from := privateSource(t)
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	token := bitbucket.Add(readsAndWrites)
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".drone.yml"), edit(t, read(t, filepath.Join(root, "docs/hosts/drone-mirror.yml")),
		"image: ghcr.io/seed-e1d06701/bitbucket-auth-mirror:v1.0.0", "network_mode: host\n    image: "+mirrorImage(t),
		"\n        from_secret: bitbucket_token", " "+token.Secret,
		"repository: team/repo", "repository: team/repo\n      server_url: "+bitbucket.URL,
		"# source_token:\n      #   from_secret: source_token", "source_token: "+from.token,
	), 0o600)

	log, err := program(t, dir, nil, "env", "DOCKER_API_VERSION="+droneAPI(t), tool(t, "drone-runner"), "exec",
		"--repo-trusted", "--repo-http", from.url, "--stage-name", "mirror", "--labels", label+"=")
	showOnFailure(t, log)
	if err != nil {
		t.Errorf("the pipeline failed: %v", err)
	}
	checkHidden(t, log, token.Secret, from.token)
	from.checkMirrored(t, bitbucket.Dir("team/repo"))
}

// droneAPI is the version of the Docker API that Drone's runner asks for. Its client
// is of 2020: it asks for 1.40 and doesn't negotiate, so that an engine that has
// dropped this version (Docker 29 begins at 1.44) answers "client version 1.40 is too
// old". DOCKER_API_VERSION makes it ask for another.
func droneAPI(t *testing.T) string {
	t.Helper()
	text, err := exec.Command("docker", "version", "--format", "{{.Server.MinAPIVersion}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	version, err := oldestAPI(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// oldestAPI is the oldest version from 1.40 on that an engine offers.
func oldestAPI(engines string) (string, error) {
	var minor int
	if _, err := fmt.Sscanf(engines, "1.%d", &minor); err != nil {
		return "", fmt.Errorf("the engine's oldest API is %q: %w", engines, err)
	}
	return fmt.Sprintf("1.%d", max(40, minor)), nil
}

func TestOldestAPI(t *testing.T) {
	for engines, want := range map[string]string{"1.12": "1.40", "1.24": "1.40", "1.40": "1.40", "1.44": "1.44", "": ""} {
		if got, err := oldestAPI(engines); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", engines, got, err, want)
		}
	}
}
