package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// jobAPI sends requests to the agent of a Buildkite job, over its unix socket
// (buildkite/agent, jobapi), so that nothing leaves the machine.
type jobAPI struct {
	socket, token string
	client        http.Client
}

// jobAPITimeout limits the time of all calls of one kind together, which the agent
// answers from memory.
const jobAPITimeout = 10 * time.Second

const (
	jobAPISocket = "BUILDKITE_AGENT_JOB_API_SOCKET"
	jobAPIToken  = "BUILDKITE_AGENT_JOB_API_TOKEN"
)

func newJobAPI(w World) *jobAPI {
	api := &jobAPI{socket: w.getenv(jobAPISocket), token: w.getenv(jobAPIToken)}
	api.client.Transport = &http.Transport{
		Proxy: nil, // whatever the environment says: no network is involved
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", api.socket)
		},
	}
	api.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return api
}

// call sends one request. A fault doesn't quote the reply, which repeats what was
// sent.
func (api *jobAPI) call(ctx context.Context, method, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fault.Internal()
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://job/api/current-job/v0/"+path, bytes.NewReader(text))
	if err != nil {
		return fault.Internal()
	}
	request.Header.Set("Authorization", "Bearer "+api.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := api.client.Do(request)
	if err != nil {
		return api.fault("the agent's job API can't be reached")
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return api.fault(fmt.Sprintf("the agent's job API refused to change %s, with status %d", path, response.StatusCode))
	}
	return nil
}

// check returns a fault if the job's agent doesn't offer the API.
func (api *jobAPI) check() error {
	if api.socket != "" && api.token != "" {
		return nil
	}
	return api.fault(jobAPISocket+" and "+jobAPIToken+" are not both set, so nothing can be masked",
		"with the docker plugin, set mount-buildkite-agent: true, which makes the API available in the container")
}

func (api *jobAPI) fault(what string, hints ...string) error {
	return fault.New(fault.JobAPI, what, hints...).
		Hint("use a Buildkite agent that has the job API, and pass its socket and token to this step")
}
