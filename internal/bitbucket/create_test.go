package bitbucket_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

func TestCreate(t *testing.T) {
	api := bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"admin:repository:bitbucket"}}
	personal := bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"PROJECT_ADMIN"}}
	for _, test := range []struct {
		name   string
		kind   credential.Kind
		token  bitbuckettest.Token
		wanted bitbucket.NewRepository
		result bitbuckettest.Repository // none: nothing is created
		code   fault.Code
		said   string
	}{
		{
			name: "private", kind: credential.APIToken, token: api,
			wanted: bitbucket.NewRepository{Workspace: "team", Slug: "new"},
			result: bitbuckettest.Repository{Name: "team/new", Private: true},
		},
		{
			name: "public, in a project", kind: credential.AccessToken,
			token:  bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken, Scopes: []string{"repository:admin"}},
			wanted: bitbucket.NewRepository{Workspace: "team", Slug: "new", Project: "WEB", Public: true},
			result: bitbuckettest.Repository{Name: "team/new", Project: "WEB"},
		},
		{
			name: "scope missing", kind: credential.APIToken,
			token:  bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"write:repository:bitbucket"}},
			wanted: bitbucket.NewRepository{Workspace: "team", Slug: "new"},
			code:   fault.ScopeMissing, said: "the scope to create a repository (403): admin:repository:bitbucket",
		},
		{
			name: "no such workspace", kind: credential.APIToken, token: api,
			wanted: bitbucket.NewRepository{Workspace: "other", Slug: "new"},
			code:   fault.NotFound, said: "no such workspace",
		},
		{
			name: "name in use", kind: credential.APIToken, token: api,
			wanted: bitbucket.NewRepository{Workspace: "team", Slug: "repo"},
			code:   fault.CreateRefused, said: "exists already",
		},
		{
			name: "wrong token", kind: credential.AccessToken, token: api,
			wanted: bitbucket.NewRepository{Workspace: "team", Slug: "new"},
			code:   fault.Refused, said: "401",
		},
		{
			name: "Data Center", kind: credential.HTTPAccessToken, token: personal,
			wanted: bitbucket.NewRepository{Workspace: "team", Slug: "new"},
			result: bitbuckettest.Repository{Name: "team/new", Private: true},
		},
		{
			name: "Data Center, public", kind: credential.HTTPAccessToken, token: personal,
			wanted: bitbucket.NewRepository{Workspace: "team", Slug: "new", Public: true},
			result: bitbuckettest.Repository{Name: "team/new"},
		},
		{
			name: "Data Center, permission missing", kind: credential.HTTPAccessToken,
			token:  bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_ADMIN"}},
			wanted: bitbucket.NewRepository{Workspace: "team", Slug: "new"},
			code:   fault.PermissionMissing, said: "isn't allowed to create",
		},
		{
			name: "Data Center, no such project", kind: credential.HTTPAccessToken, token: personal,
			wanted: bitbucket.NewRepository{Workspace: "other", Slug: "new"},
			code:   fault.NotFound, said: "no such project",
		},
		{
			name: "Data Center, name in use", kind: credential.HTTPAccessToken, token: personal,
			wanted: bitbucket.NewRepository{Workspace: "team", Slug: "repo"},
			code:   fault.CreateRefused, said: "exists already",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := newFake(t)
			cred := newCredential(t, test.kind, fake.Add(test.token))
			err := client(t, fake, test.kind, nil).Create(context.Background(), cred, test.wanted)
			if code(err) != test.code || test.said != "" && !strings.Contains(fmt.Sprint(err), test.said) {
				t.Errorf("got %v", err)
			}
			if got, _ := fake.Repository("team/new"); got != test.result {
				t.Errorf("created %+v", got)
			}
		})
	}
}

func TestCreatedButNotPublic(t *testing.T) {
	for _, test := range []struct {
		reply bitbuckettest.Reply
		code  fault.Code
	}{
		{bitbuckettest.Reply{Status: 403}, fault.CreateRefused},
		{bitbuckettest.Reply{Hangup: true}, fault.Unreachable},
	} {
		fake := newFake(t)
		cred := newCredential(t, credential.HTTPAccessToken, fake.Add(bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"PROJECT_ADMIN"}}))
		fake.Answer("PUT /ctx/rest/api/latest/projects/team/repos/new", test.reply)
		err := client(t, fake, credential.HTTPAccessToken, nil).Create(context.Background(), cred, bitbucket.NewRepository{Workspace: "team", Slug: "new", Public: true})
		if created, ok := fake.Repository("team/new"); code(err) != test.code || !ok || !created.Private {
			t.Errorf("got %v, %+v", err, created)
		}
	}
}

// Replies that the fake doesn't give by itself. None is asked for twice.
func TestCreateRefused(t *testing.T) {
	refused := func(status int, message string) bitbuckettest.Reply {
		return bitbuckettest.Reply{Status: status, Body: `{"type":"error","error":{"message":"` + message + `"}}`}
	}
	const (
		cloud      = "POST /2.0/repositories/team/new"
		dataCenter = "POST /ctx/rest/api/latest/projects/team/repos"
	)
	for _, test := range []struct {
		kind  credential.Kind
		path  string
		reply bitbuckettest.Reply
		code  fault.Code
	}{
		{credential.AccessToken, cloud, refused(400, "You can't create repositories under this project"), fault.CreateRefused},
		{credential.AccessToken, cloud, refused(403, "This API is not accessible by this authentication mechanism"), fault.MechanismRefused},
		{credential.AccessToken, cloud, refused(403, "Forbidden"), fault.Forbidden},
		{credential.AccessToken, cloud, bitbuckettest.Page(200), fault.UnexpectedReply},
		{credential.AccessToken, cloud, bitbuckettest.Page(503), fault.ServerFailed},
		{credential.AccessToken, cloud, bitbuckettest.Reply{Hangup: true}, fault.Unreachable},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 400}, fault.CreateRefused},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 401}, fault.Refused},
	} {
		fake := newFake(t)
		token := fake.Add(bitbuckettest.Token{Kind: map[credential.Kind]bitbuckettest.Kind{
			credential.AccessToken:     bitbuckettest.WorkspaceAccessToken,
			credential.HTTPAccessToken: bitbuckettest.PersonalHTTPToken,
		}[test.kind]})
		fake.AnswerAlways(test.path, test.reply)
		wanted := bitbucket.NewRepository{Workspace: "team", Slug: "new", Public: true}
		err := client(t, fake, test.kind, nil).Create(context.Background(), newCredential(t, test.kind, token), wanted)
		if code(err) != test.code || len(fake.Requests()) != 1 {
			t.Errorf("%s %+v: got %v after %d requests", test.path, test.reply, err, len(fake.Requests()))
		}
		checkQuiet(t, err, bitbucket.Report{}, token.Secret)
	}
}
