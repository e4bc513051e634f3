package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

// site has the properties of a server that can be compared.
type site struct {
	url                  string
	dataCenter, loopback bool
}

func TestParse(t *testing.T) {
	for text, want := range map[string]site{
		"https://bitbucket.org":           {url: "https://bitbucket.org"},
		"https://bitbucket.org/":          {url: "https://bitbucket.org"},
		"HTTPS://BITBUCKET.ORG:443":       {url: "https://bitbucket.org"},
		"https://git.example.com:8443":    {url: "https://git.example.com:8443", dataCenter: true},
		"https://git.example.com/a%20b":   {url: "https://git.example.com/a%20b", dataCenter: true},
		"https://git.example.com/a/b//":   {url: "https://git.example.com/a/b", dataCenter: true},
		"https://git.example.com/~a~":     {url: "https://git.example.com/~a~", dataCenter: true},
		"https://git.example.com:443/":    {url: "https://git.example.com", dataCenter: true},
		"https://git.example.com:80":      {url: "https://git.example.com:80", dataCenter: true},
		"https://x.bitbucket.org.uk":      {url: "https://x.bitbucket.org.uk", dataCenter: true},
		"https://git.example.com/a.git.d": {url: "https://git.example.com/a.git.d", dataCenter: true},
		"https://Git.Example.com/Ctx":     {url: "https://git.example.com/Ctx", dataCenter: true},
		"https://notbitbucket.org":        {url: "https://notbitbucket.org", dataCenter: true},
		"http://127.0.0.1:7990/ctx":       {url: "http://127.0.0.1:7990/ctx", dataCenter: true, loopback: true},
		"http://127.9.9.9":                {url: "http://127.9.9.9", dataCenter: true, loopback: true},
		"http://LocalHost:7990":           {url: "http://localhost:7990", dataCenter: true, loopback: true},
		"http://localhost:80":             {url: "http://localhost", dataCenter: true, loopback: true},
		"https://[::1]:8443":              {url: "https://[::1]:8443", dataCenter: true, loopback: true},
	} {
		got, err := server.Parse(secret.NewAddress(text))
		if err != nil || (site{got.URL(), got.DataCenter, got.Loopback}) != want {
			t.Errorf("%s: got %s, %v", text, got.URL(), err)
		}
	}
}

// Each fault says what is wrong, and quotes nothing.
func TestParseRefuses(t *testing.T) {
	const (
		notURL     = "isn't a URL"
		notHTTPS   = "isn't https"
		login      = "a user name or a password"
		query      = "a query or a fragment"
		page       = "a page of Bitbucket Cloud"
		otherHost  = "another host or port of Bitbucket Cloud"
		repository = "the address of a repository"
	)
	for text, want := range map[string]string{
		"bitbucket.example.com":                     notURL,
		"":                                          notURL,
		"https://":                                  notURL,
		"https:///path":                             notURL,
		"https:git.example.com":                     notURL,
		"http://git.example.com":                    notHTTPS,
		"http://bitbucket.org":                      notHTTPS,
		"ftp://127.0.0.1":                           notHTTPS,
		"ssh://git.example.com":                     notHTTPS,
		"http://127.0.0.1.example.com":              notHTTPS,
		"https://bitbucket.org.":                    otherHost,
		"https://bitbucket.org./ws/repo":            otherHost,
		"http://[::1%25lo]:7990":                    notURL,
		"http://localhost@git.example.com":          login,
		"https://me:s3cret-s3cret@git.example.com":  login,
		"https://me:s3cret/s3cret@git.example.com":  login,
		"https://git.example.com?x=s3cret-s3cret":   query,
		"https://git.example.com#x":                 query,
		"https://git.example.com?":                  query,
		"https://bitbucket.org/ws/repo":             page,
		"https://bitbucket.org:443/ws":              page,
		"https://bitbucket.org/2.0":                 page,
		"https://git.example.com/X/r.git/info/refs": repository,
		"https://git.example.com/X/r.git/":          repository,
		"https://git.example.com/X/r.git":           repository,
		"https://api.bitbucket.org/2.0":             otherHost,
		"https://altssh.bitbucket.org":              otherHost,
		"https://API.bitbucket.org":                 otherHost,
		"https://bitbucket.org:8443":                otherHost,
		"https://git example.com":                   notURL,
		"https://git\\example.com":                  notURL,
		"https://git%2eexample.com":                 notURL,
		"https://git.example.com\n.evil.example":    notURL,
	} {
		s, err := server.Parse(secret.NewAddress(text))
		if err == nil {
			t.Errorf("%q: no fault", text)
			continue
		}
		f := fault.From(err)
		if f.Code != fault.ServerURL || !strings.Contains(f.What, want) || len(f.Hints) == 0 || s != (server.Server{}) {
			t.Errorf("%q: got %s, %v", text, s.URL(), f)
		}
		if strings.Contains(f.Error()+strings.Join(f.Hints, ""), "s3cret") {
			t.Errorf("%q is echoed", text)
		}
	}
}

