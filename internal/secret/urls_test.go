package secret_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

func TestShortenURLs(t *testing.T) {
	const asked = "https://bitbucket.org/acme/site.git"
	for _, test := range []struct{ text, want string }{
		{"no address: a b", "no address: a b"},
		{"", ""},
		{"unable to access 'https://me:pw@example.com/a/?x=y#z': no", "unable to access 'https://example.com/a/': no"},
		{"unable to access 'https://example.com/a/?sig=a'b'c': no", "unable to access 'https://example.com/a/': no"},
		{"`https://example.com/?a`;b", "`https://example.com/`;b"},
		{`"https://example.com/?a";b`, `"https://example.com/";b`},
		{"url=https://example.com/a?b=.c", "url=https://example.com/a"},
		{"https://example.com/a?b=!c~d e", "https://example.com/a e"},
		{"https://example.com/a?b=;c<br>", "https://example.com/a<br>"},
		{`Put "https://s3.example.com/b/o?X-Amz-Signature=s3cret&x=1": EOF`, `Put "https://s3.example.com/b/o": EOF`},
		{"LFS: Client error: https://s3.example.com/b/o?X-Amz-Signature=s3cret", "LFS: Client error: https://s3.example.com/b/o"},
		{"(see https://example.com/a?b=c).", "(see https://example.com/a)."},
		{"<https://example.com/a?b=c> and HTTPS://EXAMPLE.com/#x, ok", "<https://example.com/a> and HTTPS://EXAMPLE.com/, ok"},
		{"https://one.example/?a https://two.example/?b", "https://one.example/ https://two.example/"},
		{"https://example.com/https://example.org/?a=b", "https://example.com/https://example.org/"},
		{"https://me:pa/ss@example.com/x", "https://example.com/x"},
		{"https://me:37/25@example.com/x", "https://example.com/x"},
		{"https://me:p@ss@example.com/x", "https://example.com/x"},
		{"https://me@example.com/x", "https://example.com/x"},
		{"ssh://git@example.com/x?y", "ssh://example.com/x"},
		{"lfs+https://me:pw@example.com/x?y", "lfs+https://example.com/x"},
		{"a :// b https://example.com/?x ://", "a :// b https://example.com/ ://"},
		{"https://", "https://"},
		{"://a https://me:pw@example.com/x?y", "://a https://example.com/x"},
		{"***://me:pw@example.com/x?y", "***://example.com/x"},
		{"'https://example.com/?a';b 'https://example.com/?c',d", "'https://example.com/';b 'https://example.com/',d"},
		{"https://?me:pw@example.com", "https://"},
		{"é https://example.com/ü?ß=ö ä", "é https://example.com/ü ä"},
		{"tab\thttps://example.com/?a\tb", "tab\thttps://example.com/\tb"},
		// On the server that was asked.
		{"log in at https://bitbucket.org/sso?to=a#b.", "log in at https://bitbucket.org/sso?to=a#b."},
		{"log in at https://BITBUCKET.org:443/sso?to=https://evil.example/?x", "log in at https://BITBUCKET.org:443/sso?to=https://evil.example/?x"},
		{"http://bitbucket.org/sso?to=a", "http://bitbucket.org/sso"},
		{"https://bitbucket.org:8443/sso?to=a", "https://bitbucket.org:8443/sso"},
		{"https://bitbucket.org.evil.example/sso?to=a", "https://bitbucket.org.evil.example/sso"},
		{"https://api.bitbucket.org/sso?to=a", "https://api.bitbucket.org/sso"},
		{"https://me:pw@bitbucket.org/sso?to=a", "https://bitbucket.org/sso"},
		{"https://bitbucket.org:x@evil.example/sso?to=a", "https://evil.example/sso"},
		{`https://bitbucket.org\@evil.example/sso?to=a`, "https://evil.example/sso"},
	} {
		if got := secret.ShortenURLs(test.text, asked); got != test.want {
			t.Errorf("%s:\ngot  %q\nwant %q", test.text, got, test.want)
		}
		// Without a server that was asked, all are shortened.
		if got := secret.ShortenURLs(test.text, ""); strings.Contains(got, "to=a") {
			t.Errorf("%s, of no server: %q", test.text, got)
		}
	}
	if got := secret.ShortenURLs("https://git.example/a?b", "https://git.example:443/x"); got != "https://git.example/a?b" {
		t.Errorf("a server asked by its port: %q", got)
	}
	if got := secret.ShortenURLs("https://git.example/a?b", "HTTPS://git.example/x"); got != "https://git.example/a?b" {
		t.Errorf("a server asked in upper case: %q", got)
	}
	if got := secret.ShortenURLs("https://git.example:7990/a?b", "http://git.example:7990/x"); got != "https://git.example:7990/a" {
		t.Errorf("a server asked by http: %q", got)
	}
}

func FuzzShortenURLs(f *testing.F) {
	f.Add("unable to access 'https://me:pw@example.com/a/?x=y#z': no")
	f.Add("a://b://'c' ://?")
	f.Fuzz(func(t *testing.T, text string) {
		short := secret.ShortenURLs(text, "")
		if len(short) > len(text) {
			t.Errorf("%q became longer: %q", text, short)
		}
	})
}
