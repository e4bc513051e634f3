package action_test

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

func TestResultsOnGitHub(t *testing.T) {
	api := credentialtest.APIToken()
	basic := base64.StdEncoding.EncodeToString([]byte("me@example.com:" + api))
	o := onGitHub(t, env{
		"INPUT_TOKEN":      api,
		"INPUT_IDENTITY":   "me@example.com",
		"INPUT_REPOSITORY": "git clone https://me@bitbucket.org/Team/Repo.git",
	})
	equal(t, "exit code", o.exit, 0)
	equal(t, "outputs", o.outputs, map[string]string{
		"credential":        basic,
		"authorization":     "Basic " + basic,
		"token":             api,
		"git-authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("x-bitbucket-api-token-auth:"+api)),
		"kind":              "api-token",
		"identity":          "me@example.com",
		"git-username":      "x-bitbucket-api-token-auth",
		"repository-url":    "https://bitbucket.org/team/repo.git",
		"repository":        "team/repo",
		"workspace":         "team",
		"repo-slug":         "repo",
		"available":         "true",
	})
	equal(t, "variables", o.vars, map[string]string{
		"BITBUCKET_CREDENTIAL":     basic,
		"BITBUCKET_AUTHORIZATION":  "Basic " + basic,
		"BITBUCKET_REPOSITORY_URL": "https://bitbucket.org/team/repo.git",
		"BITBUCKET_WORKSPACE":      "team",
		"BITBUCKET_REPO_SLUG":      "repo",
	})
}

// A Data Center token without an identity has no user name for git.
func TestGitAuthorizationOnDataCenter(t *testing.T) {
	token := credentialtest.HTTPAccessToken()
	e := env{"INPUT_TOKEN": token, "INPUT_SERVER-URL": "https://git.example.com"}
	without, with := onGitHub(t, e).outputs, onGitHub(t, e.with(env{"INPUT_IDENTITY": "me"})).outputs
	equal(t, "without an identity", without["git-authorization"], "Bearer "+token)
	equal(t, "with an identity", with["git-authorization"], "Basic "+base64.StdEncoding.EncodeToString([]byte("me:"+token)))
	equal(t, "user names", []string{without["git-username"], with["git-username"]}, []string{"", "me"})
	equal(t, "the REST API's header", []string{without["authorization"], with["authorization"]}, []string{"Bearer " + token, "Bearer " + token})
}

func TestExportEnvAndPrefix(t *testing.T) {
	access := env{"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_WORKSPACE": "team"}
	o := onGitHub(t, access.with(env{"INPUT_EXPORT-ENV": "false"}))
	equal(t, "variables", o.vars, map[string]string{})

	o = onGitHub(t, access.with(env{"INPUT_ENV-PREFIX": "MIRROR_BB"}))
	equal(t, "names", names(o.vars), "MIRROR_BB_AUTHORIZATION MIRROR_BB_CREDENTIAL MIRROR_BB_WORKSPACE")

	for _, reserved := range []string{"HARNESS", "GITHUB_BB", "GIT_BB"} { // by a host, by this host, by git
		o = onGitHub(t, access.with(env{"INPUT_ENV-PREFIX": reserved}))
		equal(t, reserved, o.outputs["error-code"], "BBA105")
	}

	for _, exports := range []string{"false", "true"} {
		o = onGitHub(t, access.with(env{"INPUT_EXPORT-ENV": exports, "INPUT_GIT": "workspace", "INPUT_ENV-PREFIX": "MIRROR"}))
		equal(t, "the count", o.vars["GIT_CONFIG_COUNT"], "6")
		equal(t, "the user", o.vars["MIRROR_GIT_0_USERNAME"], "x-token-auth")
		if !strings.HasSuffix(o.env, "\n") || !strings.Contains(o.env[strings.LastIndex(o.env, "<<")-20:], "GIT_CONFIG_COUNT") {
			t.Errorf("export-env %s: GIT_CONFIG_COUNT isn't last", exports)
		}
	}

	// The file of variables has to be there only if there are any.
	for _, test := range []struct {
		more env
		code string
	}{
		{env{"INPUT_EXPORT-ENV": "false"}, ""},
		{env{"INPUT_EXPORT-ENV": "false", "INPUT_GIT": "workspace"}, "BBA302"},
		{env{"INPUT_EXPORT-ENV": "true"}, "BBA302"},
	} {
		o = onGitHub(t, access.with(test.more).with(env{"GITHUB_ENV": ""}))
		equal(t, "without GITHUB_ENV", o.outputs["error-code"], test.code)
	}
}

