package gitconfig_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

var cloud = gitconfig.Setup{
	Reach: gitconfig.RepositoryOnly, Root: "https://bitbucket.org", Repositories: []string{"ws/repo"},
	User: "x-token-auth", Password: secret.New("t0ken"), EnvPrefix: "BITBUCKET",
}

const helper = `!f() { if test "$1" = get; then printf 'username=%s\npassword=%s\n' "$BITBUCKET_GIT_0_USERNAME" "$BITBUCKET_GIT_0_PASSWORD"; fi; }; f`

const refused = `!f() { if test "$1" = get; then printf 'username=x-token-auth\npassword=refused\n'; fi; }; f`

func nothing(string) (string, bool) { return "", false }

func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { value, ok := values[name]; return value, ok }
}

// written prints variables as lines, and entries as key = value.
func written(t *testing.T, setup gitconfig.Setup, lookup func(string) (string, bool)) string {
	t.Helper()
	variables, err := gitconfig.Variables(lookup, setup)
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
url.https://bitbucket.org/ws/repo.git.insteadOf = https://bitbucket.org/ws/repo.git
url.https://bitbucket.org/ws/repo.git.pushInsteadOf = https://bitbucket.org/ws/repo.git
url.https://bitbucket.org/ws/repo/.insteadOf = https://bitbucket.org/ws/repo/
url.https://bitbucket.org/ws/repo/.pushInsteadOf = https://bitbucket.org/ws/repo/
GIT_CONFIG_COUNT=12
`},
		{"workspace in two spellings, with ssh and a CA", func(s *gitconfig.Setup) {
			s.Reach, s.Workspaces, s.Repositories = gitconfig.Workspace, []string{"WS", "ws"}, nil
			s.SSH, s.CAFile = []string{"git@bitbucket.org:"}, "/etc/ca.pem"
		}, `BITBUCKET_GIT_0_USERNAME=x-token-auth
BITBUCKET_GIT_0_PASSWORD=t0ken (secret)
http.https://bitbucket.org/WS.extraHeader = 
credential.https://bitbucket.org/WS.helper = 
credential.https://bitbucket.org/WS.helper = HELPER
credential.https://bitbucket.org/WS.useHttpPath = true
http.https://bitbucket.org/ws.extraHeader = 
credential.https://bitbucket.org/ws.helper = 
credential.https://bitbucket.org/ws.helper = HELPER
credential.https://bitbucket.org/ws.useHttpPath = true
http.https://bitbucket.org/.sslCAInfo = /etc/ca.pem
url.https://bitbucket.org/WS/.insteadOf = https://bitbucket.org/WS/
url.https://bitbucket.org/WS/.pushInsteadOf = https://bitbucket.org/WS/
url.https://bitbucket.org/ws/.insteadOf = https://bitbucket.org/ws/
url.https://bitbucket.org/ws/.pushInsteadOf = https://bitbucket.org/ws/
url.https://bitbucket.org/WS/.insteadOf = git@bitbucket.org:WS/
url.https://bitbucket.org/WS/.pushInsteadOf = git@bitbucket.org:WS/
url.https://bitbucket.org/ws/.insteadOf = git@bitbucket.org:ws/
url.https://bitbucket.org/ws/.pushInsteadOf = git@bitbucket.org:ws/
GIT_CONFIG_COUNT=17
`},
		{"host with ssh", func(s *gitconfig.Setup) {
			s.Reach, s.Repositories, s.SSH = gitconfig.Host, nil, gitconfig.SSHAddresses("bitbucket.org", "22")
		}, `BITBUCKET_GIT_0_USERNAME=x-token-auth
BITBUCKET_GIT_0_PASSWORD=t0ken (secret)
http.https://bitbucket.org.extraHeader = 
credential.https://bitbucket.org.helper = 
credential.https://bitbucket.org.helper = HELPER
url.https://bitbucket.org/.insteadOf = https://bitbucket.org/
url.https://bitbucket.org/.pushInsteadOf = https://bitbucket.org/
url.https://bitbucket.org/.insteadOf = git@bitbucket.org:
url.https://bitbucket.org/.pushInsteadOf = git@bitbucket.org:
url.https://bitbucket.org/.insteadOf = ssh://git@bitbucket.org/
url.https://bitbucket.org/.pushInsteadOf = ssh://git@bitbucket.org/
url.https://bitbucket.org/.insteadOf = ssh://git@bitbucket.org:22/
url.https://bitbucket.org/.pushInsteadOf = ssh://git@bitbucket.org:22/
GIT_CONFIG_COUNT=11
`},
		{"host, with a known repository and ssh", func(s *gitconfig.Setup) {
			s.Reach, s.Workspaces, s.SSH = gitconfig.Host, []string{"ws"}, []string{"git@bitbucket.org:"}
		}, `BITBUCKET_GIT_0_USERNAME=x-token-auth
BITBUCKET_GIT_0_PASSWORD=t0ken (secret)
http.https://bitbucket.org.extraHeader = 
credential.https://bitbucket.org.helper = 
credential.https://bitbucket.org.helper = HELPER
url.https://bitbucket.org/.insteadOf = https://bitbucket.org/
url.https://bitbucket.org/.pushInsteadOf = https://bitbucket.org/
url.https://bitbucket.org/ws/.insteadOf = https://bitbucket.org/ws/
url.https://bitbucket.org/ws/.pushInsteadOf = https://bitbucket.org/ws/
url.https://bitbucket.org/ws/repo.git.insteadOf = https://bitbucket.org/ws/repo.git
url.https://bitbucket.org/ws/repo.git.pushInsteadOf = https://bitbucket.org/ws/repo.git
url.https://bitbucket.org/ws/repo/.insteadOf = https://bitbucket.org/ws/repo/
url.https://bitbucket.org/ws/repo/.pushInsteadOf = https://bitbucket.org/ws/repo/
url.https://bitbucket.org/.insteadOf = git@bitbucket.org:
url.https://bitbucket.org/.pushInsteadOf = git@bitbucket.org:
url.https://bitbucket.org/ws/.insteadOf = git@bitbucket.org:ws/
url.https://bitbucket.org/ws/.pushInsteadOf = git@bitbucket.org:ws/
GIT_CONFIG_COUNT=15
`},
		{"bearer header", func(s *gitconfig.Setup) {
			s.Root, s.User, s.SSH = "https://git.example.com/ctx/scm", "", []string{"ssh://git@git.example.com:7999/"}
		}, `http.https://git.example.com/ctx/scm/ws/repo.extraHeader = 
http.https://git.example.com/ctx/scm/ws/repo.extraHeader = Authorization: Bearer t0ken (secret)
http.https://git.example.com/ctx/scm/ws/repo.followRedirects = false
credential.https://git.example.com/ctx/scm/ws/repo.helper = 
credential.https://git.example.com/ctx/scm/ws/repo.helper = REFUSED
http.https://git.example.com/ctx/scm/ws/repo.git.extraHeader = 
http.https://git.example.com/ctx/scm/ws/repo.git.extraHeader = Authorization: Bearer t0ken (secret)
http.https://git.example.com/ctx/scm/ws/repo.git.followRedirects = false
credential.https://git.example.com/ctx/scm/ws/repo.git.helper = 
credential.https://git.example.com/ctx/scm/ws/repo.git.helper = REFUSED
url.https://git.example.com/ctx/scm/ws/repo.git.insteadOf = https://git.example.com/ctx/scm/ws/repo.git
url.https://git.example.com/ctx/scm/ws/repo.git.pushInsteadOf = https://git.example.com/ctx/scm/ws/repo.git
url.https://git.example.com/ctx/scm/ws/repo/.insteadOf = https://git.example.com/ctx/scm/ws/repo/
url.https://git.example.com/ctx/scm/ws/repo/.pushInsteadOf = https://git.example.com/ctx/scm/ws/repo/
url.https://git.example.com/ctx/scm/ws/repo.git.insteadOf = ssh://git@git.example.com:7999/ws/repo.git
url.https://git.example.com/ctx/scm/ws/repo.git.pushInsteadOf = ssh://git@git.example.com:7999/ws/repo.git
GIT_CONFIG_COUNT=16
`},
		{"Data Center's root has a path", func(s *gitconfig.Setup) {
			s.Reach, s.Repositories, s.Root = gitconfig.Host, nil, "https://git.example.com/scm"
		}, `BITBUCKET_GIT_0_USERNAME=x-token-auth
BITBUCKET_GIT_0_PASSWORD=t0ken (secret)
http.https://git.example.com/scm.extraHeader = 
credential.https://git.example.com/scm.helper = 
credential.https://git.example.com/scm.helper = HELPER
credential.https://git.example.com/scm.useHttpPath = true
url.https://git.example.com/scm/.insteadOf = https://git.example.com/scm/
url.https://git.example.com/scm/.pushInsteadOf = https://git.example.com/scm/
GIT_CONFIG_COUNT=6
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

func TestHostScope(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://bitbucket.org": "https://bitbucket.org/", "https://git.example.com:8443/ctx/scm": "https://git.example.com:8443/", "http://127.0.0.1:7990/scm": "http://127.0.0.1:7990/",
	} {
		if got := gitconfig.HostScope(url); got != want {
			t.Errorf("%s: got %s", url, got)
		}
	}
}

