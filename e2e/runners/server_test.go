//go:build linux

package runners

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// TestServerDocker runs the documented command for a server with Docker. It prints
// nothing, unless something is wrong, and leaves no container.
func TestServerDocker(t *testing.T) {
	needEngine(t)
	t.Parallel()
	from := privateSource(t)
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"my-team/my-repo"}})
	token := bitbucket.Add(readsAndWrites)
	etc := filepath.Join(t.TempDir(), "bitbucket-mirror")
	ids := ownFiles(t, etc, map[string]string{"token": token.Secret, "source-token": from.token})
	own := label + "-server-" + strings.ToLower(rand.Text()[:10]) // the label of its containers
	command := edit(t, dockerSample(t),
		"source=/etc/bitbucket-mirror", "source="+etc, "$(id -u mirror):$(id -g mirror)", ids,
		"https://git.example.com/my-team/my-repo.git", from.url,
		"ghcr.io/seed-e1d06701/bitbucket-auth-mirror:v1.0.0", mirrorImage(t),
		"docker run ", "docker run --network host --label "+label+" --label "+own+" -e BITBUCKET_AUTH_SERVER_URL="+bitbucket.URL+" ")

	run := func() (string, error) {
		text, err := exec.Command("sh", "-c", command).CombinedOutput()
		checkHidden(t, string(text), token.Secret, from.token)
		return string(text), err
	}
	if text, err := run(); err != nil || text != "" {
		t.Errorf("%v\n%s", err, text)
	}
	from.checkMirrored(t, bitbucket.Dir("my-team/my-repo"))
	write(t, filepath.Join(etc, "source-token"), rand.Text()+"\n", 0o600)
	if text, err := run(); err == nil || !strings.Contains(text, "BBA411") {
		t.Errorf("with a wrong token for the source: %v\n%s", err, text)
	}
	if left, err := exec.Command("docker", "ps", "--all", "--quiet", "--filter", "label="+own).CombinedOutput(); err != nil || len(left) > 0 {
		t.Errorf("containers are left: %v\n%s", err, left)
	}
	checkContainer(t, edit(t, command, "docker run ", "docker create "), ids, token.Secret, from.token)
}

// dockerSample is the one command under the heading Docker.
func dockerSample(t *testing.T) string {
	t.Helper()
	_, section, _ := strings.Cut(read(t, filepath.Join(root, "docs/server.md")), "\n## Docker\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 1 {
		t.Fatalf("the section has %d commands, and not one", len(blocks))
	}
	return blocks[0][1]
}

// ownFiles writes files that only one user can read, who isn't root, and returns the
// ids of that user and the group.
func ownFiles(t *testing.T, dir string, texts map[string]string) string {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	paths := []string{dir}
	for name, text := range texts {
		write(t, filepath.Join(dir, name), text+"\n", 0o600)
		paths = append(paths, filepath.Join(dir, name))
	}
	user, group := os.Getuid(), os.Getgid()
	if user == 0 {
		user, group = 1001, 1001
	}
	for _, path := range paths {
		if err := os.Chown(path, user, group); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("%d:%d", user, group)
}

// checkContainer wants a container of a user, in which nothing but a tmpfs can be
// written, and whose settings contain no secret.
func checkContainer(t *testing.T, create, user string, secrets ...string) {
	t.Helper()
	id, err := exec.Command("sh", "-c", create).Output()
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSpace(string(id))
	t.Cleanup(func() { run(t, ".", "docker", "rm", name) })
	text, err := exec.Command("docker", "inspect", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	checkHidden(t, string(text), secrets...)
	var all []struct {
		Config     struct{ User string }
		HostConfig struct {
			ReadonlyRootfs bool
			Tmpfs          map[string]string
		}
		Mounts []struct{ RW bool }
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	c := all[0]
	if c.Config.User != user || !c.HostConfig.ReadonlyRootfs || len(c.HostConfig.Tmpfs) != 1 || len(c.Mounts) != 1 || c.Mounts[0].RW {
		t.Errorf("the container is %+v", c)
	}
}
