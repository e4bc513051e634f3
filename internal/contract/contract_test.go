package contract_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
)

// Which results are secret, and which are variables too.
func TestKindsOfOutputs(t *testing.T) {
	t.Parallel()
	var secrets, variables []string
	for _, output := range slices.Concat(contract.CredentialOutputs, contract.MirrorOutputs) {
		if output.Secret {
			secrets = append(secrets, output.ID)
		}
		if output.Variable {
			variables = append(variables, output.ID)
		}
	}
	if got := strings.Join(secrets, " "); got != "credential authorization token git-authorization avo-assure" {
		t.Errorf("secret are %s", got)
	}
	// The last one is the mirror's, which sets no variables.
	if got := strings.Join(variables, " "); got != "credential authorization repository-url workspace repo-slug repository-url" {
		t.Errorf("variables are %s", got)
	}
}

// Which settings are lists, are needed, or serve some hosts only.
func TestKindsOfSettings(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		is                 func(contract.Setting) bool
		credential, mirror string
	}{
		"lists":              {func(s contract.Setting) bool { return s.List }, "required-scopes", "branches tags"},
		"required":           {func(s contract.Setting) bool { return s.Required }, "", "repository"},
		"no inputs":          {func(s contract.Setting) bool { return s.NotInput }, "token-file env-file log host", "source-token-file token-file env-file log host"},
		"without masks":      {func(s contract.Setting) bool { return s.WithoutMasks }, "log", "log"},
		"of one variable":    {func(s contract.Setting) bool { return s.Variable != "" }, "host", "host"},
		"with an expression": {func(s contract.Setting) bool { return s.Expression != "" }, "", "source-token"},
	} {
		for _, command := range []struct {
			settings []contract.Setting
			want     string
		}{{contract.CredentialSettings, test.credential}, {contract.MirrorSettings, test.mirror}} {
			var ids []string
			for _, setting := range command.settings {
				if test.is(setting) {
					ids = append(ids, setting.ID)
				}
			}
			if got := strings.Join(ids, " "); got != command.want {
				t.Errorf("%s: got %q, want %q", what, got, command.want)
			}
		}
	}
}

// Settings that would say how certificates are verified.
func TestIsAboutCertificates(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"verify-ssl", "ssl-verify", "tls-skip-verify", "cert-check", "insecure", "self-signed", "allow-self-signed", "reject-unauthorized"} {
		if !contract.IsAboutCertificates(id) {
			t.Errorf("%s isn't", id)
		}
	}
	for _, id := range []string{"verify", "debug", "signed", ""} {
		if contract.IsAboutCertificates(id) {
			t.Errorf("%s is", id)
		}
	}
}

func TestFindOutput(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{"credential": true, "error-code": true, "credentials": false, "": false, "changed": false} {
		if got, found := contract.FindOutput(contract.CredentialOutputs, id); found != want || found && got.ID != id || !found && got != (contract.Output{}) {
			t.Errorf("%s: got %+v, %t", id, got, found)
		}
	}
}

// A setting of either command is one.
func TestIsSetting(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{"token": true, "env-prefix": true, "prune": true, "host": true, "tokens": false, "": false} {
		if got := contract.IsSetting(id); got != want {
			t.Errorf("%s: got %t", id, got)
		}
	}
}
