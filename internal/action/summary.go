package action

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Limits that keep a summary readable, and far below the runner's 1 MiB.
const (
	maxCell     = 120  // characters of one cell
	maxWarning  = 200  // characters of one warning
	maxWarnings = 1000 // bytes of all of them
	maxFault    = 600  // characters of a fault's sentence, and of each hint
)

const credentialTitle = "### Bitbucket credential\n\n"

// summary returns the page that the host shows next to the log: the facts about the
// credential, and the names of outputs and variables. It contains no secret.
func (o *outcome) summary(results host.Results, reported []fault.Remark) string {
	var b strings.Builder
	b.WriteString(credentialTitle)
	row(&b, "Property", "Value")
	row(&b, "---", "---")
	for _, fact := range o.facts() {
		if fact.value != "" {
			row(&b, fact.label, cell(fact.value))
		}
	}
	b.WriteString("\n")
	warnings(&b, reported)
	o.avoTable(&b)
	o.handedOver(&b, results)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (r *run) pageOfFault(f *fault.Fault) string {
	var b strings.Builder
	b.WriteString(credentialTitle)
	r.writeFault(&b, f)
	return b.String()
}

// writeFault writes a fault as the log shows it.
func (r *run) writeFault(b *strings.Builder, f *fault.Fault) {
	f = r.hidden(f)
	b.WriteString("❌ " + literal(f.What, maxFault) + " ([" + f.Code.ID + "](" + f.Code.Page(r.world.Version) + "))\n\n")
	for _, hint := range f.Hints {
		b.WriteString("- " + literal(hint, maxFault) + "\n")
	}
	b.WriteString("\n")
}

// warnings repeats the log's warnings, without their hints.
func warnings(b *strings.Builder, reported []fault.Remark) {
	start := b.Len()
	for _, remark := range reported {
		if remark.Level != fault.Warning {
			continue
		}
		line := "- ⚠️ " + literal(remark.Error(), maxWarning) + "\n"
		if b.Len()+len(line) > start+maxWarnings {
			b.WriteString("- ⚠️ more warnings are in the log\n")
			break
		}
		b.WriteString(line)
	}
	if b.Len() > start {
		b.WriteString("\n")
	}
}

// fact is a row of the summary's first table.
type fact struct{ label, value string }

// facts returns the rows of the first table. Those without a value are left out.
func (o *outcome) facts() []fact {
	facts := []fact{
		{"Token", fmt.Sprintf("%s (%s), recognised by %s", o.credential.Kind.Title(), o.credential.Kind, o.credential.RecognisedBy)},
		{"Identity", identityForm(o.credential.Identity)},
		{"Server", strings.TrimPrefix(o.credential.Server.URL(), "https://")},
		{"Repository", nameOf(o.repository)},
	}
	if o.repository.Slug == "" {
		facts = append(facts, fact{"Workspace", o.repository.Workspace})
	}
	return append(facts,
		fact{"Git", o.gitReach()},
		fact{"Check", cmp.Or(o.verification.words, "not requested")},
		fact{"Scopes", strings.Join(o.verification.scopes, ", ")},
		fact{"Expires", o.expiry()},
	)
}

// identityForm describes an identity without revealing it.
func identityForm(identity string) string {
	switch {
	case identity == credential.AccessTokenUser:
		return "the fixed name " + identity
	case strings.Contains(identity, "@"):
		return "an e-mail address"
	}
	return "a username"
}

func (o *outcome) gitReach() string {
	reach := map[gitconfig.Reach]string{
		"":                       "not set up",
		gitconfig.RepositoryOnly: "logs in to this repository",
		gitconfig.Workspace:      "logs in to all repositories of " + o.repository.Workspace,
		gitconfig.Host:           "logs in to all repositories on this server",
	}[o.settings.Git]
	if o.settings.RewriteSSH {
		reach += ", also for SSH addresses"
	}
	return reach
}

func (o *outcome) expiry() string {
	switch {
	case !o.verification.expiresAt.IsZero():
		return timestamp(o.verification.expiresAt)
	case !o.settings.ExpiresOn.IsZero():
		return o.settings.ExpiresOn.Format(time.DateOnly) + " (set by expires-on)"
	}
	return ""
}

// avoTable writes Avo Assure's form, to be filled in from top to bottom.
func (o *outcome) avoTable(b *strings.Builder) {
	if o.avo == nil {
		return
	}
	b.WriteString("**Avo Assure**: Settings → Manage Integration → Versioning → Bitbucket\n\n")
	row(b, "Field", "Value")
	row(b, "---", "---")
	for _, field := range o.avo.Fields() {
		value := cell(field.Value)
		if field.Secret {
			value = "*" + value + "*"
		}
		row(b, field.Label, value)
	}
	b.WriteString("\n")
}

// handedOver writes the names of outputs and variables that later steps can use.
func (o *outcome) handedOver(b *strings.Builder, results host.Results) {
	b.WriteString("**For later steps**: logs show masked values as \\*\\*\\*\n\n")
	row(b, "Output", "Variable", "Masked")
	row(b, "---", "---", "---")
	for _, output := range results.Outputs {
		variable, masked := "–", "no"
		name := variableName(o.settings.EnvPrefix, output.Name)
		if slices.ContainsFunc(results.Variables, func(v secret.Value) bool { return v.Name == name }) {
			variable = "`" + name + "`"
		}
		if output.Secret {
			masked = "yes"
		}
		row(b, "`"+output.Name+"`", variable, masked)
	}
	if len(o.git) > 0 {
		row(b, "–", "`GIT_CONFIG_*`, the configuration with which git logs in", "password")
	}
	b.WriteString("\n")
}

func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// markdown escapes characters that have a meaning in GitHub's Markdown, including
// its tables.
var markdown = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "@", `\@`, "#", `\#`, "!", `\!`, "$", `\$`,
)

func cell(text string) string { return literal(text, maxCell) }

// literal returns Markdown that displays text literally, on one line, cut to a number of
// characters.
func literal(text string, length int) string {
	if runes := []rune(text); len(runes) > length {
		text = string(runes[:length]) + "…"
	}
	return markdown.Replace(host.Neutral(text))
}
