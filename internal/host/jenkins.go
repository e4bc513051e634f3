package host

// jenkins is Jenkins. It masks what withCredentials binds, for as long as the
// block lasts, and nothing else (credentials-binding-plugin).
var jenkins = definition{
	id: "jenkins",
	found: func(w World) string {
		if w.getenv("BUILD_ID") == "" {
			return ""
		}
		return isSet("JENKINS_URL")(w)
	},
	start: func(w World) Host {
		return &fileHost{screen: screen{world: w}, name: "Jenkins", example: `"$WORKSPACE_TMP/bitbucket.env"`}
	},
}