func TestShell(t *testing.T) {
	access := credentialtest.AccessToken()
	o := inShell(t, env{"BITBUCKET_AUTH_TOKEN": access})
	equal(t, "exit code", o.exit, 0)
	// A shell has no outputs, so everything is a variable.
	basic := base64.StdEncoding.EncodeToString([]byte("x-token-auth:" + access))
	want := "export BITBUCKET_CREDENTIAL='" + basic + "'\n" +
		"export BITBUCKET_AUTHORIZATION='Bearer " + access + "'\n" +
		"export BITBUCKET_TOKEN='" + access + "'\n" +
		"export BITBUCKET_GIT_AUTHORIZATION='Basic " + basic + "'\n" +
		"export BITBUCKET_KIND='access-token'\n" +
		"export BITBUCKET_IDENTITY='x-token-auth'\n" +
		"export BITBUCKET_GIT_USERNAME='x-token-auth'\n" +
		"export BITBUCKET_AVAILABLE='true'\n"
	equal(t, "standard output", o.stdout, want)
	if leaks := hosttest.Leaks(o.stderr, access); len(leaks) > 0 {
		t.Errorf("standard error holds the token: %v", leaks)
	}

	o = inShell(t, env{"BITBUCKET_AUTH_TOKEN": access, "BITBUCKET_AUTH_KIND": "none"})
	equal(t, "standard output of a fault", o.stdout, "(exit 2)\n")
	equal(t, "exit code of a fault", o.exit, 2)

	o = inShell(t, env{"BITBUCKET_AUTH_TOKEN": access, "BITBUCKET_AUTH_EXPORT_ENV": "false"})
	equal(t, "standard output without anything to hand over", o.stdout, "")
	if !strings.Contains(o.stderr, "leaves nothing to hand over") {
		t.Errorf("got %q", o.stderr)
	}

	o = inShell(t, env{"BITBUCKET_AUTH_TOKEN": access, "BITBUCKET_AUTH_EXPORT_ENV": "false", "BITBUCKET_AUTH_WORKSPACE": "team", "BITBUCKET_AUTH_GIT": "workspace"})
	if !strings.Contains(o.stdout, "export GIT_CONFIG_COUNT=") || strings.Contains(o.stdout, "_CREDENTIAL=") || strings.Contains(o.stderr, "leaves nothing to hand over") {
		t.Errorf("git alone: got %q, %q", names(o.vars), o.stderr)
	}

	named := inShell(t, env{"BITBUCKET_AUTH_TOKEN": access, "BITBUCKET_AUTH_HOST": "shell"})
	equal(t, "a shell that is also named", named.stdout, want)
	named = runWith(t, world(env{"BITBUCKET_AUTH_TOKEN": access, "BITBUCKET_AUTH_HOST": "shell"}, nil, nil))
	equal(t, "standard output of a shell that is only named", named.stdout, "(exit 2)\n")
	equal(t, "exit code of a shell that is only named", named.exit, 2)
	if !strings.Contains(named.stderr, "(BBA109)") {
		t.Errorf("got %q", named.stderr)
	}
}

// Faults that end a run: each leaves its code behind, and nothing else. More of
// them are in TestMistakes.
func TestFaults(t *testing.T) {
	api := credentialtest.APIToken()
	good := env{"INPUT_TOKEN": api, "INPUT_IDENTITY": "me@example.com"}
	for _, test := range []struct {
		name string
		env  env
		code fault.Code
	}{
		{"token of quotes", good.with(env{"INPUT_TOKEN": `" "`}), fault.TokenMissing},
		{"no token, and another fault", good.with(env{"INPUT_TOKEN": "", "INPUT_KIND": "x"}), fault.NotAllowed},
		{"the host named", good.with(env{"BITBUCKET_AUTH_HOST": "shell"}), fault.SettingRefused},
		{"git without a workspace", good.with(env{"INPUT_GIT": "workspace"}), fault.RepositoryMissing},
		{"bad workspace", good.with(env{"INPUT_WORKSPACE": "a/b"}), fault.Workspace},
		{"bad repository", good.with(env{"INPUT_REPOSITORY": "a"}), fault.Repository},
		{"git broken by an earlier step", good.with(env{"INPUT_GIT": "host", "GIT_CONFIG_COUNT": "1"}), fault.GitConfigCount},
		{"GITHUB_ENV not set", good.with(env{"GITHUB_ENV": ""}), fault.CommandFileName},
		{"GITHUB_ENV missing", good.with(env{"GITHUB_ENV": "/nowhere/env"}), fault.CommandFile},
		{"GITHUB_ENV is a folder", good.with(env{"GITHUB_ENV": t.TempDir()}), fault.CommandFile},
		{"GITHUB_ENV is a device", good.with(env{"GITHUB_ENV": "/dev/full"}), fault.CommandFile},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := onGitHub(t, test.env)
			equal(t, "exit code", o.exit, test.code.Exit)
			equal(t, "outputs", o.outputs, map[string]string{"error-code": test.code.ID})
			equal(t, "variables", o.vars, map[string]string{})
			if !strings.Contains(o.stdout, "::error title=bitbucket-auth "+test.code.ID+"::") {
				t.Errorf("no error is shown: %q", o.stdout)
			}
			checkNoLeak(t, hosttest.GitHub, o, api)
		})
	}
}

