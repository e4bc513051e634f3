package bitbucket

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// LFSServer is the server with a repository's LFS objects: Bitbucket's, or that of the
// mirror's source. git-lfs transfers the objects, but its messages name neither the
// status of an answer nor the object, so the server is asked first.
type LFSServer struct {
	URL           string        // of its API, such as https://bitbucket.org/acme/site.git/info/lfs
	Authorization secret.String // empty: none
	IsSource      bool
}

// name returns what the server is called in messages.
func (on LFSServer) name() string {
	if on.IsSource {
		return "the source's LFS server"
	}
	return "Bitbucket's LFS server"
}

// LFSObject is an object in a repository's LFS storage.
type LFSObject struct {
	OID  string `json:"oid"`
	Size int64  `json:"size"`
}

// LFSFault is the refusal of a single object.
type LFSFault struct {
	OID string
	*fault.Fault
}

// Unwrap returns the fault that is reported.
func (f *LFSFault) Unwrap() error { return f.Fault }

// maxBatch is the largest number of objects in a request: that of GitHub's server and of
// git-lfs itself.
const maxBatch = 100

// LacksLFS returns the objects that a repository lacks, by the answers to a request to
// upload them (git-lfs's api/batch.md). Without an answer, an object counts as missing. The error is a [*fault.Fault], or an [*LFSFault].
func (c *Client) LacksLFS(ctx context.Context, on LFSServer, objects []LFSObject) (map[string]bool, error) {
	lacks := map[string]bool{}
	for len(objects) > 0 {
		batch := objects[:min(maxBatch, len(objects))]
		objects = objects[len(batch):]
		answers, err := c.askLFS(ctx, on, "upload", batch)
		if err != nil {
			return nil, err
		}
		for _, object := range batch {
			answer, answered := answers[object.OID]
			if answer.Error != nil {
				return nil, &LFSFault{object.OID, c.lfsFault(on, answer.Error.Code, answer.Error.Message)}
			}
			if !answered || len(answer.Actions) > 0 {
				lacks[object.OID] = true
			}
		}
	}
	return lacks, nil
}

// LostLFS returns those of the objects that a repository should have and doesn't: its
// LFS server, or with probe also its storage, answers 404 or 410 for them. The error is
// a [*fault.Fault], or an [*LFSFault].
func (c *Client) LostLFS(ctx context.Context, on LFSServer, objects []LFSObject, probe bool) (map[string]bool, error) {
	lost := map[string]bool{}
	for len(objects) > 0 {
		batch := objects[:min(maxBatch, len(objects))]
		objects = objects[len(batch):]
		answers, err := c.askLFS(ctx, on, "download", batch)
		if err != nil {
			return nil, err
		}
		for _, object := range batch {
			answer := answers[object.OID]
			download, offered := answer.Actions["download"]
			switch {
			case answer.Error != nil && isGone(answer.Error.Code):
				lost[object.OID] = true
			case answer.Error != nil:
				return nil, &LFSFault{object.OID, c.lfsFault(on, answer.Error.Code, answer.Error.Message)}
			case probe && offered:
				lost[object.OID] = isGone(c.probe(ctx, download))
			}
		}
	}
	return lost, nil
}

