package server_test

import (
	"net/url"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

func TestIsAt(t *testing.T) {
	const dataCenter = "https://git.example.com:8443/ctx"
	for _, test := range []struct {
		server, url string
		want        bool
	}{
		{"https://bitbucket.org", "https://BITBUCKET.org/a/b", true},
		{"https://bitbucket.org", "https://bitbucket.org:443/a/b", true},
		{"https://bitbucket.org", "https://bitbucket.org:8443/a/b", false},
		{"https://bitbucket.org", "https://bitbucket.org.example.com/a/b", false},
		{dataCenter, "https://git.example.com:8443/other", true},
		{dataCenter, "https://git.example.com/ctx", false},
		{"http://127.0.0.1:7990", "http://localhost:7990/a", true},
		{"http://127.0.0.1:7990", "http://localhost:7991/a", false},
		{"http://127.0.0.1", "http://LOCALHOST:80/a", true},
		{"http://127.0.0.1", "https://localhost/a", false},
		{"https://127.0.0.1", "https://[::1]/a", true},
		{dataCenter, "https://127.0.0.1:8443/ctx", false},
	} {
		s, err := server.Parse(secret.NewAddress(test.server))
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(test.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.IsAt(u); got != test.want {
			t.Errorf("%s at %s: %v", test.url, test.server, got)
		}
	}
}

func TestSameHost(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"https://git.example.com/a", "https://GIT.example.com:443/b", true},
		{"http://git.example.com", "http://git.example.com:80", true},
		{"http://git.example.com", "https://git.example.com", false},
		{"https://git.example.com:8443", "https://git.example.com:8443", true},
		{"https://git.example.com", "https://git.example.com:8443", false},
		{"https://git.example.com", "https://git.example.com.evil.example", false},
	} {
		a, _ := url.Parse(test.a)
		b, _ := url.Parse(test.b)
		if got := server.SameHost(a, b); got != test.want {
			t.Errorf("%s, %s: %v", test.a, test.b, got)
		}
	}
}

func TestParts(t *testing.T) {
	s, err := server.Parse(secret.NewAddress("https://[::1]:8443/ctx/"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Host() + " " + s.Hostname() + " " + s.ContextPath() + " " + s.APIHost(); got != "[::1]:8443 ::1 /ctx [::1]:8443" {
		t.Errorf("got %s", got)
	}
	if got := server.Cloud.Host() + " " + server.Cloud.APIHost(); got != "bitbucket.org api.bitbucket.org" {
		t.Errorf("got %s", got)
	}
	if !server.Cloud.IsAPI("API.bitbucket.org") || server.Cloud.IsAPI("bitbucket.org") || s.IsAPI("api.bitbucket.org") {
		t.Error("api.bitbucket.org, and nothing else, is Cloud's REST API")
	}
}

func TestSSH(t *testing.T) {
	dataCenter, err := server.Parse(secret.NewAddress("https://git.example.com"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		s          server.Server
		name, port string
		want       bool
	}{
		{server.Cloud, "bitbucket.org", "", true},
		{server.Cloud, "bitbucket.org", "2222", true},
		{server.Cloud, "ALTSSH.bitbucket.org", "443", true},
		{server.Cloud, "altssh.bitbucket.org", "", true},
		{server.Cloud, "altssh.bitbucket.org", "22", false},
		{server.Cloud, "ssh.bitbucket.org", "443", false},
		{dataCenter, "GIT.example.com", "7999", true},
		{dataCenter, "altssh.git.example.com", "443", false},
	} {
		if got := test.s.IsSSH(test.name, test.port); got != test.want {
			t.Errorf("%s:%s: %v", test.name, test.port, got)
		}
	}
}
