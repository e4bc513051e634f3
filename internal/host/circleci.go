package host

// circleCI is CircleCI. Every step of a job sources the file that BASH_ENV names
// (CircleCI's documents: set an environment variable); only values that are
// known before the job are masked.
var circleCI = definition{
	id:    "circleci",
	found: isTrue("CIRCLECI"),
	start: func(w World) Host {
		return &fileHost{screen: screen{world: w}, name: "CircleCI", example: `"$BASH_ENV"`}
	},
}
