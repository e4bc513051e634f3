package bitbucket_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
)

// The main branch is set on Cloud and on both versions of Data Center, by a token that
// may, and by no other.
func TestSetMainBranch(t *testing.T) {
	const api, dataCenter = credential.APIToken, credential.HTTPAccessToken
	admin := bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"admin:repository:bitbucket"}}
	writer := bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"write:repository:bitbucket"}}
	ofRepository := bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository:admin"}}
	personal := bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_ADMIN"}}
	limited := bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_WRITE"}}
	for _, test := range []struct {
		name     string
		kind     credential.Kind
		token    bitbuckettest.Token
		newer    bool
		slug     string
		code     fault.Code // none: it is set
		said     string
		requests int
	}{
		{"an API token", api, admin, false, "repo", fault.Code{}, "", 1},
		{"an access token", credential.AccessToken, ofRepository, false, "repo", fault.Code{}, "", 1},
		{"scope missing", api, writer, false, "repo", fault.ScopeMissing, "administer the repository (403): admin:repository:bitbucket", 1},
		{"no such repository", api, admin, false, "other", fault.NotFound, "no such repository", 1},
		{"Data Center, new", dataCenter, personal, true, "repo", fault.Code{}, "", 1},
		{"Data Center, old", dataCenter, personal, false, "repo", fault.Code{}, "", 2},
		{"Data Center, permission missing", dataCenter, limited, true, "repo", fault.PermissionMissing, "isn't allowed to administer", 1},
		{"Data Center, no such repository", dataCenter, personal, true, "other", fault.NotFound, "no such repository", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}, ContextPath: "/ctx", NewDefaultBranch: test.newer})
			fake.AddBranch(t, "team/repo", "trunk")
			token := fake.Add(test.token)
			err := client(t, fake, test.kind, nil).SetMainBranch(t.Context(), newCredential(t, test.kind, token),
				repository.Repository{Workspace: "team", Slug: test.slug}, "refs/heads/trunk")
			if code(err) != test.code || test.said != "" && !strings.Contains(fmt.Sprint(err), test.said) {
				t.Errorf("got %v", err)
			}
			if got := len(fake.Requests()); got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
			want := map[bool]string{true: "refs/heads/trunk", false: "refs/heads/main"}[err == nil]
			if got := fake.MainBranch("team/repo"); got != want {
				t.Errorf("the main branch is %s, want %s", got, want)
			}
			checkQuiet(t, err, bitbucket.Report{}, token.Secret)
		})
	}
}

// An old Data Center may also answer that its endpoint doesn't accept the method.
func TestSetMainBranchMethodNotAllowed(t *testing.T) {
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}, ContextPath: "/ctx"})
	fake.AddBranch(t, "team/repo", "trunk")
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_ADMIN"}})
	fake.AnswerAlways("PUT /ctx/rest/api/latest/projects/team/repos/repo/default-branch", bitbuckettest.Reply{Status: 405})
	err := client(t, fake, credential.HTTPAccessToken, nil).SetMainBranch(t.Context(), newCredential(t, credential.HTTPAccessToken, token),
		repository.Repository{Workspace: "team", Slug: "repo"}, "refs/heads/trunk")
	if got := fake.MainBranch("team/repo"); err != nil || got != "refs/heads/trunk" {
		t.Errorf("the main branch is %s, %v", got, err)
	}
}

// Replies that the fake doesn't give by itself. No request is repeated.
func TestSetMainBranchRefused(t *testing.T) {
	const (
		cloud      = "PUT /2.0/repositories/team/repo"
		dataCenter = "PUT /ctx/rest/api/latest/projects/team/repos/repo/default-branch"
	)
	for _, test := range []struct {
		kind  credential.Kind
		path  string
		reply bitbuckettest.Reply
		code  fault.Code
		hint  string // part of the first one
	}{
		{credential.AccessToken, cloud, bitbuckettest.Reply{Status: 403, Body: `{"type":"error","error":{"message":"Forbidden"}}`}, fault.Forbidden, "admin permission"},
		{credential.AccessToken, cloud, bitbuckettest.Reply{Status: 400}, fault.UnexpectedReply, ""},
		{credential.AccessToken, cloud, bitbuckettest.Reply{Status: 401}, fault.Refused, ""},
		{credential.AccessToken, cloud, bitbuckettest.Page(200), fault.UnexpectedReply, "nothing stands between"},
		{credential.AccessToken, cloud, bitbuckettest.Page(503), fault.ServerFailed, ""},
		{credential.AccessToken, cloud, bitbuckettest.Reply{Hangup: true}, fault.Unreachable, ""},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 403}, fault.PermissionMissing, "admin permission"},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 401}, fault.Refused, ""},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Page(200), fault.UnexpectedReply, "nothing stands between"},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Hangup: true}, fault.Unreachable, ""},
	} {
		fake := newFake(t)
		token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken})
		fake.AnswerAlways(test.path, test.reply)
		err := client(t, fake, test.kind, nil).SetMainBranch(t.Context(), newCredential(t, test.kind, token), repo, "refs/heads/trunk")
		if code(err) != test.code || !strings.Contains(fault.From(err).Hints[0], test.hint) || len(fake.Requests()) != 1 {
			t.Errorf("%s %+v: got %v after %d requests", test.path, test.reply, err, len(fake.Requests()))
		}
	}
}
