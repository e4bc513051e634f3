package bitbuckettest

import "net/http"

// operations are operations of Cloud's REST API that the fake answers only by
// [Server.Answer], with the scopes that Cloud's OpenAPI document of June 2026 names. Where
// that document and Atlassian's page of scopes differ, starting a pipeline, the wider
// scope counts.
var operations = map[string]endpoint{
	"GET /2.0/user":                              {legacy: "account", granular: "read:user:bitbucket", personal: true},
	"GET /2.0/workspaces/{owner}":                {granular: "read:workspace:bitbucket"},
	"GET /2.0/repositories/{owner}/{repository}": reads,
	"GET " + ofRepository + "refs/":              reads,
	"GET " + ofRepository + "src/":               reads,
	"GET " + ofRepository + "diff/":              reads,

	"GET " + ofRepository + "commits":                                       reads,
	"GET " + ofRepository + "commit/{commit}":                               reads,
	"POST " + ofRepository + "commit/{commit}/statuses/build":               reads,
	"PUT " + ofRepository + "commit/{commit}/reports/{report}":              reads,
	"DELETE " + ofRepository + "commit/{commit}/reports/{report}":           reads,
	"POST " + ofRepository + "commit/{commit}/reports/{report}/annotations": reads,
	"GET " + ofRepository + "pullrequests":                                  readsPullRequests,
	"GET " + ofRepository + "pullrequests/{number}":                         readsPullRequests,
	"GET " + ofRepository + "pullrequests/{number}/{part}":                  readsPullRequests,
	"POST " + ofRepository + "pullrequests/{number}/comments":               readsPullRequests,
	"POST " + ofRepository + "pipelines":                                    {legacy: "pipeline:write", granular: "read:pipeline:bitbucket write:pipeline:bitbucket"},
	"GET " + ofRepository + "pipelines/{pipeline}":                          {legacy: "pipeline", granular: "read:pipeline:bitbucket"},
}

const ofRepository = "/2.0/repositories/{owner}/{repository}/"

var (
	reads             = endpoint{legacy: "repository", granular: "read:repository:bitbucket"}
	readsPullRequests = endpoint{legacy: "pullrequest", granular: "read:pullrequest:bitbucket"}
)

// operationMux finds the pattern of a request.
var operationMux = func() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern := range operations {
		mux.Handle(pattern, http.NotFoundHandler())
	}
	return mux
}()

// operation returns the operation that a request asks for.
func operation(r *http.Request) (endpoint, bool) {
	_, pattern := operationMux.Handler(r)
	e, ok := operations[pattern]
	return e, ok
}
