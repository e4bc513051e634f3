//go:build linux

package runners

import (
	"context"
	"io"
	"net/http"
	"net/http/cgi"
	"strings"
	"sync"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"code.gitea.io/actions-proto-go/runner/v1/runnerv1connect"
	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/structpb"
)

// coordinator is the part of Gitea that gives a runner one job. The runner doesn't
// call the service's other methods.
type coordinator struct {
	runnerv1connect.UnimplementedRunnerServiceHandler
	task  *runnerv1.Task
	token string // the job's own, for the repository it belongs to

	mu      sync.Mutex
	fetched bool
	lines   []string // of the log, as everybody with read access sees it
	success bool
	outputs map[string]string // of the job, for other jobs
}

// source is the repository that the job belongs to.
const source = "team/source"

// handler serves the runner's API, and the repositories in a folder as OWNER/NAME:
// the job's own to those who have its token, the others to all.
func (c *coordinator) handler(git, repositories string) http.Handler {
	mux := http.NewServeMux()
	path, service := runnerv1connect.NewRunnerServiceHandler(c)
	mux.Handle("/api/actions"+path, http.StripPrefix("/api/actions", service))
	public := &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Stderr: io.Discard,
		Env: []string{"GIT_PROJECT_ROOT=" + repositories, "GIT_HTTP_EXPORT_ALL=1"},
	}
	mux.Handle("/", public)
	mux.HandleFunc("/"+source+"/", func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != c.token {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		public.ServeHTTP(w, r)
	})
	return mux
}

func (c *coordinator) Declare(_ context.Context, r *connect.Request[runnerv1.DeclareRequest]) (*connect.Response[runnerv1.DeclareResponse], error) {
	return connect.NewResponse(&runnerv1.DeclareResponse{Runner: &runnerv1.Runner{Version: r.Msg.Version, Labels: r.Msg.Labels}}), nil
}

func (c *coordinator) FetchTask(context.Context, *connect.Request[runnerv1.FetchTaskRequest]) (*connect.Response[runnerv1.FetchTaskResponse], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	response := &runnerv1.FetchTaskResponse{}
	if !c.fetched {
		response.Task, c.fetched = c.task, true
	}
	return connect.NewResponse(response), nil
}

// UpdateLog keeps the rows that are new. The runner sends a row again until it is
// acknowledged.
func (c *coordinator) UpdateLog(_ context.Context, r *connect.Request[runnerv1.UpdateLogRequest]) (*connect.Response[runnerv1.UpdateLogResponse], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, row := range r.Msg.Rows {
		if int(r.Msg.Index)+i >= len(c.lines) {
			c.lines = append(c.lines, row.Content)
		}
	}
	return connect.NewResponse(&runnerv1.UpdateLogResponse{AckIndex: int64(len(c.lines))}), nil
}

func (c *coordinator) UpdateTask(_ context.Context, r *connect.Request[runnerv1.UpdateTaskRequest]) (*connect.Response[runnerv1.UpdateTaskResponse], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.success = r.Msg.State.Result == runnerv1.Result_RESULT_SUCCESS
	response := &runnerv1.UpdateTaskResponse{State: r.Msg.State}
	for name, value := range r.Msg.Outputs {
		c.outputs[name] = value
		response.SentOutputs = append(response.SentOutputs, name)
	}
	return connect.NewResponse(response), nil
}

func (c *coordinator) log() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.lines, "\n")
}

// pushed is the context of a job that a push started. Actions whose name holds no
// server come from the one at url.
func (c *coordinator) pushed(url string) (*structpb.Struct, error) {
	return structpb.NewStruct(map[string]any{
		"event_name": "push", "event": map[string]any{}, "repository": source, "repository_owner": "team", "token": c.token,
		"sha": strings.Repeat("0", 40), "ref": "refs/heads/main", "ref_name": "main", "ref_type": "branch",
		"run_id": "1", "run_number": "1", "run_attempt": "1", "actor": "dev", "gitea_default_actions_url": url,
	})
}
