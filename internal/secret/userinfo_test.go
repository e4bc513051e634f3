package secret_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

func TestAddress(t *testing.T) {
	long := strings.Repeat("t", 40)
	for _, test := range []struct {
		url     string
		secrets []string
		rest    string
	}{
		{"https://bitbucket.org/ws/repo", nil, "https://bitbucket.org/ws/repo"},
		{"https://me@bitbucket.org/ws/repo", nil, "https://bitbucket.org/ws/repo"},
		{"https://me:pass%2Fword@bitbucket.org/ws/repo", []string{"me:pass%2Fword", "pass%2Fword", "me:pass/word", "pass/word"}, "https://bitbucket.org/ws/repo"},
		{"https://me:pa/ss@bitbucket.org/ws/repo", []string{"me:pa/ss", "pa/ss"}, "https://bitbucket.org/ws/repo"},
		{"https://me:p@ss@bitbucket.org/ws", []string{"me:p@ss", "p@ss"}, "https://bitbucket.org/ws"},
		{"https://me:pa:ss@bitbucket.org/ws", []string{"me:pa:ss", "pa:ss"}, "https://bitbucket.org/ws"},
		{"https://me:pa:12/ss@bitbucket.org/ws", []string{"me:pa:12/ss", "pa:12/ss"}, "https://bitbucket.org/ws"},
		{"https://[me:pa/ss@bitbucket.org/ws", []string{"[me:pa/ss", "pa/ss"}, "https://bitbucket.org/ws"},
		{"https://me:p[a]ss/x@bitbucket.org/ws", []string{"me:p[a]ss/x", "p[a]ss/x"}, "https://bitbucket.org/ws"},
		{"https://me:pa/s@s@bitbucket.org/ws", []string{"me:pa/s@s", "pa/s@s"}, "https://bitbucket.org/ws"},
		{"https://" + long + "@bitbucket.org", []string{long}, "https://bitbucket.org"},
		{"https://host:8443/ws/repo/src/@scope", nil, "https://host:8443/ws/repo/src/@scope"},
		{"https://[2001:db8::1]/ctx/src/@scope", nil, "https://[2001:db8::1]/ctx/src/@scope"},
		{"https://[2001:db8::1]:8443/ctx/src/@scope", nil, "https://[2001:db8::1]:8443/ctx/src/@scope"},
		{"https://me:pa/ss@[2001:db8::1]/ctx", []string{"me:pa/ss", "pa/ss"}, "https://[2001:db8::1]/ctx"},
		{"https://host?to=me:pass@example.com", nil, "https://host?to=me:pass@example.com"},
		{"https://host#me:pass@example.com", nil, "https://host#me:pass@example.com"},
		{"https://me:pass@host?to=you@example.com", []string{"me:pass", "pass"}, "https://host?to=you@example.com"},
		{"https://me:pass@host?to=https://you@example.com", []string{"me:pass", "pass"}, "https://host?to=https://you@example.com"},
		{"https://me:pass@host#you@example.com", []string{"me:pass", "pass"}, "https://host#you@example.com"},
		{"https://host:8443/ws?to=me:pass@example.com#or:you@example.com", nil, "https://host:8443/ws?to=me:pass@example.com#or:you@example.com"},
		{"git@bitbucket.org:ws/repo.git", nil, "bitbucket.org:ws/repo.git"},
		{"ssh://git@host:7999/PROJ/repo.git", nil, "ssh://host:7999/PROJ/repo.git"},
		{"me:secret@host/ws", []string{"me:secret", "secret"}, "host/ws"},
		{"me:secret@", []string{"me:secret", "secret"}, ""},
		{"ws/repo", nil, "ws/repo"},
		{"/ws/@scope", nil, "/ws/@scope"},
		{"https://@bitbucket.org/ws", nil, "https://bitbucket.org/ws"},
		{"https://" + long[:30] + "@host/ws", nil, "https://host/ws"},
		{"https://" + long[:31] + "@host/ws", []string{long[:31]}, "https://host/ws"},
		{"https://me:%zz@host/", []string{"me:%zz", "%zz"}, "https://host/"},
		{"git clone https://me@bitbucket.org/ws/repo.git", nil, "https://bitbucket.org/ws/repo.git"},
		{" git  clone git@bitbucket.org:ws/repo.git\n", nil, "bitbucket.org:ws/repo.git"},
		{"git clone https://me:pass@host/ws", []string{"me:pass", "pass"}, "https://host/ws"},
		{"git clone -v -- https://me@host/ws/repo.git .", nil, "https://host/ws/repo.git"},
		{"git clone -b main --depth 1 git@host:ws/repo.git folder", nil, "host:ws/repo.git"},
		{"git remote add origin https://me:pass@host/ws", []string{"me:pass", "pass"}, "https://host/ws"},
		{" git clone ws folder\n", nil, "git clone ws folder"},
		{" git clone https://me:pa ss@host/ws\n", []string{"me:pa ss", "pa ss"}, "git clone https://host/ws"},
		{"git pull https://host/ws", nil, "git pull https://host/ws"},
		{"git clone https://host/ws/repo", nil, "https://host/ws/repo"},
		{"git clone ws", nil, "ws"},
		{"hub clone https://host/ws", nil, "hub clone https://host/ws"},
		{"", nil, ""},
	} {
		address := secret.NewAddress(test.url)
		rest := address.Clean()
		var got []string
		for _, s := range address.Secrets() {
			got = append(got, s.Reveal())
		}
		if !slices.Equal(got, test.secrets) || rest != test.rest {
			t.Errorf("%s:\ngot  %q, %q\nwant %q, %q", test.url, got, rest, test.secrets, test.rest)
		}
		if got, want := address.HasUserInfo(), len(test.secrets) > 0 || strings.Contains(test.url, "@") && !strings.Contains(test.rest, "@"); got != want {
			t.Errorf("%s: HasUserInfo is %v", test.url, got)
		}
		if got, want := address.IsEmpty(), test.url == ""; got != want {
			t.Errorf("%s: IsEmpty is %v", test.url, got)
		}
	}
}

