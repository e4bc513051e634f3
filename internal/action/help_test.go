package action_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// Help describes every setting and every variable in full. On a CI host, too, it
// hands nothing over.
func TestHelp(t *testing.T) {
	onCI := env{"GITHUB_ACTIONS": "true", "INPUT_TOKEN": credentialtest.AccessToken()}
	for _, test := range []struct {
		args     []string
		settings []contract.Setting
		outputs  []contract.Output
	}{
		{[]string{"--help"}, contract.CredentialSettings, contract.CredentialOutputs},
		{[]string{"-h"}, contract.CredentialSettings, contract.CredentialOutputs},
		{[]string{"mirror", "--help"}, contract.MirrorSettings, nil},
	} {
		for _, e := range []env{{}, onCI} {
			w := world(e, nil, nil)
			w.Args = test.args
			o := runWith(t, w)
			if o.exit != 0 || o.stderr != "" {
				t.Errorf("%q: got %d, %q", test.args, o.exit, o.stderr)
			}
			words := strings.Join(strings.Fields(o.stdout), " ")
			for _, s := range test.settings {
				want := s.ID + " " + s.Description
				if s.Default != "" {
					want += " Default: " + s.Default
				}
				if !strings.Contains(words, want) {
					t.Errorf("%q doesn't say: %s", test.args, want)
				}
			}
			for _, output := range test.outputs {
				name := "BITBUCKET_" + strings.ToUpper(strings.ReplaceAll(output.ID, "-", "_"))
				if output.Variable {
					name += " *"
				}
				if says := strings.Contains(words, name+" "+output.Description); says == (output.ID == "error-code") {
					t.Errorf("%q names %s: %v", test.args, name, says)
				}
			}
			checkLayout(t, test.args, o.stdout)
			defaults := 0
			for _, s := range test.settings {
				defaults += strings.Count(s.Description, "Default:")
				if s.Default != "" {
					defaults++
				}
			}
			equal(t, "defaults", strings.Count(words, "Default:"), defaults)
		}
	}
}

// checkLayout checks that a text has its parts, and that its entries are in two columns of
// at most 80 characters, which a terminal has.
func checkLayout(t *testing.T, args []string, text string) {
	t.Helper()
	parts := []string{"bitbucket-auth ", "\nusage:\n", "\nsettings, each ", "\nexit codes:\n  0 success "}
	if args[0] != "mirror" {
		parts = slices.Insert(parts, 3, "\nresults, set as ", "  GIT_CONFIG_... *  ", "  BITBUCKET_GIT_0_... *  ")
	}
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut("\n"+rest, part)
		if !found {
			t.Errorf("%q: there is no %q, or it is in another place", args, part)
		}
		rest = after
	}
	settings, results, _ := strings.Cut(text[strings.Index(text, "\n\n  token "):], "\nresults, ")
	for section, column := range map[string]int{settings: 23, results: 31} {
		section, _, _ = strings.Cut(section, "\nexit codes:")
		for line := range strings.Lines(section) {
			line = strings.TrimSuffix(line, "\n")
			isEntry := len(line) > column && strings.HasPrefix(line, "  ") && line[column-1] == ' ' && line[column] != ' '
			if strings.HasPrefix(line, "  ") && !isEntry || strings.HasSuffix(line, " ") || len(line) > 80 {
				t.Errorf("%q: the line %q", args, line)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"--version"}, {"mirror", "--version"}} {
		w := world(env{}, nil, nil)
		w.Args = args
		if o := runWith(t, w); o.exit != 0 || o.stdout != "bitbucket-auth test\n" {
			t.Errorf("%q: got %d, %q", args, o.exit, o.stdout)
		}
	}
}
