package action_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// scenario is one way to use the program, on GitHub's names.
type scenario struct {
	kind   string // of the token
	name   string
	secret string
	env    env
}

// scenarios are all kinds, and all faults with a secret somewhere in the
// settings. Tokens are new each time.
func scenarios(t *testing.T) []scenario {
	const email = "INPUT_IDENTITY"
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	dc := "https://git.example.com/ctx"
	all := []scenario{}

	api, access, app := credentialtest.APIToken(), credentialtest.AccessToken(), credentialtest.AppPassword()
	http, old, plain := credentialtest.HTTPAccessToken(), credentialtest.OldHTTPAccessToken(), credentialtest.ConsumerSecret()
	for _, k := range []struct {
		name, token string
		more        env
	}{
		{"api-token", api, env{email: "me@example.com"}},
		{"access-token", access, env{}},
		{"app-password", app, env{email: "someone"}},
		{"http-access-token", http, env{"INPUT_SERVER-URL": dc}},
		{"http-access-token, old", old, env{"INPUT_SERVER-URL": dc, email: "someone"}},
		{"unprefixed", plain, env{email: "me@example.com"}},
	} {
		add := func(name, secret string, e env) { all = append(all, scenario{k.name, name, secret, e}) }
		base := env{"INPUT_TOKEN": k.token}.with(k.more)
		repository := env{"INPUT_REPOSITORY": "team/repo"}
		add(k.name, k.token, base)
		add(k.name+", Avo", k.token, base.with(repository).with(env{"INPUT_AVO-CONNECTION-NAME": "Mine", "INPUT_AVO-USERNAME": "someone"}))
		add(k.name+", git", k.token, base.with(repository).with(env{"INPUT_GIT": "repository", "INPUT_REWRITE-SSH": "true"}))
		add(k.name+", wrapped in space and quotes", k.token, base.with(env{"INPUT_TOKEN": " \"" + k.token + "\"\r\n"}))
		add(k.name+", all settings odd", k.token, base.with(env{"INPUT_EXPIRES-ON": "2020-01-01", "GITHUB_EVENT_NAME": "pull_request_target", "BITBUCKET_CREDENTIAL": "other"}))
		add(k.name+", a header", k.token, base.with(env{"INPUT_TOKEN": "Bearer " + k.token}))
		add(k.name+", encoded", k.token, base.with(env{"INPUT_TOKEN": encode("me@example.com:" + k.token)}))
		add(k.name+", two lines", k.token, base.with(env{"INPUT_TOKEN": k.token + "\n" + k.token}))
		add(k.name+", cut in two", k.token, base.with(env{"INPUT_TOKEN": k.token[:20] + " " + k.token[20:]}))
		add(k.name+", in a pair", k.token, base.with(env{"INPUT_TOKEN": "me:" + k.token}))
		add(k.name+", swapped", k.token, base.with(env{"INPUT_TOKEN": "me@example.com", email: k.token}))
		add(k.name+", unexpanded", k.token, base.with(env{"INPUT_TOKEN": "${{ " + k.token + " }}"}))
		add(k.name+", with a name", k.token, base.with(env{"INPUT_TOKEN": "BITBUCKET_TOKEN=" + k.token}))
		add(k.name+", exported", k.token, base.with(env{"INPUT_TOKEN": "export BITBUCKET_TOKEN='" + k.token + "'"}))
		add(k.name+", as YAML", k.token, base.with(env{"INPUT_TOKEN": "token: \"" + k.token + "\""}))
		add(k.name+", as JSON", k.token, base.with(env{"INPUT_TOKEN": `{"token":"` + k.token + `"}`}))
		add(k.name+", as a clone URL", k.token, base.with(env{"INPUT_TOKEN": "https://x-token-auth:" + k.token + "@bitbucket.org/team/repo.git"}))
		add(k.name+", as a user name", k.token, base.with(env{"INPUT_TOKEN": "git clone https://" + k.token + "@bitbucket.org/team/repo.git"}))
		add(k.name+", with a reference", k.token, base.with(env{"INPUT_TOKEN": k.token + "$NAME"}))
		add(k.name+", in a wiki's URL", k.token, base.with(env{"INPUT_REPOSITORY": "https://me:" + k.token + "@bitbucket.org/team/repo.git/wiki"}))
		add(k.name+", in a quoted URL", k.token, base.with(env{"INPUT_REPOSITORY": "\"https://me:" + k.token + "@bitbucket.org/$WS/repo\""}))
		add(k.name+", control character", k.token, base.with(env{"INPUT_TOKEN": k.token + "\x1b[31m"}))
		add(k.name+", escapes", k.token, base.with(env{"INPUT_TOKEN": k.token + "%0A::error::" + k.token}))
		add(k.name+", in the repository's URL", k.token, base.with(env{"INPUT_REPOSITORY": "https://me:" + k.token + "@bitbucket.org/team/repo"}))
		add(k.name+", in an invalid URL", k.token, base.with(env{"INPUT_REPOSITORY": "https://me:" + k.token + "@[::1/team"}))
		add(k.name+", in server-url", k.token, base.with(env{"INPUT_SERVER-URL": "https://me:" + k.token + "@git.example.com"}))
		for _, setting := range contract.CredentialSettings {
			if setting.ID == "token" || setting.ID == "identity" || setting.Variable != "" {
				continue
			}
			id := strings.ToUpper(setting.ID)
			add(k.name+", also given as "+id, k.token, base.with(env{"INPUT_" + id: k.token}))
			add(k.name+", only given as "+id, k.token, base.with(env{"INPUT_TOKEN": "", "INPUT_" + id: k.token}))
		}
		file := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(file, []byte(k.token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		add(k.name+", from a file", k.token, base.with(env{"INPUT_TOKEN": "", "INPUT_TOKEN-FILE": file}))
		add(k.name+", git broken", k.token, base.with(env{"INPUT_GIT": "host", "GIT_CONFIG_COUNT": k.token}))
		add(k.name+", no output file", k.token, base.with(env{"GITHUB_OUTPUT": ""}))
		add(k.name+", output is a folder", k.token, base.with(env{"GITHUB_OUTPUT": t.TempDir()}))
	}
	return all
}

// kin are GitHub and the runners that read its commands.
var kin = []struct {
	runner   hosttest.Runner
	variable string // by which it is detected
}{
	{hosttest.GitHub, "GITHUB_ACTIONS"},
	{hosttest.Gitea, "GITEA_ACTIONS"},
	{hosttest.OldGitea, "GITEA_ACTIONS"},
	{hosttest.Act, "ACT"},
	{hosttest.Forgejo, "FORGEJO_ACTIONS"},
}

// huntWhole is set by `make test`: every scenario runs on every host. Otherwise each
// scenario runs on one host like GitHub, and on one of the others.
var huntWhole = os.Getenv("LEAK_HUNT") == "whole"

// hunted reports whether a scenario runs on one of several hosts, all given by their
// positions in their lists.
func hunted(scenario, host, hosts int, whole bool) bool {
	return whole || scenario%hosts == host
}

// reportHunt says that a hunt was whole: `make test` shows it.
func reportHunt(hosts string, runs int) {
	if huntWhole {
		fmt.Printf("the leak hunt was whole: %d runs on %s\n", runs, hosts)
	}
}

// The sample contains every scenario, and every host with every kind of token.
func TestLeakSample(t *testing.T) {
	all := scenarios(t)
	for _, hosts := range []int{len(kin), len(others())} {
		runs, pairs := 0, map[string]bool{}
		for i, s := range all {
			for host := range hosts {
				if hunted(i, host, hosts, false) {
					runs++
					pairs[fmt.Sprint(host, s.kind)] = true
				}
			}
		}
		equal(t, "runs of the sample", runs, len(all))
		equal(t, "pairs of host and kind", len(pairs), hosts*6)
	}
}

// A scenario in which the secret is only where no secret belongs can't be
// masked: the program has no way to know. Then it must not show it at all.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	runs := 0
	for i, s := range scenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			for j, host := range kin {
				if !hunted(i, j, len(kin), huntWhole) {
					continue
				}
				runs++
				o := onGitHub(t, s.env.with(env{host.variable: "true"}))
				if o.stderr != "" {
					t.Errorf("%s: standard error is used: %q", host.runner.Name, o.stderr)
				}
				checkMasksComeFirst(t, o.stdout)
				checkNoLeak(t, host.runner, o, s.secret)
			}
		})
	}
	reportHunt("GitHub and its kin", runs)
}

