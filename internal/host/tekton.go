package host

// tekton is Tekton, which sets no variable that tells it, and so must be named.
// Its results stand in the clear in the status of a run (tektoncd/pipeline,
// docs/tasks.md), so env-file can't be one.
var tekton = definition{
	id: "tekton",
	start: func(w World) Host {
		return &fileHost{
			screen: screen{world: w}, name: "Tekton", example: "/credentials/bitbucket.env",
			shownUnder: []string{"/tekton/results/", "/tekton/steps/"},
		}
	},
}
