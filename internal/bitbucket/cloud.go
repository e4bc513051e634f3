package bitbucket

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// changeIn finds the number of an entry of Atlassian's changelog, such as
// CHANGE-3222, or returns "".
func changeIn(text string) string {
	const prefix = "CHANGE-"
	_, rest, _ := strings.Cut(text, prefix)
	number := rest[:len(rest)-len(strings.TrimLeft(rest, charset.Digits))]
	if number == "" || len(number) > 6 {
		return ""
	}
	return prefix + number
}

const changelog = "https://developer.atlassian.com/cloud/bitbucket/changelog#"

// judgeCloud recognises Cloud's refusals by their status and message, as users have
// published them. If the message is unknown, only the status counts.
func (c *Client) judgeCloud(r reply, kind credential.Kind, what resource) ([]fault.Remark, *fault.Fault) {
	body := r.errorBody()
	message := body.Error.Message
	switch r.status {
	case http.StatusUnauthorized:
		return nil, judgeUnauthorized(message, string(r.body), kind)

	case http.StatusForbidden:
		switch {
		case body.lacksScope():
			return withoutScope(body.missingScopes(), kind, what)
		case strings.Contains(message, "authentication mechanism") && what == aUser:
			return []fault.Remark{fault.Noticef("Bitbucket accepts the token, which doesn't belong to a user: set repository or workspace to check what it can reach")}, nil
		case strings.Contains(message, "authentication mechanism"):
			return nil, fault.New(fault.MechanismRefused, "Bitbucket doesn't let this kind of token see the "+string(what)+" (403)",
				"set the input repository to the repository that the token was made for")
		}
		return nil, fault.New(fault.Forbidden, "Bitbucket accepts the token, but doesn't let it see the "+string(what)+" (403)",
			"check that the token was made for this workspace, and that its account is a member",
			"a workspace may also restrict access by IP address, or require two-step verification: check that the runner's address is allowed, and the account's settings",
			"ask an admin of the organization whether it blocks tokens of external users")

	case http.StatusNotFound:
		return nil, fault.New(fault.NotFound, "there is no such "+string(what)+", or the token can't see it (404)",
			"check the spelling of the input "+string(what), kind.Traits().Reach)

	case http.StatusGone:
		change := cmp.Or(changeIn(message), changeIn(string(r.body)))
		if change == "" {
			return nil, fault.New(fault.Removed, "Bitbucket has removed this endpoint (410)", "update bitbucket-auth to its newest version")
		}
		return nil, fault.New(fault.Removed, "Bitbucket has removed this endpoint: "+change+" (410)",
			"read "+changelog+change, "update bitbucket-auth to its newest version, and replace an app password with an API token")
	}
	return nil, fault.Newf(fault.UnexpectedReply, "%s gave an unexpected answer (status %d)", c.host(), r.status).
		Hint("try again later; if it persists, report it with the version and the kind of token")
}

func judgeUnauthorized(message, body string, kind credential.Kind) *fault.Fault {
	switch {
	case strings.Contains(message, "Access token expired"):
		return fault.New(fault.TokenExpired, "the OAuth access token has expired", renewHint(kind))
	case strings.Contains(body, "account passwords"):
		return fault.New(fault.AccountPassword, "the token is the account's password, which Bitbucket no longer accepts",
			"store an API token with scopes instead: "+kind.Traits().WhereToMake)
	case kind.Traits().Email:
		return fault.New(fault.Refused, "Bitbucket refuses the credential: the token is wrong, expired or revoked, or doesn't belong to the identity (401)", kind.Traits().RefusedHints...)
	}
	return fault.New(fault.Refused, "Bitbucket refuses the token: it is wrong, expired or revoked (401)", kind.Traits().RefusedHints...)
}

// withoutScope explains a token that is valid, but lacks the scope to see the resource.
// Only for a repository is that a fault.
func withoutScope(required []string, kind credential.Kind, what resource) ([]fault.Remark, *fault.Fault) {
	switch what {
	case aRepository:
		return nil, fault.New(fault.ScopeMissing, "Bitbucket accepts the token, but it lacks the scope to see the repository (403)"+listed(required),
			kind.Traits().RepositoryHint)
	case aWorkspace:
		return []fault.Remark{fault.Warn(fault.New(fault.NotChecked, "the workspace wasn't checked: Bitbucket accepts the token, but it lacks the scope to see a workspace"+listed(required),
			"set the input repository, to check that the token can reach it",
			"check the spelling of the input workspace"))}, nil
	}
	return []fault.Remark{fault.Noticef("Bitbucket accepts the token, but it lacks the scope to see its user: the token is valid, and nothing more was checked")}, nil
}

// lacksScope recognises a refusal of Cloud for want of a scope.
func (body errorBody) lacksScope() bool {
	return strings.Contains(body.Error.Message, "privilege scopes") || len(body.missingScopes()) > 0
}

// missingScopes reads the scopes that a refusal asks for. It drops everything that isn't a
// scope's name.
func (body errorBody) missingScopes() []string {
	var object struct {
		Required []string `json:"required"`
	}
	if json.Unmarshal(body.Error.Detail, &object) != nil {
		return nil
	}
	return scopesIn(strings.Join(object.Required, " "))
}

func listed(scopes []string) string {
	if len(scopes) == 0 {
		return ""
	}
	return ": " + strings.Join(scopes, ", ")
}

func renewHint(kind credential.Kind) string {
	if kind.Traits().Client {
		return "run the step again: it makes a new token each time"
	}
	return "set kind to oauth-consumer, with the id and the secret of the OAuth client: the step then makes a new token each time"
}