// The site of an organization has Jira and Confluence, but no Bitbucket.
func TestParseSites(t *testing.T) {
	for text, want := range map[string]bool{
		"https://my-team.atlassian.net": true, "https://My-Team.Atlassian.NET/wiki/home": true, "https://my-team.atlassian.net:443/browse/X-1": true,
		"https://my-team.atlassian.net.example.com": false, "https://git.example.com/my-team.atlassian.net": false, "https://notatlassian.net": false,
	} {
		_, err := server.Parse(secret.NewAddress(text))
		f := fault.From(err)
		if found := err != nil && f.Code == fault.ServerURL && strings.Contains(f.What, "Jira") && slices.Contains(f.Hints, "leave out server-url for Bitbucket Cloud"); found != want {
			t.Errorf("%s: got %v, %q", text, err, f.Hints)
		}
	}
}

// The address of a page gets the base URL as the hint; a context path may well
// look like a page's.
func TestParsePages(t *testing.T) {
	const ctx = "https://git.example.com:8443/ctx"
	for text, base := range map[string]string{
		ctx + "/projects/X":                ctx,
		ctx + "/projects":                  ctx,
		ctx + "/projects/X/repos/r/browse": ctx,
		ctx + "/scm/":                      ctx,
		ctx + "/rest/api/latest":           ctx,
		ctx + "/dashboard":                 ctx,
		ctx + "/users/me/repos/r":          ctx,
		ctx + "/login":                     ctx,
		ctx + "/plugins/servlet/access-tokens/users/me/manage": ctx,
		"https://git.example.com/scm":                          "https://git.example.com",
		"https://git.example.com/scm/X":                        "https://git.example.com",
		"https://git.example.com/rest":                         "https://git.example.com",
		"https://git.example.com/rest/api/1.0/":                "https://git.example.com",
		ctx + "/scm/X/r.git":                                   ctx,
		ctx + "/scm":                                           ctx,
		ctx + "/rest/api":                                      ctx,
		ctx + "/plugins":                                       ctx,
		ctx + "/account":                                       ctx,
		"https://git.example.com/projects/X/repos/r":           "https://git.example.com",
		"https://git.example.com/a/b/projects/X":               "https://git.example.com/a/b",
		"https://[2001:db8::1]/login":                          "https://[2001:db8::1]",
		"http://127.0.0.1:7990/projects/X":                     "http://127.0.0.1:7990",
	} {
		s, err := server.Parse(secret.NewAddress(text))
		f := fault.From(err)
		if err == nil || f.Code != fault.ServerURL || !slices.Contains(f.Hints, "set server-url to "+base) || s.URL() != base {
			t.Errorf("%s: got %v, %q", text, err, f.Hints)
		}
	}
	for _, page := range []string{
		"projects", "users", "scm", "rest", "plugins", "dashboard", "login", "logout", "account", "admin", "profile", "getting-started", "mvc",
	} {
		_, err := server.Parse(secret.NewAddress(ctx + "/" + page + "/x"))
		if err == nil || !slices.Contains(fault.From(err).Hints, "set server-url to "+ctx) {
			t.Errorf("%s: got %v", page, err)
		}
	}
	for _, text := range []string{"https://example.com/scmx", "https://example.com/git/stash", "https://example.com/projectsite"} {
		if got, err := server.Parse(secret.NewAddress(text)); err != nil || got.URL() != text {
			t.Errorf("%s: got %s, %v", text, got.URL(), err)
		}
	}
}

func TestAddresses(t *testing.T) {
	dataCenter := servertest.At("https://git.example.com/ctx")
	loopback := servertest.At("http://127.0.0.1:1").AsCloud()
	for _, test := range []struct{ got, want string }{
		{server.Cloud.API(), "https://api.bitbucket.org/2.0"},
		{server.Cloud.TokenURL(), "https://bitbucket.org/site/oauth2/access_token"},
		{server.Cloud.GitRoot(), "https://bitbucket.org"},
		{loopback.API(), "http://127.0.0.1:1/2.0"},
		{loopback.TokenURL(), "http://127.0.0.1:1/site/oauth2/access_token"},
		{server.Cloud.APIHost(), "api.bitbucket.org"},
		{loopback.APIHost(), "127.0.0.1:1"},
		{servertest.At("http://127.0.0.1:1").APIHost(), "127.0.0.1:1"},
		{dataCenter.APIHost(), "git.example.com"},
		{server.Cloud.AltSSH(), "altssh.bitbucket.org"},
		{loopback.AltSSH(), "altssh.127.0.0.1"},
		{dataCenter.AltSSH(), ""},
		{dataCenter.ContextPath(), "/ctx"},
		{dataCenter.API(), "https://git.example.com/ctx/rest/api/latest"},
		{dataCenter.GitRoot(), "https://git.example.com/ctx/scm"},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}

func TestIsSite(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"my-team.atlassian.net": true, "My-Team.Atlassian.NET": true, "my-team.atlassian.net.example.com": false, "notatlassian.net": false, "bitbucket.org": false,
	} {
		if got := server.IsSite(host); got != want {
			t.Errorf("%s: %t", host, got)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "0:0:0:0:0:0:0:1": true,
		"0.0.0.0": false, "::": false, "128.0.0.1": false, "10.0.0.1": false, "localhost.example.com": false, "127.0.0.1.example.com": false, "127.1": false, "[::1]": false, "": false,
	} {
		if got := server.IsLoopback(host); got != want {
			t.Errorf("%s: %t", host, got)
		}
	}
}
