package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCommandServesUntilItIsStopped(t *testing.T) {
	logFile := filepath.Join(t.TempDir(), "log")
	in := strings.NewReader(fmt.Sprintf(`{
		"root": %q, "log_file": %q,
		"repositories": ["acme/site"],
		"tokens": [{"kind": "repository-access-token", "scopes": ["repository"]}],
		"answers": [{"match": "/2.0/user", "replies": [{"status": 503}]}]
	}`, t.TempDir(), logFile))
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(in, stdout)
		_ = stdout.CloseWithError(err)
		ended <- err
	}()
	var told ready
	if err := json.NewDecoder(out).Decode(&told); err != nil {
		t.Fatal(err)
	}

	request, _ := http.NewRequestWithContext(t.Context(), "GET", told.URL+"/2.0/repositories/acme/site", nil)
	request.Header.Set("Authorization", "Bearer "+told.Tokens[0].Secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "answer to /2.0/user: 0 of 1 replies used") {
		t.Errorf("ended with %v", err)
	}
	if log, err := os.ReadFile(logFile); err != nil || !strings.Contains(string(log), `"path":"/2.0/repositories/acme/site","status":200`) {
		t.Errorf("%v: log %s", err, log)
	}
}
