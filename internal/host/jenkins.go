package host

// jenkins is Jenkins. It masks what withCredentials binds, for as long as the
// block lasts, and nothing else (credentials-binding-plugin).
var jenkins = definition{
	id:    "jenkins",
	found: func(w World) bool { return w.getenv("JENKINS_URL") != "" && w.getenv("BUILD_ID") != "" },
	start: func(w World) Host {
		return &fileHost{screen: screen{world: w}, name: "Jenkins", example: `"$WORKSPACE_TMP/bitbucket.env"`}
	},
}
