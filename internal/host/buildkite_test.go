package host_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
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

// If no variable is set, the agent isn't asked to change anything. There are no outputs.
func TestBuildkiteWithoutVariables(t *testing.T) {
	t.Parallel()
	j := startJob(t, named(t, "Buildkite"))
	err := j.host.HandOver(t.Context(), host.Results{Outputs: []secret.Value{host.Public("kind", "x")}})
	if requests := j.API.Requests(); err != nil || len(requests) > 0 {
		t.Errorf("got %v, %q", err, requests)
	}
}

// Only an answer that says so is success.
func TestBuildkiteRefusals(t *testing.T) {
	for _, status := range []int{http.StatusMovedPermanently, http.StatusUnprocessableEntity, http.StatusInternalServerError} {
		j := startJob(t, named(t, "Buildkite"))
		j.API.Before = func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Location", "http://evil.example/")
			w.WriteHeader(status)
			return true
		}
		masks, results := j.host.Mask([]string{"s3cret-value"}), j.host.HandOver(context.Background(), resultsOf([]string{"x"}))
		if fault.From(masks).Code != fault.JobAPI || fault.From(results).Code != fault.JobAPI || len(j.API.Env()) != 1 {
			t.Errorf("%d: got %v, %v, %v", status, masks, results, j.API.Env())
		}
	}
}

// A redirect isn't followed: what another address answers says nothing about the mask.
func TestBuildkiteRedirect(t *testing.T) {
	t.Parallel()
	j := startJob(t, named(t, "Buildkite"))
	followed := false
	j.API.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if followed = r.URL.Path == "/elsewhere"; !followed {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
		return true
	}
	masks, results := j.host.Mask([]string{"s3cret-value"}), j.host.HandOver(t.Context(), resultsOf([]string{"x"}))
	if fault.From(masks).Code != fault.JobAPI || fault.From(results).Code != fault.JobAPI || followed {
		t.Errorf("got %v, %v, followed %t", masks, results, followed)
	}
}

// A request may be applied although its answer is lost, so the fault doesn't claim that
// nothing was handed over.
func TestBuildkiteLosesAnAnswer(t *testing.T) {
	j := startJob(t, named(t, "Buildkite"))
	j.API.Before = func(w http.ResponseWriter, r *http.Request) bool {
		j.API.Before = nil
		j.API.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	f := fault.From(j.host.HandOver(context.Background(), resultsOf([]string{"x"})))
	if f.Code != fault.JobAPI || !strings.Contains(strings.Join(f.Hints, "\n"), "may have the credential") {
		t.Errorf("got %v, %q", f, f.Hints)
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