func TestSSHAddresses(t *testing.T) {
	for host, want := range map[string]string{
		"git.example.com": "git@git.example.com: ssh://git@git.example.com/ ssh://git@git.example.com:7999/",
		"2001:db8::1":     "git@[2001:db8::1]: ssh://git@[2001:db8::1]/ ssh://git@[2001:db8::1]:7999/",
	} {
		if got := strings.Join(gitconfig.SSHAddresses(host, "7999"), " "); got != want {
			t.Errorf("%s: got %s", host, got)
		}
	}
}

// Entries and logins of earlier steps are kept, of which a host may have dropped
// some.
func TestNothingIsReplaced(t *testing.T) {
	earlier := map[string]string{
		"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "", "GIT_CONFIG_KEY_1": "c.d", "GIT_CONFIG_VALUE_1": "x",
		"BITBUCKET_GIT_2_USERNAME": "me", "BITBUCKET_GIT_3_USERNAME": "me",
	}
	variables, err := gitconfig.Variables(environment(earlier), cloud)
	if err != nil {
		t.Fatal(err)
	}
	last := len(variables) - 1
	for _, v := range variables[:last] {
		if _, taken := earlier[v.Name]; taken {
			t.Errorf("%s is overwritten", v.Name)
		}
	}
	if user, password := variables[0].Name, variables[1].Name; user != "BITBUCKET_GIT_4_USERNAME" || password != "BITBUCKET_GIT_4_PASSWORD" {
		t.Errorf("the login is in %s and %s", user, password)
	}
	if v := variables[last]; v.Name != "GIT_CONFIG_COUNT" || v.Text.Reveal() != "14" {
		t.Errorf("the last variable is %s=%s", v.Name, v.Text.Reveal())
	}
}

