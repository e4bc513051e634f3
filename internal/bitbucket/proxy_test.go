package bitbucket_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

// connectProxy answers CONNECT with a status, and opens the tunnel where that
// is 200 (RFC 9110, section 9.3.6). It counts the requests.
func connectProxy(t *testing.T, status int) (address *url.URL, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Method != http.MethodConnect {
			t.Errorf("the proxy was asked for %s %s", r.Method, r.URL)
		}
		if status != http.StatusOK {
			http.Error(w, "::error::refused by the proxy", status)
			return
		}
		far, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		w.WriteHeader(http.StatusOK)
		near, received, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() { _, _ = io.Copy(far, received); _ = far.Close() }()
		go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("proxy-user", "proxy-password")
	return address, asked
}

func TestProxy(t *testing.T) {
	for _, test := range []struct {
		status int
		code   fault.Code
		said   string
		tries  int32
	}{
		{200, fault.Code{}, "", 1},
		{204, fault.ProxyRefused, "the proxy answered 204 instead of connecting to 127.0.0.1", 1},
		{302, fault.ProxyRefused, "the proxy answered 302 instead of connecting to 127.0.0.1", 1},
		{407, fault.ProxyRefused, "it requires a login, or refuses the one it was sent (BBA239)", 1},
		{403, fault.ProxyRefused, "the proxy answered 403 instead of connecting to HOST (BBA239)", 1},
		{500, fault.ProxyRefused, "the proxy answered 500 instead of", 4},
		{502, fault.ProxyRefused, "the proxy answered 502 instead of", 4},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}, TLS: true})
			token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository"}})
			proxy, asked := connectProxy(t, test.status)
			c := bitbucket.New(bitbucket.Options{
				Server: servertest.At(fake.URL).AsCloud(), CA: []byte(fake.CA()), Proxy: http.ProxyURL(proxy),
			})
			report, err := c.Check(context.Background(), newCredential(t, credential.AccessToken, token), repo)
			if code(err) != test.code || !strings.Contains(fmt.Sprint(err), strings.Replace(test.said, "HOST", strings.TrimPrefix(fake.URL, "https://"), 1)) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(fault.From(err).Hints[0], "user name and password") != (test.status == 407) {
				t.Errorf("hints %q", fault.From(err).Hints)
			}
			checkQuiet(t, err, report, token.Secret)
			if err != nil && strings.Contains(fmt.Sprint(fault.From(err).Hints), "proxy-password") {
				t.Errorf("the proxy's login is shown: %q", fault.From(err).Hints)
			}
			if asked.Load() != test.tries {
				t.Errorf("the proxy was asked %d times", asked.Load())
			}
		})
	}
}

func TestProxyUnreachable(t *testing.T) {
	for _, address := range []string{"http://me:s3cret-s3cret@127.0.0.1:1", "http://me:s3cret-s3cret@no-such-proxy.invalid:3128"} {
		proxy, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		c := bitbucket.New(bitbucket.Options{Server: servertest.At("https://127.0.0.1"), Proxy: http.ProxyURL(proxy)})
		_, err = c.Mint(context.Background(), "key", secret.New("s3cret-s3cret"), now)
		if code(err) != fault.Unreachable || !strings.Contains(fmt.Sprint(err), "the proxy on the way to 127.0.0.1 can't be reached") {
			t.Errorf("%s: got %v", address, err)
		}
		if strings.Contains(fmt.Sprint(err, fault.From(err).Hints), "s3cret") {
			t.Errorf("%s: the proxy's login is shown: %v", address, err)
		}
	}
}
