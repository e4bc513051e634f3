package hosttest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Log is the output of a step as people see it.
type Log struct {
	Lines       []string
	Annotations []Annotation
	Masks       []string // as the runner registered them
}

// Annotation is a message next to the log.
type Annotation struct {
	Level, Title, Message string
}

// Text is everything that is seen.
func (l Log) Text() string {
	text := strings.Join(l.Lines, "\n")
	for _, a := range l.Annotations {
		text += "\n" + a.Title + "\n" + a.Message
	}
	return text
}

// Runner is one runner's way with a step's output.
type Runner struct {
	Name string
	// Encode returns the further forms that the runner masks of a value.
	Encode func(string) []string
	// Mask hides the masks in a text, if the runner doesn't replace them one after
	// the other.
	Mask func(text string, masks []string) string
	// Literal is set if a mask is registered without undoing its escapes.
	Literal bool
	// Command reads a line as a command, where the runner doesn't read it as
	// GitHub's does.
	Command func(line string) (name, properties, data string, ok bool)
}

// The runners whose masks or commands differ. Gitea's runner undid no escapes in
// masks before 1.0.7, and Forgejo's comes from that one; both set the same
// variables then, so no step can tell them apart.
var (
	GitHub   = Runner{Name: "GitHub", Encode: gitHubForms, Mask: maskMerged}
	Gitea    = Runner{Name: "Gitea", Encode: giteaForms, Mask: maskInOnePass, Command: reporterCommand}
	OldGitea = Runner{Name: "Gitea before 1.0.7", Encode: noForms, Mask: maskInOnePass, Literal: true, Command: reporterCommand}
	Act      = Runner{Name: "act", Encode: noForms, Command: actCommand}
	Forgejo  = Runner{Name: "Forgejo", Encode: noForms, Literal: true, Command: reporterCommand}
	Runners  = []Runner{GitHub, Gitea, Act, Forgejo}
)

// shown are the commands that put a message into the log.
var shown = []string{"error", "warning", "notice", "debug", "group"}

// silent are the commands that do something else.
var silent = []string{"endgroup", "echo", "set-output", "save-state", "set-env", "add-path", "add-matcher", "remove-matcher", "stop-commands"}

// Show runs a step's standard output through the runner.
func (r Runner) Show(output string) Log {
	var log Log
	for _, line := range strings.FieldsFunc(output, func(c rune) bool { return c == '\n' || c == '\r' }) {
		name, properties, data, ok := r.parse(line)
		switch {
		case ok && name == "add-mask":
			if !r.Literal {
				data = unescapeData(data)
			}
			log.Masks = append(log.Masks, data)
			log.Masks = append(log.Masks, r.Encode(data)...)
		case ok && slices.Contains(shown, name):
			message := r.mask(unescapeData(data), log.Masks)
			log.Lines = append(log.Lines, strings.Split("##["+name+"]"+message, "\n")...)
			log.Annotations = append(log.Annotations, Annotation{name, unescapeProperty(properties["title"]), message})
		case ok && slices.Contains(silent, name):
			log.Lines = append(log.Lines, "a command was run: "+name)
		default:
			log.Lines = append(log.Lines, r.mask(line, log.Masks))
		}
	}
	return log
}

// parse reads a line as a workflow command.
func (r Runner) parse(line string) (name string, properties map[string]string, data string, ok bool) {
	read := gitHubCommand
	if r.Command != nil {
		read = r.Command
	}
	name, list, data, ok := read(line)
	properties = map[string]string{}
	for property := range strings.SplitSeq(list, ",") {
		key, value, _ := strings.Cut(property, "=")
		properties[strings.TrimSpace(key)] = value
	}
	return strings.ToLower(name), properties, data, ok
}

