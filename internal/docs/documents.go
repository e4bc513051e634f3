package main

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// document is a file with generated parts.
type document struct {
	path string
	// generate returns the file's text with its generated parts as they should be.
	generate func(root fs.FS, text string) (string, error)
}

func documents() []document {
	return []document{
		{"action.yml", actionFile(contract.CredentialSettings, contract.CredentialOutputs, false)},
		{"binary/action.yml", actionFile(contract.CredentialSettings, contract.CredentialOutputs, true)},
		{"mirror/action.yml", actionFile(contract.MirrorSettings, contract.MirrorOutputs, true)},
		{"docs/inputs.md", page(contract.CredentialSettings, contract.CredentialOutputs)},
		{"plugin.yml", pluginFile},
		{"docs/mirror.md", page(contract.MirrorSettings, contract.MirrorOutputs)},
		{"docs/hosts.md", page(nil, nil)},
		{"docs/recipes.md", page(nil, nil)},
		{"docs/avo-assure.md", page(nil, nil)},
		{"hosts/woodpecker/credential/docs.md", page(contract.CredentialSettings, nil)},
		{"hosts/woodpecker/mirror/docs.md", page(contract.MirrorSettings, nil)},
		{"templates/credential.yml", gitLabTemplate(contract.CredentialSettings)},
		{"templates/mirror.yml", gitLabTemplate(contract.MirrorSettings)},
		{"hosts/circleci/src/@orb.yml", orb},
		{"hosts/azure-pipelines/credential.yml", azureTemplate(contract.CredentialSettings)},
		{"hosts/azure-pipelines/mirror.yml", azureTemplate(contract.MirrorSettings)},
	}
}

// part is a generated part of a page, between two marks. It is named after a table,
// or after the file in docs/ that it shows.
var part = regexp.MustCompile("(?s)(<!-- (\\S+): written by `make docs` -->\n)(.*?)(<!-- end -->)")

// page generates the parts of a page: the tables of a command, and files.
func page(settings []contract.Setting, outputs []contract.Output) func(fs.FS, string) (string, error) {
	return func(root fs.FS, text string) (string, error) {
		var errs []error
		parts := 0
		text = part.ReplaceAllStringFunc(text, func(old string) string {
			parts++
			match := part.FindStringSubmatch(old)
			begin, name, end := match[1], match[2], match[4]
			switch name {
			case "inputs":
				return begin + inputTable(settings) + end
			case "settings":
				return begin + pluginTable(settings) + end
			case "outputs":
				return begin + outputTable(outputs) + end
			}
			shown, err := fs.ReadFile(root, "docs/"+name)
			if err != nil {
				errs = append(errs, err)
				return old
			}
			return begin + "```yaml\n" + string(shown) + "```\n" + end
		})
		if parts == 0 || parts != strings.Count(text, "written by `make docs`") {
			errs = append(errs, fmt.Errorf("%d generated parts have both marks", parts))
		}
		return text, errors.Join(errs...)
	}
}
