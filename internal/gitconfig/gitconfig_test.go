package gitconfig_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

var cloud = gitconfig.Setup{
	Reach: gitconfig.RepositoryOnly, Root: "https://bitbucket.org", Paths: []string{"ws/repo"},
	User: "x-token-auth", Password: secret.New("t0ken"), EnvPrefix: "BITBUCKET",
}

const helper = `!f() { if test "$1" = get; then printf 'username=%s\npassword=%s\n' "$BITBUCKET_GIT_0_USERNAME" "$BITBUCKET_GIT_0_PASSWORD"; fi; }; f`

const refused = `!f() { if test "$1" = get; then printf 'username=x-token-auth\npassword=refused\n'; fi; }; f`

func nothing(string) (string, bool) { return "", false }

func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { value, ok := values[name]; return value, ok }
}

// written is the variables as lines: entries as key = value.
func written(t *testing.T, setup gitconfig.Setup, lookup func(string) (string, bool)) string {
	t.Helper()
	variables, err := gitconfig.Variables(setup, lookup)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, v := range variables {
		switch {
		case strings.HasPrefix(v.Name, "GIT_CONFIG_KEY_"):
			fmt.Fprintf(&b, "%s = ", v.Text.Reveal())
		default:
			name := v.Name + "="
			if strings.HasPrefix(v.Name, "GIT_CONFIG_VALUE_") {
				name = ""
			}
			mark := ""
			if v.Secret {
				mark = " (secret)"
			}
			fmt.Fprintf(&b, "%s%s%s\n", name, strings.NewReplacer(helper, "HELPER", refused, "REFUSED").Replace(v.Text.Reveal()), mark)
		}
	}
	return b.String()
}

