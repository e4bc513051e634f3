package host

// drone is Drone. A plugin has no outputs (drone-runner-docker knows none), and
// only secrets that the pipeline declares are masked.
var drone = definition{
	id:    "drone",
	found: isTrue("DRONE"),
	heirs: []string{"woodpecker", "harness"},
	start: func(w World) Host {
		return &fileHost{screen: screen{world: w}, name: "Drone", plugin: true, example: "./.bitbucket.env"}
	},
}