// Two logins in one environment: each answers for its own server.
func TestSeveralSetups(t *testing.T) {
	source := gitconfig.Setup{
		Reach: gitconfig.Host, Root: "https://git.example.com",
		User: "x-access-token", Password: secret.New("source-t0ken"), EnvPrefix: "SOURCE",
	}
	variables, err := gitconfig.Variables(nothing, source, cloud)
	if err != nil {
		t.Fatal(err)
	}
	for root, want := range map[string]string{
		"git.example.com": "username=x-access-token\npassword=source-t0ken",
		"bitbucket.org":   "username=x-token-auth\npassword=t0ken",
	} {
		answer := git(t, variables, "protocol=https\nhost="+root+"\npath=ws/repo.git\n", "credential", "fill")
		if !strings.Contains(answer, want) {
			t.Errorf("%s: git logs in with\n%s", root, answer)
		}
	}
}

// A step that doesn't have the password is told so, on the hosts where it has to be
// mapped, and git still gets an answer.
func TestMapPassword(t *testing.T) {
	const advice = "bitbucket-auth: BITBUCKET_GIT_0_PASSWORD is empty: map it under env: in this step\n"
	for _, test := range []struct {
		mapPassword, password, want string
	}{
		{"map it under env: in this step", "t0ken", ""},
		{"map it under env: in this step", "", advice},
		{"", "", ""},
	} {
		setup := cloud
		setup.MapPassword = test.mapPassword
		variables, err := gitconfig.Variables(nothing, setup)
		if err != nil {
			t.Fatal(err)
		}
		for _, missing := range []string{"empty", "unset"} {
			later := slices.Clone(variables)
			for i, v := range later {
				if v.Name == "BITBUCKET_GIT_0_PASSWORD" {
					later[i].Text = secret.New(test.password)
				}
			}
			if test.password == "" && missing == "unset" {
				later = slices.DeleteFunc(later, func(v secret.Value) bool { return v.Text.IsEmpty() && v.Secret })
			}
			got := git(t, gitconfig.InParameters(nothing, later), "protocol=https\nhost=bitbucket.org\npath=ws/repo.git\n", "credential", "fill")
			answer, said := strings.CutPrefix(got, test.want)
			if !said || strings.Contains(answer, "is empty") || !strings.Contains(answer, "username=x-token-auth\npassword="+test.password+"\n") {
				t.Errorf("%q, password %q, %s: got %q", test.mapPassword, test.password, missing, got)
			}
		}
	}
}

