package host

import (
	"strings"
	"unicode"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// commandMarks begin a command anywhere in a line: GitHub's old form, Azure
// Pipelines', TeamCity's. A space inside makes them text.
var commandMarks = strings.NewReplacer(
	"##[", "## [",
	"##vso[", "## vso[",
	"##teamcity[", "## teamcity[",
)

// Neutral returns text as one line that no host reads as a command, at any position in a
// line. Line ends of every kind and other control characters, which a runner or a
// terminal may act on, become spaces. Two colons begin a command only at the start of a
// line, so an IPv6 address stays as it is.
func Neutral(text string) string {
	line := text
	if !secret.OneLine(text) {
		line = strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return ' '
			}
			return r
		}, strings.ToValidUTF8(text, "?"))
	}
	if rest, found := strings.CutPrefix(strings.TrimLeft(line, " "), "::"); found {
		line = ": :" + rest
	}
	if !strings.Contains(line, "##") { // as nearly all text: the first use of a replacer takes time
		return line
	}
	return commandMarks.Replace(line)
}

// lines returns the lines of a remark: the message, its hints, and the address of what the
// documents say about its code.
func (w World) lines(remark fault.Remark) []string {
	shown := []string{Neutral(remark.Error())}
	for _, hint := range remark.Hints {
		shown = append(shown, "hint: "+Neutral(hint))
	}
	if remark.Code.ID != "" {
		shown = append(shown, remark.Code.Page(w.Version))
	}
	return shown
}
