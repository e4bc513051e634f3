package action

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
)

// Limits that keep a summary readable, and far below the runner's 1 MiB.
const (
	maxCell     = 120  // characters of one cell
	maxWarning  = 200  // characters of one warning
	maxWarnings = 1000 // bytes of all of them
)

// summary is the page that the run shows beside its log: what was recognised
// and handed over, by name. It holds no secret.
func (m made) summary(results host.Results, told []fault.Remark) string {
	var b strings.Builder
	b.WriteString("### Bitbucket credential\n\n")
	row(&b, "What", "Value")
	row(&b, "---", "---")
	for _, fact := range m.facts() {
		if fact[1] != "" {
			row(&b, fact[0], cell(fact[1]))
		}
	}
	b.WriteString("\n")
	warnings(&b, told)
	m.avoTable(&b)
	m.handedOver(&b, results)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// warnings are those of the log, without their hints.
func warnings(b *strings.Builder, told []fault.Remark) {
	end := b.Len() + maxWarnings
	for _, remark := range told {
		if remark.Level != fault.Warning {
			continue
		}
		line := "- ⚠️ " + shown(remark.Error(), maxWarning) + "\n"
		if b.Len()+len(line) > end {
			b.WriteString("- ⚠️ more warnings are in the log\n")
			break
		}
		b.WriteString(line)
	}
	b.WriteString("\n")
}

// facts are what was recognised, as label and text.
func (m made) facts() [][2]string {
	facts := [][2]string{
		{"Kind", fmt.Sprintf("%s (%s), recognised by %s", m.credential.Kind.Title(), m.credential.Kind, m.credential.By)},
		{"Identity", identityForm(m.credential.Identity)},
		{"Bitbucket", strings.TrimPrefix(m.target.server.URL, "https://")},
		{"Repository", m.target.repositoryName()},
	}
	if !m.target.hasRepository() {
		facts = append(facts, [2]string{"Workspace", m.target.workspace})
	}
	return append(facts,
		[2]string{"Git", m.gitReach()},
		[2]string{"Checked", map[string]string{"": "no", "true": "yes: Bitbucket takes it", "false": "yes: Bitbucket refuses it"}[m.checked.verified]},
		[2]string{"Scopes", strings.Join(m.checked.scopes, ", ")},
		[2]string{"Expires", m.expiry()},
	)
}

// identityForm is what sort of identity it is, not whose.
func identityForm(identity string) string {
	switch {
	case identity == credential.AccessTokenUser:
		return "the fixed name " + identity
	case strings.Contains(identity, "@"):
		return "an e-mail address"
	}
	return "a username"
}

func (m made) gitReach() string {
	reach := map[gitconfig.Reach]string{
		"":                       "not set up",
		gitconfig.RepositoryOnly: "set up for this repository",
		gitconfig.Workspace:      "set up for the workspace " + m.target.workspace,
		gitconfig.Host:           "set up for every repository of this Bitbucket",
	}[m.settings.Git]
	if m.settings.RewriteSSH {
		reach += ", ssh addresses included"
	}
	return reach
}

func (m made) expiry() string {
	switch {
	case !m.checked.expiresAt.IsZero():
		return timestamp(m.checked.expiresAt)
	case !m.settings.ExpiresOn.IsZero():
		return m.settings.ExpiresOn.Format(time.DateOnly) + ", by expires-on"
	}
	return ""
}

// avoTable is Avo Assure's form, to be filled in from top to bottom.
func (m made) avoTable(b *strings.Builder) {
	if m.avo == nil {
		return
	}
	b.WriteString("**Avo Assure**: Settings → Manage Integration → Versioning → Bitbucket\n\n")
	row(b, "Field", "Value")
	row(b, "---", "---")
	for _, field := range m.avo.Fields() {
		value := cell(field.Value)
		if field.Secret {
			value = "*" + value + "*"
		}
		row(b, field.Label, value)
	}
	b.WriteString("\n")
}

// handedOver is what later steps can use.
func (m made) handedOver(b *strings.Builder, results host.Results) {
	b.WriteString("**For later steps** (masked values show as \\*\\*\\* in logs)\n\n")
	row(b, "Output", "Variable", "Masked")
	row(b, "---", "---", "---")
	for _, v := range results.Outputs {
		variable, masked := "–", "no"
		for _, exported := range results.Variables {
			if exported.Name == variableName(m.settings.EnvPrefix, v.Name) {
				variable = "`" + exported.Name + "`"
			}
		}
		if v.Secret {
			masked = "yes"
		}
		row(b, "`"+v.Name+"`", variable, masked)
	}
	if len(m.git) > 0 {
		row(b, "–", "`GIT_CONFIG_*`: git logs in by itself", "password")
	}
	b.WriteString("\n")
}

func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// markdown takes away what has a meaning in GitHub's Markdown, within a table
// too.
var markdown = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;",
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "@", `\@`, "#", `\#`, "!", `\!`, "$", `\$`,
)

// cell is text for one cell of a table.
func cell(text string) string { return shown(text, maxCell) }

// shown is text that shows as it is, on one line, cut to a length in characters.
func shown(text string, length int) string {
	if runes := []rune(text); len(runes) > length {
		text = string(runes[:length]) + "…"
	}
	return markdown.Replace(host.Neutral(text))
}