func TestArguments(t *testing.T) {
	token := credentialtest.AccessToken()
	for _, args := range [][]string{{token}, {"--token", token}, {"--shell", "x"}, {"x", "--shell"}, {"--help", "x"}, {"x", "--version"}, {"mirror", "--shell"}} {
		w := world(env{"GITHUB_ACTIONS": ""}, nil, nil)
		w.Args = args
		o := runWith(t, w)
		equal(t, "exit code", o.exit, 2)
		if strings.Contains(o.stdout+o.stderr, token) || !strings.Contains(o.stderr, "BBA108") {
			t.Errorf("got %q, %q", o.stdout, o.stderr)
		}
		if slices.Contains(args, "--shell") {
			equal(t, "what the shell evaluates", o.stdout, "(exit 2)\n")
		}
	}
	for _, arg := range []string{"--help", "-h", "--version"} {
		w := world(env{}, nil, nil)
		w.Args = []string{arg}
		o := runWith(t, w)
		if o.exit != 0 || o.stdout == "" || o.stderr != "" {
			t.Errorf("%s: got %d, %q, %q", arg, o.exit, o.stdout, o.stderr)
		}
		w.Stdout = broken{}
		equal(t, "exit code with a broken output", action.Run(context.Background(), w), 3)
	}
}

// Whoever may have put a token on a command line is told to rotate it, and nobody else.
func TestArgumentsThatMayBeTokens(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]bool{
		"--token=x": true, "token=x": true, "-t=x": true, strings.Repeat("x", 8): true, "xxxx-xxxx": true,
		"--a-long-option": false, "-v": false, "help": false, strings.Repeat("x", 7): false, "": false,
	} {
		w := world(env{}, nil, nil)
		w.Args = []string{arg}
		o := runWith(t, w)
		if got := strings.Contains(o.stderr, "rotate it"); got != want || o.exit != 2 || !strings.Contains(o.stderr, "(BBA108)") {
			t.Errorf("%q: exit code %d, %s", arg, o.exit, o.stderr)
		}
	}
}

// Signals are caught where a run waits, and nowhere else, since that costs a thread. They
// are ignored once results are written, and not before.
func TestWhereSignalsAreCaught(t *testing.T) {
	t.Parallel()
	fake := newFake(t)
	access := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository"}})
	client := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer})
	token := credentialtest.AccessToken()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name           string
		host           string
		env            env
		caught, writes bool
	}{
		{"offline", "GitHub Actions", settings(fake, access), false, true},
		{"a check", "GitHub Actions", settings(fake, access).with(env{"INPUT_VERIFY": "warn"}), true, true},
		{"an OAuth client", "GitHub Actions", settings(fake, client), true, true},
		{"a file", "CircleCI", env{"INPUT_TOKEN-FILE": file}, true, true},
		{"no file", "CircleCI", env{"INPUT_TOKEN": token}, false, true},
		{"skipped", "GitHub Actions", env{"INPUT_ON-MISSING-TOKEN": "skip"}, false, true},
		{"a wrong setting", "CircleCI", env{"INPUT_TOKEN": token, "INPUT_KIND": "x"}, false, false},
	} {
		site := namedHost(t, test.host).Start(t)
		for name, value := range test.env {
			site.Env[namedHost(t, test.host).Setting(strings.ToLower(strings.TrimPrefix(name, "INPUT_")))] = value
		}
		w := world(site.Env, nil, nil)
		caught, ignored := 0, 0
		w.CatchSignals = func(func(*fault.Fault)) {
			caught++
			if ignored > 0 {
				t.Errorf("%s: caught after they were ignored", test.name)
			}
		}
		w.IgnoreSignals = func() { ignored++ }
		o := runWith(t, w)
		if (caught > 0) != test.caught || (ignored > 0) != test.writes || (o.exit == 0) != test.writes {
			t.Errorf("%s: exit code %d, caught %d times, ignored %d times\n%s%s", test.name, o.exit, caught, ignored, o.stdout, o.stderr)
		}
	}
}

