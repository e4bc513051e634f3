package pasted

import (
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
)

// delimiters are the starts and ends of references: those of shells, of GitHub, Gitea
// and Forgejo, Azure Pipelines, GitLab's inputs, templates, Harness, CircleCI, and Concourse.
var delimiters = []struct{ start, end string }{
	{"${", "}"}, {"$(", ")"}, {"$[", "]"}, {"{{", "}}"}, {"<+", ">"}, {"<<", ">>"}, {"((", "))"},
}

// IsReference reports whether a text is nothing but a reference to a variable, a
// secret or a command's output. With percent, %NAME% is one too, as on Windows.
func IsReference(text string, percent bool) bool {
	for _, d := range delimiters {
		if strings.HasPrefix(text, d.start) && strings.HasSuffix(text, d.end) && len(text) > len(d.start)+len(d.end) {
			return true
		}
	}
	name, found := strings.CutPrefix(text, "$")
	if found && isName(strings.TrimPrefix(strings.TrimLeft(name, "$"), "env:")) {
		return true
	}
	return percent && len(text) > 2 && text[0] == '%' && text[len(text)-1] == '%' && isName(text[1:len(text)-1])
}

// IsNameOfSecret reports whether a text is the name of a variable or a secret, as in
// secrets.NAME or in a name in capitals such as BITBUCKET_TOKEN. No token looks like
// that, and a password that does contains none of these words.
func IsNameOfSecret(text string) bool {
	for _, context := range []string{"secrets.", "vars.", "env."} {
		if name, found := strings.CutPrefix(text, context); found && isName(name) {
			return true
		}
	}
	words := strings.Split(text, "_")
	return len(words) > 1 && charset.ContainsOnly(text, charset.Upper+charset.Digits+"_") && slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains([]string{"TOKEN", "SECRET", "PASSWORD", "PAT", "KEY", "CREDENTIAL", "CREDENTIALS", "BITBUCKET"}, word)
	})
}

// HasReference reports whether there is a reference to a variable somewhere in a
// text: $NAME, ${NAME}, $(NAME) or ${{ … }}, and with percent also %NAME%.
func HasReference(text string, percent bool) bool {
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "$")
		if !found {
			return percent && hasPercentReference(text)
		}
		if startsReference(after) {
			return true
		}
		rest = after
	}
}

// startsReference reports whether a $ begins a reference, by the text after it.
func startsReference(after string) bool {
	switch {
	case strings.HasPrefix(after, "{{"):
		return true
	case strings.HasPrefix(after, "{"):
		return nameLength(after[1:]) > 0 && strings.Contains(after, "}")
	case strings.HasPrefix(after, "("):
		name, _, closed := strings.Cut(after[1:], ")")
		return closed && isVariableOfAzure(name)
	}
	return nameLength(after) > 0
}

// hasPercentReference finds %NAME%. Two hexadecimal digits between percent signs
// are an escaped character of a URL.
func hasPercentReference(text string) bool {
	parts := strings.Split(text, "%")
	for i := 1; i < len(parts)-1; i++ {
		escape := len(parts[i]) == 2 && charset.ContainsOnly(parts[i], charset.Hex)
		if isName(parts[i]) && !escape {
			return true
		}
	}
	return false
}

// IsUndefined reports whether a text is $(NAME), which Azure Pipelines leaves as it is if
// the variable isn't defined (learn.microsoft.com, "Define variables").
func IsUndefined(text string) bool {
	name, start := strings.CutPrefix(text, "$(")
	name, end := strings.CutSuffix(name, ")")
	return start && end && isVariableOfAzure(name)
}

// isVariableOfAzure reports whether a text is the name of a variable of Azure
// Pipelines, which may contain periods, hyphens and spaces; any other host's names
// are among them.
func isVariableOfAzure(text string) bool {
	return isName(strings.NewReplacer(".", "_", "-", "_", " ", "_").Replace(text)) && strings.TrimSpace(text) == text
}

// isName reports whether a text is a variable's name: ^[A-Za-z_][A-Za-z0-9_]*$
func isName(text string) bool { return text != "" && nameLength(text) == len(text) }

// nameLength returns the length of the name at the start of a text.
func nameLength(text string) int {
	const first = charset.Letters + "_"
	if !charset.StartsWith(text, first) {
		return 0
	}
	return len(text) - len(strings.TrimLeft(text, first+charset.Digits))
}
