package bitbucket

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// exception returns the exception that a refusal of Data Center names, or "".
func (r reply) exception() string {
	if errs := r.errorBody().Errors; len(errs) > 0 {
		return errs[0].Exception
	}
	return ""
}

// user returns the name of a token's user, which Data Center sends in every answer to a
// request that it has authenticated; otherwise, and on Cloud, it is empty.
func (r reply) user() string {
	name := r.header.Get("X-AUSERNAME")
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// belongsToNoUser reports whether a token belongs to a project or repository, for which
// Data Center makes up a user (support.atlassian.com, "Identify the HTTP access
// token used for git or API operations in Bitbucket").
func (r reply) belongsToNoUser() bool {
	return strings.HasPrefix(r.user(), "access-token-user/")
}

// otherUser compares the token's user with the user name that git sends. The check
// doesn't send that name, so git may be refused although the check succeeds.
func otherUser(cred credential.Credential, r reply) []fault.Remark {
	user := r.user()
	if cred.Kind.OnCloud() || cred.GitUsername == "" || user == "" || r.belongsToNoUser() || strings.EqualFold(user, cred.GitUsername) {
		return nil
	}
	return []fault.Remark{fault.Noticef("the Data Center knows the token's user by another name than identity, and may refuse git: set identity to the username, or leave it out")}
}

// judgeDataCenter recognises Data Center's refusals by the exception that they name,
// since a missing permission is also answered with 401.
func (c *Client) judgeDataCenter(r reply, kind credential.Kind) *fault.Fault {
	exception := r.exception()
	named := func(part string) bool { return strings.Contains(exception, part) }
	switch {
	case named("CaptchaRequired"), strings.Contains(r.header.Get("X-Authentication-Denied-Reason"), "CAPTCHA"):
		return credential.Locked(r.status)
	case named("AuthorisationException"), r.status == http.StatusForbidden:
		return fault.New(fault.PermissionMissing, "the Data Center accepts the token, but it lacks a permission",
			"give the token, and its account, read permission on the repository or project (write permission to push)",
			"a token of a project or repository can only reach that project or repository",
			"the Data Center, or a proxy in front of it, may also restrict access by IP address, or require two-step verification")
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
