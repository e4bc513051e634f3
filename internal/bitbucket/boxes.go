package bitbucket

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// product is a row of the boxes to tick where access tokens and OAuth clients are
// made, such as Repositories: Read, Write, Admin, Delete.
type product struct {
	name   string // as the page writes it
	levels []level
}

// level is a box, and the scope that it grants.
type level struct {
	name  string
	scope string
	// granular replaces the scope for API tokens, if scope means more than the box.
	granular string
}

var products = []product{
	{"Account", []level{{name: "Email", scope: "email"}, {name: "Read", scope: "account"}, {name: "Write", scope: "account:write"}}},
	{"Workspace membership", []level{{name: "Read", scope: "team"}, {name: "Write", scope: "team:write"}}},
	{"Team membership", []level{{name: "Read", scope: "team"}, {name: "Write", scope: "team:write"}}},
	{"Projects", []level{{name: "Read", scope: "project"}, {name: "Write", scope: "project:write"}, {name: "Admin", scope: "project:admin"}}},
	{"Repositories", []level{
		{name: "Read", scope: "repository"},
		{name: "Write", scope: "repository:write"},
		{name: "Admin", scope: "repository:admin"},
		{name: "Delete", scope: "repository:delete"},
	}},
	{"Pull requests", []level{{name: "Read", scope: "pullrequest"}, {name: "Write", scope: "pullrequest:write"}}},
	{"Issues", []level{{name: "Read", scope: "issue"}, {name: "Write", scope: "issue:write"}}},
	{"Wikis", []level{{name: "Read", scope: "wiki"}, {name: "Write", scope: "wiki"}}},
	{"Snippets", []level{{name: "Read", scope: "snippet"}, {name: "Write", scope: "snippet:write"}}},
	{"Webhooks", []level{
		{name: "Read", scope: "webhook", granular: "read:webhook:bitbucket"},
		{name: "Write", scope: "webhook", granular: "write:webhook:bitbucket"},
		{name: "Delete", scope: "webhook", granular: "delete:webhook:bitbucket"},
	}},
	{"Pipelines", []level{
		{name: "Read", scope: "pipeline"},
		{name: "Write", scope: "pipeline:write"},
		{name: "Admin", scope: "pipeline:variable"},
		{name: "Edit variables", scope: "pipeline:variable"},
	}},
	{"Runners", []level{{name: "Read", scope: "runner"}, {name: "Write", scope: "runner:write"}}},
}

// box is a product and a level, as a user wrote them.
type box struct{ product, level string }

// isBox reports whether an item of a list is written as on the page, and not as a
// scope's name: it has a colon, and white space, a capital or a product's name.
func isBox(item string) bool {
	name, _, found := strings.Cut(item, ":")
	_, known := findProduct(name)
	isProduct := known && strings.HasSuffix(name, "s")
	return found && charset.ContainsOnly(item, boxCharacters) && !isKnown(item) &&
		(isProduct || strings.Contains(item, " ") || strings.ToLower(item) != item)
}

// boxCharacters are those of a box: a token or a URL has others.
const boxCharacters = charset.Letters + " :/&+-_\t"

// boxesOf are the boxes of a product.
func boxesOf(product string, levels []string) []box {
	var boxes []box
	for _, level := range levels {
		boxes = append(boxes, box{product, level})
	}
	return boxes
}

// parseBoxes reads one or more boxes, such as "Pull requests: Read and Write". It returns
// nil unless a level follows every product, and nothing else is left.
func parseBoxes(item string) []box {
	var boxes []box
	var name []string
	words := strings.Fields(strings.NewReplacer(":", " : ", "/", " ", "&", " ", "+", " ").Replace(item))
	for len(words) > 0 {
		if words[0] != ":" {
			name, words = append(name, words[0]), words[1:]
			continue
		}
		var levels []string
		levels, words = takeLevels(words[1:])
		if levels == nil {
			return nil
		}
		boxes = append(boxes, boxesOf(strings.Join(name, " "), levels)...)
		name = nil
	}
	if name != nil {
		return nil
	}
	return boxes
}

