package hosttest

import (
	"strings"
)

// Variable is one that a step on Azure Pipelines set.
type Variable struct {
	Name, Value    string
	Secret, Output bool
}

// AzureLog is the result of an agent that reads a step's standard output.
type AzureLog struct {
	Log
	Variables []Variable
}

// ShowAzure runs a step's standard output through an agent of Azure Pipelines
// (azure-pipelines-agent: Command.cs, TaskCommandExtension.cs). A command may
// begin anywhere in a line; a malformed one is shown as it is.
func ShowAzure(output string) AzureLog {
	var log AzureLog
	for _, line := range strings.FieldsFunc(output, func(c rune) bool { return c == '\n' || c == '\r' }) {
		head, data, ok := parseAzure(line)
		name, list, _ := strings.Cut(head, " ")
		properties := azureProperties(list)
		switch {
		case ok && name == "task.setsecret" && data != "":
			log.addMask(data)
		case ok && name == "task.setvariable" && properties["variable"] != "":
			v := Variable{
				Name: properties["variable"], Value: data,
				Secret: properties["issecret"] == "true", Output: properties["isoutput"] == "true",
			}
			if v.Secret {
				log.addMask(data)
			}
			log.Variables = append(log.Variables, v)
		case ok && name == "task.logissue" && (properties["type"] == "error" || properties["type"] == "warning"):
			message := log.masked(data)
			log.Lines = append(log.Lines, "##["+properties["type"]+"]"+message)
			log.Annotations = append(log.Annotations, Annotation{properties["type"], "", message})
		default:
			log.Lines = append(log.Lines, log.masked(line))
		}
	}
	return log
}

func (l AzureLog) masked(text string) string { return Runner{}.mask(text, l.Masks) }

// addMask adds the forms of the agent's own encoders: JSON, URI, backslash.
func (l *AzureLog) addMask(value string) {
	l.Masks = append(l.Masks, value, jsonForm(value), dataEscaped(value), strings.ReplaceAll(value, `\`, `\\`))
}

func parseAzure(line string) (head, data string, ok bool) {
	const mark = "##vso["
	start := strings.Index(line, mark)
	if start < 0 {
		return "", "", false
	}
	head, data, ok = strings.Cut(line[start+len(mark):], "]")
	return head, unescapeAzure(data), ok
}

func azureProperties(list string) map[string]string {
	properties := map[string]string{}
	for property := range strings.SplitSeq(list, ";") {
		if name, value, found := strings.Cut(property, "="); found && value != "" {
			properties[strings.ToLower(name)] = unescapeAzure(value)
		}
	}
	return properties
}

// unescapeAzure undoes one escape after the other over the whole text, the
// percent sign last.
func unescapeAzure(text string) string {
	for _, escape := range [][2]string{{"%3B", ";"}, {"%0D", "\r"}, {"%0A", "\n"}, {"%5D", "]"}, {"%AZP25", "%"}} {
		text = strings.ReplaceAll(text, escape[0], escape[1])
	}
	return text
}
