package repository_test

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

var (
	cloud      = server.Cloud
	dataCenter = servertest.At("https://git.example.com:8443/ctx")
	ipv6       = servertest.At("https://[2001:db8::1]:8443/ctx")
	loopback   = servertest.At("http://127.0.0.1:7990").AsCloud()
)

func TestSpellings(t *testing.T) {
	for _, test := range []struct {
		on       server.Server
		spelling string
		want     repository.Repository
	}{
		{cloud, "git clone https://user@bitbucket.org/ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "git clone git@bitbucket.org:ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "git clone --depth 1 https://bitbucket.org/ws/repo.git .", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "git clone -b main git@bitbucket.org:ws/repo.git folder", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "git remote add origin https://me@bitbucket.org/ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "git remote set-url origin git@bitbucket.org:ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "ssh://git@bitbucket.org:ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "ws/repo/", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo.git/", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "git@bitbucket.org:ws/repo.git/", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org:443/ws/repo/", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo/src/main/README.md?at=main#line-3", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo/pull-requests/1", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo/src/main/@scope", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://user:pass@bitbucket.org/ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/my-team/.github", repo("my-team", ".github", "https://bitbucket.org/my-team/.github.git")},
		{cloud, "https://bitbucket.org/my-team/.github.git", repo("my-team", ".github", "https://bitbucket.org/my-team/.github.git")},
		{cloud, "my-team/.dotfiles", repo("my-team", ".dotfiles", "https://bitbucket.org/my-team/.dotfiles.git")},
		{cloud, "git@bitbucket.org:my-team/._x.git", repo("my-team", "._x", "https://bitbucket.org/my-team/._x.git")},
		{cloud, "my-team/_private", repo("my-team", "_private", "https://bitbucket.org/my-team/_private.git")},
		{cloud, "git@bitbucket.org:/ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "ssh://git@altssh.bitbucket.org:443/ws/repo.git", with(repo("ws", "repo", "https://bitbucket.org/ws/repo.git"), "", "443")},
		{cloud, "git clone ssh://git@AltSSH.bitbucket.org/ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "git@altssh.bitbucket.org:ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo.git/info/refs?service=git-upload-pack", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo.git/info/lfs/objects/batch", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo.git/git-upload-pack", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo.git/HEAD", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo.git/objects/info/packs", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo.git/git-receive-pack", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo/src/main/other.git/README", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/workspace", repo("ws", "workspace", "https://bitbucket.org/ws/workspace.git")},
		{cloud, "https://bitbucket.org/ws/workspace/src/main/", repo("ws", "workspace", "https://bitbucket.org/ws/workspace.git")},
		{cloud, "https://bitbucket.org/ws/snippets/src", repo("ws", "snippets", "https://bitbucket.org/ws/snippets.git")},
		{cloud, "dashboard/overview", repo("dashboard", "overview", "https://bitbucket.org/dashboard/overview.git")},
		{cloud, "git@bitbucket.org:repo/create.git", repo("repo", "create", "https://bitbucket.org/repo/create.git")},
		{cloud, "git@bitbucket.org:ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "ssh://git@bitbucket.org/ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "SSH://git@bitbucket.org:22/ws/repo.git", with(repo("ws", "repo", "https://bitbucket.org/ws/repo.git"), "", "22")},
		{cloud, "Bitbucket.ORG/ws/repo", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "bitbucket.org/ws/repo/src/main", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "bitbucket.org/ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "https://bitbucket.org/ws/repo.github.io/src/main", repo("ws", "repo.github.io", "https://bitbucket.org/ws/repo.github.io.git")},
		{dataCenter, "git.example.com:8443/ctx/scm/PROJ/repo.git", repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git")},
		{ipv6, "[2001:db8::1]:8443/ctx/scm/PROJ/repo.git", repo("PROJ", "repo", "https://[2001:db8::1]:8443/ctx/scm/PROJ/repo.git")},
		{dataCenter, "git.example.com:8443/ctx/projects/PROJ/repos/repo", repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git")},
		{cloud, "bitbucket.org/ws/repo", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "  ws/repo\n", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "ws/repo.git", repo("ws", "repo", "https://bitbucket.org/ws/repo.git")},
		{cloud, "ws/repo.name_1-2.js", repo("ws", "repo.name_1-2.js", "https://bitbucket.org/ws/repo.name_1-2.js.git")},
		{cloud, "HTTPS://Bitbucket.ORG/My-Team/My.Repo.git", with(repo("my-team", "my.repo", "https://bitbucket.org/my-team/my.repo.git"), "My-Team/My.Repo", "")},

		{dataCenter, "https://git.example.com:8443/ctx/scm/PROJ/repo.git", repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git")},
		{dataCenter, "https://me@git.example.com:8443/ctx/scm/~me/repo.git", repo("~me", "repo", "https://git.example.com:8443/ctx/scm/~me/repo.git")},
		{dataCenter, "https://git.example.com:8443/ctx/projects/PROJ/repos/repo/browse?at=x", repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git")},
		{dataCenter, "https://git.example.com:8443/ctx/users/me/repos/repo/browse", repo("~me", "repo", "https://git.example.com:8443/ctx/scm/~me/repo.git")},
		{dataCenter, "https://git.example.com:8443/ctx/users/me/repos/repo", repo("~me", "repo", "https://git.example.com:8443/ctx/scm/~me/repo.git")},
		{dataCenter, "https://git.example.com:8443/ctx/projects/proj/repos/Repo/", repo("proj", "Repo", "https://git.example.com:8443/ctx/scm/proj/Repo.git")},
		{dataCenter, "https://git.example.com:8443/ctx/projects/PROJ/repos/repo/wiki", repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git")},
		{dataCenter, "ssh://git@git.example.com/PROJ/repo.git", repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git")},
		{dataCenter, "git@git.example.com:PROJ/repo.git", repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git")},
		{dataCenter, "ssh://git@git.example.com:7999/PROJ/repo.git", with(repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git"), "", "7999")},
		{dataCenter, "https://git.example.com:8443/ctx/scm/PROJ/repo.git/info/refs", repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git")},
		{dataCenter, "PROJ/repo", repo("PROJ", "repo", "https://git.example.com:8443/ctx/scm/PROJ/repo.git")},
		{dataCenter, "~me/repo", repo("~me", "repo", "https://git.example.com:8443/ctx/scm/~me/repo.git")},
		{dataCenter, "https://git.example.com:8443/ctx/scm/~ann.gittens/repo", repo("~ann.gittens", "repo", "https://git.example.com:8443/ctx/scm/~ann.gittens/repo.git")},

		{ipv6, "https://[2001:db8::1]:8443/ctx/projects/PROJ/repos/repo/browse/@scope", repo("PROJ", "repo", "https://[2001:db8::1]:8443/ctx/scm/PROJ/repo.git")},
		{ipv6, "ssh://git@[2001:db8::1]:7999/PROJ/repo.git", with(repo("PROJ", "repo", "https://[2001:db8::1]:8443/ctx/scm/PROJ/repo.git"), "", "7999")},
		{ipv6, "git@[2001:db8::1]:PROJ/repo.git", repo("PROJ", "repo", "https://[2001:db8::1]:8443/ctx/scm/PROJ/repo.git")},

		{loopback, "http://127.0.0.1:7990/ws/repo.git", repo("ws", "repo", "http://127.0.0.1:7990/ws/repo.git")},
		{loopback, "http://LOCALHOST:7990/ws/repo.git", repo("ws", "repo", "http://127.0.0.1:7990/ws/repo.git")},
		{loopback, "ssh://git@localhost/ws/repo.git", repo("ws", "repo", "http://127.0.0.1:7990/ws/repo.git")},
		{loopback, "git@127.0.0.1:ws/repo.git", repo("ws", "repo", "http://127.0.0.1:7990/ws/repo.git")},
	} {
		got, _, err := repository.Parse(secret.NewAddress(test.spelling), test.on)
		if err != nil {
			t.Errorf("%s: %v", test.spelling, err)
			continue
		}
		if test.want.Spelled == "" {
			test.want.Spelled = test.want.Name()
		}
		if got != test.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", test.spelling, got, test.want)
		}
		if workspace := path.Dir(got.Spelled); got.SpelledWorkspace() != workspace {
			t.Errorf("%s: got the workspace %s", test.spelling, got.SpelledWorkspace())
		}
	}
}

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		on       server.Server
		spelling string
		want     fault.Code
	}{
		{cloud, "https://github.com/ws/repo", fault.RepositoryHost},
		{cloud, "https://bitbucket.org.evil.example/ws/repo", fault.RepositoryHost},
		{cloud, "https://bitbucket.org:8443/ws/repo", fault.RepositoryHost},
		{cloud, "https://localhost/ws/repo", fault.RepositoryHost},
		{loopback, "http://localhost:7991/ws/repo", fault.RepositoryHost},
		{loopback, "http://127.0.0.1.example.com:7990/ws/repo", fault.RepositoryHost},
		{cloud, "https://bitbucket.org@evil.example/ws/repo", fault.RepositoryHost},
		{cloud, "git@github.com:ws/repo.git", fault.RepositoryHost},
		{cloud, "ssh://git@github.com/ws/repo.git", fault.RepositoryHost},
		{cloud, "http://bitbucket.org/ws/repo", fault.RepositoryHTTP},
		{cloud, "http://user:pass@bitbucket.org/ws/repo", fault.RepositoryHTTP},
		{dataCenter, "https://git.example.com:8443/other/scm/PROJ/repo.git", fault.Repository},
		{dataCenter, "https://git.example.com/ctx/scm/PROJ/repo.git", fault.RepositoryHost},
		{dataCenter, "https://git.example.com:8443/ctx/scm/PROJ/repo/browse", fault.Repository},
		{dataCenter, "https://git.example.com:8443/ctx/scm/PROJ", fault.Repository},
		{dataCenter, "https://git.example.com:8443/ctx/projects/PROJ/repos", fault.Repository},
		{dataCenter, "https://git.example.com:8443/ctx/projects/PROJ", fault.Repository},
		{dataCenter, "https://git.example.com:8443/ctx/projects/PROJ/settings/hooks", fault.Repository},
		{dataCenter, "https://git.example.com:8443/ctx/users/me/repos", fault.Repository},
		{dataCenter, "https://git.example.com:8443/ctx/users/me/settings/keys", fault.Repository},
		{dataCenter, "https://git.example.com:8443/ctx/scm/PROJ/repo.github.io/browse", fault.Repository},
		{dataCenter, "a/b/c", fault.Repository},
		{dataCenter, "git.example.com:8443/ctx", fault.Repository},
		{dataCenter, "git.example.com:8443/ctx/", fault.Repository},
		{cloud, "https://bitbucket.org/ws", fault.Repository},
		{cloud, "https://bitbucket.org/", fault.Repository},
		{cloud, "https://bitbucket.org//ws/repo", fault.Repository},
		{cloud, "https://bitbucket.org/ws/..", fault.Repository},
		{cloud, "https://bitbucket.org/%2e%2e/repo", fault.Repository},
		{cloud, "https://bitbucket.org/ws/.git", fault.Repository},
		{cloud, "ws/.", fault.Repository},
		{cloud, "ws/..git", fault.Repository},
		{cloud, "ws/...git", fault.Repository},
		{cloud, ".ws/repo", fault.Repository},
		{cloud, "~/.ssh", fault.Repository},
		{cloud, "ws/-repo", fault.Repository},
		{cloud, "ws/-re.po", fault.Repository},
		{cloud, "ws/.re(po", fault.Repository},
		{dataCenter, "PROJ/.github", fault.Repository},
		{cloud, "ssh://git@altssh.bitbucket.org:22/ws/repo.git", fault.RepositoryHost},
		{cloud, "https://altssh.bitbucket.org/ws/repo", fault.RepositoryHost},
		{dataCenter, "ssh://git@altssh.bitbucket.org/PROJ/repo.git", fault.RepositoryHost},
		{dataCenter, "https://api.bitbucket.org/2.0/repositories/ws/repo", fault.RepositoryHost},
		{cloud, "https://bitbucket.org/ws/re%0Apo", fault.Repository},
		{cloud, "https://bitbucket.org/ws/re po", fault.Repository},
		{cloud, "https://bitbucket.org/ws/%zz", fault.Repository},
		{cloud, "git clone -b a/b https://bitbucket.org/ws/repo.git", fault.Repository},
		{cloud, "ssh://git@evil.example:ws/repo.git", fault.RepositoryHost},
		{cloud, "ftp://bitbucket.org/ws/repo", fault.Repository},
		{cloud, "ws/repo/src/main", fault.Repository},
		{cloud, "ws/repo~", fault.Repository},
		{cloud, "ssh", fault.Repository},
		{cloud, "ws/repo\nother", fault.Repository},
		{cloud, "ws/$(id)", fault.Repository},
		{cloud, "ws", fault.Repository},
		{cloud, "::add-mask::x/y", fault.RepositoryHost},
	} {
		_, _, err := repository.Parse(secret.NewAddress(test.spelling), test.on)
		if err == nil {
			t.Errorf("%q: no fault", test.spelling)
			continue
		}
		f := fault.From(err)
		if f.Code != test.want || len(f.Hints) == 0 {
			t.Errorf("%q: got %v, want %s", test.spelling, f, test.want.ID)
		}
		if shown := f.What + strings.Join(f.Hints, " "); strings.Contains(shown, "evil") || strings.Contains(shown, "pass@") || strings.Contains(shown, "$(") {
			t.Errorf("%q is echoed: %s", test.spelling, shown)
		}
	}
}

// Addresses that name something else than a repository are rejected, each with
// the reason.
func TestOtherThings(t *testing.T) {
	const (
		afterGit  = "its path goes on after .git"
		restAPI   = "of the REST API"
		workspace = "of a page of a workspace"
		uuid      = "UUIDs aren't supported"
		id        = "{0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f}"
	)
	for _, test := range []struct {
		on             server.Server
		spelling, want string
	}{
		{cloud, "https://bitbucket.org/t/r.git/wiki", afterGit},
		{cloud, "git clone https://me@bitbucket.org/t/r.git/wiki", afterGit},
		{cloud, "git clone git@bitbucket.org:t/r.git/wiki", afterGit},
		{cloud, "ssh://git@bitbucket.org/t/r.git/wiki", afterGit},
		{cloud, "bitbucket.org/t/r.git/wiki", afterGit},
		{cloud, "t/r.git/wiki", afterGit},
		{cloud, "https://bitbucket.org/t/r.git/issues", afterGit},
		{cloud, "https://bitbucket.org/t/r.git/src/main", afterGit},
		{cloud, "https://bitbucket.org/t.git/r", afterGit},
		{cloud, "https://bitbucket.org/t/r.git/HEAD/x", afterGit},
		{dataCenter, "https://git.example.com:8443/ctx/scm/PROJ/repo.git/wiki", afterGit},
		{cloud, "https://bitbucket.org/dashboard", "of the dashboard"},
		{cloud, "https://bitbucket.org/dashboard/overview", "of the dashboard"},
		{cloud, "bitbucket.org/Dashboard/repositories", "of the dashboard"},
		{cloud, "https://bitbucket.org/account/settings/app-passwords/", "of an account's settings"},
		{cloud, "https://bitbucket.org/repo/create?workspace=my-team", "of a form for a new repository"},
		{cloud, "https://bitbucket.org/snippets/my-team/Abc12/title.git", "of a snippet"},
		{cloud, "https://bitbucket.org/api/2.0/repositories/ws/repo", restAPI},
		{cloud, "https://bitbucket.org/!api/2.0/repositories/ws/repo", restAPI},
		{cloud, "https://api.bitbucket.org/2.0/repositories/ws/repo", restAPI},
		{cloud, "http://API.bitbucket.org/2.0/repositories/ws/repo", restAPI},
		{cloud, "api.bitbucket.org/2.0/repositories/ws/repo", restAPI},
		{dataCenter, "https://git.example.com:8443/ctx/rest/api/latest/projects/PROJ/repos/repo", restAPI},
		{cloud, "https://bitbucket.org/my-team/workspace/overview", workspace},
		{cloud, "https://bitbucket.org/my-team/workspace/projects/PROJ", workspace},
		{cloud, "https://bitbucket.org/my-team/workspace/repositories/", workspace},
		{cloud, "https://bitbucket.org/my-team/workspace/snippets/5LM6bK", workspace},
		{cloud, "https://bitbucket.org/my-team/workspace/members/", workspace},
		{cloud, "https://bitbucket.org/my-team/workspace/settings/access-tokens", workspace},
		{cloud, "https://bitbucket.org/my-team/workspace/pull-requests", workspace},
		{cloud, "https://bitbucket.org/" + id + "/" + id + "/pull-requests/32", uuid},
		{cloud, "https://bitbucket.org/" + url.PathEscape(id) + "/repo", uuid},
		{cloud, "https://bitbucket.org/{}/" + id, uuid},
		{cloud, "my-team/" + id, uuid},
		{cloud, "my-team/" + url.PathEscape(id) + ".git", uuid},
		{cloud, "git@bitbucket.org:" + id + "/" + id + ".git", uuid},
	} {
		_, _, err := repository.Parse(secret.NewAddress(test.spelling), test.on)
		f := fault.From(err)
		if err == nil || f.Code != fault.Repository || !strings.Contains(f.What, test.want) || len(f.Hints) == 0 {
			t.Errorf("%s: got %v", test.spelling, err)
			continue
		}
		lists := strings.Contains(test.spelling, "workspace/projects") || strings.Contains(test.spelling, "workspace/repositories")
		if hint := strings.Contains(f.Hints[0], "set workspace to"); hint != lists {
			t.Errorf("%s: got %q", test.spelling, f.Hints)
		}
	}
}

// A page of a wiki names the repository, and can be told from its other pages.
func TestWiki(t *testing.T) {
	for spelling, want := range map[string]bool{
		"https://bitbucket.org/ws/repo/wiki/Home": true, "https://bitbucket.org/ws/repo/wiki": true, "bitbucket.org/ws/repo/Wiki/": true,
		"https://bitbucket.org/ws/repo/src/main/wiki": false, "https://bitbucket.org/ws/wiki": false, "ws/wiki": false,
	} {
		if r, _, err := repository.Parse(secret.NewAddress(spelling), cloud); err != nil || r.Wiki != want {
			t.Errorf("%s: got %+v, %v", spelling, r, err)
		}
	}
}

func TestPasswordInURL(t *testing.T) {
	for spelling, want := range map[string][]fault.Code{
		"https://user:s3cretword@bitbucket.org/ws/repo":                     {fault.RepositorySecret},
		"https://user:s3cret/ord@bitbucket.org/ws/repo":                     {fault.RepositorySecret},
		"https://user@bitbucket.org/ws/repo":                                nil,
		"https://user:s3cretword@github.com/ws/repo":                        {fault.RepositorySecret}, // besides the fault
		"https://user:s3cretword@x.atlassian.net/wiki":                      {fault.RepositorySecret},
		"https://bitbucket.org/ws/repo":                                     nil,
		"https://" + strings.Repeat("s3cret", 6) + "@bitbucket.org/ws/repo": {fault.RepositorySecret}, // too long for a user name
	} {
		r, remarks, _ := repository.Parse(secret.NewAddress(spelling), cloud)
		var got []fault.Code
		for _, remark := range remarks {
			got = append(got, remark.Code)
		}
		if !slices.Equal(got, want) || strings.Contains(r.URL, "s3cret") {
			t.Errorf("%s: got %v, %+v", spelling, got, r)
		}
	}
}

func TestParseWorkspace(t *testing.T) {
	for _, test := range []struct {
		on             server.Server
		spelling, want string
	}{
		{cloud, "My-Team", "my-team"},
		{dataCenter, "PROJ", "PROJ"},
		{dataCenter, "~me", "~me"},
		{cloud, "ws/repo", ""},
		{cloud, "..", ""},
		{cloud, "~", ""},
		{cloud, "", ""},
		{cloud, "a\nb", ""},
		{cloud, ".github", ""},
		{cloud, "{0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f}", ""},
	} {
		got, err := repository.ParseWorkspace(test.spelling, test.on)
		if got.Workspace != test.want || (err == nil) != (test.want != "") || err == nil && got.SpelledWorkspace() != test.spelling {
			t.Errorf("%q: got %+v, %v", test.spelling, got, err)
		}
		if f := fault.From(err); err != nil && (f.Code != fault.Workspace || !strings.Contains(f.Hints[0], "set workspace to the id")) {
			t.Errorf("%q: got %v, %q", test.spelling, f, f.Hints)
		}
	}
}

func TestWorkspaceUUID(t *testing.T) {
	for _, text := range []string{"{0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f}", "%7B0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f%7D"} {
		_, err := repository.ParseWorkspace(text, cloud)
		if f := fault.From(err); f.Code != fault.Workspace || !strings.Contains(f.What, "UUIDs aren't supported") {
			t.Errorf("%s: got %v", text, err)
		}
	}
	if _, err := repository.ParseWorkspace("{workspace}", cloud); strings.Contains(fault.From(err).What, "UUID") {
		t.Errorf("a placeholder: got %v", err)
	}
}

// The site of an organization has Jira and Confluence, but no repositories.
func TestSites(t *testing.T) {
	for text, want := range map[string]bool{
		"https://my-team.atlassian.net/browse/X-1": true, "https://me:password@my-team.atlassian.net/wiki": true, "My-Team.Atlassian.net/projects": true,
		"my-team.atlassian.net": true, "https://my-team.atlassian.net/login?next=https://bitbucket.org/": true,
		"https://bitbucket.org/ws/repo?from=https://my-team.atlassian.net/": false,
		"team/my-team.atlassian.net":                                        false, "https://bitbucket.org/team/my-team.atlassian.net": false,
	} {
		for _, on := range []server.Server{cloud, dataCenter} {
			_, _, err := repository.Parse(secret.NewAddress(text), on)
			if f := fault.From(err); (err != nil && f.Code == fault.Repository && strings.Contains(f.What, "Jira") && len(f.Hints) == 1) != want {
				t.Errorf("%s on %s: got %v", text, on.URL(), err)
			}
		}
	}
}

// Whatever is accepted gives a URL that parses to the same repository, and that
// contains nothing else.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"git clone https://user@bitbucket.org/ws/repo.git", "https://user:secret@bitbucket.org/ws/repo",
		"git@bitbucket.org:ws/repo.git", "ssh://git@bitbucket.org:22/ws/repo.git", "ws/repo", "PROJ/repo",
		"https://git.example.com:8443/ctx/projects/PROJ/repos/repo/browse", "~me/repo", "https://bitbucket.org/a/b?c#d",
		"bitbucket.org/ws/repo", "https://bitbucket.org/%77s/repo", "ws/repo.git.git", "\u212a/repo", "repo/0", "ws/.github", "ws/workspace", "https://bitbucket.org/t/r.git/wiki", "{}/x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spelling string) {
		for _, on := range []server.Server{cloud, dataCenter, ipv6, loopback} {
			r, _, err := repository.Parse(secret.NewAddress(spelling), on)
			if err != nil {
				continue
			}
			u, err := url.Parse(r.URL)
			if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !strings.HasPrefix(r.URL, on.URL()+"/") {
				t.Fatalf("%q gives %q: %v", spelling, r.URL, err)
			}
			if strings.ContainsFunc(r.URL+r.Spelled, func(c rune) bool { return c <= ' ' || c > '~' }) {
				t.Fatalf("%q gives %q, %q", spelling, r.URL, r.Spelled)
			}
			if pages := []string{"dashboard", "account", "repo", "snippets", "api"}; !on.DataCenter && slices.Contains(pages, r.Workspace) {
				continue // a web address that begins so is a page's, but workspace/slug may well begin so
			}
			again, _, err := repository.Parse(secret.NewAddress(r.URL), on)
			if err != nil || again.Name() != r.Name() || again.URL != r.URL {
				t.Fatalf("%q gives %q, which gives %+v, %v", spelling, r.URL, again, err)
			}
		}
	})
}

func repo(workspace, slug, url string) repository.Repository {
	return repository.Repository{Workspace: workspace, Slug: slug, URL: url}
}

func with(r repository.Repository, spelled, port string) repository.Repository {
	r.Spelled, r.SSHPort = spelled, port
	return r
}

// A Data Center may have another host for ssh.
func TestOtherSSHHost(t *testing.T) {
	for _, test := range []struct {
		on       server.Server
		spelling string
		want     bool
	}{
		{dataCenter, "ssh://git@ssh.example.com:7999/PROJ/repo.git", true},
		{dataCenter, "git@ssh.example.com:PROJ/repo.git", true},
		{dataCenter, "https://ssh.example.com/ctx/projects/PROJ/repos/repo", false},
		{cloud, "ssh://git@ssh.bitbucket.org/ws/repo.git", false},
		{cloud, "git@ssh.bitbucket.org:ws/repo.git", false},
	} {
		_, _, err := repository.Parse(secret.NewAddress(test.spelling), test.on)
		f := fault.From(err)
		if got := strings.Contains(strings.Join(f.Hints, "\n"), "the address that the browser shows"); f.Code != fault.RepositoryHost || got != test.want {
			t.Errorf("%s: got %v, %q", test.spelling, f, f.Hints)
		}
	}
}

// The hint is an address on the server itself, or to correct server-url if the
// repository is outside its path.
func TestHints(t *testing.T) {
	const (
		onCloud = "https://bitbucket.org/workspace/repo"
		onDC    = "https://git.example.com:8443/ctx/projects/PROJ/repos/repo"
		outside = "set server-url to"
	)
	for _, test := range []struct {
		on             server.Server
		spelling, want string
	}{
		{cloud, "ws", onCloud},
		{cloud, "https://bitbucket.org", onCloud},
		{cloud, "https://bitbucket.org/", onCloud},
		{cloud, "https://api.bitbucket.org/2.0/repositories/ws/repo", onCloud},
		{cloud, "https://bitbucket.org/ws/re%zzpo", onCloud},
		{dataCenter, "PROJ", onDC},
		{dataCenter, "https://git.example.com:8443/ctx", onDC},
		{dataCenter, "https://git.example.com:8443/ctx/", onDC},
		{dataCenter, "https://git.example.com:8443/ctx/rest/api/latest", onDC},
		{dataCenter, "https://git.example.com:8443/projects/PROJ/repos/repo", outside},
		{dataCenter, "https://git.example.com:8443/ctx2/projects/PROJ/repos/repo", outside},
		{dataCenter, "https://git.example.com:8443", outside},
	} {
		_, _, err := repository.Parse(secret.NewAddress(test.spelling), test.on)
		if f := fault.From(err); f.Code != fault.Repository || len(f.Hints) == 0 || !strings.Contains(f.Hints[0], test.want) {
			t.Errorf("%s: got %v, %q", test.spelling, f, f.Hints)
		}
	}
}
