package bitbucket_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

// To learn that a server marks the end of its list of refs, the list itself isn't
// needed: a source can have a hundred thousand pull requests.
func TestAdvertiseListsNoRefs(t *testing.T) {
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	fake.AddBranch(t, "team/repo", "trunk")
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository"}})
	behind, err := url.Parse(fake.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	var listed []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		proxy.ServeHTTP(answer, r)
		listed = append(listed, answer.Body.String())
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(s.Close)

	login := credential.Credential{Token: secret.New(token.Secret), GitUsername: "x-token-auth"}.GitAuthorization()
	c := bitbucket.New(bitbucket.Options{Server: servertest.At(s.URL).AsCloud()})
	answer, err := c.Advertise(t.Context(), s.URL+"/team/repo.git", login)
	if err != nil || !answer.IsSmart {
		t.Errorf("got %+v, %v", answer, err)
	}
	if len(listed) != 2 || strings.Contains(listed[1], "trunk") {
		t.Errorf("the server listed %q", listed)
	}
}

// A redirect is a status of 3xx with a location, which leads to the repository if it keeps
// the form of the request. Anything else is the server's own answer.
func TestAdvertiseRedirects(t *testing.T) {
	t.Parallel()
	const smart, form = "application/x-git-upload-pack-advertisement", "/info/refs?service=git-upload-pack"
	for _, test := range []struct {
		status         int
		mediaType      string
		location, want string
		isSmart        bool
	}{
		{200, smart, "", "", true},
		{200, "text/plain", "", "", false},
		{201, smart, "https://git.example.com/a/b" + form, "", true},
		{401, "", "https://git.example.com/a/b" + form, "", false},
		{301, "", "", "", false},
		{301, "", "https://git.example.com/a/b" + form, "https://git.example.com/a/b", false},
		{308, "", "https://user:s3cret@git.example.com/a/b" + form, "https://git.example.com/a/b", false},
		{302, "", "https://git.example.com/login?to=x", "https://git.example.com", false},
		{302, "", "https://git.example.com:8443/login", "https://git.example.com:8443", false},
		{302, "", "/login", "HERE", false},
		{307, "", "/c/d" + form, "HERE/c/d", false},
		{399, "", "https://git.example.com/a/b" + form, "https://git.example.com/a/b", false},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", test.mediaType)
			if test.location != "" {
				w.Header().Set("Location", test.location)
			}
			w.WriteHeader(test.status)
		}))
		c := bitbucket.New(bitbucket.Options{Server: servertest.At(s.URL).AsCloud()})
		answer, err := c.Advertise(t.Context(), s.URL+"/a/b", secret.String{})
		s.Close()
		want := bitbucket.Advertisement{IsSmart: test.isSmart, Redirect: strings.Replace(test.want, "HERE", s.URL, 1)}
		if err != nil || answer != want {
			t.Errorf("%d %s: got %+v, %v", test.status, test.location, answer, err)
		}
	}
}

// A server is asked as git asks, and gets the login only if it asks for one.
func TestAdvertiseLogsIn(t *testing.T) {
	t.Parallel()
	const asked, login = "git/test version=2 []", "Basic eDp5"
	for _, address := range []string{"http://%zz", "http://127.0.0.1:1/a/b"} {
		if _, err := bitbucket.New(bitbucket.Options{}).Advertise(t.Context(), address, secret.New(login)); err == nil {
			t.Errorf("%s has answered", address)
		}
	}
	for _, test := range []struct {
		status int
		login  string
		want   []string
	}{
		{401, login, []string{asked, `git/test version=2 ["` + login + `"]`}},
		{401, "", []string{asked}},
		{403, login, []string{asked}},
		{404, login, []string{asked}},
		{200, login, []string{asked}},
	} {
		var got []string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = append(got, fmt.Sprintf("%s %s %q", r.UserAgent(), r.Header.Get("Git-Protocol"), r.Header["Authorization"]))
			w.WriteHeader(test.status)
		}))
		c := bitbucket.New(bitbucket.Options{Server: servertest.At(s.URL).AsCloud(), UserAgent: "test"})
		_, err := c.Advertise(t.Context(), s.URL+"/a/b", secret.New(test.login))
		s.Close()
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%d: the server was asked %q, %v, want %q", test.status, got, err, test.want)
		}
	}
}
