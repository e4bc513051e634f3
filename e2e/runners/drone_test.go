//go:build linux

package runners

import (
	"path/filepath"
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
      - git init --quiet && git config user.name dev && git config user.email dev@example.com
      - git commit --quiet --allow-empty --message one
      - git push --quiet "$BITBUCKET_REPOSITORY_URL" HEAD:refs/heads/main`,
	)
	dir := t.TempDir() // the steps' workspace, too
	write(t, filepath.Join(dir, ".drone.yml"), pipeline, 0o600)

	log, err := program(t, dir, tool(t, "drone-runner"), "exec", "--repo-trusted", "--stage-name", "report", "--labels", label+"=")
	showOnFailure(t, log)
	if err != nil {
		t.Errorf("the pipeline failed: %v", err)
	}
	checkHidden(t, log, token.Secret)
	checkPushed(t, bitbucket, "team/repo")
}
