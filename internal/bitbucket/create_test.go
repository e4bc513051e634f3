package bitbucket_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

func TestCreate(t *testing.T) {
	const api, dataCenter = credential.APIToken, credential.HTTPAccessToken
	admin := bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"admin:repository:bitbucket"}}
	writer := bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"write:repository:bitbucket"}}
	ofWorkspace := bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken, Scopes: []string{"repository:admin"}}
	personal := bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"PROJECT_ADMIN"}}
	limited := bitbuckettest.Token{Kind: bitbuckettest.PersonalHTTPToken, Scopes: []string{"REPO_ADMIN"}}
	created := bitbucket.NewRepository{Repository: repository.Repository{Workspace: "team", Slug: "new"}}
	public := bitbucket.NewRepository{Repository: repository.Repository{Workspace: "team", Slug: "new"}, Public: true}
	inProject := bitbucket.NewRepository{Repository: repository.Repository{Workspace: "team", Slug: "new"}, Project: "WEB", Public: true}
	elsewhere := bitbucket.NewRepository{Repository: repository.Repository{Workspace: "other", Slug: "new"}}
	inUse := bitbucket.NewRepository{Repository: repository.Repository{Workspace: "team", Slug: "repo"}}
	for _, test := range []struct {
		name   string
		kind   credential.Kind
		token  bitbuckettest.Token
		wanted bitbucket.NewRepository
		code   fault.Code // none: it is created
		said   string
	}{
		{"private", api, admin, created, fault.Code{}, ""},
		{"public, in a project", credential.AccessToken, ofWorkspace, inProject, fault.Code{}, ""},
		{"scope missing", api, writer, created, fault.ScopeMissing, "the scope to create a repository (403): admin:repository:bitbucket"},
		{"no such workspace", api, admin, elsewhere, fault.NotFound, "no such workspace"},
		{"name in use", api, admin, inUse, fault.CreateRefused, "exists already"},
		{"wrong token", credential.AccessToken, admin, created, fault.Refused, "the token: it is wrong, expired or revoked (401)"},
		{"Data Center", dataCenter, personal, created, fault.Code{}, ""},
		{"Data Center, public", dataCenter, personal, public, fault.Code{}, ""},
		{"Data Center, permission missing", dataCenter, limited, created, fault.PermissionMissing, "isn't allowed to create"},
		{"Data Center, no such project", dataCenter, personal, elsewhere, fault.NotFound, "no such project"},
		{"Data Center, name in use", dataCenter, personal, inUse, fault.CreateRefused, "exists already"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := newFake(t)
			cred := newCredential(t, test.kind, fake.Add(test.token))
			err := client(t, fake, test.kind, nil).Create(context.Background(), cred, test.wanted)
			if code(err) != test.code || test.said != "" && !strings.Contains(fmt.Sprint(err), test.said) {
				t.Errorf("got %v", err)
			}
			var want bitbuckettest.Repository
			if err == nil {
				want = bitbuckettest.Repository{Name: "team/new", Private: !test.wanted.Public, Project: test.wanted.Project}
			}
			if got, _ := fake.Repository("team/new"); got != want {
				t.Errorf("created %+v", got)
			}
		})
	}
}

// What isn't set is left out of the request, so that Bitbucket decides.
func TestCreateSends(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind   credential.Kind
		wanted bitbucket.NewRepository
		want   string
	}{
		{credential.AccessToken, bitbucket.NewRepository{}, `POST {"scm":"git","is_private":true}`},
		{credential.AccessToken, bitbucket.NewRepository{Public: true, Project: "WEB"}, `POST {"scm":"git","is_private":false,"project":{"key":"WEB"}}`},
		{credential.HTTPAccessToken, bitbucket.NewRepository{}, `POST {"name":"new","scmId":"git"}`},
		{credential.HTTPAccessToken, bitbucket.NewRepository{Public: true}, `POST {"name":"new","scmId":"git"} PUT {"public":true}`},
	} {
		var got []string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = append(got, r.Method, string(body))
			if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Atlassian-Token") != "no-check" {
				t.Errorf("%s has the header %v", r.Method, r.Header)
			}
			w.WriteHeader(map[string]int{"POST": http.StatusCreated, "PUT": http.StatusOK}[r.Method])
			_, _ = w.Write([]byte("{}"))
		}))
		on := servertest.At(s.URL)
		if test.kind.OnCloud() {
			on = on.AsCloud()
		}
		test.wanted.Repository = repository.Repository{Workspace: "team", Slug: "new"}
		err := bitbucket.New(bitbucket.Options{Server: on}).Create(t.Context(), credential.Credential{Kind: test.kind}, test.wanted)
		s.Close()
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("got %s, %v, want %s", got, err, test.want)
		}
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
		err := client(t, fake, credential.HTTPAccessToken, nil).Create(context.Background(), cred, bitbucket.NewRepository{Repository: repository.Repository{Workspace: "team", Slug: "new"}, Public: true})
		if created, ok := fake.Repository("team/new"); code(err) != test.code || !ok || !created.Private {
			t.Errorf("got %v, %+v", err, created)
		}
	}
}

// Replies that the fake doesn't give by itself. No request is repeated.
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
		hint  string // part of the first one
	}{
		{credential.AccessToken, cloud, refused(400, "You can't create repositories under this project"), fault.CreateRefused, "the input project"},
		{credential.AccessToken, cloud, refused(403, "This API is not accessible by this authentication mechanism"), fault.MechanismRefused, "use an API token"},
		{credential.AccessToken, cloud, refused(403, "Forbidden"), fault.Forbidden, "may create repositories"},
		{credential.AccessToken, cloud, refused(404, "No workspace"), fault.NotFound, "spelling of the workspace"},
		{credential.AccessToken, cloud, refused(409, "already exists"), fault.UnexpectedReply, ""},
		{credential.AccessToken, cloud, bitbuckettest.Page(200), fault.UnexpectedReply, ""},
		{credential.AccessToken, cloud, bitbuckettest.Page(201), fault.UnexpectedReply, ""},
		{credential.AccessToken, cloud, bitbuckettest.Page(503), fault.ServerFailed, ""},
		{credential.AccessToken, cloud, bitbuckettest.Reply{Hangup: true}, fault.Unreachable, ""},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 400}, fault.CreateRefused, "check the name"},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 401}, fault.Refused, ""},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 401, Body: `{"errors":[{"exceptionName":"com.atlassian.bitbucket.AuthorisationException"}]}`}, fault.PermissionMissing, "permission to create repositories"},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 403}, fault.PermissionMissing, "permission to create repositories"},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 404}, fault.NotFound, "the project's key"},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Status: 409}, fault.CreateRefused, "give the token's account access"},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Page(201), fault.UnexpectedReply, ""},
		{credential.HTTPAccessToken, dataCenter, bitbuckettest.Reply{Hangup: true}, fault.Unreachable, ""},
	} {
		fake := newFake(t)
		token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken})
		fake.AnswerAlways(test.path, test.reply)
		wanted := bitbucket.NewRepository{Repository: repository.Repository{Workspace: "team", Slug: "new"}, Public: true}
		err := client(t, fake, test.kind, nil).Create(context.Background(), newCredential(t, test.kind, token), wanted)
		if code(err) != test.code || !strings.Contains(fault.From(err).Hints[0], test.hint) || len(fake.Requests()) != 1 {
			t.Errorf("%s %+v: got %v after %d requests", test.path, test.reply, err, len(fake.Requests()))
		}
		checkQuiet(t, err, bitbucket.Report{}, token.Secret)
	}
}
