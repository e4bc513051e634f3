package bitbucket

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Subject is what a credential is checked against: the narrowest that is known.
type Subject struct {
	Workspace string // workspace id or project key; may be empty
	Slug      string // may be empty
}

// Report is what Bitbucket says of a credential.
type Report struct {
	Scopes  []string // what it may do; nil where Bitbucket doesn't say
	Remarks []fault.Remark
}

// place is the sort of thing that is asked for.
type place int

const (
	aRepository place = iota
	aWorkspace
	aUser
)

// Check asks once whether Bitbucket takes the credential: for the repository
// where one is known, else the workspace, else the user. The error is a
// [*fault.Fault]; the report holds either way.
func (c *Client) Check(ctx context.Context, cred credential.Credential, subject Subject) (Report, error) {
	what, path := c.ask(subject)
	r, err := c.get(ctx, c.options.Server.API()+path, cred)
	if err != nil {
		return Report{}, err
	}
	report := Report{Scopes: scopesIn(r.header.Get("x-oauth-scopes"))}
	if remark, ok := otherKind(cred.Kind, r.header.Get("x-credential-type")); ok {
		report.Remarks = append(report.Remarks, remark)
	}
	alive, f := c.judge(r, cred.Kind, what)
	if alive != "" {
		report.Remarks = append(report.Remarks, fault.Noticef("%s", alive))
	}
	if f != nil {
		return report, f
	}
	return report, nil
}

// ask is what is asked for, and its path.
func (c *Client) ask(s Subject) (place, string) {
	workspace, slug := url.PathEscape(s.Workspace), url.PathEscape(s.Slug)
	onCloud := !c.options.Server.DataCenter
	switch {
	case slug != "" && onCloud:
		return aRepository, "/repositories/" + workspace + "/" + slug
	case slug != "":
		return aRepository, "/projects/" + workspace + "/repos/" + slug
	case workspace != "" && onCloud:
		return aWorkspace, "/workspaces/" + workspace
	case workspace != "":
		return aWorkspace, "/projects/" + workspace
	case onCloud:
		return aUser, "/user"
	}
	// Not application-properties, which anybody may read.
	return aUser, "/users?limit=1"
}

// judge decides what a reply means: a fault, or nothing wrong, where alive may
// say what it doesn't prove.
func (c *Client) judge(r reply, kind credential.Kind, what place) (alive string, f *fault.Fault) {
	switch {
	case r.status == http.StatusOK:
		if !isObject(r.body) {
			return "", c.unexpected("isn't JSON")
		}
		return "", nil
	case r.status >= 300 && r.status < 400:
		return "", fault.New(fault.Redirected, c.host()+" redirects elsewhere, and the credential isn't sent along",
			"for a Data Center, set server-url to where the browser ends up",
			"check that nothing stands between the runner and Bitbucket, such as a login page of a proxy")
	case r.status == http.StatusTooManyRequests:
		return "", fault.New(fault.RateLimited, c.host()+" has had too many requests of this account",
			"try again later: Bitbucket Cloud counts requests by the hour, for all API tokens of a user together",
			"an access token has an allowance of its own")
	case r.status >= http.StatusInternalServerError:
		return "", fault.Newf(fault.ServerFailed, "%s failed with status %d", c.host(), r.status).
			Hint("try again later, and check status.bitbucket.org, or ask who runs the Data Center")
	case kind.OnCloud():
		return c.judgeCloud(r, kind, what)
	}
	return "", c.judgeDataCenter(r)
}

func isObject(body []byte) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(body, &object) == nil && object != nil
}

// otherKind compares the kind with what Bitbucket takes the credential for.
func otherKind(kind credential.Kind, header string) (fault.Remark, bool) {
	actual, known := map[string]credential.Kind{
		"api_token":              credential.APIToken,
		"apikey":                 credential.APIToken,
		"repo_access_token":      credential.AccessToken,
		"project_access_token":   credential.AccessToken,
		"workspace_access_token": credential.AccessToken,
	}[header]
	if !known || actual == kind {
		return fault.Remark{}, false
	}
	return fault.Noticef("Bitbucket takes the token for %s, not for %s: set the input kind to %s", actual.Title(), kind.Title(), actual), true
}