// gitHubCommand follows actions/runner, ActionCommand.cs: the next mark ends the
// head, and the old form of commands works anywhere in a line.
func gitHubCommand(line string) (name, properties, data string, ok bool) {
	if rest, found := strings.CutPrefix(strings.TrimLeft(line, " \t"), "::"); found {
		if head, data, found := strings.Cut(rest, "::"); found {
			name, properties, _ := strings.Cut(head, " ")
			return name, properties, data, true
		}
	}
	if _, rest, found := strings.Cut(line, "##["); found {
		if head, data, found := strings.Cut(rest, "]"); found {
			name, _, _ := strings.Cut(head, " ")
			return name, "", data, true
		}
	}
	return "", "", "", false
}

// patterns reads commands by regular expressions that capture the name, the
// properties, and the data.
func patterns(texts ...string) func(string) (name, properties, data string, ok bool) {
	var compiled []*regexp.Regexp
	for _, text := range texts {
		compiled = append(compiled, regexp.MustCompile(text))
	}
	return func(line string) (name, properties, data string, ok bool) {
		for _, pattern := range compiled {
			if m := pattern.FindStringSubmatch(line); m != nil {
				return m[1], strings.TrimSpace(m[2]), m[3], true
			}
		}
		return "", "", "", false
	}
}

// In both, the last mark of a line ends a head that has properties; in act's,
// any head (nektos/act, command.go; gitea/runner and forgejo/runner, reporter.go).
var (
	actCommand      = patterns(`^::([^ ]+)( .+)?::(.*)$`, `^##\[([^ ]+)( .+)?](.*)$`)
	reporterCommand = patterns(`^::([^ :]+)( .*)?::(.*)$`)
)

func unescapeData(text string) string {
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(text)
}

func unescapeProperty(text string) string {
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(text)
}

// mask replaces one mask after the other, as the simplest maskers do.
func (r Runner) mask(text string, masks []string) string {
	if r.Mask != nil {
		return r.Mask(text, masks)
	}
	for _, m := range masks {
		if m != "" {
			text = strings.ReplaceAll(text, m, "***")
		}
	}
	return text
}

// maskInOnePass goes through the text once, and of the masks that fit at a place
// hides the one that was registered first (gitea/runner, reporter.go).
func maskInOnePass(text string, masks []string) string {
	var pairs []string
	for _, m := range masks {
		if m != "" && strings.Contains(text, m) {
			pairs = append(pairs, m, "***")
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// maskMerged finds all places first, and hides those that overlap as one
// (actions/runner, SecretMasker.cs).
func maskMerged(text string, masks []string) string {
	hidden := make([]bool, len(text))
	for _, m := range masks {
		for start := 0; m != "" && strings.Contains(text[start:], m); start++ {
			start += strings.Index(text[start:], m)
			for i := range len(m) {
				hidden[start+i] = true
			}
		}
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString("***")
		}
	}
	return b.String()
}

func noForms(string) []string { return nil }

// gitHubForms are those of the runner's ValueEncoders.cs.
func gitHubForms(value string) []string {
	var x bytes.Buffer
	_ = xml.EscapeText(&x, []byte(value))
	return append(base64Forms(value),
		strings.ReplaceAll(value, `"`, `\"`), strings.ReplaceAll(value, "'", "''"),
		jsonForm(value), dataEscaped(value), x.String())
}

// giteaForms are those of Gitea's runner (reporter.go).
func giteaForms(value string) []string {
	return append(base64Forms(value), jsonForm(value), url.QueryEscape(value), url.PathEscape(value))
}

// base64Forms is the value encoded from its first, second and third byte.
func base64Forms(value string) []string {
	var forms []string
	for shift := range 3 {
		if len(value) > shift {
			forms = append(forms, base64.StdEncoding.EncodeToString([]byte(value[shift:])))
		}
	}
	return forms
}

func jsonForm(value string) string {
	text, _ := json.Marshal(value)
	return strings.Trim(string(text), `"`)
}

// dataEscaped is .NET's Uri.EscapeDataString.
func dataEscaped(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
