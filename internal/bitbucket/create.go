package bitbucket

import (
	"context"
	"net/http"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
)

// NewRepository is a repository to create.
type NewRepository struct {
	repository.Repository
	Project string // on Cloud, key of its project; the workspace's oldest project where empty
	Public  bool
}

// Create creates an empty git repository. It never repeats a request: if the first one
// succeeded, the second would be refused. The error is a [*fault.Fault].
func (c *Client) Create(ctx context.Context, cred credential.Credential, r NewRepository) error {
	if !c.options.Server.DataCenter {
		return c.createOnCloud(ctx, cred, r)
	}
	return c.createOnDataCenter(ctx, cred, r)
}

func (c *Client) createOnCloud(ctx context.Context, cred credential.Credential, r NewRepository) error {
	type project struct {
		Key string `json:"key"`
	}
	wanted := struct {
		SCM     string   `json:"scm"`
		Private bool     `json:"is_private"`
		Project *project `json:"project,omitempty"`
	}{SCM: "git", Private: !r.Public}
	if r.Project != "" {
		wanted.Project = &project{r.Project}
	}
	answer, err := c.sendJSON(ctx, http.MethodPost, c.repositoryURL(r.Repository), wanted, cred)
	if err != nil {
		return err
	}
	return c.quoting(c.cloudCreated(answer, cred), answer)
}

func (c *Client) cloudCreated(answer reply, cred credential.Credential) *fault.Fault {
	body := answer.errorBody() // without a message the status decides
	message := body.Error.Message
	const byHand = "or create the repository on bitbucket.org, and leave out the input create"
	switch answer.status {
	case http.StatusBadRequest:
		if strings.Contains(message, "already exists") {
			return alreadyExists()
		}
		return fault.New(fault.CreateRefused, "Bitbucket refuses to create the repository (400)",
			"check that the input project is the key of a project in this workspace, where the account may create repositories",
			"a public repository can't be in a private project", byHand)
	case http.StatusForbidden:
		switch {
		case body.lacksScope():
			return fault.New(fault.ScopeMissing, "Bitbucket accepts the token, but it lacks the scope to create a repository (403)"+listed(body.missingScopes()),
				"make a new token with this scope, since scopes can't be added to one: "+cred.Kind.Traits().WhereToMake, byHand)
		case strings.Contains(message, "authentication mechanism"):
			return fault.New(fault.MechanismRefused, "this kind of token can't create a repository (403)",
				"use an API token with the scope admin:repository:bitbucket", byHand)
		}
		return fault.New(fault.Forbidden, "Bitbucket accepts the token, but doesn't let it create a repository in this workspace (403)",
			"check that the account may create repositories: Workspace settings → User groups", byHand)
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "there is no such workspace, or the token can't see it (404)",
			"check the spelling of the workspace in the input repository")
	}
	return c.created(answer, cred.Kind)
}

func (c *Client) createOnDataCenter(ctx context.Context, cred credential.Credential, r NewRepository) error {
	answer, err := c.sendJSON(ctx, http.MethodPost, c.workspaceURL(r.Repository)+"/repos", map[string]string{"name": r.Slug, "scmId": "git"}, cred)
	if err != nil {
		return err
	}
	if f := c.dataCenterCreated(answer, cred.Kind); f != nil || !r.Public {
		return c.quoting(f, answer)
	}
	// A new repository is private, whatever the request that creates it says.
	answer, err = c.sendJSON(ctx, http.MethodPut, c.repositoryURL(r.Repository), map[string]bool{"public": true}, cred)
	if err != nil || answer.status == http.StatusOK {
		return err
	}
	f := fault.Newf(fault.CreateRefused, "the Data Center created the repository, but didn't make it public (%d)", answer.status).
		Hint("allow public access in the browser: Repository settings → Repository permissions",
			"run the step again, which finds the repository now")
	return c.quoting(f, answer)
}

func (c *Client) dataCenterCreated(answer reply, kind credential.Kind) *fault.Fault {
	switch exception := answer.exception(); {
	case answer.status == http.StatusConflict:
		return alreadyExists()
	case answer.status == http.StatusBadRequest:
		return fault.New(fault.CreateRefused, "the Data Center refuses to create the repository (400)",
			"check the name in the input repository: letters, digits, spaces, hyphens, underscores and dots")
	case strings.Contains(exception, "AuthorisationException"), answer.status == http.StatusForbidden:
		return fault.New(fault.PermissionMissing, "the Data Center accepts the token, but it isn't allowed to create a repository in this project",
			"give the token's account permission to create repositories: Project settings → Project permissions",
			"or create the repository in the browser, and leave out the input create")
	case answer.status == http.StatusNotFound:
		return fault.New(fault.NotFound, "there is no such project, or the token can't see it (404)",
			"check the project's key in the input repository, and that server-url includes the context path")
	}
	return c.created(answer, kind)
}

func alreadyExists() *fault.Fault {
	return fault.New(fault.CreateRefused, "a repository with this name exists already, and the token can't see it",
		"give the token's account access to the repository, or use an access token made for it",
		"check the spelling of the input repository")
}

// created judges those replies to a creation request that have no special meaning.
func (c *Client) created(answer reply, kind credential.Kind) *fault.Fault {
	if answer.status == http.StatusCreated {
		answer.status = http.StatusOK
	}
	_, f := c.judge(answer, kind, aRepository)
	return f
}
