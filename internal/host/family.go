package host

import "strings"

// Family is a family of environment variables that hold settings. Each host
// reads one, so that nothing that an earlier step exported can change this step.
type Family struct {
	// InputsOnly is set if a step is handed the inputs that its action declares.
	// Any other name can then only come from somebody else.
	InputsOnly bool
	// Place follows a setting's name in messages: " under settings:".
	Place string

	Prefix string
	// Spellings turn a setting's ID into texts that may follow the prefix.
	Spellings []func(id string) string
	// ByID is set if people write a setting by its ID.
	ByID bool
}

var (
	// Runners pass an input in upper case, hyphens kept (docs.github.com,
	// "Metadata syntax").
	inputs = Family{Prefix: "INPUT_", Spellings: []func(string) string{strings.ToUpper}, ByID: true, InputsOnly: true}
	// Drone keeps the hyphens in a plugin's settings (drone-runner-docker,
	// env.go), Woodpecker turns them into underscores (woodpecker,
	// settings/params.go).
	plugins = Family{Prefix: "PLUGIN_", Spellings: []func(string) string{strings.ToUpper, underscored}, ByID: true, Place: " under settings:"}
	// Hosts that hand a step no settings.
	ownNames = Family{Prefix: "BITBUCKET_AUTH_", Spellings: []func(string) string{underscored}}
)

// Names returns the environment variables that may hold a setting, by its ID.
func (f Family) Names(id string) []string {
	var names []string
	for _, spelling := range f.Spellings {
		names = append(names, f.Prefix+spelling(id))
	}
	return names
}

// Called returns what people call a setting on this host, by its ID.
func (f Family) Called(id string) string {
	if f.ByID {
		return id
	}
	return f.Names(id)[0]
}
