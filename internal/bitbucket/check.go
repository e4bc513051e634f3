package bitbucket

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
)

// Report is Bitbucket's answer about a credential.
type Report struct {
	Verdict Verdict
	Scopes  []string // nil if Bitbucket doesn't report them
	NoUser  bool     // it belongs to a project or repository, and is only accepted without a user name
	Remarks []fault.Remark
}

// Verdict is the outcome of a check.
type Verdict int

// The verdicts.
const (
	Unanswered Verdict = iota // there is no answer about the credential
	Accepted                  // the credential is valid
	Refused                   // it is wrong, expired or revoked
	Denied                    // it is valid, but isn't allowed to see the resource
	NotFound                  // the resource doesn't exist, or is hidden from it
)

// verdictOf returns the verdict by the fault of a check.
func verdictOf(f *fault.Fault) Verdict {
	if f == nil {
		return Accepted
	}
	switch f.Code {
	case fault.Refused, fault.TokenExpired, fault.AccountPassword, fault.Removed:
		return Refused
	case fault.ScopeMissing, fault.MechanismRefused, fault.Forbidden, fault.PermissionMissing:
		return Denied
	case fault.NotFound:
		return NotFound
	}
	return Unanswered
}

// resource is a kind of resource of the REST API.
type resource string

const (
	aRepository resource = "repository"
	aWorkspace  resource = "workspace"
	aUser       resource = "user"
)

// Check asks once whether Bitbucket accepts the credential: by a request for the
// repository if it has a slug, else for its workspace if it has one, else for the user.
// The error is a [*fault.Fault]; the report is valid either way.
func (c *Client) Check(ctx context.Context, cred credential.Credential, of repository.Repository) (Report, error) {
	what, address := c.locate(of)
	r, err := c.get(ctx, address, cred)
	if err != nil {
		return Report{}, err
	}
	report := Report{Scopes: scopesIn(r.header.Get("x-oauth-scopes")), NoUser: !cred.Kind.OnCloud() && r.belongsToNoUser()}
	remarks, f := c.judge(r, cred.Kind, what)
	report.Remarks = slices.Concat(otherKind(cred.Kind, r), otherUser(cred, r), deprecation(r.header), remarks)
	report.Verdict = verdictOf(f)
	return report, c.quoting(f, r)
}

// deprecation returns a warning if the reply's headers Deprecation (RFC 9745) or Sunset
// (RFC 8594) say that Bitbucket is going to remove the endpoint. It shows nothing of what
// they contain.
func deprecation(header http.Header) []fault.Remark {
	since := header.Get("Deprecation") // "true" or "false" by drafts of the RFC
	if header.Get("Sunset") == "" && (since == "" || since == "false") {
		return nil
	}
	return []fault.Remark{fault.Warn(fault.New(fault.Deprecated, "Bitbucket has deprecated the endpoint that this check uses, and is going to remove it",
		"update bitbucket-auth to its newest version"))}
}

// locate returns the narrowest known resource, and its address.
func (c *Client) locate(r repository.Repository) (resource, string) {
	switch {
	case r.Slug != "":
		return aRepository, c.repositoryURL(r)
	case r.Workspace != "":
		return aWorkspace, c.workspaceURL(r)
	case c.options.Server.DataCenter:
		// Not application-properties, which anybody may read.
		return aUser, c.options.Server.API() + "/users?limit=1"
	}
	return aUser, c.options.Server.API() + "/user"
}

// workspaceURL returns the address of a repository's workspace in the REST API, or on Data
// Center of its project.
func (c *Client) workspaceURL(r repository.Repository) string {
	if c.options.Server.DataCenter {
		return c.options.Server.API() + "/projects/" + url.PathEscape(r.Workspace)
	}
	return c.options.Server.API() + "/workspaces/" + url.PathEscape(r.Workspace)
}

// repositoryURL returns the address of a repository in the REST API.
func (c *Client) repositoryURL(r repository.Repository) string {
	if c.options.Server.DataCenter {
		return c.workspaceURL(r) + "/repos/" + url.PathEscape(r.Slug)
	}
	return c.options.Server.API() + "/repositories/" + url.PathEscape(r.Workspace) + "/" + url.PathEscape(r.Slug)
}

// judge interprets a reply: as a fault, or as success with remarks about what the reply
// doesn't prove.
func (c *Client) judge(r reply, kind credential.Kind, what resource) ([]fault.Remark, *fault.Fault) {
	switch {
	case r.status == http.StatusOK:
		if !isObject(r.body) {
			return nil, c.unexpected("isn't JSON")
		}
		return nil, nil
	case r.status >= 300 && r.status < 400:
		return nil, fault.New(fault.Redirected, c.host()+" redirects to another address, to which the credential isn't sent",
			"for a Data Center, set server-url to the address that the browser ends up at",
			"check that nothing stands between the runner and Bitbucket, such as a login page of a proxy")
	case r.status == http.StatusTooManyRequests && !kind.OnCloud():
		return nil, fault.New(fault.RateLimited, c.host()+" received too many requests from this account (429)",
			"try again later, or ask the administrator to raise the Data Center's rate limit for this account")
	case r.status == http.StatusTooManyRequests:
		return nil, fault.New(fault.RateLimited, c.host()+" received too many requests from this account (429)",
			"try again later: Bitbucket Cloud counts requests per hour, for all API tokens of a user together",
			"use an access token, which has its own limit")
	case r.status >= http.StatusInternalServerError:
		return nil, fault.Newf(fault.ServerFailed, "%s failed with status %d", c.host(), r.status).
			Hint("try again later, and check status.bitbucket.org, or ask the administrator of the Data Center")
	case kind.OnCloud():
		return c.judgeCloud(r, kind, what)
	}
	return nil, c.judgeDataCenter(r, kind)
}

func isObject(body []byte) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(body, &object) == nil && object != nil
}

// otherKind compares the kind with the one that Bitbucket reports.
func otherKind(kind credential.Kind, r reply) []fault.Remark {
	actual, known := credential.KindOfType(r.header.Get("x-credential-type"))
	if !known || actual == kind {
		return nil
	}
	return []fault.Remark{fault.Noticef("Bitbucket reports that the token is %s, not %s: set the input kind to %s", actual.Title(), kind.Title(), actual)}
}
