package bitbucket

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// cloudError is the body of Cloud's errors. Its document types detail as text,
// but it is an object where scopes are missing.
type cloudError struct {
	Error struct {
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	} `json:"error"`
}

// changeIn finds the number of an entry of Atlassian's changelog, such as
// CHANGE-3222, or returns "".
func changeIn(text string) string {
	const prefix, digits = "CHANGE-", "0123456789"
	_, rest, _ := strings.Cut(text, prefix)
	number := rest[:len(rest)-len(strings.TrimLeft(rest, digits))]
	if number == "" || len(number) > 6 {
		return ""
	}
	return prefix + number
}

const changelog = "https://developer.atlassian.com/cloud/bitbucket/changelog#"

// judgeCloud recognises Cloud's refusals by their status and message, as users
// have published them; if the message isn't known, the status decides.
func (c *Client) judgeCloud(r reply, kind credential.Kind, what resource) ([]fault.Remark, *fault.Fault) {
	var body cloudError
	_ = json.Unmarshal(r.body, &body) // not all errors are JSON: then only the status counts
	message := body.Error.Message
	switch r.status {
	case http.StatusUnauthorized:
		return nil, judgeUnauthorized(message, string(r.body), kind)

	case http.StatusForbidden:
		required := missingScopes(body.Error.Detail)
		switch {
		case strings.Contains(message, "privilege scopes") || len(required) > 0:
			return withoutScope(required, kind, what)
		case strings.Contains(message, "authentication mechanism") && what == aUser:
			return []fault.Remark{fault.Noticef("Bitbucket accepts the token, which doesn't belong to a user: set repository or workspace to check what it can reach")}, nil
		case strings.Contains(message, "authentication mechanism"):
			return nil, fault.New(fault.MechanismRefused, "Bitbucket doesn't let this kind of token see the "+string(what)+" (403)",
				"set the input repository to the repository that the token was made for")
		}
		return nil, fault.New(fault.Forbidden, "Bitbucket accepts the token, but doesn't let it see the "+string(what)+" (403)",
			"check that the token was made for this workspace, and that its account is a member",
			"a workspace may also restrict access by IP address: check that the runner's is allowed")

	case http.StatusNotFound:
		return nil, fault.New(fault.NotFound, "there is no such "+string(what)+", or the token can't see it (404)",
			"check the spelling of the input "+string(what), accessHint(kind))

	case http.StatusGone:
		change := changeIn(message)
		if change == "" {
			change = changeIn(string(r.body))
		}
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
			"store an API token with scopes instead: "+whereToMake(kind))
	case kind == credential.APIToken:
		return fault.New(fault.Refused, "Bitbucket refuses the credential: the token is wrong, expired or revoked, or doesn't belong to the identity (401)", refusedHints(kind)...)
	}
	return fault.New(fault.Refused, "Bitbucket refuses the token: it is wrong, expired or revoked (401)", refusedHints(kind)...)
}

// withoutScope explains a token that is valid, but has no scope to see what was
// asked for. This is a fault only if a repository was asked for.
func withoutScope(required []string, kind credential.Kind, what resource) ([]fault.Remark, *fault.Fault) {
	switch what {
	case aRepository:
		return nil, fault.New(fault.ScopeMissing, "Bitbucket accepts the token, but it lacks the scope to see the repository (403)"+listed(required),
			scopeHint(kind))
	case aWorkspace:
		return []fault.Remark{fault.Warn(fault.New(fault.NotChecked, "the workspace wasn't checked: Bitbucket accepts the token, but it lacks the scope to see a workspace"+listed(required),
			"set the input repository, to check that the token can reach it",
			"check the spelling of the input workspace"))}, nil
	}
	return []fault.Remark{fault.Noticef("Bitbucket accepts the token, but it lacks the scope to see its user: the token is valid, and nothing more was checked")}, nil
}

// missingScopes reads the scopes that a refusal asks for, out of a detail that
// is an object. What isn't a scope's name is dropped.
func missingScopes(detail json.RawMessage) []string {
	var object struct {
		Required []string `json:"required"`
	}
	if json.Unmarshal(detail, &object) != nil {
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

// accessHint says what determines which repositories a token can see.
func accessHint(kind credential.Kind) string {
	switch kind {
	case credential.AccessToken:
		return "check that the access token was made for it, or for its project or workspace"
	case credential.OAuthConsumer:
		return "check that the OAuth client belongs to its workspace: " + oauthClients
	}
	return "check that the token's account has access to it, and that the token isn't limited to another workspace"
}

// refusedHints are the most common causes of a refusal, by the kind of
// credential.
func refusedHints(kind credential.Kind) []string {
	switch kind {
	case credential.APIToken:
		return []string{
			"check that identity is the e-mail address of the Atlassian account that made the token, not the Bitbucket username",
			"check that the token was made with scopes, for the app Bitbucket: one without scopes is refused",
			"check its expiry date, and make a new one if it has passed: " + whereToMake(kind),
		}
	case credential.AppPassword:
		return []string{"Bitbucket removed app passwords on 2026-07-28 (CHANGE-3222): make an API token with scopes: " + whereToMake(kind)}
	case credential.OAuthConsumer:
		return []string{"run the step again: the token was made just now", "check that the OAuth client still exists: " + whereToMake(kind)}
	}
	return []string{
		"check that the token still exists and hasn't expired: " + whereToMake(kind),
		"an access token ends with its repository, project or workspace, and when its repository is transferred to another workspace",
	}
}

func renewHint(kind credential.Kind) string {
	if kind == credential.OAuthConsumer {
		return "run the step again: it makes a new token each time"
	}
	return "set kind to oauth-consumer, with the id and the secret of the OAuth client: the step then makes a new token each time"
}

// oauthClients is where OAuth clients are made. Until mid 2026 they were called
// OAuth consumers, and are in the documents of other tools.
const oauthClients = "Workspace settings → Apps and features → OAuth clients (formerly OAuth consumers)"

// whereToMake is the page on which tokens of a kind are made.
func whereToMake(kind credential.Kind) string {
	switch kind {
	case credential.AccessToken:
		return "Repository settings → Security → Access tokens (or the settings of the project or workspace)"
	case credential.OAuthConsumer:
		return oauthClients
	case credential.HTTPAccessToken:
		return "Manage account → HTTP access tokens (or the settings of the project or repository)"
	default:
		return "id.atlassian.com → Security → Create API token with scopes"
	}
}

// scopeHint names the box to tick for reading a repository.
func scopeHint(kind credential.Kind) string {
	box := "read:repository:bitbucket (and write:repository:bitbucket to push)"
	switch kind {
	case credential.OAuthConsumer:
		return "tick Repositories: Read (and Write to push) in the scopes of the OAuth client: " + oauthClients
	case credential.AccessToken:
		box = "Repositories: Read (and Write to push)"
	}
	return "make a new token, since scopes can't be added to one, and tick " + box + ": " + whereToMake(kind)
}