// checkNoLeak looks at the log, at what a later step that prints everything
// would add to it, and at what isn't meant to be secret.
func checkNoLeak(t *testing.T, runner hosttest.Runner, o outcome, secret string) {
	t.Helper()
	var later strings.Builder
	for _, values := range []map[string]string{o.outputs, o.vars} {
		for name, value := range values {
			fmt.Fprintf(&later, "%s=%s\n", name, value)
			pair, isPair := strings.CutPrefix(value, "Basic ")
			for _, width := range []int{60, 64, 76} { // as Ruby, openssl and base64(1) wrap it
				for piece := range slices.Chunk([]byte(pair), width) {
					if isPair {
						fmt.Fprintf(&later, "%s\n", piece)
					}
				}
			}
		}
	}
	log := runner.Show(o.stdout + later.String())
	if leaks := hosttest.Leaks(log.Text(), secret); len(leaks) > 0 {
		t.Errorf("%s shows the secret: %v\n%s", runner.Name, leaks[0], log.Text())
	}
	for _, a := range log.Annotations {
		if !strings.HasPrefix(a.Title, "bitbucket-auth") {
			t.Errorf("%s: an annotation is not ours: %q", runner.Name, a)
		}
	}
	if o.exit != 0 && (len(o.vars) > 0 || len(o.outputs) > 1 || len(o.outputs) == 1 && o.outputs["error-code"] == "") {
		t.Errorf("a step that failed handed over %v, %v", o.outputs, o.vars)
	}
	if leaks := hosttest.Leaks(o.summary, secret); len(leaks) > 0 {
		t.Errorf("the summary holds the secret: %v", leaks)
	}
	public := o.outputs["identity"] + o.outputs["kind"] + o.outputs["repository-url"] + o.outputs["workspace"] + o.outputs["error-code"]
	if leaks := hosttest.Leaks(public, secret); len(leaks) > 0 {
		t.Errorf("a public output holds the secret: %v", leaks)
	}
}

// checkMasksComeFirst fails if any line precedes the last mask.
func checkMasksComeFirst(t *testing.T, stdout string) {
	t.Helper()
	other := ""
	for line := range strings.Lines(stdout) {
		isMask := func(command string) bool { return strings.HasPrefix(line, command) }
		if !slices.ContainsFunc([]string{"::add-mask::", "##[add-mask]", "##vso[task.setsecret]"}, isMask) {
			other = line
		} else if other != "" {
			t.Errorf("a mask comes behind %q", other)
		}
	}
}
