package action_test

import (
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
			for line := range strings.Lines(o.stdout) {
				if strings.HasSuffix(line, " \n") {
					t.Errorf("%q: a line ends with a space: %q", test.args, line)
				}
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
