//go:build linux

package runners

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// buildkiteJobID is the id of the one job.
const buildkiteJobID = "01900000-0000-4000-8000-000000000000"

// service is the part of Buildkite's agent API that one job needs (the package api
// of github.com/buildkite/agent).
type service struct {
	env, secrets map[string]string

	mu     sync.Mutex
	handed bool
	log    bytes.Buffer // as it was uploaded
	exit   string       // the job's exit status
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	job := map[string]any{"id": buildkiteJobID, "env": s.env, "state": "running", "chunks_max_size_bytes": 100_000}
	var answer any = struct{}{}
	switch path, _ := strings.CutPrefix(r.URL.Path, "/jobs/"+buildkiteJobID); r.Method + " " + path {
	case "POST /register":
		answer = map[string]any{
			"id": "e2e", "name": "e2e", "access_token": "e2e-session", "endpoint": "http://" + r.Host,
			"ping_interval": 1, "job_status_interval": 1, "heartbeat_interval": 60,
		}
	case "GET /ping":
		if !s.handed {
			s.handed, answer = true, map[string]any{"job": job}
		}
	case "GET ", "PUT /accept":
		answer = job
	case "GET /secrets":
		key := r.URL.Query().Get("key")
		if _, there := s.secrets[key]; !there {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		answer = map[string]string{"key": key, "value": s.secrets[key], "uuid": "e2e"}
	case "POST /chunks":
		if chunk, err := gzip.NewReader(r.Body); err == nil {
			io.Copy(&s.log, chunk)
		}
	case "PUT /finish":
		var finish struct {
			ExitStatus string `json:"exit_status"`
		}
		json.NewDecoder(r.Body).Decode(&finish)
		s.exit = finish.ExitStatus
	case "POST /data/exists": // so that the agent sends nothing about the commit
		answer = map[string]bool{"exists": true}
	case "POST /connect", "POST /disconnect", "POST /heartbeat", "PUT /start", "POST /header_times":
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}
