package host

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"

	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// harness can't mask anything while a step runs, so nothing secret is printed. It has a
// file for secret outputs (lite-engine, pipeline/runtime/run.go), and so needs no
// env-file.
type harness struct{ basic }

func (harness) start(b basic) Protocol { return &harness{b} }

// Files that the engine names, and reads when the step has ended.
const (
	harnessSecrets   = "HARNESS_OUTPUT_SECRET_FILE" // read if the step succeeded
	harnessOutputs   = "DRONE_OUTPUT"
	harnessVariables = "DRONE_ENV" // the environment of later steps, not secret
)

// Prepare refuses env-file, and returns a fault if the step lacks the engine's own files,
// which receive the results.
func (h *harness) Prepare(envFile string, exports bool) error {
	if err := h.basic.Prepare(envFile, exports); err != nil {
		return err
	}
	variables := []string{harnessSecrets, harnessOutputs}
	if exports {
		variables = append(variables, harnessVariables)
	}
	return checkFiles(h.file, variables)
}

// HandOver writes everything secret to the engine's secret outputs, variables too. The
// engine drops empty variables between steps (lite-engine, engine/spec/helper.go,
// ToEnv), and git fails if the value of an entry is missing, so all entries of git's go
// into one variable.
func (h *harness) HandOver(ctx context.Context, results Results) error {
	if err := results.refuseSecretGitConfig(h.host.Name); err != nil {
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

// destination returns the variable that names the file for a value.
func destination(v secret.Value, public string) string {
	if v.Secret {
		return harnessSecrets
	}
	return public
}

// file returns one of the engine's files, which the step creates.
func (h *harness) file(variable string) (resultFile, error) {
	hint := "run this as a step of type Plugin, or pass the engine's variables and their folder into the container"
	f, err := h.world.namedFile(variable, hint)
	f.create, f.hints = true, []string{hint}
	return f, err
}

// harnessLine returns a value in the engine's base64 form: the file format has quotes,
// comments and expansions, and base64 looks like none of them. If the engine can't read a
// line, it logs the whole file.
func harnessLine(v secret.Value) string {
	return secret.Underscored(v.Name) + "=__B64__" + base64.StdEncoding.EncodeToString([]byte(v.Text.Reveal())) + "\n"
}
