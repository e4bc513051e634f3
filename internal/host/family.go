package host

import (
	"strings"
)

// Family is a family of environment variables that hold settings. Each host
// reads one, so that nothing that an earlier step exported can change this step.
type Family struct {
	// InputsOnly is set if a step is handed the inputs that its action declares.
	// Any other name can then only come from somebody else.
	InputsOnly bool
	// Place follows a setting's name in messages: " under settings:".
	Place string

	prefix string
	// spellings turn a setting's ID into texts that may follow the prefix.
	spellings []func(id string) string
	// byID is set if people write a setting by its ID.
	byID bool
}

var (
	// Runners pass an input in upper case, hyphens kept (docs.github.com,
	// "Metadata syntax").
	inputs = Family{prefix: "INPUT_", spellings: []func(string) string{strings.ToUpper}, byID: true, InputsOnly: true}
	// Drone keeps the hyphens in a plugin's settings (drone-runner-docker,
	// env.go), Woodpecker turns them into underscores (woodpecker,
	// settings/params.go).
	plugins = Family{prefix: "PLUGIN_", spellings: []func(string) string{strings.ToUpper, underscored}, byID: true, Place: " under settings:"}
	// Hosts that hand a step no settings.
	ownNames = Family{prefix: "BITBUCKET_AUTH_", spellings: []func(string) string{underscored}}
)

// Names returns the environment variables that may hold a setting, by its ID.
func (f Family) Names(id string) []string {
	var names []string
	for _, spelling := range f.spellings {
		names = append(names, f.prefix+spelling(id))
	}
	return names
}

// Called returns what people call a setting on this host, by its ID.
func (f Family) Called(id string) string {
	if f.byID {
		return id
	}
	return f.Names(id)[0]
}
