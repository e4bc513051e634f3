//go:build linux

package e2e

import (
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

const buildKitSection = "BuildKit" // of docs/tools.md

// TestBuildKit runs the sample of docs/tools.md. The engine itself runs git, so
// nothing in the job's environment can lead it to a fake under Bitbucket's name:
// the sample's address is replaced.
func TestBuildKit(t *testing.T) {
	needEngine(t)
	client, err := exec.LookPath(buildKit(t).client)
	if err != nil {
		t.Fatal(err)
	}
	frames, samples := readTools(t)
	for _, heading := range []string{buildKitSection, buildKitSection + onDataCenter} {
		if len(samples[heading]) != 1 {
			t.Fatalf("%d samples in the section %s", len(samples[heading]), heading)
		}
	}
	sample, sampleOnDataCenter := samples[buildKitSection][0], samples[buildKitSection+onDataCenter][0]
	without := regexp.MustCompile(`--secret \S+`).ReplaceAllString(sample, "")
	for _, test := range []struct {
		name    string
		login   login
		sample  string
		revoked bool
		refused string // the only login that Bitbucket sees, if the build is to fail
	}{
		{"API token", apiToken, sample, false, ""},
		{"access token", accessToken.reach("my-team"), sample, false, ""},
		{"minted token", consumer, sample, false, ""},
		{"personal token", personalToken, sampleOnDataCenter, false, ""},
		{"project token", projectToken.reach("PROJ"), sampleOnDataCenter, false, ""},
		{"no secret", apiToken, without, false, " "},
		{"another host's secret", apiToken, strings.Replace(sample, "HEADER.bitbucket.org", "HEADER.git.example.com", 1), false, " "},
		{"revoked token", apiToken, sample, true, "Basic x-bitbucket-api-token-auth"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			side := test.login.side
			repository := side.team() + "/my-repo"
			server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{repository}})
			j := newJob(t)
			j.env["PATH"] = filepath.Dir(client) + ":" + j.env["PATH"]
			j.env["DOCKER_BUILDKIT"] = "1"
			for _, variable := range clientEnvironment() {
				if name, value, _ := strings.Cut(variable, "="); name != "PATH" {
					j.env[name] = value
				}
			}
			// The engine's cache knows commits only by their hash, so each test needs its own.
			content := rand.Text()
			j.run("git", "init", "--quiet", "--template=")
			j.write("Dockerfile", "FROM scratch\nCOPY content /\n")
			j.write("content", content)
			j.run("git", "add", ".")
			j.run("git", "commit", "--quiet", "--message", "one")
			j.run("git", "push", "--quiet", server.Dir(repository), "HEAD:refs/heads/main")

			token := server.Add(test.login.token)
			values := map[string]string{"secrets.BITBUCKET_TOKEN": token.Secret, "vars.BITBUCKET_EMAIL": test.login.identity(token), "vars.BITBUCKET_USERNAME": test.login.identity(token)}
			with := "with:\n"
			if side == cloud {
				with += "          server-url: " + server.URL + "\n"
			}
			if token.Kind == bitbuckettest.OAuthConsumer {
				with += "          kind: oauth-consumer\n"
			}
			j.steps(strings.NewReplacer("with:\n", with, "https://bitbucket.example.com", server.URL).Replace(frames[side]), values)
			_, header, _ := strings.Cut(values["steps.bitbucket.outputs.git-authorization"], " ")
			j.keepSecret(header)
			if test.revoked {
				server.End(token.Secret)
			}

			before := len(server.Requests())
			image := newName(label + "/image:test")
			host := strings.TrimPrefix(server.URL, "http://")
			build := strings.NewReplacer(
				"https://bitbucket.org/", server.URL+"/", "bitbucket.org", host,
				"https://bitbucket.example.com/", server.URL+"/", "bitbucket.example.com", host, "my-image", image,
			).Replace(test.sample)
			if test.refused != "" {
				j.steps(strings.Replace(build, "docker build", "! docker build", 1), values)
				for _, r := range server.Requests()[before:] {
					if r.Status != 401 || r.Scheme+" "+r.User != test.refused {
						t.Errorf("unexpected request %+v", r)
					}
				}
				if len(server.Requests()) == before {
					t.Error("the build failed before it asked for the repository")
				}
				return
			}
			j.steps(build, values)
			t.Cleanup(func() { docker(t, "image", "rm", image) })
			log := requests(server, before)
			want := "POST " + strings.TrimPrefix(side.scm, side.server) + "/" + repository + ".git/git-upload-pack "
			if want += " 200 " + (tool{}).login(want, token); !slices.Contains(log, want) {
				t.Errorf("no request %s:\n%s", want, strings.Join(log, ""))
			}
			j.checkHidden("the image's history", docker(t, "history", "--no-trunc", image)+docker(t, "image", "inspect", image))
			found := false
			for _, layer := range layers(t, image) {
				j.checkHidden("the image", string(layer))
				found = found || string(readTar(t, layer)["content"].text) == content
			}
			if !found {
				t.Error("the image doesn't contain the repository's file")
			}
		})
	}
}
