package host

// woodpecker is Woodpecker CI. A plugin has no outputs, and only secrets that
// the pipeline declares are masked (woodpecker, docs on secrets).
var woodpecker = definition{
	id: "woodpecker",
	found: func(w World) string {
		for _, name := range []string{"CI", "CI_SYSTEM_NAME"} {
			if w.getenv(name) == "woodpecker" {
				return name
			}
		}
		return ""
	},
	start: func(w World) Host {
		return &fileHost{screen: screen{world: w}, name: "Woodpecker CI", plugin: true, example: "./.bitbucket.env"}
	},
}
