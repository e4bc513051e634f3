package action

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/avo"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// avoConnection fills in Avo Assure's form but for the token, where it is asked
// for; nil where not.
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
	if cred.Kind == credential.AccessToken && c.Username != credential.AccessTokenUser {
		r.note(fault.Noticef("Avo Assure's document pairs an access token with a personal username, as given; Bitbucket itself uses %s for it", credential.AccessTokenUser))
	}
	return c, nil
}

// isPersonal tells the tokens that belong to a person from those of a
// repository, project, workspace or consumer. On Data Center the person's name
// tells.
func isPersonal(kind credential.Kind, identity string) bool {
	switch kind {
	case credential.APIToken, credential.AppPassword:
		return true
	case credential.HTTPAccessToken:
		return identity != ""
	}
	return false
}
