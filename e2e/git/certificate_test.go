//go:build linux

package git

import (
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// A Data Center with a certificate of a CA that the machine doesn't know: later
// git commands accept it if ca-certificate is a file that they can read, or with
// the one command that docs/recipes.md shows.
func TestGitAcceptsTheCA(t *testing.T) {
	server := e2etest.NewServer(t, e2etest.Site)
	files := source(t, e2etest.DataCenter)
	for _, test := range []struct {
		name    string
		setting func(j *e2etest.Job) string
		recipe  bool
		works   bool
	}{
		{name: "a file", works: true, setting: func(j *e2etest.Job) string { return j.Path("../company-ca.pem") }},
		{name: "a relative path", works: true, setting: func(*e2etest.Job) string { return "../company-ca.pem" }},
		{name: "a text", setting: func(*e2etest.Job) string { return server.CA() }},
		{name: "a text, with the recipe", works: true, recipe: true, setting: func(*e2etest.Job) string { return server.CA() }},
		{name: "nothing", setting: func(*e2etest.Job) string { return "" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := e2etest.NewJob(t)
			j.Write("../home/.gitconfig", "") // in which other tests name the CA
			j.Write("../company-ca.pem", server.CA())
			j.Copy(files, "source")
			e2etest.PersonalToken.LogIn(j, server, "repository", e2etest.Site, "ca-certificate", test.setting(j))
			if test.recipe {
				j.Run("git", "config", "--global", "http."+server.URL+"/.sslCAInfo", j.Path("../company-ca.pem"))
			}
			url := j.Env["BITBUCKET_REPOSITORY_URL"]
			for _, command := range [][]string{
				{"git", "ls-remote", url},
				{"git", "-C", "source", "lfs", "push", "--all", url},
			} {
				if text, err := j.Try(command...); (err == nil) != test.works {
					t.Errorf("%s: %v\n%s", command, err, text)
				}
			}
		})
	}
}