func TestNoHost(t *testing.T) {
	o := runWith(t, world(env{"BITBUCKET_AUTH_TOKEN": credentialtest.AccessToken()}, nil, nil))
	equal(t, "exit code", o.exit, 3)
	equal(t, "standard output", o.stdout, "")
	if !strings.Contains(o.stderr, "BBA301") {
		t.Errorf("got %q", o.stderr)
	}
	for _, args := range [][]string{nil, {"mirror"}} {
		w := world(env{"BITBUCKET_AUTH_HOST": "shel"}, nil, nil)
		w.Args = args
		o = runWith(t, w)
		if o.exit != 2 || !strings.Contains(o.stderr, "did you mean BITBUCKET_AUTH_HOST: shell?") || o.stdout != "" {
			t.Errorf("%q: got %d, %q, %q", args, o.exit, o.stdout, o.stderr)
		}
	}
}

// A panic becomes an internal error, without the value of the panic.
func TestPanic(t *testing.T) {
	w := world(env{}, nil, nil)
	w.Args = []string{"--shell"}
	w.Lookup = func(name string) (string, bool) {
		if strings.HasSuffix(name, "_TOKEN") {
			panic("choked on s3cret")
		}
		return "", false
	}
	o := runWith(t, w)
	equal(t, "exit code", o.exit, 1)
	equal(t, "standard output", o.stdout, "(exit 1)\n")
	if strings.Contains(o.stderr, "s3cret") || !strings.Contains(o.stderr, "BBA901") {
		t.Errorf("got %q", o.stderr)
	}
}

func TestMissingToken(t *testing.T) {
	const (
		fork = `{"pull_request": {"head": {"repo": {"full_name": "mallory/repo"}}, "base": {"repo": {"full_name": "team/repo"}}}}`
		gone = `{"pull_request": {"head": {"repo": null}, "base": {"repo": {"full_name": "team/repo"}}}}`
		own  = `{"pull_request": {"head": {"repo": {"full_name": "team/repo"}}, "base": {"repo": {"full_name": "team/repo"}}}}`
	)
	for _, test := range []struct {
		name, event, payload, actor string
		reason                      string
		withheld                    bool
	}{
		{"a fork", "pull_request", fork, "mallory", "the token is empty: this pull request comes from a fork, which has no access to secrets", true},
		{"a fork that is gone", "pull_request", gone, "mallory", "the token is empty: this pull request comes from a fork, which has no access to secrets", true},
		{"Dependabot", "pull_request", own, "dependabot[bot]", "the token is empty: Dependabot started this run, and has no access to Actions secrets", true},
		{"a pull request of this repository", "pull_request", own, "me", "the token is empty", false},
		{"pull_request_target", "pull_request_target", fork, "mallory", "the token is empty", false},
		{"a push", "push", `{}`, "me", "the token is empty", false},
		{"no payload", "push", "", "me", "the token is empty", false},
		{"a broken payload", "push", `{"pull_request": 7`, "me", "the token is empty", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "event.json")
			if test.payload != "" {
				if err := os.WriteFile(path, []byte(test.payload), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			e := env{"GITHUB_EVENT_NAME": test.event, "GITHUB_EVENT_PATH": path, "GITHUB_ACTOR": test.actor, "INPUT_TOKEN": ""}
			o := onGitHub(t, e)
			equal(t, "exit code", o.exit, 2)
			equal(t, "outputs", o.outputs, map[string]string{"error-code": "BBA101"})
			if !strings.Contains(o.stdout, "BBA101::"+test.reason+" (BBA101)") {
				t.Errorf("the reason isn't %q: %s", test.reason, o.stdout)
			}

			// Whoever asks to skip gets a notice without advice, if secrets are withheld
			// on purpose, or else a warning with the likely cause.
			o = onGitHub(t, e.with(env{"INPUT_ON-MISSING-TOKEN": "skip"}))
			equal(t, "exit code of skip", o.exit, 0)
			equal(t, "outputs of skip", o.outputs, map[string]string{"available": "false"})
			equal(t, "variables of skip", o.vars, map[string]string{})
			remark, advice := "::warning title=bitbucket-auth BBA101::", "hint: set the input token to a secret that exists"
			if test.withheld {
				remark, advice = "::notice title=bitbucket-auth::", ""
			}
			if !strings.Contains(o.stdout, remark+test.reason+"; this step did nothing") || !strings.Contains(o.stdout, advice) || (advice == "") == strings.Contains(o.stdout, "hint:") {
				t.Errorf("skip: got %s", o.stdout)
			}
			o = onGitHub(t, e.with(env{"INPUT_ON-MISSING-TOKEN": "skip"}), "mirror")
			if o.exit != 0 || !strings.Contains(o.stdout, remark+test.reason+"; nothing was mirrored") || (advice == "") == strings.Contains(o.stdout, "hint:") {
				t.Errorf("skip of the mirror: exit code %d, %s", o.exit, o.stdout)
			}
		})
	}
}

