package host

import (
	"context"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// azurePipelines has logging commands on standard output, which also carry the
// results. It gets no summary, which has to be a file that the agent can reach: a
// container's is not.
type azurePipelines struct {
	basic
	set map[string]bool // outputs that this run has set
}

func (azurePipelines) start(b basic) Protocol { return &azurePipelines{b, map[string]bool{}} }

// Mask registers every form by itself: the agent masks a value as it is and its
// JSON, URI and backslash forms, but no base64.
func (a *azurePipelines) Mask(forms []string) error {
	var b strings.Builder
	for _, form := range forms {
		b.WriteString(azureCommand("task.setsecret", form))
	}
	return a.world.writeStdout(b.String())
}

// Say shows a warning or an error as an issue of the run, and its hints below,
// as a notice, which has no command.
func (a *azurePipelines) Say(remark fault.Remark) {
	shown := lines(remark)
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

func (a *azurePipelines) Fail(f *fault.Fault) {
	failWithCode(a, f)
	_ = a.emptyOutputs() // the exit code is all that is left
}

func (a *azurePipelines) Succeed() error { return a.emptyOutputs() }

// emptyOutputs sets the declared outputs that have no value to the empty text. A
// later step would get the reference to one that isn't set as it is written, such as
// $(login.verified), and after a retry an old value.
func (a *azurePipelines) emptyOutputs() error {
	var b strings.Builder
	for _, output := range a.world.Outputs {
		if !a.set[output.ID] {
			a.set[output.ID] = true
			b.WriteString(setVariable(output.ID, isOutput, ""))
		}
	}
	return a.world.writeStdout(b.String())
}

// HandOver sets every result in one write. What is printed can't be taken back,
// so everything that could stop it is checked before.
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

// setVariable is the command that sets a variable.
func setVariable(name, properties, text string) string {
	return azureCommand("task.setvariable variable="+secret.Underscored(name)+properties, text)
}

// azureEscapes are those of the agent's commands; a percent sign is escaped
// too, since the agent undoes that last.
var azureEscapes = strings.NewReplacer("%", "%AZP25", ";", "%3B", "\r", "%0D", "\n", "%0A", "]", "%5D")

// azureCommand is one logging command. Its head holds names of ours only.
func azureCommand(head, data string) string {
	return "##vso[" + head + "]" + azureEscapes.Replace(data) + "\n"
}
