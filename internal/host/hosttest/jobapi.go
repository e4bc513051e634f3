package hosttest

import (
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// JobAPI plays the API that Buildkite's agent has for a job (buildkite/agent,
// jobapi: env.go, redactions.go, payloads.go).
type JobAPI struct {
	Socket, Token string
	// Before, where set, is called ahead of each request, and may answer it.
	Before func(w http.ResponseWriter, r *http.Request) (answered bool)

	mutex      sync.Mutex
	env        map[string]string
	redactions []string
	requests   []string
}

// StartJobAPI starts it, for the time of the test.
func StartJobAPI(t testing.TB, env map[string]string) *JobAPI {
	t.Helper()
	// A socket's path is short: 104 bytes at most on some systems.
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		t.Fatal(err)
	}
	api := &JobAPI{Socket: filepath.Join(dir, "api.sock"), Token: "the-job-api-token", env: maps.Clone(env)}
	if api.env == nil {
		api.env = map[string]string{}
	}
	listener, err := net.Listen("unix", api.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: api}
	go server.Serve(listener)
	t.Cleanup(func() {
		server.Close()
		os.RemoveAll(dir)
	})
	return api
}

// Env is the job's environment now.
func (a *JobAPI) Env() map[string]string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return maps.Clone(a.env)
}

// Requests are those made so far, by method and path.
func (a *JobAPI) Requests() []string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return append([]string{}, a.requests...)
}

// Show is a step's output as the agent's redactors leave it: every text added,
// as it is and as Go would quote it.
func (a *JobAPI) Show(output string) string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for _, text := range a.redactions {
		quoted := strconv.Quote(text)
		for _, form := range []string{text, quoted[1 : len(quoted)-1]} {
			if form != "" {
				output = strings.ReplaceAll(output, form, "[REDACTED]")
			}
		}
	}
	return output
}

func (a *JobAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mutex.Lock()
	a.requests = append(a.requests, r.Method+" "+r.URL.Path)
	a.mutex.Unlock()
	if a.Before != nil && a.Before(w, r) {
		return
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	refuse := func(status int) {
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"error": "refused"})
	}
	if r.Header.Get("Authorization") != "Bearer "+a.Token {
		refuse(http.StatusUnauthorized)
		return
	}
	var body struct {
		Redact string             `json:"redact"`
		Env    map[string]*string `json:"env"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		refuse(http.StatusBadRequest)
		return
	}
	const base = "/api/current-job/v0/"
	switch r.Method + " " + r.URL.Path {
	case "POST " + base + "redactions":
		a.redactions = append(a.redactions, body.Redact)
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(map[string]string{"redacted": body.Redact})
	case "PATCH " + base + "env":
		for name, value := range body.Env {
			if strings.HasPrefix(name, "BUILDKITE_") || value == nil {
				refuse(http.StatusUnprocessableEntity)
				return
			}
		}
		for name, value := range body.Env {
			a.env[name] = *value
		}
		json.NewEncoder(w).Encode(map[string][]string{"added": {}, "updated": {}})
	default:
		refuse(http.StatusNotFound)
	}
}
