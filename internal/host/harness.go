package host

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// harness is Harness CI. A plugin can't mask anything while it runs, so nothing
// secret goes to a stream; but it has a file for outputs that are secret
// (lite-engine, pipeline/runtime/run.go), and so needs no env-file.
var harness = definition{
	id:    "harness",
	found: isSet("HARNESS_BUILD_ID"),
	start: func(w World) Host { return &harnessCI{screen{world: w}} },
}

type harnessCI struct {
	screen
}

// Files that the engine names, and reads when the step has ended.
const (
	harnessSecrets   = "HARNESS_OUTPUT_SECRET_FILE" // read where the step succeeded
	harnessOutputs   = "DRONE_OUTPUT"
	harnessVariables = "DRONE_ENV" // the environment of later steps, not secret
)

func (*harnessCI) Name() string                    { return "Harness" }
func (*harnessCI) HasOutputs() bool                { return true }
func (*harnessCI) SettingNames(id string) []string { return pluginNames(id) }
func (*harnessCI) SettingCalled(id string) string  { return id }

// UseFile refuses: the engine's own files take the results.
func (h *harnessCI) UseFile(path string) error { return noFile(h.Name(), path) }

// HandOver puts what is secret into the engine's secret outputs, variables
// too, and the rest where it belongs.
func (h *harnessCI) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	if err := refuseHeader(h.Name(), results.Variables); err != nil {
		return err
	}
	files := map[string]*strings.Builder{harnessSecrets: {}, harnessOutputs: {}, harnessVariables: {}}
	for _, batch := range []struct {
		public string
		values []Value
	}{{harnessOutputs, results.Outputs}, {harnessVariables, results.Variables}} {
		for _, v := range batch.values {
			variable := batch.public
			if v.Secret {
				variable = harnessSecrets
			}
			files[variable].WriteString(harnessLine(v))
		}
	}
	var additions []addition
	for _, variable := range []string{harnessSecrets, harnessOutputs, harnessVariables} {
		text := files[variable].String()
		if text == "" {
			continue
		}
		path := h.world.getenv(variable)
		if path == "" {
			return fault.New(fault.CommandFileName, variable+" is not set, so later steps can't get the results",
				"run this as a step of type Plugin, or hand the engine's variables into the container")
		}
		additions = append(additions, addition{label: "the file that " + variable + " names", path: path, text: text})
	}
	return appendAll(ctx, additions)
}

func (h *harnessCI) Fail(f *fault.Fault) {
	h.screen.Fail(f)
	_ = h.HandOver(context.Background(), Results{Outputs: []Value{Public("error-code", f.Code.ID)}})
}

// harnessLine is a value in the engine's base64 form: its file format has
// quotes, comments and expansions, none of which base64 can be taken for. A
// line that can't be read would have the whole file logged.
func harnessLine(v Value) string {
	return secret.Underscored(v.Name) + "=__B64__" + base64.StdEncoding.EncodeToString([]byte(v.Text.Reveal())) + "\n"
}
