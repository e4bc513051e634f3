//go:build linux

package runners

import (
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// TestGitea runs a job with Gitea's own runner: a recent one, and the last one that
// registers a mask without undoing its escapes (commit c7c4bd60 of
// gitea.com/gitea/runner changed that).
func TestGitea(t *testing.T) {
	needEngine(t)
	program := product(t)
	url, authorities := release(t, program)
	repositories := publish(t, image(t), url, program)
	for _, runner := range []string{"gitea-runner", "gitea-runner-1.0.6"} {
		t.Run(runner, func(t *testing.T) {
			bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo", "team/other", "team/third"}})
			token := bitbucket.Add(readsAndWrites)
			consumer := bitbucket.Add(bitbuckettest.Token{
				Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository:write"}, Reach: []string{"team/other"},
			})
			center := "BBDC-" + rand.Text()[:9] + "+" + rand.Text()[:9] + "/" + rand.Text()[:9] + "="
			job := runGitea(t, runner, repositories, &runnerv1.Task{
				WorkflowPayload: []byte(read(t, "testdata/gitea.yml")),
				Secrets: map[string]string{
					"BITBUCKET_TOKEN": token.Secret, "CONSUMER_SECRET": consumer.Secret, "CENTER_TOKEN": center,
				},
				Vars: map[string]string{"SERVER": bitbucket.URL, "CONSUMER_KEY": consumer.Key, "PROGRAM": url + "/" + released(), "AUTHORITIES": authorities},
			})
			if !job.success {
				t.Error("the job failed")
			}
			checkHidden(t, job.log(), token.Secret, consumer.Secret, center, job.outputs["minted"])
			checkContains(t, job.log(), "(BBA101)", "(BBA305)", "dev@example.com:***", "BITBUCKET_CREDENTIAL=***")
			checkPushed(t, bitbucket, "team/repo", "team/other", "team/third")
			// The documents warn that other jobs get it in the clear.
			want := base64.StdEncoding.EncodeToString([]byte("dev@example.com:" + token.Secret))
			if got := job.outputs["credential"]; got != want {
				t.Errorf("the job's output is %q, want %q", got, want)
			}
		})
	}
}

// TestGiteaMirror mirrors the repository that the job belongs to, which is private.
func TestGiteaMirror(t *testing.T) {
	needEngine(t)
	program := product(t)
	url, authorities := release(t, program)
	repositories := publish(t, image(t), url, program)
	folder := filepath.Join(repositories, source)
	write(t, filepath.Join(folder, "README.md"), "source\n", 0o644)
	commit(t, folder)
	run(t, folder, "git", "branch", "topic")
	run(t, folder, "git", "tag", "v1")

	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	token := bitbucket.Add(readsAndWrites)
	job := runGitea(t, "gitea-runner", repositories, &runnerv1.Task{
		WorkflowPayload: []byte(read(t, "testdata/gitea-mirror.yml")),
		Secrets:         map[string]string{"BITBUCKET_TOKEN": token.Secret},
		Vars:            map[string]string{"SERVER": bitbucket.URL, "AUTHORITIES": authorities},
	})
	if !job.success {
		t.Error("the job failed")
	}
	checkHidden(t, job.log(), token.Secret, job.token)
	for _, ref := range []string{"refs/heads/main", "refs/heads/topic", "refs/tags/v1"} {
		if got, want := revision(t, bitbucket.Dir("team/repo"), ref), revision(t, folder, ref); got != want {
			t.Errorf("%s is %s in Bitbucket, and %s in the source", ref, got, want)
		}
	}
}

// TestGiteaHost runs a job on the machine itself, where the runner names system and
// architecture as Go does, and mounts no command files into containers.
func TestGiteaHost(t *testing.T) {
	needEngine(t)
	program := product(t)
	url, authorities := release(t, program)
	repositories := publish(t, image(t), url, program)
	folder := filepath.Join(repositories, source)
	write(t, filepath.Join(folder, "README.md"), "source\n", 0o644)
	commit(t, folder)
	for _, runner := range []string{"gitea-runner", "gitea-runner-1.0.6"} {
		t.Run(runner, func(t *testing.T) {
			bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo", "team/mirror"}})
			token := bitbucket.Add(readsAndWrites)
			job := runGitea(t, runner, repositories, &runnerv1.Task{
				WorkflowPayload: []byte(read(t, "testdata/gitea-host.yml")),
				Secrets:         map[string]string{"BITBUCKET_TOKEN": token.Secret},
				Vars:            map[string]string{"SERVER": bitbucket.URL, "AUTHORITIES": authorities},
			})
			if !job.success {
				t.Error("the job failed")
			}
			checkHidden(t, job.log(), token.Secret, job.token)
			checkContains(t, job.log(), "(BBA303)", "bitbucket-auth/binary")
			checkPushed(t, bitbucket, "team/repo", "team/mirror")
			if got, want := revision(t, bitbucket.Dir("team/mirror"), "refs/heads/main"), revision(t, folder, "refs/heads/main"); got != want {
				t.Errorf("the mirror has %s, and the source %s", got, want)
			}
		})
	}
}

// released is the name that a release gives the program for this machine.
func released() string { return "bitbucket-auth_linux_" + runtime.GOARCH }

// release serves the program as a release has it, by the name that it has there,
// and returns the address and the certificate of the server.
func release(t *testing.T, program string) (url, authorities string) {
	t.Helper()
	text := read(t, program)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.URL.Path, "/") {
		case released():
			io.WriteString(w, text)
		case released() + ".gz":
			zip := gzip.NewWriter(w)
			defer zip.Close()
			io.WriteString(zip, text)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

// publish makes the repository that users name in their workflows, as a release
// has it except for the names of the image and of the server, and returns the
// folder that it is in.
func publish(t *testing.T, image, url, program string) string {
	t.Helper()
	repositories := t.TempDir()
	repository := filepath.Join(repositories, "seed-e1d06701/bitbucket-auth")
	for _, action := range []string{"binary", "mirror"} {
		if err := os.CopyFS(filepath.Join(repository, action), os.DirFS(filepath.Join(root, action))); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(repository, "binary/release"), fmt.Sprintf("%s\n%x  %s\n", url, sha256.Sum256([]byte(read(t, program))), released()), 0o644)
	action := edit(t, read(t, filepath.Join(root, "action.yml")), "image: Dockerfile", "image: docker://"+image)
	write(t, filepath.Join(repository, "action.yml"), action, 0o644)
	commit(t, repository)
	run(t, repository, "git", "tag", "v1.0.0")
	return repositories
}

// giteaConfig keeps a job on the host's network, where the test's servers are, and
// uses only images that the engine already has.
const giteaConfig = `
cache: {enabled: false}
container: {network: host, force_pull: false, docker_host: "-", options: "--label=` + label + `"}
`

// runGitea has a runner run one job.
func runGitea(t *testing.T, runner, repositories string, task *runnerv1.Task) *coordinator {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	task.Id = mathrand.Int64() // it names the job's containers and volumes
	c := &coordinator{task: task, token: rand.Text(), outputs: map[string]string{}}
	server := httptest.NewServer(c.handler(git, repositories))
	defer server.Close()
	if task.Context, err = c.pushed(server.URL); err != nil {
		t.Fatal(err)
	}
	registration, err := json.Marshal(map[string]any{
		"id": 1, "uuid": "e2e", "name": "e2e", "token": "e2e", "address": server.URL,
		"labels": []string{"ubuntu-latest:docker://" + jobImage, "machine:host"},
	})
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	write(t, filepath.Join(home, ".runner"), string(registration), 0o600)
	write(t, filepath.Join(home, "config.yaml"), giteaConfig, 0o600)
	text, err := program(t, home, nil, tool(t, runner), "daemon", "--once", "--config", "config.yaml")
	showOnFailure(t, fmt.Sprint(text, c.log()))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
