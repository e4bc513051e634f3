package proxy_test

import (
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/proxy"
)

func lookup(name, value string) func(string) (string, bool) {
	return func(other string) (string, bool) {
		if other != name {
			return "", false
		}
		return value, true
	}
}

var variables = []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"}

func TestSecrets(t *testing.T) {
	for _, test := range []struct {
		value string
		want  []string
	}{
		{"http://corp:s3cret@proxy:3128", []string{"corp:s3cret", "corp:s3cret", "s3cret", "s3cret"}},
		{"corp:s3cret@proxy:3128", []string{"corp:s3cret", "corp:s3cret", "s3cret", "s3cret"}},
		{" socks5h://corp:s3cret@proxy ", []string{"corp:s3cret", "corp:s3cret", "s3cret", "s3cret"}},
		{"http://corp:a/b#c?d@e:f@proxy:3128/", []string{"corp:a/b#c?d@e:f", "corp:a/b#c?d@e:f", "a/b#c?d@e:f", "a/b#c?d@e:f"}},
		{"http://co%72p:a%2fb%0ac@proxy", []string{"co%72p:a%2fb%0ac", "corp:a/b\nc", "a%2fb%0ac", "a/b\nc"}},
		{"http://corp:%zz%41%4@proxy", []string{"corp:%zz%41%4", "corp:%zzA%4", "%zz%41%4", "%zzA%4"}},
		{"http://corp:a://b@proxy", []string{"corp:a://b", "corp:a://b", "a://b", "a://b"}},
		{"http://corp:s%C3%BC%ff@proxy", []string{"corp:s%C3%BC%ff", "corp:sü\xff", "s%C3%BC%ff", "sü\xff"}},
		{"corp:a://b@proxy", []string{"corp:a://b", "corp:a://b", "a://b", "a://b"}},
		{"http://:s3cret@proxy", []string{":s3cret", ":s3cret", "s3cret", "s3cret"}},
		{"http://corp@proxy:3128", nil},
		{"http://corp:@proxy:3128", nil},
		{"http://proxy:3128", nil},
		{"", nil},
	} {
		for _, name := range variables {
			var got []string
			for _, login := range proxy.Logins(lookup(name, test.value)) {
				for _, s := range login.Secrets() {
					got = append(got, s.Reveal())
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%s=%s: got %q, want %q", name, test.value, got, test.want)
			}
		}
	}
}

// Each variable may have a login of its own.
func TestLoginsOfAllVariables(t *testing.T) {
	t.Parallel()
	logins := proxy.Logins(func(name string) (string, bool) { return "http://" + name + ":s3cret@proxy", true })
	var users []string
	for _, login := range logins {
		users = append(users, login.User)
	}
	if !slices.Equal(users, variables) {
		t.Errorf("got the logins of %q", users)
	}
}

var addresses = map[string]bool{
	"":                                    true,
	"proxy":                               true,
	"proxy:3128":                          true,
	"http://proxy:3128":                   true,
	"HTTP://proxy:3128/":                  true,
	"https://proxy":                       true,
	"socks5h://corp:s3cret@proxy:1080":    true,
	"socks5://proxy:1080":                 true,
	"socks4a://proxy:1080":                true,
	"SOCKS4://proxy:1080":                 true,
	"socks://proxy:1080":                  false,
	"http://[2001:db8::1]:3128":           true,
	"http://corp@proxy:3128":              true,
	"http://corp:s3cret%2F%23@proxy:3128": true,
	"corp:s3cret@proxy:3128":              true,
	"http://corp:s3/cret@proxy:3128":      false,
	"http://corp:s3#cret@proxy:3128":      false,
	"http://corp:37/cret@proxy:3128":      false,
	"http://corp:37#cret@proxy:3128":      false,
	"http://corp:37?cret@proxy:3128":      false,
	"http://corp:s3@cret@proxy:3128":      false,
	"http://corp:s3cret%0a@proxy:3128":    false,
	"http://corp:s3cret%zz@proxy:3128":    false,
	"http://corp:s3 cret@proxy:3128":      false,
	"http://corp:s3^cret@proxy:3128":      false,
	"http://corp:s3cret":                  false,
	"http://[2001:db8::1]":                true,
	"http://proxy:1":                      true,
	"http://proxy:65535":                  true,
	"http://proxy:65536":                  false,
	"http://proxy:0":                      false,
	"http://proxy:":                       false,
	"http://":                             false,
	"ftp://proxy:3128":                    false,
	"http:/proxy:3128":                    false,
	"http://proxy:3128/path":              false,
	"http://proxy:3128?x":                 false,
	" ":                                   false,
	"http://proxy:3128\n":                 false,
	"http://proxy:3128\r":                 false,
	"http://proxy:3128/ ":                 false,
	"\thttp://corp:s3cret@proxy:3128":     false,
	" proxy.example":                      false,
	"proxy\u00a0":                         false,
	"http://pro\u00a0xy":                  false,
}

func TestCheck(t *testing.T) {
	for value, want := range addresses {
		for _, name := range variables {
			err := proxy.Check(lookup(name, value))
			if (err == nil) != want {
				t.Errorf("%s=%s: %v", name, value, err)
			}
			if err == nil {
				continue
			}
			f := fault.From(err)
			text := f.Error() + strings.Join(f.Hints, "\n")
			if f.Code != fault.ProxyAddress || !strings.HasPrefix(f.What, name+" ") || strings.Contains(text, "corp") || strings.Contains(text, "cret") || strings.Contains(text, value) && value != "http://" && value != " " {
				t.Errorf("%s=%s: %s", name, value, text)
			}
		}
	}
	// Each variable counts, whatever is in the others.
	for _, name := range variables {
		err := proxy.Check(func(other string) (string, bool) {
			if other == name {
				return "http://a/b", true
			}
			return "http://proxy:3128", true
		})
		if err == nil || !strings.HasPrefix(err.Error(), name+" ") {
			t.Errorf("only %s: %v", name, err)
		}
	}
	if err := proxy.Check(lookup("NO_PROXY", "http://a/b")); err != nil {
		t.Errorf("no proxy: %v", err)
	}
}

// White space around an address is named, since nobody sees it.
func TestCheckNamesWhiteSpace(t *testing.T) {
	for value, want := range map[string]bool{"http://proxy:3128\n": true, "\tproxy": true, "proxy\u00a0": true, "http://pro xy": false, " ": false, "\n": false} {
		err := proxy.Check(lookup("https_proxy", value))
		if err == nil || strings.Contains(err.Error(), "white space") != want {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// What passes is also understood by net/http and by git, and git then doesn't show
// it. The names can't be resolved.
func TestWhatPassesIsUnderstood(t *testing.T) {
	for value, valid := range addresses {
		if !valid || value == "" {
			continue
		}
		cmd := exec.Command("git", "ls-remote", "https://git.invalid/repo")
		value = strings.ReplaceAll(strings.ReplaceAll(value, "proxy", "proxy.invalid"), "2001:db8::1", "::1")
		cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/local/bin", "HTTPS_PROXY=" + value, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0"}
		text, err := cmd.CombinedOutput()
		if err == nil || strings.Contains(string(text), "nsupported proxy") || strings.Contains(string(text), "s3cret") {
			t.Errorf("git, %s: %v\n%s", value, err, text)
		}
		if !strings.Contains(value, "://") {
			value = "http://" + value
		}
		if u, err := url.Parse(value); err != nil || http.ProxyURL(u) == nil || u.Hostname() == "" {
			t.Errorf("net/http, %s: %v", value, err)
		}
	}
}