// On a host without outputs, available is a variable, under which the hint names it.
func TestMissingTokenInAShell(t *testing.T) {
	o := inShell(t, env{"BITBUCKET_AUTH_ENV_PREFIX": "MIRROR"})
	if want := "set BITBUCKET_AUTH_ON_MISSING_TOKEN to skip, and check the variable MIRROR_AVAILABLE"; !strings.Contains(o.stderr, want) {
		t.Errorf("got %s", o.stderr)
	}
	o = inShell(t, env{"BITBUCKET_AUTH_ENV_PREFIX": "MIRROR", "BITBUCKET_AUTH_ON_MISSING_TOKEN": "skip"})
	equal(t, "standard output", o.stdout, "export MIRROR_AVAILABLE='false'\n")
}

func TestWarnings(t *testing.T) {
	access := env{"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_WORKSPACE": "team"}
	same := base64.StdEncoding.EncodeToString([]byte("x-token-auth:" + access["INPUT_TOKEN"]))
	none := fault.Code{}
	for _, test := range []struct {
		name string
		env  env
		want fault.Code
	}{
		{"nothing special", env{"GITHUB_EVENT_NAME": "push"}, none},
		{"expires soon", env{"INPUT_EXPIRES-ON": "2026-11-22"}, fault.ExpiresSoon},
		{"expired", env{"INPUT_EXPIRES-ON": "2026-11-20"}, fault.Expired},
		{"expires later", env{"INPUT_EXPIRES-ON": "2027-11-20"}, none},
		{"pull_request_target", env{"GITHUB_EVENT_NAME": "pull_request_target"}, fault.UntrustedEvent},
		{"workflow_run", env{"GITHUB_EVENT_NAME": "workflow_run"}, fault.UntrustedEvent},
		{"workflow_run, outputs only", env{"GITHUB_EVENT_NAME": "workflow_run", "INPUT_EXPORT-ENV": "false"}, none},
		{"workflow_run, git only", env{"GITHUB_EVENT_NAME": "workflow_run", "INPUT_EXPORT-ENV": "false", "INPUT_GIT": "workspace"}, fault.UntrustedEvent},
		{"another credential is set", env{"BITBUCKET_CREDENTIAL": "other"}, fault.CredentialSet},
		{"another credential, not exported", env{"BITBUCKET_CREDENTIAL": "other", "INPUT_EXPORT-ENV": "false"}, none},
		{"another prefix", env{"BITBUCKET_CREDENTIAL": "other", "INPUT_ENV-PREFIX": "MIRROR"}, none},
		{"the same credential", env{"BITBUCKET_CREDENTIAL": same}, none},
		{"another token of the same user", env{"BITBUCKET_CREDENTIAL": base64.StdEncoding.EncodeToString([]byte("x-token-auth:other"))}, fault.CredentialSet},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := onGitHub(t, access.with(test.env))
			equal(t, "exit code", o.exit, 0)
			wantWarning(t, o, test.want)
		})
	}
}