// boxesWithoutColon reads boxes that are written in another form than on the page,
// such as "Repositories (Write)" or "repository write". It returns nil unless a
// level follows every product, and nothing else is left.
func boxesWithoutColon(item string) []box {
	var boxes []box
	words := strings.Fields(strings.NewReplacer("(", " ", ")", " ", "=", " ", "-", " ", "–", " ", "→", " ", ">", " ", "/", " ", "&", " ", "+", " ").Replace(item))
	for len(words) > 0 {
		length := productLength(words)
		if length == 0 || length == len(words) || !isLevel(words[length]) {
			return nil
		}
		var levels []string
		name := strings.Join(words[:length], " ")
		levels, words = takeLevels(words[length:])
		boxes = append(boxes, boxesOf(name, levels)...)
	}
	return boxes
}

// productLength returns the number of words in the product's name that a text begins
// with.
func productLength(words []string) int {
	for length := min(2, len(words)); length > 0; length-- {
		if _, known := findProduct(strings.Join(words[:length], " ")); known {
			return length
		}
	}
	return 0
}

func isLevel(word string) bool {
	return slices.Contains([]string{"read", "write", "admin", "delete", "email", "edit"}, strings.ToLower(word))
}

// takeLevels splits off the levels at the beginning of the text after a colon. If there
// is none, the first word counts as one.
func takeLevels(words []string) (levels, rest []string) {
	for len(words) > 0 {
		next := strings.ToLower(words[0])
		switch {
		case next == "and":
			words = words[1:]
		case next == "edit" && len(words) > 1 && strings.EqualFold(words[1], "variables"):
			levels, words = append(levels, words[0]+" "+words[1]), words[2:]
		case isLevel(next), len(levels) == 0:
			levels, words = append(levels, words[0]), words[1:]
		default:
			return levels, words
		}
	}
	return levels, nil
}

// scope returns the scope of a box, for a kind of token.
func (b box) scope(kind credential.Kind) (string, *fault.Fault) {
	p, known := findProduct(b.product)
	if !known {
		f := b.unknown()
		var names []string
		for _, p := range products {
			names = append(names, p.name)
		}
		if near := fault.Nearest(b.product, names); near != "" {
			return "", f.Hint("did you mean " + near + ": " + b.level + "?")
		}
		return "", f.Hint("write it as on the page on which tokens are made, such as Repositories: Write")
	}
	for _, l := range p.levels {
		if !strings.EqualFold(l.name, b.level) {
			continue
		}
		if l.granular != "" && kind.Traits().Granular {
			return l.granular, nil
		}
		return l.scope, nil
	}
	var names []string
	for _, l := range p.levels {
		names = append(names, l.name)
	}
	return "", b.unknown().Hint("for " + p.name + ", use " + fault.Enumerate(names, "or"))
}

// unknown quotes a box that doesn't exist, if it consists of short words: anything
// else may be a password.
func (b box) unknown() *fault.Fault {
	if len(b.product) > 30 || len(b.level) > 15 || !charset.ContainsOnly(b.product+b.level, charset.Letters+" ") {
		return fault.New(fault.ScopeUnknown, "required-scopes names a scope that Bitbucket doesn't have")
	}
	return fault.New(fault.ScopeUnknown, fmt.Sprintf("required-scopes names `%s: %s`, which Bitbucket doesn't have", b.product, b.level))
}

// findProduct finds a product by its name, in any case and spacing, in the singular
// or in the plural.
func findProduct(name string) (product, bool) {
	wanted := singular(name)
	i := slices.IndexFunc(products, func(p product) bool { return singular(p.name) == wanted })
	if i < 0 {
		return product{}, false
	}
	return products[i], true
}

// singular returns a name in lower case, without spaces and without the ending of a
// plural.
func singular(name string) string {
	text := strings.NewReplacer(" ", "", "-", "", "_", "", "\t", "").Replace(strings.ToLower(name))
	if stem, plural := strings.CutSuffix(text, "ies"); plural {
		return stem + "y"
	}
	return strings.TrimSuffix(text, "s")
}
