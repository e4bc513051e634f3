package host

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// harness is Harness CI. A plugin can't mask anything while it runs, so nothing
// secret goes to a stream; but it has a file for outputs that are secret
// (lite-engine, pipeline/runtime/run.go), and so needs no env-file.
var harness = definition{
	id:    "harness",
	found: isSet("HARNESS_BUILD_ID"),
	start: func(w World) Host { return &harnessCI{basic{w}} },
}

type harnessCI struct {
	basic
}

// Files that the engine names, and reads when the step has ended.
const (
	harnessSecrets   = "HARNESS_OUTPUT_SECRET_FILE" // read if the step succeeded
	harnessOutputs   = "DRONE_OUTPUT"
	harnessVariables = "DRONE_ENV" // the environment of later steps, not secret
)

func (*harnessCI) Name() string                    { return "Harness" }
func (*harnessCI) HasOutputs() bool                { return true }
func (*harnessCI) SettingNames(id string) []string { return pluginNames(id) }
func (*harnessCI) SettingCalled(id string) string  { return id }

func (*harnessCI) EmptyTokenHints() []string {
	return []string{`set token under settings: (PLUGIN_TOKEN) to <+secrets.getValue("name")>, with a secret that exists in this project, organization or account`}
}

// Prepare refuses env-file, and a step that lacks the engine's own files, which
// receive the results.
func (h *harnessCI) Prepare(envFile string, exports bool) error {
	if err := refuseEnvFile(h.Name(), envFile); err != nil {
		return err
	}
	variables := []string{harnessSecrets, harnessOutputs}
	if exports {
		variables = append(variables, harnessVariables)
	}
	return checkFiles(h.file, variables)
}

// HandOver puts what is secret into the engine's secret outputs, variables
// too, and the rest where it belongs. The engine drops empty variables between
// steps (lite-engine, engine/spec/helper.go, ToEnv), and git fails on an entry
// whose value is missing, so git's entries go into one variable.
func (h *harnessCI) HandOver(ctx context.Context, results Results) error {
	if err := results.checkWithoutHeader(h.Name()); err != nil {
		return err
	}
	results.Variables = gitconfig.InParameters(h.world.Lookup, results.Variables)
	texts := map[string]string{}
	for _, v := range results.Outputs {
		texts[destination(v, harnessOutputs)] += harnessLine(v)
	}
	for _, v := range results.Variables {
		texts[destination(v, harnessVariables)] += harnessLine(v)
	}
	var additions []addition
	for _, variable := range slices.Sorted(maps.Keys(texts)) {
		f, err := h.file(variable)
		if err != nil {
			return err
		}
		additions = append(additions, addition{f, texts[variable]})
	}
	return appendAll(ctx, h.world, additions...)
}

// destination is the variable that names the file for a value.
func destination(v secret.Value, public string) string {
	if v.Secret {
		return harnessSecrets
	}
	return public
}

// file is one of the engine's files, which the step creates.
func (h *harnessCI) file(variable string) (resultFile, error) {
	hint := "run this as a step of type Plugin, or pass the engine's variables and their folder into the container"
	f, err := h.world.namedFile(variable, hint)
	f.create, f.hints = true, []string{hint}
	return f, err
}

func (h *harnessCI) Fail(f *fault.Fault) { failWithCode(h, f) }

// harnessLine is a value in the engine's base64 form: its file format has
// quotes, comments and expansions, none of which base64 can be taken for. A
// line that can't be read would have the whole file logged.
func harnessLine(v secret.Value) string {
	return secret.Underscored(v.Name) + "=__B64__" + base64.StdEncoding.EncodeToString([]byte(v.Text.Reveal())) + "\n"
}