// wantWarning wants one warning with this code, or none.
func wantWarning(t *testing.T, o outcome, code fault.Code) {
	t.Helper()
	warnings := strings.Count(o.stdout, "::warning ")
	if code.ID == "" {
		equal(t, "warnings", warnings, 0)
	} else if warnings != 1 || !strings.Contains(o.stdout, "::warning title=bitbucket-auth "+code.ID+"::") {
		t.Errorf("the only warning should be %s: %s", code.ID, o.stdout)
	}
}

// Minting again under the same prefix renews a token, which is normal; replacing
// the credential of somebody else isn't.
func TestRenewal(t *testing.T) {
	fake := newFake(t)
	step := settings(fake, fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer}))
	first := onGitHub(t, step)
	second := onGitHub(t, step.with(first.vars))
	equal(t, "exit code", second.exit, 0)
	if second.outputs["token"] == first.outputs["token"] {
		t.Error("no new token was minted")
	}
	wantWarning(t, second, fault.Code{})

	api := onGitHub(t, env{"INPUT_TOKEN": credentialtest.APIToken(), "INPUT_IDENTITY": "me@example.com"})
	wantWarning(t, onGitHub(t, step.with(api.vars)), fault.CredentialSet)
}

// Later git commands accept the CA certificates too, if they can read the file.
func TestCACertificateForGit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	authority := bitbuckettest.Certificate()
	if err := os.WriteFile(file, []byte(authority), 0o600); err != nil {
		t.Fatal(err)
	}
	step := env{
		"INPUT_TOKEN": credentialtest.HTTPAccessToken(), "INPUT_SERVER-URL": "https://git.example.com",
		"INPUT_WORKSPACE": "PROJ", "INPUT_GIT": "host",
	}
	o := onGitHub(t, step.with(env{"INPUT_CA-CERTIFICATE": file}))
	if !strings.Contains(o.env, "\nhttp.https://git.example.com/.sslCAInfo\n") || !strings.Contains(o.env, "\n"+file+"\n") {
		t.Errorf("git doesn't get the file: %s", o.env)
	}
	const notice = "run: git config --global http.https://git.example.com/.sslCAInfo FILE"
	if strings.Contains(o.stdout, notice) {
		t.Errorf("there is a notice: %s", o.stdout)
	}

	o = onGitHub(t, step.with(env{"INPUT_CA-CERTIFICATE": authority}))
	if strings.Contains(o.env, "sslCAInfo") || !strings.Contains(o.stdout, notice) {
		t.Errorf("a text: got %s%s", o.stdout, o.env)
	}
}

// GIT_SSL_CAINFO takes precedence over what the step sets for git.
func TestOtherCAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte(bitbuckettest.Certificate()), 0o600); err != nil {
		t.Fatal(err)
	}
	cloud := env{"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_REPOSITORY": "team/repo", "INPUT_GIT": "repository", "GIT_SSL_CAINFO": "/etc/company.pem"}
	dataCenter := cloud.with(env{"INPUT_TOKEN": credentialtest.HTTPAccessToken(), "INPUT_SERVER-URL": "https://git.example.com"})
	for name, test := range map[string]struct {
		env  env
		want fault.Code
	}{
		"Cloud":                             {cloud, fault.Code{}},
		"Cloud, ca-certificate":             {cloud.with(env{"INPUT_CA-CERTIFICATE": file}), fault.GitCAFile},
		"ca-certificate, the same file":     {cloud.with(env{"INPUT_CA-CERTIFICATE": file, "GIT_SSL_CAINFO": file}), fault.Code{}},
		"ca-certificate alone":              {cloud.with(env{"INPUT_CA-CERTIFICATE": file, "GIT_SSL_CAINFO": ""}), fault.Code{}},
		"Data Center":                       {dataCenter, fault.GitCAFile},
		"Data Center, without git":          {dataCenter.with(env{"INPUT_GIT": "none"}), fault.Code{}},
		"Data Center, without the variable": {dataCenter.with(env{"GIT_SSL_CAINFO": ""}), fault.Code{}},
	} {
		o := onGitHub(t, test.env)
		equal(t, name, o.exit, 0)
		wantWarning(t, o, test.want)
	}
}

func TestAvoUsername(t *testing.T) {
	step := env{"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_REPOSITORY": "team/tests", "INPUT_AVO-CONNECTION-NAME": "Mine"}
	for name, want := range map[string]fault.Code{
		"someone":        {},
		"me@example.com": fault.AvoField,
		"Some One":       fault.AvoField,
	} {
		o := onGitHub(t, step.with(env{"INPUT_AVO-USERNAME": name}))
		equal(t, "exit code", o.exit, 0)
		wantWarning(t, o, want)
	}
}

