package bitbucket

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// dataCenterError is the body of Data Center's errors.
type dataCenterError struct {
	Errors []struct {
		Exception string `json:"exceptionName"`
	} `json:"errors"`
}

// exception is the one that a refusal of Data Center names, or empty.
func (r reply) exception() string {
	var body dataCenterError
	if json.Unmarshal(r.body, &body) != nil || len(body.Errors) == 0 {
		return ""
	}
	return body.Errors[0].Exception
}

// belongsToNoUser reports whether Data Center names the user that it made for the
// token of a project or repository (support.atlassian.com, "Identify the HTTP
// access token used for git or API operations in Bitbucket"). It does so in every
// answer to a request that it has authenticated.
func (r reply) belongsToNoUser() bool {
	user, err := url.PathUnescape(r.header.Get("X-AUSERNAME"))
	return err == nil && strings.HasPrefix(user, "access-token-user/")
}

// judgeDataCenter recognises Data Center's refusals by the exception that they
// name: it also answers 401 if a permission is missing.
func (c *Client) judgeDataCenter(r reply, kind credential.Kind) *fault.Fault {
	exception := r.exception()
	named := func(part string) bool { return strings.Contains(exception, part) }
	switch {
	case named("AuthorisationException"), r.status == http.StatusForbidden:
		return fault.New(fault.PermissionMissing, "the Data Center accepts the token, but it lacks a permission",
			"give the token, and its account, read permission on the repository or project (write permission to push)",
			"a token of a project or repository can only reach that project or repository")
	case named("NoSuchRepository"), named("NoSuchProject"), r.status == http.StatusNotFound:
		return fault.New(fault.NotFound, "there is no such repository or project, or the token can't see it (404)",
			"check the spelling of the input repository or workspace, and that server-url includes the context path",
			"check that the token's account has access")
	case r.status == http.StatusUnauthorized:
		return fault.New(fault.Refused, "the Data Center refuses the token: it is wrong, expired or revoked (401)",
			kind.Traits().RefusedHints...)
	}
	return fault.Newf(fault.UnexpectedReply, "%s gave an unexpected answer (status %d)", c.host(), r.status).
		Hint("check that server-url is the Data Center's base URL, context path included")
}
