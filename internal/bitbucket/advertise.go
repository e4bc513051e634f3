package bitbucket

import (
	"context"
	"net/http"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Advertisement is a git server's answer to a request for the refs of a repository
// (gitprotocol-http(5)).
type Advertisement struct {
	Redirect string // the URL of the repository to which it redirects; empty: none
	IsSmart  bool   // its list of refs has an end mark, so git notices if the list was cut
}

// advertisementPath is appended to a repository's URL by git. A redirect has to keep it.
const advertisementPath = "/info/refs?service=git-upload-pack"

// Advertise asks a git server for a repository's refs, and doesn't follow a redirect. It
// sends the login, which may be empty, only if the server asks for it. If a redirect goes
// to an address of another form, Redirect is only the server.
func (c *Client) Advertise(ctx context.Context, repositoryURL string, login secret.String) (Advertisement, error) {
	answer, status, err := c.advertise(ctx, repositoryURL, secret.String{})
	if status == http.StatusUnauthorized && !login.IsEmpty() {
		answer, _, err = c.advertise(ctx, repositoryURL, login)
	}
	return answer, err
}

// advertise asks once, and also returns the status of the answer.
func (c *Client) advertise(ctx context.Context, repositoryURL string, login secret.String) (Advertisement, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, repositoryURL+advertisementPath, nil)
	if err != nil {
		return Advertisement{}, 0, err
	}
	request.Header.Set("User-Agent", "git/"+c.options.UserAgent)
	// A server that speaks version 2 of the protocol then answers with its capabilities
	// instead of all refs (gitprotocol-v2(5), HTTP Transport).
	request.Header.Set("Git-Protocol", "version=2")
	if !login.IsEmpty() {
		request.Header.Set("Authorization", login.Reveal())
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Advertisement{}, 0, err
	}
	defer response.Body.Close() // what it lists may be long
	location, err := response.Location()
	if err != nil || response.StatusCode/100 != 3 {
		isSmart := response.Header.Get("Content-Type") == "application/x-git-upload-pack-advertisement"
		return Advertisement{IsSmart: isSmart}, response.StatusCode, nil
	}
	location.User = nil
	base, keepsForm := strings.CutSuffix(location.String(), advertisementPath)
	if !keepsForm {
		base = location.Scheme + "://" + location.Host
	}
	return Advertisement{Redirect: base}, response.StatusCode, nil
}
