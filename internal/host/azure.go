package host

import (
	"context"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// azurePipelines uses logging commands on standard output, for results too. It writes no
// summary: the agent would have to read it from a file, and can't reach those of a
// container.
type azurePipelines struct {
	basic
	set map[string]bool // outputs that this run has set
}

func (azurePipelines) start(b basic) Protocol { return &azurePipelines{b, map[string]bool{}} }

// Mask registers every form by itself: the agent also masks the JSON, URI and backslash
// forms of a value, but not its base64.
func (a *azurePipelines) Mask(forms []string) error {
	var b strings.Builder
	for _, form := range forms {
		b.WriteString(azureCommand("task.setsecret", form))
	}
	return a.world.writeStdout(b.String())
}

// Say shows a warning or an error as an issue of the run. Its hints follow as plain
// lines, and notices are plain lines, since there is no command for them.
func (a *azurePipelines) Say(remark fault.Remark) {
	shown := a.world.lines(remark)
	first := remark.Level.String() + ": " + shown[0] + "\n"
	if remark.Level >= fault.Warning {
		first = azureCommand("task.logissue type="+remark.Level.String(), shown[0])
	}
	rest := ""
	for _, line := range shown[1:] {
		rest += line + "\n"
	}
	if err := a.world.writeStdout(first + rest); err != nil {
		a.basic.Say(remark)
	}
}

// Finish sets the declared outputs without a value to the empty text. Otherwise,
// the reference to one, such as $(login.verified), would remain as it is in later steps,
// or after a retry have an old value.
func (a *azurePipelines) Finish() error {
	var b strings.Builder
	for _, output := range a.world.Outputs {
		if !a.set[output.ID] {
			a.set[output.ID] = true
			b.WriteString(setVariable(output.ID, isOutput, ""))
		}
	}
	return a.world.writeStdout(b.String())
}

// HandOver sets all results in one write. It can't be undone, so everything that could
// stop it is checked before.
func (a *azurePipelines) HandOver(ctx context.Context, results Results) error {
	if err := results.refuseSecretGitConfig(a.host.Name); err != nil {
		return err
	}
	var b strings.Builder
	for _, batch := range []struct {
		values   []secret.Value
		property string
	}{{results.Outputs, isOutput}, {results.Variables, ""}} {
		for _, v := range batch.values {
			text := v.Text.Reveal()
			// Variables.cs, RecalculateExpanded: values are expanded again and again.
			if strings.Contains(text, "$(") {
				return fault.New(fault.ResultRefused, "the result "+v.Name+" contains $(, which Azure Pipelines would expand as a variable",
					"remove it from the setting that the result comes from")
			}
			property := batch.property
			if v.Secret {
				property += ";issecret=true"
			}
			b.WriteString(setVariable(v.Name, property, text))
		}
	}
	if err := a.world.startWriting(ctx); err != nil {
		return err
	}
	for _, v := range results.Outputs {
		a.set[v.Name] = true
	}
	return a.world.writeStdout(b.String())
}

// isOutput is the property of a variable that is an output of the step.
const isOutput = ";isoutput=true"

func setVariable(name, properties, text string) string {
	return azureCommand("task.setvariable variable="+secret.Underscored(name)+properties, text)
}

// azureEscapes are the escapes of the agent's commands. A percent sign is escaped too,
// which the agent undoes last.
var azureEscapes = strings.NewReplacer("%", "%AZP25", ";", "%3B", "\r", "%0D", "\n", "%0A", "]", "%5D")

// azureCommand returns a logging command. Its head contains nothing but our own names.
func azureCommand(head, data string) string {
	return "##vso[" + head + "]" + azureEscapes.Replace(data) + "\n"
}
