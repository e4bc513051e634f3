package action_test

import (
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// The ssh address by which a host clones, and the https address of the same repository.
func TestOverHTTPS(t *testing.T) {
	dataCenter, err := server.Parse(secret.NewAddress("https://git.example.com/bitbucket"))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"git@github.com:octo/site.git":                      "https://github.com/octo/site.git",
		"gh:octo/site.git":                                  "https://gh/octo/site.git",
		"github.com:octo/site.git":                          "https://github.com/octo/site.git",
		"org-1234@github.com:octo/site.git":                 "https://github.com/octo/site.git",
		"git@gitlab.example.com:/group/sub/site.git":        "https://gitlab.example.com/group/sub/site.git",
		"ssh://git@gitlab.example.com:2222/group/site.git":  "https://gitlab.example.com/group/site.git",
		"ssh://github.com/octo/site.git":                    "https://github.com/octo/site.git",
		"git+ssh://git@github.com/octo/site.git":            "https://github.com/octo/site.git",
		"ssh://git@github.com/octo/my%20site.git":           "https://github.com/octo/my%20site.git",
		"ssh://git@ssh.github.com:443/octo/site.git":        "https://github.com/octo/site.git",
		"ssh://git@altssh.gitlab.com:443/group/site.git":    "https://gitlab.com/group/site.git",
		"ssh://git@altssh.bitbucket.org:443/acme/site.git":  "https://bitbucket.org/acme/site.git",
		"git@bitbucket.org:acme/site.git":                   "https://bitbucket.org/acme/site.git",
		"git@ssh.dev.azure.com:v3/org/project/site":         "https://dev.azure.com/org/project/_git/site",
		"org@vs-ssh.visualstudio.com:v3/org/My%20Proj/site": "https://dev.azure.com/org/My%20Proj/_git/site",
		"ssh://git@git.example.com:7999/PROJ/site.git":      "https://git.example.com/bitbucket/scm/PROJ/site.git",
		"ssh://git@other.example.com:7999/PROJ/site.git":    "https://other.example.com/scm/PROJ/site.git",
		"ssh://git@other.example.com:7999/~somebody/a.git":  "https://other.example.com/scm/~somebody/a.git",
		"ssh://git@[2001:db8::1]:22/octo/site.git":          "https://[2001:db8::1]/octo/site.git",
		"ssh://git@SSH.github.com:443/octo/site.git":        "https://github.com/octo/site.git",
		"SSH://git@github.com/octo/site.git":                "https://github.com/octo/site.git",
		"git@gitlab.example.com:octo/a:b.git":               "https://gitlab.example.com/octo/a:b.git",
		"git@ssh.dev.azure.com:a/b/c/d":                     "https://dev.azure.com/a/b/c/d",
		"https://github.com/octo/site.git":                  "https://github.com/octo/site.git",
		"http://gitea:3000/octo/site.git":                   "http://gitea:3000/octo/site.git",
		"git://git.example.com/site.git":                    "git://git.example.com/site.git",
		"/srv/git/site.git":                                 "/srv/git/site.git",
		`C:\git\site.git`:                                   `C:\git\site.git`,
		"./a:b":                                             "./a:b",
		"":                                                  "",
	} {
		if got := action.OverHTTPS(secret.NewSource(address).Clean(), dataCenter); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
