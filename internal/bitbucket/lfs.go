package bitbucket

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// LFSObject is an object in a repository's LFS storage.
type LFSObject struct {
	OID  string `json:"oid"`
	Size int64  `json:"size"`
}

// maxBatch is the largest number of objects in a request: that of GitHub's server and
// of git-lfs itself.
const maxBatch = 100

// MissingLFS returns the IDs of objects that a repository lacks, by the answers to
// requests to upload them (git-lfs's api/batch.md). Without a usable answer, all objects
// count as missing: git-lfs then reports why they can't be uploaded.
func (c *Client) MissingLFS(ctx context.Context, cred credential.Credential, repositoryURL string, objects []LFSObject) ([]string, error) {
	address := strings.TrimSuffix(repositoryURL, ".git") + ".git/info/lfs/objects/batch"
	var missing []string
	for batch := range slices.Chunk(objects, maxBatch) {
		answer, err := c.sendLFS(ctx, address, batch, cred)
		if err != nil {
			return nil, err
		}
		var reply struct {
			Objects []struct {
				OID     string                     `json:"oid"`
				Actions map[string]json.RawMessage `json:"actions"`
				Error   json.RawMessage            `json:"error"`
			} `json:"objects"`
		}
		stored := map[string]bool{}
		if answer.status == http.StatusOK && json.Unmarshal(answer.body, &reply) == nil {
			for _, object := range reply.Objects {
				stored[object.OID] = len(object.Actions) == 0 && object.Error == nil
			}
		}
		for _, object := range batch {
			if !stored[object.OID] {
				missing = append(missing, object.OID)
			}
		}
	}
	return missing, nil
}

// sendLFS asks whether objects can be uploaded. The request changes nothing, so it may
// be repeated.
func (c *Client) sendLFS(ctx context.Context, address string, objects []LFSObject, cred credential.Credential) (reply, error) {
	const mediaType = "application/vnd.git-lfs+json"
	body, err := json.Marshal(map[string]any{"operation": "upload", "transfers": []string{"basic"}, "objects": objects})
	if err != nil {
		return reply{}, fault.Internal()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return reply{}, fault.Internal()
	}
	c.setHeaders(request.Header, cred.GitAuthorization(), mediaType)
	request.Header.Set("Content-Type", mediaType)
	response, err := c.repeat(request)
	return c.read(ctx, response, err)
}