// git runs git with the variables, and nothing else that configures it.
func git(t *testing.T, variables []secret.Value, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0"}
	for _, v := range variables {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Text.Reveal())
	}
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Git reads the same configuration from the one variable as from many, and
// keeps what the variable already held.
func TestInParameters(t *testing.T) {
	setup := cloud
	setup.SSH, setup.CAFile = gitconfig.SSHAddresses("bitbucket.org"), "/it's here!/ca.pem"
	variables, err := gitconfig.Variables(nothing, setup)
	if err != nil {
		t.Fatal(err)
	}
	earlier := map[string]string{"GIT_CONFIG_PARAMETERS": "'user.name'='Me! Too'"}
	packed := gitconfig.InParameters(environment(earlier), variables)
	var names []string
	for _, v := range packed {
		names = append(names, v.Name)
		if v.Text.IsEmpty() {
			t.Errorf("%s is empty", v.Name)
		}
		if secret := v.Name == "BITBUCKET_GIT_0_PASSWORD"; v.Secret != secret {
			t.Errorf("%s counts as secret: %v", v.Name, v.Secret)
		}
	}
	if got := strings.Join(names, " "); got != "BITBUCKET_GIT_0_USERNAME BITBUCKET_GIT_0_PASSWORD GIT_CONFIG_PARAMETERS" {
		t.Errorf("got %s", got)
	}
	list := []string{"config", "--list", "--null"}
	got, want := git(t, packed, "", list...), "user.name\nMe! Too\x00"+git(t, variables, "", list...)
	if got != want {
		t.Errorf("git reads\n%q\nwant\n%q", got, want)
	}

	// A second call's entries come after the first's.
	now := map[string]string{}
	for _, v := range packed {
		now[v.Name] = v.Text.Reveal()
	}
	again, err := gitconfig.Variables(environment(now), cloud)
	if err != nil {
		t.Fatal(err)
	}
	packed = gitconfig.InParameters(environment(now), again)
	if got := git(t, packed, "", list...); !strings.HasPrefix(got, want) || packed[1].Name != "BITBUCKET_GIT_1_PASSWORD" {
		t.Errorf("after a second call, %s, and git reads\n%q", packed[1].Name, got)
	}
}

