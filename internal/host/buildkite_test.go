package host_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Without the API nothing can be masked, so nothing is handed over.
func TestBuildkiteFailsClosed(t *testing.T) {
	for _, more := range [][]string{
		{"BUILDKITE_AGENT_JOB_API_SOCKET", ""},
		{"BUILDKITE_AGENT_JOB_API_TOKEN", ""},
		{"BUILDKITE_AGENT_JOB_API_TOKEN", "another-token"},
		{"BUILDKITE_AGENT_JOB_API_TOKEN", "a\nb"},
		{"BUILDKITE_AGENT_JOB_API_SOCKET", "/nowhere/api.sock"},
	} {
		j := startJob(t, named(t, "Buildkite"), more...)
		if unset := more[1] == ""; unset != (fault.From(j.refusal).Code == fault.JobAPI) {
			t.Errorf("%q: got %v", more, j.refusal)
		}
		for what, err := range map[string]error{
			"masks":   j.host.Mask([]string{"s3cret-value"}),
			"results": j.host.HandOver(context.Background(), resultsOf([]string{"s3cret-value"})),
		} {
			f := fault.From(err)
			if f.Code != fault.JobAPI || len(f.Hints) == 0 || strings.Contains(f.Error()+strings.Join(f.Hints, ""), "s3cret") {
				t.Errorf("%q, %s: got %v", more, what, err)
			}
		}
		if len(j.API.Env()) != 1 {
			t.Errorf("%q: handed over %v", more, j.API.Env())
		}
	}
}

// Only an answer that says so is success.
func TestBuildkiteRefusals(t *testing.T) {
	for _, status := range []int{http.StatusMovedPermanently, http.StatusUnprocessableEntity, http.StatusInternalServerError} {
		j := startJob(t, named(t, "Buildkite"))
		j.API.Before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet || r.Method == http.MethodDelete {
				return false
			}
			w.Header().Set("Location", "http://evil.example/")
			w.WriteHeader(status)
			return true
		}
		masks, results := j.host.Mask([]string{"s3cret-value"}), j.host.HandOver(context.Background(), resultsOf([]string{"x"}))
		if fault.From(masks).Code != fault.JobAPI || fault.From(results).Code != fault.JobAPI || len(j.API.Env()) != 1 {
			t.Errorf("%d: got %v, %v, %v", status, masks, results, j.API.Env())
		}
	}
	j := startJob(t, named(t, "Buildkite"))
	j.API.Before = func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write([]byte("no JSON")); return true }
	if err := j.host.HandOver(context.Background(), resultsOf([]string{"x"})); fault.From(err).Code != fault.JobAPI {
		t.Errorf("got %v", err)
	}
}

// A request whose answer is lost may have been applied: the job is left as it was.
func TestBuildkiteTakesBack(t *testing.T) {
	j := startJob(t, named(t, "Buildkite"))
	if err := j.host.HandOver(context.Background(), resultsOf([]string{"before"})); err != nil {
		t.Fatal(err)
	}
	before := j.API.Env()
	lost := false
	j.API.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch || lost {
			return false
		}
		lost = true
		j.API.ServeHTTP(httptest.NewRecorder(), r)
		if maps.Equal(before, j.API.Env()) {
			t.Error("nothing was applied")
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	if err := j.host.HandOver(context.Background(), resultsOf([]string{"after", "new"})); fault.From(err).Code != fault.JobAPI {
		t.Errorf("got %v", err)
	}
	if !lost || !maps.Equal(before, j.API.Env()) {
		t.Errorf("got %v", j.API.Env())
	}
}

// What another host's name for a proxy says doesn't matter: the API is a file.
func TestBuildkiteUsesNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	j := startJob(t, named(t, "Buildkite"))
	if err := j.host.Mask([]string{"s3cret-value"}); err != nil {
		t.Error(err)
	}
}
