package action

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// contradiction returns a warning if variables with our prefix will name different
// repositories in later steps, or nil. An earlier call may have set some of them.
func (r *run) contradiction(settings *input.Settings, results host.Results) *fault.Fault {
	if !settings.ExportEnv {
		return nil
	}
	before := func(name string) string {
		value, _ := r.world.Lookup(name)
		return value
	}
	after := func(name string) string {
		for _, v := range results.Variables {
			if v.Name == name {
				return v.Text.Reveal()
			}
		}
		return before(name)
	}
	url := variableName(settings.EnvPrefix, "repository-url")
	// The variable that contains an output of an earlier step stays as it is, and of two
	// variables with one name, a step gets either (azure-pipelines-agent, Handler.cs,
	// AddVariablesToEnvironment). No run sets the variable that is tested here.
	if r.host.OutputsAreVariables && before(variableName(settings.EnvPrefix, "available")) != "" {
		other := r.otherRepository(settings.EnvPrefix, before)
		if other == "" && before(url) != "" && before(url) != after(url) {
			other = variableName(settings.EnvPrefix, "repo-slug")
		}
		if other != "" {
			return fault.New(fault.VariablesDiffer, url+" is also an output of an earlier step, so it may contradict "+other+" in later steps",
				"rename the step that runs bitbucket-auth: with the name "+strings.ToLower(settings.EnvPrefix)+", its outputs have the names of the variables")
		}
	}
	if other := r.otherRepository(settings.EnvPrefix, after); other != "" {
		return fault.New(fault.VariablesDiffer, url+" and "+other+" contradict each other in later steps: they are from different runs of bitbucket-auth, or set elsewhere",
			"set env-prefix, so that each run has variables of its own",
			"or set repository in each of them, and remove what else sets "+other)
	}
	return nil
}

// otherRepository returns the variable that names another repository or workspace than
// the repository's URL does, or "".
func (r *run) otherRepository(prefix string, getenv func(string) string) string {
	url := getenv(variableName(prefix, "repository-url"))
	segments := strings.Split(strings.TrimSuffix(url, ".git"), "/")
	if len(segments) < 2 {
		return "" // no repository
	}
	last := len(segments) - 1
	for _, part := range []struct{ output, value string }{{"repo-slug", segments[last]}, {"workspace", segments[last-1]}} {
		name := variableName(prefix, part.output)
		if value := getenv(name); value != "" && !strings.EqualFold(value, part.value) && !r.host.Keeps(name) {
			return name
		}
	}
	return ""
}
