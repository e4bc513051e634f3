package credential

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Kind is a kind of Bitbucket credential.
type Kind string

// The kinds, by the names that the setting kind accepts.
const (
	APIToken        Kind = "api-token"         // Cloud, of an Atlassian account
	AccessToken     Kind = "access-token"      // Cloud, of a repository, project or workspace
	AppPassword     Kind = "app-password"      // Cloud, removed on 2026-07-28 (CHANGE-3222)
	OAuthConsumer   Kind = "oauth-consumer"    // Cloud, client credentials
	HTTPAccessToken Kind = "http-access-token" // Data Center
)

// Traits holds all that distinguishes a kind from the others.
type Traits struct {
	Kind  Kind
	Title string // its name in sentences, as Atlassian's documents write it

	// Prefix begins its tokens; empty if that isn't known. Atlassian doesn't document
	// the prefixes, so an explicit kind takes precedence.
	Prefix string
	// SharedStart follows the prefix in all known tokens.
	SharedStart string
	// Unprefixed is set if there are older tokens without the prefix: base64 of
	// digits, a colon and random bytes.
	Unprefixed bool
	Checksum   bool // its tokens end in one
	Granular   bool // its scopes have the newer names, such as read:repository:bitbucket
	// CredentialTypes are the values of the reply header x-credential-type.
	CredentialTypes []string

	OnCloud  bool // it belongs to Bitbucket Cloud, and must be sent nowhere else
	Client   bool // it isn't a token itself, but is exchanged for one (RFC 6749, section 4.4)
	Removed  bool // Bitbucket no longer accepts it
	Personal bool // it belongs to the account that the identity names, if there is one

	Scheme string // of the Authorization header for the REST API
	// User is the user name that Bitbucket fixes, whatever the identity; GitUser is
	// that of git over HTTPS. Where they are empty, the identity is the user name.
	User, GitUser string
	// Email is set if the identity must be an e-mail address.
	Email bool
	// IdentityHints say what to set identity to, if it must not be empty.
	IdentityHints []string

	WhereToMake string // the page on which it is made
	// ScopesHint says how to get scopes that it lacks, and RepositoryHint how to get
	// the one to read a repository, in the words of the page on which it is made.
	ScopesHint, RepositoryHint string
	// Reach is a hint about which repositories it can see.
	Reach string
	// RenewHint says how to replace it before or after it expires.
	RenewHint string
	// RefusedHints are the most common causes of a 401.
	RefusedHints []string
}

// Pages on which tokens are made.
const (
	apiTokens    = "id.atlassian.com → Security → Create API token with scopes"
	accessTokens = "Repository settings → Security → Access tokens (or the settings of the project or workspace)"
	// Until mid 2026 OAuth clients were called OAuth consumers, as they still are in
	// the documents of other tools.
	oauthClients     = "Workspace settings → Apps and features → OAuth clients (formerly OAuth consumers)"
	httpAccessTokens = "Manage account → HTTP access tokens (or the settings of the project or repository)"
)

// blockedHint is about a policy of Atlassian Guard, which Bitbucket enforces.
const blockedHint = "ask an admin of the organization whether it blocks API tokens of external users"

// Sentences that several rows share.
const (
	renew        = "make a new token, store it in the secret, and set expires-on to its expiry date"
	newScopes    = "make a new token with these scopes and those it has now, since scopes can't be added to one: "
	newAndTick   = "make a new token, since scopes can't be added to one, and tick "
	granularRead = "read:repository:bitbucket (and write:repository:bitbucket to push)"
	legacyRead   = "Repositories: Read (and Write to push)"
	accountReach = "check that the token's account has access to it, and that the token isn't limited to another workspace"
)