func TestVariables(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup func(*gitconfig.Setup)
		want  string
	}{
		{"repository", func(*gitconfig.Setup) {}, `BITBUCKET_GIT_0_USERNAME=x-token-auth
BITBUCKET_GIT_0_PASSWORD=t0ken (secret)
http.https://bitbucket.org/ws/repo.extraHeader = 
credential.https://bitbucket.org/ws/repo.helper = 
credential.https://bitbucket.org/ws/repo.helper = HELPER
credential.https://bitbucket.org/ws/repo.useHttpPath = true
http.https://bitbucket.org/ws/repo.git.extraHeader = 
credential.https://bitbucket.org/ws/repo.git.helper = 
credential.https://bitbucket.org/ws/repo.git.helper = HELPER
credential.https://bitbucket.org/ws/repo.git.useHttpPath = true
GIT_CONFIG_COUNT=8
`},
		{"workspace, two spellings", func(s *gitconfig.Setup) { s.Reach, s.Paths = gitconfig.Workspace, []string{"WS", "ws"} }, `BITBUCKET_GIT_0_USERNAME=x-token-auth
BITBUCKET_GIT_0_PASSWORD=t0ken (secret)
http.https://bitbucket.org/WS.extraHeader = 
credential.https://bitbucket.org/WS.helper = 
credential.https://bitbucket.org/WS.helper = HELPER
credential.https://bitbucket.org/WS.useHttpPath = true
http.https://bitbucket.org/ws.extraHeader = 
credential.https://bitbucket.org/ws.helper = 
credential.https://bitbucket.org/ws.helper = HELPER
credential.https://bitbucket.org/ws.useHttpPath = true
GIT_CONFIG_COUNT=8
`},
		{"host with ssh", func(s *gitconfig.Setup) {
			s.Reach, s.Paths, s.SSH = gitconfig.Host, nil, gitconfig.SSHAddresses("bitbucket.org", "22")
		}, `BITBUCKET_GIT_0_USERNAME=x-token-auth
BITBUCKET_GIT_0_PASSWORD=t0ken (secret)
http.https://bitbucket.org.extraHeader = 
credential.https://bitbucket.org.helper = 
credential.https://bitbucket.org.helper = HELPER
url.https://bitbucket.org/.insteadOf = git@bitbucket.org:
url.https://bitbucket.org/.insteadOf = ssh://git@bitbucket.org/
url.https://bitbucket.org/.insteadOf = ssh://git@bitbucket.org:22/
GIT_CONFIG_COUNT=6
`},
		{"workspace with ssh", func(s *gitconfig.Setup) {
			s.Reach, s.Paths, s.SSH = gitconfig.Workspace, []string{"ws"}, []string{"git@bitbucket.org:"}
		}, `BITBUCKET_GIT_0_USERNAME=x-token-auth
BITBUCKET_GIT_0_PASSWORD=t0ken (secret)
http.https://bitbucket.org/ws.extraHeader = 
credential.https://bitbucket.org/ws.helper = 
credential.https://bitbucket.org/ws.helper = HELPER
credential.https://bitbucket.org/ws.useHttpPath = true
url.https://bitbucket.org/ws/.insteadOf = git@bitbucket.org:ws/
GIT_CONFIG_COUNT=5
`},
		{"bearer header", func(s *gitconfig.Setup) {
			s.Root, s.User, s.SSH = "https://git.example.com/ctx/scm", "", []string{"ssh://git@git.example.com:7999/"}
		}, `http.https://git.example.com/ctx/scm/ws/repo.extraHeader = 
http.https://git.example.com/ctx/scm/ws/repo.extraHeader = Authorization: Bearer t0ken (secret)
credential.https://git.example.com/ctx/scm/ws/repo.helper = 
credential.https://git.example.com/ctx/scm/ws/repo.helper = REFUSED
http.https://git.example.com/ctx/scm/ws/repo.git.extraHeader = 
http.https://git.example.com/ctx/scm/ws/repo.git.extraHeader = Authorization: Bearer t0ken (secret)
credential.https://git.example.com/ctx/scm/ws/repo.git.helper = 
credential.https://git.example.com/ctx/scm/ws/repo.git.helper = REFUSED
url.https://git.example.com/ctx/scm/ws/repo.git.insteadOf = ssh://git@git.example.com:7999/ws/repo.git
GIT_CONFIG_COUNT=9
`},
		{"Data Center's root has a path", func(s *gitconfig.Setup) {
			s.Reach, s.Paths, s.Root = gitconfig.Host, nil, "https://git.example.com/scm"
		}, `BITBUCKET_GIT_0_USERNAME=x-token-auth
BITBUCKET_GIT_0_PASSWORD=t0ken (secret)
http.https://git.example.com/scm.extraHeader = 
credential.https://git.example.com/scm.helper = 
credential.https://git.example.com/scm.helper = HELPER
credential.https://git.example.com/scm.useHttpPath = true
GIT_CONFIG_COUNT=4
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			setup := cloud
			test.setup(&setup)
			if got := written(t, setup, nothing); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}

// Entries of earlier steps are kept, and every call has variables of its own.
func TestEntriesAreAppended(t *testing.T) {
	earlier := map[string]string{
		"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "",
		"GIT_CONFIG_KEY_1": "c.d", "GIT_CONFIG_VALUE_1": "x",
	}
	variables, err := gitconfig.Variables(cloud, environment(earlier))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variables[:len(variables)-1] {
		if _, taken := earlier[v.Name]; taken {
			t.Errorf("%s is overwritten", v.Name)
		}
	}
	if v := variables[0]; v.Name != "BITBUCKET_GIT_2_USERNAME" {
		t.Errorf("the first variable is %s", v.Name)
	}
	if v := variables[len(variables)-1]; v.Name != "GIT_CONFIG_COUNT" || v.Text.Reveal() != "10" {
		t.Errorf("the last variable is %s=%s", v.Name, v.Text.Reveal())
	}
}

func TestBrokenEnvironment(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"no number":  {"GIT_CONFIG_COUNT": "two"},
		"negative":   {"GIT_CONFIG_COUNT": "-1"},
		"with space": {"GIT_CONFIG_COUNT": " 1"},
		"too many":   {"GIT_CONFIG_COUNT": "99999999999999999999"},
		"absurd":     {"GIT_CONFIG_COUNT": "2000000000"},
		"no key":     {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_VALUE_0": "x"},
		"no value":   {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b"},
	} {
		if _, err := gitconfig.Variables(cloud, environment(values)); fault.From(err).Code != fault.GitConfigCount {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, count := range []string{"", "0"} {
		if _, err := gitconfig.Variables(cloud, environment(map[string]string{"GIT_CONFIG_COUNT": count})); err != nil {
			t.Errorf("%q: %v", count, err)
		}
	}
}

// No input is ever part of what git runs.
func TestTheHelperHoldsNoInput(t *testing.T) {
	setup := cloud
	setup.User, setup.Password = "$(touch pwned)`id`", secret.New("';id;'")
	variables, err := gitconfig.Variables(setup, nothing)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variables {
		if strings.HasPrefix(v.Name, "GIT_CONFIG_") && (strings.Contains(v.Text.Reveal(), "pwned") || strings.Contains(v.Text.Reveal(), ";id;")) {
			t.Errorf("%s holds input: %s", v.Name, v.Text.Reveal())
		}
	}
}
