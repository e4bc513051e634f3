package action

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/avo"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// avoConnection fills in Avo Assure's form except for the token. It returns nil if
// the step doesn't ask for the form.
func (r *run) avoConnection(settings input.Settings, cred credential.Credential, t target) (*avo.Connection, error) {
	if settings.AvoConnectionName == "" {
		return nil, nil
	}
	c := &avo.Connection{
		Name:          settings.AvoConnectionName,
		Personal:      isPersonal(cred.Kind, settings.Identity),
		RepositoryURL: t.repository.URL,
		Username:      settings.AvoUsername,
	}
	if c.Username == "" && cred.Kind != credential.OAuthConsumer && !strings.Contains(settings.Identity, "@") {
		c.Username = settings.Identity
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	if f := avo.CheckUsername(settings.AvoUsername); f != nil {
		r.note(fault.Warn(f))
	}
	if cred.Kind == credential.AccessToken && c.Username != credential.AccessTokenUser {
		r.note(fault.Noticef("Avo Assure's documentation combines an access token with a personal username, as here; Bitbucket itself uses %s", credential.AccessTokenUser))
	}
	return c, nil
}

// isPersonal reports whether a token belongs to a person, and not to a
// repository, project, workspace or OAuth client. On Data Center, those that
// belong to a person have the person's name as identity.
func isPersonal(kind credential.Kind, identity string) bool {
	switch kind {
	case credential.APIToken, credential.AppPassword:
		return true
	case credential.HTTPAccessToken:
		return identity != ""
	}
	return false
}
