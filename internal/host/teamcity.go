package host

// teamCity is TeamCity. Its service messages would carry the value itself
// through the log, so none is printed (TeamCity's documents: service messages).
var teamCity = definition{
	id:    "teamcity",
	found: isSet("TEAMCITY_VERSION"),
	start: func(w World) Host {
		return &fileHost{screen: screen{world: w}, name: "TeamCity", example: `"$TMPDIR/bitbucket.env"`}
	},
}
