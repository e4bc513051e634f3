package bitbuckettest

import (
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// Kind is a kind of credential, as Bitbucket distinguishes them. The program's
// own kinds are coarser: an access token doesn't show what it belongs to.
type Kind string

// The kinds.
const (
	APIToken              Kind = "api-token"
	RepositoryAccessToken Kind = "repository-access-token"
	WorkspaceAccessToken  Kind = "workspace-access-token"
	OAuthConsumer         Kind = "oauth-consumer"
	OAuthToken            Kind = "oauth-token"  // what an OAuth client gets
	AppPassword           Kind = "app-password" // removed on 2026-07-28 (CHANGE-3222)

	// Data Center's HTTP access tokens.
	PersonalHTTPToken   Kind = "personal-http-token"
	ProjectHTTPToken    Kind = "project-http-token"
	RepositoryHTTPToken Kind = "repository-http-token"
)

// credentialTypes are the values of the header x-credential-type. That of OAuth
// was published once.
var credentialTypes = map[Kind]string{
	APIToken:              "api_token",
	RepositoryAccessToken: "repo_access_token",
	WorkspaceAccessToken:  "workspace_access_token",
	OAuthToken:            "oauth",
}

// isAccessToken reports whether the kind is an access token of Cloud.
func (k Kind) isAccessToken() bool {
	return k == RepositoryAccessToken || k == WorkspaceAccessToken
}

// NewSecret generates a secret that looks like Bitbucket's, checksum included. It
// is random, so that no source file or log contains text that secret scanners
// would report.
func (k Kind) NewSecret() string {
	switch {
	case k == APIToken:
		return credentialtest.APIToken()
	case k.isAccessToken():
		return credentialtest.AccessToken()
	case k == AppPassword:
		return credentialtest.AppPassword()
	case k == OAuthConsumer:
		return credentialtest.Letters(76)
	case k == OAuthToken:
		return credentialtest.OAuthToken()
	default: // Data Center
		return credentialtest.HTTPAccessToken()
	}
}
