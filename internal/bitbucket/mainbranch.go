package bitbucket

import (
	"context"
	"net/http"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repository"
)

// SetMainBranch makes a ref the main branch of a repository. The error is a
// [*fault.Fault].
func (c *Client) SetMainBranch(ctx context.Context, cred credential.Credential, of repository.Repository, ref string) error {
	address := c.repositoryURL(of)
	var answer reply
	var err error
	if c.options.Server.DataCenter {
		answer, err = c.setDefaultBranch(ctx, cred, address, ref)
	} else {
		answer, err = c.sendJSON(ctx, http.MethodPut, address, map[string]any{"mainbranch": map[string]string{"name": mirror.ShortName(ref)}}, cred)
	}
	if err != nil {
		return err
	}
	return c.quoting(c.mainBranchSet(answer, cred.Kind), answer)
}

// setDefaultBranch speaks to Data Center: newer versions have an endpoint of the
// repository for it, and older ones one of its branches.
func (c *Client) setDefaultBranch(ctx context.Context, cred credential.Credential, address, ref string) (reply, error) {
	body := map[string]string{"id": ref}
	answer, err := c.sendJSON(ctx, http.MethodPut, address+"/default-branch", body, cred)
	isOld := answer.status == http.StatusNotFound || answer.status == http.StatusMethodNotAllowed
	if err != nil || !isOld || strings.Contains(answer.exception(), ".NoSuchRepository") {
		return answer, err
	}
	return c.sendJSON(ctx, http.MethodPut, address+"/branches/default", body, cred)
}

// mainBranchSet judges the reply to a request that sets the main branch.
func (c *Client) mainBranchSet(answer reply, kind credential.Kind) *fault.Fault {
	const byHand = "or choose the main branch in the browser: Repository settings → Repository details → Main branch"
	body := answer.errorBody() // without a message the status decides
	forbidden := answer.status == http.StatusForbidden || strings.Contains(answer.exception(), "AuthorisationException")
	switch {
	case answer.status == http.StatusNoContent:
		return nil
	case forbidden && c.options.Server.DataCenter:
		return fault.New(fault.PermissionMissing, "the Data Center accepts the token, but it isn't allowed to administer the repository",
			"give the token, and its account, admin permission on the repository", byHand)
	case body.lacksScope():
		return fault.New(fault.ScopeMissing, "Bitbucket accepts the token, but it lacks the scope to administer the repository (403)"+listed(body.missingScopes()),
			"make a new token with the scope admin:repository:bitbucket (an API token) or Repositories: Admin (an access token): "+kind.Traits().WhereToMake, byHand)
	case forbidden:
		return fault.New(fault.Forbidden, "Bitbucket accepts the token, but doesn't let it administer the repository (403)",
			"give the token's account admin permission: Repository settings → Repository permissions", byHand)
	}
	_, f := c.judge(answer, kind, aRepository)
	return f
}
