package action

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/avo"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
)

// avoConnection fills in Avo Assure's form, without the token. It returns nil if the step
// doesn't ask for the form.
func (r *run) avoConnection(settings *input.Settings, cred credential.Credential, repo repository.Repository) (*avo.Connection, error) {
	if settings.AvoConnectionName == "" {
		return nil, nil
	}
	t := cred.Kind.Traits()
	c := &avo.Connection{
		Name:          settings.AvoConnectionName,
		Personal:      t.Personal && settings.Identity != "",
		RepositoryURL: repo.URL,
		Username:      settings.AvoUsername,
	}
	if c.Username == "" && !t.Client && !strings.Contains(settings.Identity, "@") {
		c.Username = settings.Identity
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	r.warn(avo.CheckUsername(settings.AvoUsername))
	if t.User != "" && c.Username != t.User {
		r.note(fault.Noticef("the Avo Assure connection contains a personal username, as Avo Assure's documentation says; Bitbucket itself uses %s with an access token", t.User))
	}
	return c, nil
}
