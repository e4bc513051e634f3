package action_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

var proxyVariables = []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"}

// unparsable are values that net/http ignores, and that curl would show.
var unparsable = []string{
	"http://corp:pass/w0rd@proxy.invalid:3128", "corp:pass#w0rd@proxy.invalid:3128",
	"http://corp:pass%0aw0rd@proxy.invalid:3128", "http://corp:pass@w0rd@proxy.invalid", "socks9://corp:passw0rd@proxy.invalid",
}

// A proxy variable that can't be parsed is a fault before any request, which doesn't
// show it.
func TestUnparsableProxies(t *testing.T) {
	t.Parallel()
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket"}})
	consumer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer})
	own := func(e env) env {
		translated := env{}
		for name, value := range e {
			translated[strings.ReplaceAll(strings.Replace(name, "INPUT_", "BITBUCKET_AUTH_", 1), "-", "_")] = value
		}
		return translated
	}
	for _, variable := range proxyVariables {
		for _, value := range unparsable {
			broken := env{variable: value}
			for name, run := range map[string]func() outcome{
				"a check": func() outcome {
					return onGitHub(t, settings(fake, token).with(broken).with(env{"INPUT_VERIFY": "strict"}))
				},
				"a lenient check": func() outcome {
					return onGitHub(t, settings(fake, token).with(broken).with(env{"INPUT_VERIFY": "warn"}))
				},
				"an OAuth client": func() outcome { return inShell(t, own(settings(fake, consumer)).with(broken)) },
				"a mirror": func() outcome {
					return mirrors(t, own(settings(fake, token)).with(broken).with(env{"BITBUCKET_AUTH_SOURCE": "http://127.0.0.1:1/octo/site"}))
				},
			} {
				o := run()
				// What is masked isn't shown.
				log := hosttest.GitHub.Show(o.stdout).Text() + o.stderr
				if o.exit != 2 || !strings.Contains(log, variable+" isn't the address of a proxy") || !strings.Contains(log+o.outputs["error-code"], "BBA148") {
					t.Errorf("%s, %s=%s: exit code %d\n%s", name, variable, value, o.exit, log)
				}
				if strings.Contains(log, "w0rd") || strings.Contains(log, "corp") {
					t.Errorf("%s, %s=%s: it is shown:\n%s", name, variable, value, log)
				}
			}
		}
		if o := onGitHub(t, settings(fake, token).with(env{variable: unparsable[0]})); o.exit != 0 {
			t.Errorf("%s, in a run without requests: exit code %d", variable, o.exit)
		}
	}
	if requests := fake.Requests(); len(requests) > 0 {
		t.Errorf("%d requests", len(requests))
	}
}

// The password of a proxy is masked, and the user name isn't.
func TestProxyLoginsAreMasked(t *testing.T) {
	for value, want := range map[string][]string{
		"http://corp-user:passw0rd@proxy:3128":    {"passw0rd", "corp-user:passw0rd", base64.RawStdEncoding.EncodeToString([]byte("corp-user:passw0rd"))},
		"corp-user:pass%2Fw0rd@proxy:3128":        {"pass%2Fw0rd", "pass/w0rd", "corp-user:pass%2Fw0rd", "corp-user:pass/w0rd"},
		"http://corp-user:pass/w0rd#x@proxy:3128": {"pass/w0rd#x", "corp-user:pass/w0rd#x"},
		"http://corp-user:short@proxy:3128":       {"corp-user:short"},
		"http://corp-user@proxy:3128":             nil,
	} {
		for _, variable := range proxyVariables {
			e := env{"INPUT_TOKEN": credentialtest.AccessToken(), variable: value}
			for name, o := range map[string]outcome{
				"credential": onGitHub(t, e),
				"mirror": func() outcome {
					site := hosttest.Hosts[0].Start(t)
					o, _ := runs(t, site, e.with(env{"INPUT_REPOSITORY": "a"}), []string{"mirror"})
					return o
				}(),
			} {
				masks := map[string]bool{}
				for _, mask := range hosttest.Act.Show(o.stdout).Masks {
					masks[mask] = true
				}
				for _, form := range want {
					if !masks[form] {
						t.Errorf("%s, %s=%s: %s isn't masked", name, variable, value, form)
					}
				}
				if masks["corp-user"] || masks["short"] {
					t.Errorf("%s, %s=%s: more is masked", name, variable, value)
				}
				checkMasksComeFirst(t, o.stdout)
			}
		}
	}
}

// A server, or a proxy, may send back the login that it was sent.
func TestProxyLoginsAreScrubbed(t *testing.T) {
	t.Parallel()
	for password, escaped := range map[string]string{"p/w": "p%2Fw", "passw0rd": "passw0rd", "x": "x"} {
		login := "corp:" + password
		echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			packet := func(text string) { fmt.Fprintf(w, "%04x%s", len(text)+4, text) }
			packet("# service=git-upload-pack\n")
			fmt.Fprint(w, "0000")
			packet("ERR [" + login + "] [" + password + "] [corp:" + escaped + "] [" + escaped + "] [corp]")
		}))
		defer echo.Close()
		o := mirrors(t, env{
			"BITBUCKET_AUTH_TOKEN": credentialtest.AccessToken(), "BITBUCKET_AUTH_REPOSITORY": "acme/site",
			"BITBUCKET_AUTH_SOURCE": "http://127.0.0.1:1/octo/site",
			"http_proxy":            strings.Replace(echo.URL, "http://", "http://corp:"+escaped+"@", 1),
			"HTTPS_PROXY":           "http://corp:w@127.0.0.1:1", // a part of the other password
			"all_proxy":             "http://corp:v@127.0.0.1:1", // none of them replaces another
		})
		if !strings.Contains(o.stderr, "[***] [***] [***] [***] [corp]") {
			t.Errorf("%s: %s", password, o.stderr)
		}
	}
}

// A fault of the credential command that quotes the login of a proxy doesn't show it,
// on a host without masks either: here, the password is also an address.
func TestFaultsHideProxyLogins(t *testing.T) {
	t.Parallel()
	for verify, exit := range map[string]int{"strict": 5, "warn": 0} {
		o := inShell(t, env{
			"BITBUCKET_AUTH_TOKEN": credentialtest.HTTPAccessToken(), "BITBUCKET_AUTH_SERVER_URL": "https://127.0.0.1:1",
			"BITBUCKET_AUTH_KIND": "http-access-token", "BITBUCKET_AUTH_REPOSITORY": "PROJ/repo", "BITBUCKET_AUTH_VERIFY": verify,
			"HTTPS_PROXY": "http://corp:127.0.0.1%3A1@proxy.invalid:3128",
		})
		if o.exit != exit || !strings.Contains(o.stderr, "*** can't be reached (BBA234)") || strings.Contains(o.stderr, "127.0.0.1:1") {
			t.Errorf("%s: exit code %d\n%s", verify, o.exit, o.stderr)
		}
	}
}