// A source is a URL or a path.
func TestSource(t *testing.T) {
	for _, test := range []struct {
		source  string
		secrets []string
		rest    string
	}{
		{"https://github.com/octo/site", nil, "https://github.com/octo/site"},
		{"https://me@github.com/octo/site", nil, "https://github.com/octo/site"},
		{"https://bob:3725/REST@host/team/repo", []string{"bob:3725/REST", "3725/REST"}, "https://host/team/repo"},
		{"https://bob:3725/RE%2BST@host:8443/repo", []string{"bob:3725/RE%2BST", "3725/RE%2BST", "bob:3725/RE+ST", "3725/RE+ST"}, "https://host:8443/repo"},
		{"https://bob:37@25/REST@host/repo", []string{"bob:37@25/REST", "37@25/REST"}, "https://host/repo"},
		{"HTTPS://bob:3725@host/repo", []string{"bob:3725", "3725"}, "HTTPS://host/repo"},
		{"https://bob:pa#ss@host/repo", []string{"bob:pa#ss", "pa#ss"}, "https://host/repo"},
		{"https://bob:3725/[x@host/repo", []string{"bob:3725/[x", "3725/[x"}, "https://host/repo"},
		{"https://bob:3725/a://b@host/repo", []string{"bob:3725/a://b", "3725/a://b"}, "https://host/repo"},
		{"https://host:8443/team/repo", nil, "https://host:8443/team/repo"},
		{"https://host/team/@scope/repo", nil, "https://host/team/@scope/repo"},
		{"https://host:8443/repo?to=me@example.com", nil, "https://host:8443/repo?to=me@example.com"},
		{"https://host:8443/repo#to:me@example.com", nil, "https://host:8443/repo#to:me@example.com"},
		{"https://host?to:me@example.com", nil, "https://host?to:me@example.com"},
		{"https://host#to:me@example.com", nil, "https://host#to:me@example.com"},
		{"https://[2001:db8::1]:8443/src/@scope", nil, "https://[2001:db8::1]:8443/src/@scope"},
		{"https://bob:pa/ss@[2001:db8::1]/repo", []string{"bob:pa/ss", "pa/ss"}, "https://[2001:db8::1]/repo"},
		{"git clone https://bob:3725/REST@host/repo", []string{"bob:3725/REST", "3725/REST"}, "https://host/repo"},
		{"/srv/bob:3725@host/repo", nil, "/srv/bob:3725@host/repo"},
		{"mirrors/bob:3725@host", nil, "mirrors/bob:3725@host"},
		{`C:\bob:3725@host`, nil, `C:\bob:3725@host`},
		{"file:///srv/bob:3725@host/repo", nil, "file:///srv/bob:3725@host/repo"},
		{"File:///srv/bob:3725@host/repo", nil, "File:///srv/bob:3725@host/repo"},
		{"./https://bob:3725@host", nil, "./https://bob:3725@host"},
		{"git@github.com:octo/site.git", nil, "git@github.com:octo/site.git"},
		{" /srv/repo\n", nil, "/srv/repo"},
		{"", nil, ""},
	} {
		address := secret.NewSource(test.source)
		var got []string
		for _, s := range address.Secrets() {
			got = append(got, s.Reveal())
		}
		if !slices.Equal(got, test.secrets) || address.Clean() != test.rest || address.IsEmpty() != (test.source == "") || address.HasUserInfo() != (strings.Count(test.rest, "@") < strings.Count(test.source, "@")) {
			t.Errorf("%s:\ngot  %q, %q\nwant %q, %q", test.source, got, address.Clean(), test.secrets, test.rest)
		}
	}
}

// go-envconfig reads an address from its text.
func TestAddressEnvDecode(t *testing.T) {
	var a secret.Address
	if err := a.EnvDecode(" git clone https://me:pass-word@example.com/a "); err != nil || a.Clean() != "https://example.com/a" || !a.HasUserInfo() {
		t.Errorf("got %q, %v", a.Clean(), err)
	}
}
