package bitbucket

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// cloudError is the body of Cloud's errors. Its document types detail as text,
// but it is an object where scopes are missing.
type cloudError struct {
	Error struct {
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
		Data    struct {
			Announcement string `json:"announcement_url"`
		} `json:"data"`
	} `json:"error"`
}

// changePattern finds the number of an entry of Atlassian's changelog.
var changePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\bCHANGE-[0-9]{1,6}\b`)
})

const changelog = "https://developer.atlassian.com/cloud/bitbucket/changelog#"

// judgeCloud recognises Cloud's refusals by status and message, as captured in
// the wild; messages that aren't known fall back to what the status says.
func (c *Client) judgeCloud(r reply, kind credential.Kind, what place) (alive string, f *fault.Fault) {
	var body cloudError
	_ = json.Unmarshal(r.body, &body) // not all errors are JSON: then the status says it all
	message := body.Error.Message
	switch r.status {
	case http.StatusUnauthorized:
		switch {
		case strings.Contains(message, "Access token expired"):
			return "", fault.New(fault.TokenExpired, "the OAuth access token has expired", renewHint(kind))
		case strings.Contains(string(r.body), "account passwords"):
			return "", fault.New(fault.AccountPassword, "the token is the account's password, which Bitbucket takes no more",
				"make an API token with scopes, and store that: "+whereToMake(kind))
		}
		what := "Bitbucket refuses the token: it is wrong, expired or revoked (401)"
		if kind == credential.APIToken {
			what = "Bitbucket refuses the credential: the token is wrong, expired or revoked, or doesn't go with the identity (401)"
		}
		return "", fault.New(fault.Refused, what, refusedHints(kind)...)

	case http.StatusForbidden:
		required := missingScopes(body.Error.Detail)
		switch {
		case strings.Contains(message, "privilege scopes") || len(required) > 0:
			if what != aRepository {
				return "Bitbucket takes the token, which lacks the scope to see " + thing(what) + ": that proves that it lives, and no more", nil
			}
			return "", fault.New(fault.ScopeMissing, "Bitbucket takes the token, but it lacks a scope to see the repository (403)"+listed(required),
				scopeHint(kind), "scopes can't be added to a token: make a new one, and store it in the secret")
		case strings.Contains(message, "authentication mechanism"):
			if what == aUser {
				return "Bitbucket takes the token; it belongs to no user, so give repository or workspace to check what it reaches", nil
			}
			return "", fault.New(fault.MechanismRefused, "Bitbucket doesn't let this kind of token see "+thing(what)+" (403)",
				"set the input repository to the repository that the token was made for")
		}
		return "", fault.New(fault.Forbidden, "Bitbucket takes the token, but forbids it to see "+thing(what)+" (403)",
			"check that the token was made for this workspace, and the account is a member of it",
			"a workspace may also restrict access by IP address: check that the runner's is allowed")

	case http.StatusNotFound:
		return "", fault.New(fault.NotFound, "there is no such "+noun(what)+", or the token can't see it (404)",
			"check the spelling of the input "+noun(what),
			"check that the token's account has access, or that the access token was made for it")

	case http.StatusGone:
		change := changePattern().FindString(message)
		if change == "" {
			change = changePattern().FindString(string(r.body))
		}
		if change == "" {
			return "", fault.New(fault.Removed, "Bitbucket has removed what was asked for (410)", "update bitbucket-auth to its newest version")
		}
		return "", fault.New(fault.Removed, "Bitbucket has removed what was asked for: "+change+" (410)",
			"read "+changelog+change, "update bitbucket-auth to its newest version, and replace an app password by an API token")
	}
	return "", fault.Newf(fault.UnexpectedReply, "%s answered with status %d, which a check doesn't expect", c.host(), r.status).
		Hint("try again later; if it stays, report it with the version and the kind of token")
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

func thing(what place) string {
	return [...]string{"the repository", "the workspace", "the user"}[what]
}

func noun(what place) string {
	return [...]string{"repository", "workspace", "user"}[what]
}

// refusedHints are what to look at when a credential is refused, by what goes
// wrong most often with its kind.
func refusedHints(kind credential.Kind) []string {
	switch kind {
	case credential.APIToken:
		return []string{
			"check that identity is the e-mail address of the Atlassian account that made the token, not the Bitbucket username",
			"check that the token was made with scopes, for the app Bitbucket: one without scopes is refused",
			"check its expiry, and make a new one where it has passed: " + whereToMake(kind),
		}
	case credential.AppPassword:
		return []string{"Bitbucket removed app passwords on 2026-07-28 (CHANGE-3222): make an API token with scopes: " + whereToMake(kind)}
	case credential.OAuthConsumer:
		return []string{"run the step again: the token was made just now", "check that the consumer still exists: " + whereToMake(kind)}
	}
	return []string{
		"check that the token still exists, and hasn't expired: " + whereToMake(kind),
		"an access token ends with its repository, project or workspace, and with the transfer of its repository",
	}
}

func renewHint(kind credential.Kind) string {
	if kind == credential.OAuthConsumer {
		return "run the step again: it makes a new token each time"
	}
	return "use kind: oauth-consumer with the consumer's key and secret, which makes a new token each time"
}

// whereToMake is the page that makes tokens of a kind.
func whereToMake(kind credential.Kind) string {
	switch kind {
	case credential.AccessToken:
		return "Repository settings → Security → Access tokens (or the project's, or the workspace's)"
	case credential.OAuthConsumer:
		return "Workspace settings → OAuth consumers"
	case credential.HTTPAccessToken:
		return "Manage account → HTTP access tokens (or the repository's, or the project's settings)"
	default:
		return "id.atlassian.com → Security → Create API token with scopes"
	}
}

// scopeHint names the box to tick for reading a repository.
func scopeHint(kind credential.Kind) string {
	switch kind {
	case credential.AccessToken, credential.OAuthConsumer:
		return "tick Repositories: Read (and Write to push) when you make it: " + whereToMake(kind)
	}
	return "tick read:repository:bitbucket (and write:repository:bitbucket to push) when you make it: " + whereToMake(kind)
}
