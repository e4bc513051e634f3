package host

import "slices"

// bitbucketPipelines is Bitbucket Pipelines, in a step's script or as a pipe.
// Output variables are printed in later steps (Atlassian's documents: pass
// variables between steps), so env-file can't be their file.
var bitbucketPipelines = definition{
	id:    "bitbucket-pipelines",
	found: isSet(pipelinesMarker),
	start: func(w World) Host {
		return &fileHost{
			screen: screen{world: w}, name: "Bitbucket Pipelines",
			example: "../bitbucket.env", // beside the clone, where no artifact is taken from
			shown:   []string{"BITBUCKET_PIPELINES_VARIABLES_PATH"},
		}
	},
}

// pipelinesMarker is the build's number, a name that no result has.
const pipelinesMarker = "BITBUCKET_BUILD_NUMBER"

// pipelinesOwn are variables that Bitbucket Pipelines sets itself: they name the
// repository that is being built, which need not be the one of the results.
var pipelinesOwn = []string{"BITBUCKET_WORKSPACE", "BITBUCKET_REPO_SLUG"}

// withoutPipelinesOwn is values without those that would replace the host's own.
func withoutPipelinesOwn(w World, values []Value) []Value {
	if w.getenv(pipelinesMarker) == "" {
		return values
	}
	return slices.DeleteFunc(slices.Clone(values), func(v Value) bool {
		return slices.Contains(pipelinesOwn, underscored(v.Name))
	})
}