var table = []Traits{
	{
		Kind: APIToken, Title: "an API token",
		Prefix: "ATATT", SharedStart: "3xFfGF0", Checksum: true, Granular: true, CredentialTypes: []string{"api_token", "apikey"},
		OnCloud: true, Personal: true,
		Scheme: basicScheme, GitUser: APITokenUser, Email: true,
		IdentityHints: []string{"set identity to the e-mail address of the Atlassian account that made the token"},
		WhereToMake:   apiTokens, ScopesHint: newScopes + apiTokens, RepositoryHint: newAndTick + granularRead + ": " + apiTokens,
		Reach: accountReach,
		RefusedHints: []string{
			"check that identity is the e-mail address of the Atlassian account that made the token, not the Bitbucket username",
			"check that the token was made with scopes, for the app Bitbucket: one without scopes is refused",
			"check its expiry date, and make a new one if it has passed: " + apiTokens,
			blockedHint,
		},
		RenewHint: renew,
	},
	{
		Kind: AccessToken, Title: "an access token",
		Prefix: "ATCTT", SharedStart: "3xFfGN0", CredentialTypes: []string{"repo_access_token", "project_access_token", "workspace_access_token"},
		OnCloud: true,
		Scheme:  bearerScheme, User: AccessTokenUser, GitUser: AccessTokenUser,
		WhereToMake: accessTokens, ScopesHint: newScopes + accessTokens, RepositoryHint: newAndTick + legacyRead + ": " + accessTokens,
		Reach: "check that the access token was made for it, or for its project or workspace",
		RefusedHints: []string{
			"check that the token still exists and hasn't expired: " + accessTokens,
			"rotate one that has expired, there under … → Rotate: it keeps its scopes, and gets a new secret",
			"an access token ends with its repository, project or workspace, and when its repository is transferred to another workspace",
		},
		// support.atlassian.com, "Rotate an access token for a repository".
		RenewHint: "rotate the token (Repository settings → Security → Access tokens → … → Rotate, or in the settings of the project or workspace), " +
			"store its new secret everywhere, within 30 minutes if the old one is still valid, and set expires-on to its new expiry date",
	},
	{
		Kind: AppPassword, Title: "an app password",
		Prefix: "ATBB", OnCloud: true, Removed: true, Personal: true,
		Scheme:        basicScheme,
		IdentityHints: []string{"set identity to the Bitbucket username, which is shown under Personal settings → Account settings"},
		WhereToMake:   apiTokens, ScopesHint: newScopes + apiTokens, RepositoryHint: newAndTick + granularRead + ": " + apiTokens,
		Reach:        accountReach,
		RefusedHints: []string{"Bitbucket removed app passwords on 2026-07-28 (CHANGE-3222): make an API token with scopes: " + apiTokens},
		RenewHint:    renew,
	},
	{
		Kind: OAuthConsumer, Title: "an OAuth client",
		OnCloud: true, Client: true,
		Scheme: bearerScheme, GitUser: AccessTokenUser,
		IdentityHints: []string{
			"set identity to the client ID (key), and token to the client secret",
			"Bitbucket shows both under " + oauthClients,
		},
		WhereToMake:    oauthClients,
		ScopesHint:     "add them to the scopes of the OAuth client: " + oauthClients,
		RepositoryHint: "tick " + legacyRead + " in the scopes of the OAuth client: " + oauthClients,
		Reach:          "check that the OAuth client belongs to its workspace: " + oauthClients,
		RefusedHints:   []string{"run the step again: the token was made just now", "check that the OAuth client still exists: " + oauthClients},
		RenewHint:      renew,
	},
	{
		Kind: HTTPAccessToken, Title: "an HTTP access token",
		Prefix: "BBDC-", Unprefixed: true, Personal: true,
		Scheme:      bearerScheme,
		WhereToMake: httpAccessTokens, ScopesHint: newScopes + httpAccessTokens,
		RefusedHints: []string{
			"check that it still exists: " + httpAccessTokens,
			"don't repeat the run before that: after several failures a Data Center locks the account until its user logs in with a browser",
		},
		RenewHint: renew,
	},
}

// Kinds lists every kind.
var Kinds = func() (kinds []Kind) {
	for _, t := range table {
		kinds = append(kinds, t.Kind)
	}
	return kinds
}()

// Traits returns what distinguishes the kind, or the zero value for a kind that
// doesn't exist.
func (k Kind) Traits() Traits {
	i := slices.IndexFunc(table, func(t Traits) bool { return t.Kind == k })
	if i < 0 {
		return Traits{}
	}
	return table[i]
}

// Title is the kind's name in sentences, as Atlassian's documents write it.
func (k Kind) Title() string { return k.Traits().Title }

// OnCloud reports whether credentials of this kind belong to Bitbucket Cloud, so
// that they must be sent nowhere else.
func (k Kind) OnCloud() bool { return k.Traits().OnCloud }

// serverFor returns the server that a credential of kind k is sent to if server-url
// names s. A Cloud credential is sent to Cloud only, or to a loopback server (in
// tests), which then counts as Cloud.
func (k Kind) serverFor(s server.Server) server.Server {
	switch {
	case !k.OnCloud():
		return s
	case s.Loopback:
		return s.AsCloud()
	}
	return server.Cloud
}

// KindOfType returns the kind to which Bitbucket gives this name in the reply header
// x-credential-type.
func KindOfType(name string) (kind Kind, ok bool) {
	i := slices.IndexFunc(table, func(t Traits) bool { return slices.Contains(t.CredentialTypes, name) })
	if i < 0 {
		return "", false
	}
	return table[i].Kind, true
}

// kindByPrefix returns the kind of token with the prefix of this one, and the
// prefix.
func kindByPrefix(token string) (kind Kind, prefix string, ok bool) {
	for _, t := range table {
		if t.Prefix != "" && strings.HasPrefix(token, t.Prefix) {
			return t.Kind, t.Prefix, true
		}
	}
	return "", "", false
}

// IsDataCenterToken reports whether a token has the prefix of Data Center's.
func IsDataCenterToken(token secret.String) bool {
	kind, _, ok := kindByPrefix(token.Reveal())
	return ok && !kind.OnCloud()
}

// CloudGitUser returns the user name that git sends with a token of Bitbucket Cloud, by
// the token's prefix. Tokens that OAuth clients get have none.
func CloudGitUser(token secret.String) string {
	kind, _, _ := kindByPrefix(token.Reveal())
	return cmp.Or(kind.Traits().GitUser, AccessTokenUser)
}