func isGone(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

// lfsAnswer is an LFS server's answer about an object.
type lfsAnswer struct {
	OID     string               `json:"oid"`
	Actions map[string]lfsAction `json:"actions"`
	Error   *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// lfsAction is a request by which an object can be transferred.
type lfsAction struct {
	Href   string            `json:"href"`
	Header map[string]string `json:"header"`
}

// askLFS asks about objects, and returns the answers by their IDs. An answer that isn't
// of this protocol, or a redirect, says nothing: git-lfs then finds out. The question
// can be asked again, since nothing is changed by it.
func (c *Client) askLFS(ctx context.Context, on LFSServer, operation string, objects []LFSObject) (map[string]lfsAnswer, error) {
	const mediaType = "application/vnd.git-lfs+json"
	body, err := json.Marshal(map[string]any{"operation": operation, "transfers": []string{"basic"}, "objects": objects})
	if err != nil {
		return nil, fault.Internal()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, on.URL+"/objects/batch", bytes.NewReader(body))
	if err != nil {
		return nil, fault.Internal()
	}
	c.setHeaders(request.Header, on.Authorization, mediaType)
	request.Header.Set("Content-Type", mediaType)
	answer, err := c.ask(request, on.name())
	if err != nil {
		return nil, on.unreachable(ctx, err)
	}
	var reply struct {
		Objects []lfsAnswer `json:"objects"`
	}
	if answer.status >= http.StatusBadRequest {
		return nil, c.lfsFault(on, answer.status, answer.sentence())
	}
	answers := map[string]lfsAnswer{}
	if answer.status == http.StatusOK && json.Unmarshal(answer.body, &reply) == nil {
		for _, object := range reply.Objects {
			answers[object.OID] = object
		}
	}
	return answers, nil
}

// unreachable is a failure to get an answer, with the code of the side that it is on.
func (on LFSServer) unreachable(ctx context.Context, err error) error {
	f := fault.From(err)
	if on.IsSource && ctx.Err() == nil {
		f.Code = fault.SourceUnreachable
	}
	return f
}

// probe returns the status of the answer to a request for an object, or 0. It reads
// none of the object.
func (c *Client) probe(ctx context.Context, download lfsAction) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, download.Href, nil)
	if err != nil {
		return 0
	}
	request.Header.Set("User-Agent", c.options.UserAgent)
	for name, value := range download.Header {
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// lfsFault explains why an LFS server refuses a request, or an object.
func (c *Client) lfsFault(on LFSServer, status int, sentence string) *fault.Fault {
	who := "Bitbucket"
	if on.IsSource {
		who = "the source's server"
	}
	return c.quote(lfsRefusal(on, status, sentence), who, sentence)
}

func lfsRefusal(on LFSServer, status int, sentence string) *fault.Fault {
	const without = "to mirror without LFS objects, set lfs: false: files in LFS then can't be checked out from Bitbucket"
	number := " (" + strconv.Itoa(status) + ")"
	side := on.name()
	switch {
	case status != http.StatusUnauthorized && status != http.StatusTooManyRequests && isAboutLimit(status, sentence):
		return fault.New(fault.LFSFailed, side+" refuses objects, since a limit is reached"+number,
			"check how much LFS storage and bandwidth is used and allowed: on Bitbucket Cloud under Workspace settings → Plan details", without)
	case on.IsSource && status == http.StatusUnauthorized:
		return fault.New(fault.SourceRefused, side+" refuses source-token (401)",
			"set source-token to a token with read access to the source's LFS objects, and check that it hasn't expired", without)
	case on.IsSource && status == http.StatusForbidden:
		return fault.New(fault.SourceRefused, side+" doesn't let source-token read LFS objects (403)",
			"set source-token to a token with read access to the source's LFS objects", without)
	case status == http.StatusUnauthorized:
		return fault.New(fault.Refused, side+" refuses the login (401)",
			"check that the token hasn't expired, and that it was made for this repository or its account has access")
	case status == http.StatusForbidden:
		return credential.WriteRefused()
	case on.IsSource && (status == http.StatusTooManyRequests || status >= http.StatusInternalServerError):
		return fault.New(fault.SourceUnreachable, side+" failed"+number, "run the step again later, and check the status page of the source's server")
	case status == http.StatusTooManyRequests:
		return fault.New(fault.RateLimited, side+" received too many requests from this account (429)", "run the step again later")
	case status >= http.StatusInternalServerError:
		return fault.New(fault.ServerFailed, side+" failed"+number,
			"run the step again later, and check status.bitbucket.org, or ask the administrator of the Data Center")
	}
	return fault.New(fault.LFSFailed, side+" refuses the request"+number, "check that LFS is enabled for the repository", without)
}

// isAboutLimit recognises that a storage is full, or a transfer isn't paid for.
func isAboutLimit(status int, sentence string) bool {
	switch status {
	case http.StatusPaymentRequired, http.StatusRequestEntityTooLarge, http.StatusInsufficientStorage, statusBandwidth:
		return true
	}
	words := strings.FieldsFunc(strings.ToLower(sentence), func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains([]string{"quota", "quotas", "limit", "limits"}, word)
	})
}

// statusBandwidth is LFS's own status for a bandwidth limit that is exceeded
// (git-lfs's api/batch.md).
const statusBandwidth = 509
