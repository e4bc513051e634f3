//go:build linux

package e2e

import (
	"testing"
)

// A Data Center with a certificate of a CA that the machine doesn't know: later
// git commands accept it if ca-certificate is a file that they can read, or with
// the one command that docs/recipes.md shows.
func TestGitAcceptsTheCA(t *testing.T) {
	server := newServer(t, site)
	files := source(t, dataCenter)
	for _, test := range []struct {
		name    string
		setting func(j *job) string
		recipe  bool
		works   bool
	}{
		{name: "a file", works: true, setting: func(j *job) string { return j.path("../company-ca.pem") }},
		{name: "a relative path", works: true, setting: func(*job) string { return "../company-ca.pem" }},
		{name: "a text", setting: func(*job) string { return server.CA() }},
		{name: "a text, with the recipe", works: true, recipe: true, setting: func(*job) string { return server.CA() }},
		{name: "nothing", setting: func(*job) string { return "" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := newJob(t)
			j.write("../home/.gitconfig", "") // in which other tests name the CA
			j.write("../company-ca.pem", server.CA())
			j.copy(files, "source")
			personalToken.logIn(j, server, "repository", site, "ca-certificate", test.setting(j))
			if test.recipe {
				j.run("git", "config", "--global", "http."+server.URL+"/.sslCAInfo", j.path("../company-ca.pem"))
			}
			url := j.env["BITBUCKET_REPOSITORY_URL"]
			for _, command := range [][]string{
				{"git", "ls-remote", url},
				{"git", "-C", "source", "lfs", "push", "--all", url},
			} {
				if text, err := j.try(command...); (err == nil) != test.works {
					t.Errorf("%s: %v\n%s", command, err, text)
				}
			}
		})
	}
}