// A workspace that is that of the repository may be set, too, in any letter case.
func TestWorkspaceOfTheRepository(t *testing.T) {
	t.Parallel()
	cloud := env{"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_REPOSITORY": "team/repo", "INPUT_WORKSPACE": "Team"}
	dataCenter := env{"INPUT_TOKEN": credentialtest.HTTPAccessToken(), "INPUT_SERVER-URL": "https://git.example.com", "INPUT_REPOSITORY": "PROJ/repo", "INPUT_WORKSPACE": "proj"}
	for want, e := range map[string]env{"team": cloud, "PROJ": dataCenter} {
		o := onGitHub(t, e)
		equal(t, "workspace", []string{o.outputs["workspace"], o.outputs["repo-slug"], o.outputs["error-code"]}, []string{want, "repo", ""})
	}
}

// Git compares paths case-sensitively, so it logs in to those that are set, too.
func TestSpellingsForGit(t *testing.T) {
	t.Parallel()
	access := env{"INPUT_TOKEN": credentialtest.AccessToken()}
	for _, test := range []struct {
		more env
		want []string
	}{
		{env{"INPUT_GIT": "repository", "INPUT_REPOSITORY": "https://bitbucket.org/Team/RePo.git"}, []string{"/Team/RePo", "/team/repo"}},
		{env{"INPUT_GIT": "workspace", "INPUT_REPOSITORY": "https://bitbucket.org/Team/RePo.git"}, []string{"/Team/", "/team/"}},
		{env{"INPUT_GIT": "workspace", "INPUT_WORKSPACE": "Team"}, []string{"/Team/", "/team/"}},
		{env{"INPUT_GIT": "host"}, nil},
	} {
		o := onGitHub(t, access.with(test.more))
		if strings.Contains(o.env, "https://bitbucket.org//") {
			t.Errorf("%v: a path is empty in %s", test.more, o.env)
		}
		for _, path := range test.want {
			if !strings.Contains(o.env, "https://bitbucket.org"+path) {
				t.Errorf("%v: %s isn't in %s", test.more, path, o.env)
			}
		}
	}
}

func TestRewriteSSHOnCloud(t *testing.T) {
	for reach, want := range map[string]string{
		"repository": "https://bitbucket.org/team/repo.git",
		"workspace":  "https://bitbucket.org/team/repo.git",
		"host":       "https://bitbucket.org/team/repo.git",
	} {
		o := onGitHub(t, env{
			"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_REPOSITORY": "team/repo", "INPUT_GIT": reach, "INPUT_REWRITE-SSH": "true",
		})
		for _, address := range []string{
			"git@bitbucket.org:", "git@bitbucket.org:/", "ssh://git@bitbucket.org/", "ssh://git@bitbucket.org:22/",
			"git@altssh.bitbucket.org:", "ssh://git@altssh.bitbucket.org/", "ssh://git@altssh.bitbucket.org:443/",
		} {
			cmd := exec.Command("git", "ls-remote", "--get-url", address+"team/repo.git")
			cmd.Dir = t.TempDir()
			cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "GIT_CONFIG_NOSYSTEM=1"}
			for name, value := range o.vars {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			got, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatal(err)
			}
			equal(t, reach+", "+address, strings.TrimSpace(string(got)), want)
		}
	}
}

func TestRewriteSSHOnDataCenter(t *testing.T) {
	o := onGitHub(t, env{
		"INPUT_TOKEN": credentialtest.HTTPAccessToken(), "INPUT_IDENTITY": "me", "INPUT_SERVER-URL": "https://git.example.com/ctx",
		"INPUT_REPOSITORY": "ssh://git@git.example.com:2222/PROJ/repo.git", "INPUT_GIT": "workspace", "INPUT_REWRITE-SSH": "true",
	})
	for _, want := range []string{"git@git.example.com:PROJ/", "ssh://git@git.example.com:22/PROJ/", "ssh://git@git.example.com:7999/PROJ/", "ssh://git@git.example.com:2222/proj/"} {
		if !strings.Contains(o.env, "\n"+want+"\n") {
			t.Errorf("%s isn't rewritten: %s", want, o.env)
		}
	}
}

// broken is an output whose reader is gone.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("closed") }