// A header is secret in any variable; without entries nothing changes.
func TestInParametersSecrets(t *testing.T) {
	setup := cloud
	setup.User = ""
	variables, err := gitconfig.Variables(nothing, setup)
	if err != nil {
		t.Fatal(err)
	}
	if packed := gitconfig.InParameters(nothing, variables); len(packed) != 1 || !packed[0].Secret {
		t.Errorf("got %+v", packed)
	}
	other := []secret.Value{{Name: "BITBUCKET_CREDENTIAL", Secret: true}}
	if packed := gitconfig.InParameters(nothing, other); len(packed) != 1 || packed[0].Name != other[0].Name {
		t.Errorf("got %+v", packed)
	}
}

func TestBrokenEnvironment(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"not a number": {"GIT_CONFIG_COUNT": "two"},
		"negative":     {"GIT_CONFIG_COUNT": "-1"},
		"with space":   {"GIT_CONFIG_COUNT": " 1"},
		"too many":     {"GIT_CONFIG_COUNT": "99999999999999999999"},
		"absurd":       {"GIT_CONFIG_COUNT": "2000000000"},
		"no key":       {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_VALUE_0": "x"},
		"no value":     {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b"},
	} {
		if _, err := gitconfig.Variables(environment(values), cloud); fault.From(err).Code != fault.GitConfigCount {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := gitconfig.Variables(environment(map[string]string{"GIT_CONFIG_COUNT": "1000000"}), cloud); err == nil || !strings.Contains(err.Error(), "GIT_CONFIG_KEY_0 is not set") {
		t.Errorf("the largest number: got %v", err)
	}
	// Even if there were as many.
	if _, err := gitconfig.Variables(func(string) (string, bool) { return "1000001", true }, cloud); fault.From(err).Code != fault.GitConfigCount {
		t.Errorf("1000001: got %v", err)
	}
	for _, count := range []string{"", "0"} {
		if _, err := gitconfig.Variables(environment(map[string]string{"GIT_CONFIG_COUNT": count}), cloud); err != nil {
			t.Errorf("%q: %v", count, err)
		}
	}
}

// Entries that are added get the numbers after the others, and stand before the count.
func TestAppend(t *testing.T) {
	t.Parallel()
	earlier := map[string]string{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "x"}
	variables, err := gitconfig.Variables(environment(earlier), cloud)
	if err != nil {
		t.Fatal(err)
	}
	got := gitconfig.Append(variables, [2]string{"c.d", "y"}, [2]string{"e.f", ""})
	var added []string
	for _, v := range got[len(variables)-1:] {
		added = append(added, v.Name+"="+v.Text.Reveal())
	}
	want := []string{"GIT_CONFIG_KEY_13=c.d", "GIT_CONFIG_VALUE_13=y", "GIT_CONFIG_KEY_14=e.f", "GIT_CONFIG_VALUE_14=", "GIT_CONFIG_COUNT=15"}
	if !slices.Equal(added, want) || !slices.Equal(got[:len(variables)-1], variables[:len(variables)-1]) {
		t.Errorf("got %q, want %q", added, want)
	}
	if got := gitconfig.Append(nil, [2]string{"c.d", "y"}); len(got) != 3 || got[0].Name != "GIT_CONFIG_KEY_0" || got[2].Text.Reveal() != "1" {
		t.Errorf("to nothing: got %v", got)
	}
}

// No input is part of what git runs.
func TestHelperContainsNoInput(t *testing.T) {
	setup := cloud
	setup.User, setup.Password = "$(touch pwned)`id`", secret.New("';id;'")
	variables, err := gitconfig.Variables(nothing, setup)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variables {
		if strings.HasPrefix(v.Name, "GIT_CONFIG_") && (strings.Contains(v.Text.Reveal(), "pwned") || strings.Contains(v.Text.Reveal(), ";id;")) {
			t.Errorf("%s contains input: %s", v.Name, v.Text.Reveal())
		}
	}
}
