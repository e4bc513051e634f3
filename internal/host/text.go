package host

import (
	"strings"
	"unicode"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// commandMarks begin a command in some host's log: GitHub's two forms (the
// second anywhere in a line), Azure Pipelines', TeamCity's. A space inside
// makes them text.
var commandMarks = strings.NewReplacer(
	"::", ": :",
	"##[", "## [",
	"##vso[", "## vso[",
	"##teamcity[", "## teamcity[",
)

// Neutral makes one line of text that no host takes for a command, whatever
// stood in it: line ends of every kind and other control characters, which a
// runner or a terminal may act on, become spaces.
func Neutral(text string) string {
	line := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	// Breaking ":::" leaves ": ::", so go on until nothing changes.
	for {
		broken := commandMarks.Replace(line)
		if broken == line {
			return line
		}
		line = broken
	}
}

// lines is a remark as it is shown: what is the matter, then the hints.
func lines(remark fault.Remark) []string {
	shown := []string{Neutral(remark.Error())}
	for _, hint := range remark.Hints {
		shown = append(shown, "hint: "+Neutral(hint))
	}
	return shown
}
