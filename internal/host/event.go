package host

import (
	"encoding/json"
	"io"
	"os"
)

// Event is the event that started the pipeline.
type Event struct {
	Name       string // GitHub's name of it, such as "pull_request"; empty if the host has none
	Dependabot bool   // started by Dependabot, which gets only its own secrets

	path string // of the event's payload
}

// gitHubEvent reads the event from GitHub's variables.
func gitHubEvent(w World) Event {
	return Event{
		Name:       w.getenv("GITHUB_EVENT_NAME"),
		Dependabot: w.getenv("GITHUB_ACTOR") == "dependabot[bot]",
		path:       w.getenv("GITHUB_EVENT_PATH"),
	}
}

// maxPayload limits the part of a payload that is read, in bytes: GitHub's own limit.
const maxPayload = 25 << 20

// Fork reports whether this is a pull request from a fork, which gets no
// secrets (docs.github.com, "Events that trigger workflows"). A missing or broken
// payload counts as no fork.
func (e Event) Fork() bool {
	if e.Name == "pull_request_target" {
		return false // runs with the base repository's secrets, wherever the head is
	}
	file, err := os.OpenFile(e.path, os.O_RDONLY|noFollow, 0) // without waiting for a pipe
	if err != nil {
		return false
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return false
	}
	type branch struct {
		Repo *struct {
			FullName string `json:"full_name"`
		} `json:"repo"`
	}
	var payload struct {
		PullRequest struct {
			Head branch `json:"head"`
			Base branch `json:"base"`
		} `json:"pull_request"`
	}
	if err := json.NewDecoder(io.LimitReader(file, maxPayload)).Decode(&payload); err != nil {
		return false
	}
	// The head's repository is null once the fork has been deleted.
	head, base := payload.PullRequest.Head.Repo, payload.PullRequest.Base.Repo
	return base != nil && (head == nil || head.FullName != base.FullName)
}
