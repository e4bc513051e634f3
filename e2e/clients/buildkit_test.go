//go:build linux

package clients

import (
	"crypto/rand"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

const buildKitSection = "BuildKit" // of docs/tools.md

// TestBuildKit runs the sample of docs/tools.md. The engine itself runs git, so
// nothing in the job's environment can lead it to a fake under Bitbucket's name:
// the sample's address is replaced.
func TestBuildKit(t *testing.T) {
	e2etest.NeedEngine(t)
	buildctl, err := exec.LookPath(e2etest.BuildKit(t).Client)
	if err != nil {
		t.Fatal(err)
	}
	frames, samples := readSamples(t)
	for _, heading := range []string{buildKitSection, buildKitSection + onDataCenter} {
		if len(samples[heading]) != 1 {
			t.Fatalf("%d samples in the section %s", len(samples[heading]), heading)
		}
	}
	sample, sampleOnDataCenter := samples[buildKitSection][0], samples[buildKitSection+onDataCenter][0]
	without := regexp.MustCompile(`--secret \S+`).ReplaceAllString(sample, "")
	for _, test := range []struct {
		name    string
		login   e2etest.Login
		sample  string
		revoked bool
		refused string // the only login that Bitbucket sees, if the build is to fail
	}{
		{"API token", e2etest.APIToken, sample, false, ""},
		{"access token", e2etest.AccessToken.Reach("my-team"), sample, false, ""},
		{"minted token", e2etest.Consumer, sample, false, ""},
		{"personal token", e2etest.PersonalToken, sampleOnDataCenter, false, ""},
		{"project token", e2etest.ProjectToken.Reach("PROJ"), sampleOnDataCenter, false, ""},
		{"no secret", e2etest.APIToken, without, false, " "},
		{"another host's secret", e2etest.APIToken, strings.Replace(sample, "HEADER.bitbucket.org", "HEADER.git.example.com", 1), false, " "},
		{"revoked token", e2etest.APIToken, sample, true, "Basic x-bitbucket-api-token-auth"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			side := test.login.Side
			repository := team(side) + "/my-repo"
			server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{repository}})
			j := e2etest.NewJob(t)
			j.Env["PATH"] = filepath.Dir(buildctl) + ":" + j.Env["PATH"]
			j.Env["DOCKER_BUILDKIT"] = "1"
			for _, variable := range e2etest.ClientEnvironment() {
				if name, value, _ := strings.Cut(variable, "="); name != "PATH" {
					j.Env[name] = value
				}
			}
			// The engine's cache knows commits only by their hash, so each test needs its own.
			content := rand.Text()
			j.Run("git", "init", "--quiet", "--template=")
			j.Write("Dockerfile", "FROM scratch\nCOPY content /\n")
			j.Write("content", content)
			j.Run("git", "add", ".")
			j.Run("git", "commit", "--quiet", "--message", "one")
			j.Run("git", "push", "--quiet", server.Dir(repository), "HEAD:refs/heads/main")

			token := server.Add(test.login.Token)
			values := map[string]string{"secrets.BITBUCKET_TOKEN": token.Secret, "vars.BITBUCKET_EMAIL": test.login.Identity(token), "vars.BITBUCKET_USERNAME": test.login.Identity(token)}
			with := "with:\n"
			if side == e2etest.Cloud {
				with += "          server-url: " + server.URL + "\n"
			}
			if token.Kind == bitbuckettest.OAuthConsumer {
				with += "          kind: oauth-consumer\n"
			}
			j.RunSteps(strings.NewReplacer("with:\n", with, "https://bitbucket.example.com", server.URL).Replace(frames[side]), values)
			_, header, _ := strings.Cut(values["steps.bitbucket.outputs.git-authorization"], " ")
			j.KeepSecret(header)
			if test.revoked {
				server.End(token.Secret)
			}

			before := len(server.Requests())
			image := e2etest.NewName(e2etest.Label + "/image:test")
			host := strings.TrimPrefix(server.URL, "http://")
			build := strings.NewReplacer(
				"https://bitbucket.org/", server.URL+"/", "bitbucket.org", host,
				"https://bitbucket.example.com/", server.URL+"/", "bitbucket.example.com", host, "my-image", image,
			).Replace(test.sample)
			if test.refused != "" {
				j.RunSteps(strings.Replace(build, "docker build", "! docker build", 1), values)
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
			j.RunSteps(build, values)
			t.Cleanup(func() { e2etest.Docker(t, "image", "rm", image) })
			log := e2etest.Requests(server, before)
			want := "POST " + strings.TrimPrefix(side.SCM, side.Server) + "/" + repository + ".git/git-upload-pack "
			if want += " 200 " + (client{}).login(want, token); !slices.Contains(log, want) {
				t.Errorf("no request %s:\n%s", want, strings.Join(log, ""))
			}
			j.CheckHidden("the image's history", e2etest.Docker(t, "history", "--no-trunc", image)+e2etest.Docker(t, "image", "inspect", image))
			found := false
			for _, layer := range e2etest.Layers(t, image) {
				j.CheckHidden("the image", string(layer))
				found = found || string(e2etest.ReadTar(t, layer)["content"].Text) == content
			}
			if !found {
				t.Error("the image doesn't contain the repository's file")
			}
		})
	}
}
