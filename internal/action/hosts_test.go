package action_test

import (
	"cmp"
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// onHost runs as a step of a host. Settings are given by GitHub's names, and
// translated; exported are further variables.
func onHost(t *testing.T, h hosttest.Host, e env, exported ...env) (*hosttest.Site, outcome) {
	t.Helper()
	site := h.Start(t)
	for _, more := range exported {
		maps.Copy(site.Env, more)
	}
	for name, value := range e {
		if id, isSetting := strings.CutPrefix(name, "INPUT_"); isSetting {
			name = h.Setting(strings.ToLower(id))
		}
		site.Env[name] = value
	}
	o := runWith(t, world(site.Env, nil, nil))
	o.outputs, o.vars = site.HandedOver(t, o.stdout)
	return site, o
}

// others are all hosts but GitHub and its kin, which have TestNothingLeaks.
func others() []hosttest.Host {
	return slices.DeleteFunc(slices.Clone(hosttest.Hosts), func(h hosttest.Host) bool { return h.Prefix == "INPUT_" })
}

// onOthers runs a test for every host but GitHub and its kin.
func onOthers(t *testing.T, test func(*testing.T, hosttest.Host)) {
	for _, h := range others() {
		t.Run(h.Name, func(t *testing.T) { test(t, h) })
	}
}

// The same scenarios as on GitHub, on every other host with that host's masks;
// where it has none, no stream may hold a secret at all.
func TestNothingLeaksOnOtherHosts(t *testing.T) {
	all := scenarios(t)
	var runs atomic.Int64
	t.Cleanup(func() { reportHunt("the other hosts", int(runs.Load())) })
	onOthers(t, func(t *testing.T, h hosttest.Host) {
		t.Parallel()
		place := slices.IndexFunc(others(), func(other hosttest.Host) bool { return other.Name == h.Name })
		for i, s := range all {
			if !hunted(i, place, len(others()), huntWhole) {
				continue
			}
			runs.Add(1)
			site, o := onHost(t, h, s.env)
			checkMasksComeFirst(t, o.stdout)
			if leaks := hosttest.Leaks(site.Seen(t, o.stdout, o.stderr), s.secret); len(leaks) > 0 {
				t.Errorf("%s: the secret is seen: %v\n%s%s", s.name, leaks[0], o.stdout, o.stderr)
			}
			// On Azure the results go through standard output, and are masked
			// there; elsewhere nothing secret goes through a stream, but what has
			// to be masked.
			if h.Name != "Azure Pipelines" {
				if leaks := hosttest.Leaks(o.stdout+o.stderr, s.secret); len(leaks) > 0 {
					t.Errorf("%s: the secret is in a stream: %v", s.name, leaks[0])
				}
			} else if o.stderr != "" {
				t.Errorf("%s: standard error is used: %q", s.name, o.stderr)
			}
			o.outputs = notEmpty(o.outputs)
			if o.exit != 0 && (len(o.vars) > 0 || len(o.outputs) > 1 || len(o.outputs) == 1 && o.outputs["error_code"] == "") {
				t.Errorf("%s: a step that failed handed over %v, %v", s.name, o.outputs, o.vars)
			}
			public := o.outputs["identity"] + o.outputs["kind"] + o.outputs["error_code"] + o.vars["BITBUCKET_IDENTITY"] + o.vars["BITBUCKET_KIND"] + o.vars["BITBUCKET_WORKSPACE"]
			if leaks := hosttest.Leaks(public, s.secret); len(leaks) > 0 {
				t.Errorf("%s: a public result holds the secret: %v", s.name, leaks)
			}
			checkNoFileIsNamed(t, s.name, s.secret)
			if h.Name == "Harness" {
				plain := site.Written(t)["HARNESS_OUTPUT_FILE"] + site.Written(t)["DRONE_ENV"]
				if leaks := hosttest.Leaks(plain, s.secret); len(leaks) > 0 {
					t.Errorf("%s: a plain file of Harness's holds the secret: %v", s.name, leaks)
				}
			}
		}
	})
}

// checkNoFileIsNamed fails if a file here is named by a secret: a relative env-file
// is created in the folder in which the step runs.
func checkNoFileIsNamed(t *testing.T, what, secret string) {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if len(hosttest.Leaks(file.Name(), secret)) > 0 {
			t.Errorf("%s: a file is named by the secret", what)
			_ = os.Remove(file.Name())
		}
	}
}

// A token that is set as env-file, too, or as a part of its path, names no file.
func TestTokenAsEnvFile(t *testing.T) {
	t.Parallel()
	onOthers(t, func(t *testing.T, h hosttest.Host) {
		if !h.EnvFile {
			t.Skip("it has no env-file")
		}
		folder := t.TempDir()
		for _, path := range []string{"", "./", folder + "/", folder + "/x-"} {
			token := credentialtest.AccessToken()
			_, o := onHost(t, h, env{"INPUT_TOKEN": token, "INPUT_ENV-FILE": path + token})
			log := o.stdout + o.stderr
			if o.exit != fault.TokenShown.Exit || !strings.Contains(log, fault.TokenShown.ID) || strings.Contains(log, token) {
				t.Errorf("%s: %d\n%s", path, o.exit, log)
			}
			checkNoFileIsNamed(t, path, token)
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("%s: there is %v, %v", path, left, err)
			}
		}
	})
}

// The tests above must be able to fail on every host.
func TestALeakIsFoundOnOtherHosts(t *testing.T) {
	token := credentialtest.AccessToken()
	onOthers(t, func(t *testing.T, h hosttest.Host) {
		site, o := onHost(t, h, env{"INPUT_TOKEN": token})
		equal(t, "exit code", o.exit, 0)
		if leaks := hosttest.Leaks(site.Seen(t, token+"\n"+o.stdout, o.stderr), token); (len(leaks) == 0) != (h.Name == "Buildkite") {
			// Buildkite's redactors are asked before anything else, so nothing of
			// this step precedes them.
			t.Errorf("the token, first of all: %v", leaks)
		}
		if leaks := hosttest.Leaks(site.Seen(t, o.stdout, o.stderr+token[100:130]), token); len(leaks) == 0 {
			t.Error("a piece of the token is not found")
		}
	})
}

// notEmpty drops outputs that are set to the empty text, which hands nothing over.
func notEmpty(outputs map[string]string) map[string]string {
	maps.DeleteFunc(outputs, func(_, value string) bool { return value == "" })
	return outputs
}

// A later step on Azure Pipelines gets the reference to an output that isn't set as
// text, and after a retry the value of the last try. So every step sets all of
// them, each once: the agent makes them read-only.
func TestAzureSetsEveryOutput(t *testing.T) {
	t.Parallel()
	token := credentialtest.AccessToken()
	source, diverged := newSource(t, "main"), newSource(t, "main")
	newCommit(t, diverged, "another one", "main")
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	writer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket"}})
	mirror := env{"INPUT_TOKEN": writer.Secret, "INPUT_IDENTITY": writer.Email, "INPUT_SERVER-URL": fake.URL, "INPUT_REPOSITORY": "team/repo", "INPUT_SOURCE": source, "PATH": os.Getenv("PATH")}
	for _, test := range []struct {
		name  string
		args  []string
		env   env
		given string // the outputs with a value
	}{
		{"a credential", nil, env{"INPUT_TOKEN": token}, "authorization available credential git_authorization git_username identity kind token"},
		{"a fault", nil, env{"INPUT_TOKEN": "short"}, "error_code"},
		{"a skipped step", nil, env{"INPUT_ON-MISSING-TOKEN": "skip"}, "available"},
		{"a mirror", []string{"mirror"}, mirror, "available changed created deleted kept overwritten refs refused repository_url updated"},
		{"a skipped mirror", []string{"mirror"}, env{"INPUT_ON-MISSING-TOKEN": "skip"}, "available"},
		{"an incomplete mirror", []string{"mirror"}, mirror.with(env{"INPUT_SOURCE": diverged}), "available changed created deleted error_code kept overwritten refs refused repository_url updated"},
		{"a mirror that fails", []string{"mirror"}, mirror.with(env{"INPUT_TOKEN": "short"}), "error_code"},
	} {
		site := namedHost(t, "Azure Pipelines").Start(t)
		for name, value := range test.env {
			if id, isSetting := strings.CutPrefix(name, "INPUT_"); isSetting {
				name = site.Setting(strings.ToLower(id))
			}
			site.Env[name] = value
		}
		w := world(site.Env, nil, nil)
		w.Args = test.args
		o := runWith(t, w)
		outputs := contract.CredentialOutputs
		if test.args != nil {
			outputs = contract.MirrorOutputs
		}
		set := map[string]int{}
		given := map[string]string{}
		for _, v := range hosttest.ShowAzure(o.stdout).Variables {
			if v.Output {
				set[v.Name]++
				given[v.Name] = v.Value
			}
		}
		want := map[string]int{}
		for _, output := range outputs {
			want[strings.ReplaceAll(output.ID, "-", "_")] = 1
		}
		equal(t, test.name, set, want)
		equal(t, test.name+": with a value", names(notEmpty(given)), test.given)
	}
}

func namedHost(t *testing.T, name string) hosttest.Host {
	t.Helper()
	i := slices.IndexFunc(hosttest.Hosts, func(h hosttest.Host) bool { return h.Name == name })
	if i < 0 {
		t.Fatal("no host " + name)
	}
	return hosttest.Hosts[i]
}

// The same credential comes out on every host, under the names that the host
// allows.
func TestResultsOnEveryHost(t *testing.T) {
	t.Parallel()
	token := credentialtest.AccessToken()
	e := env{"INPUT_TOKEN": token, "INPUT_REPOSITORY": "team/repo", "INPUT_GIT": "repository"}
	reference := onGitHub(t, e)
	onOthers(t, func(t *testing.T, h hosttest.Host) {
		_, o := onHost(t, h, e)
		equal(t, "exit code", o.exit, 0)
		want := maps.Clone(reference.vars)
		if hasOutputs := h.Name == "Azure Pipelines" || h.Name == "Harness"; hasOutputs {
			outputs := map[string]string{}
			for name, value := range reference.outputs {
				outputs[strings.ReplaceAll(name, "-", "_")] = value
			}
			if h.Name == "Azure Pipelines" {
				for _, output := range contract.CredentialOutputs {
					name := strings.ReplaceAll(output.ID, "-", "_")
					outputs[name] += "" // empty if it isn't set
				}
			}
			equal(t, "outputs", o.outputs, outputs)
		} else {
			for name, value := range reference.outputs {
				want["BITBUCKET_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = value
			}
		}
		if h.Name == "Bitbucket Pipelines" {
			delete(want, "BITBUCKET_WORKSPACE")
			delete(want, "BITBUCKET_REPO_SLUG")
		}
		// Where a later step has to map git's password, the helper says so.
		where := map[string]string{"Azure Pipelines": "env:", "Harness": "envVariables:"}[h.Name]
		says := false
		for name, value := range o.vars {
			advice := `test -n "$BITBUCKET_GIT_0_PASSWORD" || echo "bitbucket-auth: BITBUCKET_GIT_0_PASSWORD is empty: map it under ` + where + ` in this step" >&2; `
			says = says || strings.Contains(value, advice)
			o.vars[name] = strings.ReplaceAll(value, advice, "")
		}
		equal(t, "says how to map the password", says, where != "")
		if h.Name == "Harness" {
			// Git's entries are in one variable, which the e2e tests have git read.
			if o.vars["GIT_CONFIG_PARAMETERS"] == "" || o.vars["GIT_CONFIG_COUNT"] != "" {
				t.Errorf("git's entries are in %v", o.vars)
			}
			isEntry := func(name, _ string) bool { return strings.HasPrefix(name, "GIT_CONFIG_") }
			maps.DeleteFunc(want, isEntry)
			maps.DeleteFunc(o.vars, isEntry)
		}
		equal(t, "variables", o.vars, want)
	})
}

// The first thing that is shown names the host, whatever becomes of the run.
func TestTheHostIsNamedFirst(t *testing.T) {
	for _, h := range hosttest.Hosts {
		for _, e := range []env{{"INPUT_TOKEN": credentialtest.AccessToken()}, {"INPUT_TOKEN": "short"}, {}} {
			_, o := onHost(t, h, e)
			shown := o.stdout + o.stderr
			for strings.HasPrefix(shown, "::add-mask::") || strings.HasPrefix(shown, "##vso[task.setsecret]") {
				_, shown, _ = strings.Cut(shown, "\n")
			}
			first, _, _ := strings.Cut(shown, "\n")
			if !strings.HasSuffix(strings.TrimSuffix(first, "\r"), "the host is "+h.Name) {
				t.Errorf("%s: the first message is %q", h.Name, first)
			}
		}
	}
}

// Nothing that an earlier step exported changes this one: each host, and a shell,
// reads one family of names.
func TestNoHostReadsAnothersFamily(t *testing.T) {
	good := env{"INPUT_TOKEN": credentialtest.APIToken(), "INPUT_IDENTITY": "me@example.com"}
	stolen := filepath.Join(t.TempDir(), "stolen")
	foreign := func(own string) env {
		e := env{}
		for _, prefix := range []string{"INPUT_", "PLUGIN_", "BITBUCKET_AUTH_", "BITBUCKET_", ""} {
			if prefix == own {
				continue
			}
			for id, value := range map[string]string{
				"SERVER-URL": "https://evil.example", "KIND": "http-access-token", "TOKEN": credentialtest.AppPassword(),
				"IDENTITY": "mallory", "ENV-PREFIX": "EVIL", "EXPORT-ENV": "false", "GIT": "host", "ENV-FILE": stolen,
				"TOKEN-FILE": "/nowhere", "REPOSITORY": "evil/repo", "ON-MISSING-TOKEN": "skip",
			} {
				e[prefix+id], e[prefix+strings.ReplaceAll(id, "-", "_")] = value, value
			}
		}
		return e
	}
	for _, h := range hosttest.Hosts {
		_, want := onHost(t, h, good)
		equal(t, h.Name+": exit code", want.exit, 0)
		_, got := onHost(t, h, good, foreign(h.Prefix))
		equal(t, h.Name+": outputs", got.outputs, want.outputs)
		equal(t, h.Name+": variables", got.vars, want.vars)
	}
	own := env{"BITBUCKET_AUTH_TOKEN": credentialtest.AccessToken()}
	equal(t, "in a shell", inShell(t, own.with(foreign("BITBUCKET_AUTH_"))).stdout, inShell(t, own).stdout)
	if _, err := os.Stat(stolen); err == nil {
		t.Error("another host's env-file was written")
	}
}

// Where the host can't receive results, it may not be the host that it seems to
// be: then not even a mask is printed.
func TestWhatTheHostRefusesIsRefusedBeforeTheFirstMask(t *testing.T) {
	token := credentialtest.APIToken()
	good := env{"INPUT_TOKEN": token, "INPUT_IDENTITY": "me@example.com"}
	for _, more := range []env{
		{"GITHUB_OUTPUT": ""},
		{"GITHUB_OUTPUT": t.TempDir()},
		{"GITHUB_ENV": ""},
		{"GITHUB_ENV": filepath.Join(t.TempDir(), "missing"), "INPUT_EXPORT-ENV": "false", "INPUT_GIT": "host"},
		{"GITHUB_ACTIONS": "", "TF_BUILD": "True", "TEAMCITY_VERSION": "2026.1", "BITBUCKET_AUTH_TOKEN": token, "BITBUCKET_AUTH_KIND": "access-token"},
		{"GITHUB_ACTIONS": "", "TF_BUILD": "True", "BITBUCKET_AUTH_ENV_FILE": "env", "BITBUCKET_AUTH_TOKEN": token, "BITBUCKET_AUTH_KIND": "access-token"},
	} {
		o := onGitHub(t, good.with(more))
		if o.exit == 0 || len(hosttest.Leaks(o.stdout+o.stderr, token)) > 0 {
			t.Errorf("%v: exit code %d, %s%s", more, o.exit, o.stdout, o.stderr)
		}
	}
	o := onGitHub(t, good.with(env{"GITHUB_ENV": "", "INPUT_EXPORT-ENV": "false"}))
	equal(t, "exit code without variables", o.exit, 0)
}

// A later step may print the base64 of what it received, as a manifest of Kubernetes
// has it: no part of it may be seen.
func TestBase64OfSecretOutputsIsMasked(t *testing.T) {
	t.Parallel()
	fake := newFake(t)
	consumer := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.OAuthConsumer, Scopes: []string{"repository:write"}})
	for name, e := range map[string]env{
		"an API token":    {"INPUT_TOKEN": credentialtest.APIToken(), "INPUT_IDENTITY": "me@example.com"},
		"an access token": {"INPUT_TOKEN": credentialtest.AccessToken()},
		"a minted token":  settings(fake, consumer),
	} {
		e = e.with(env{"INPUT_REPOSITORY": "team/repo", "INPUT_AVO-CONNECTION-NAME": "Mine", "INPUT_AVO-USERNAME": "someone"})
		for _, h := range hosttest.Hosts {
			if !h.Masks {
				continue
			}
			site, o := onHost(t, h, e)
			if o.exit != 0 {
				t.Fatalf("%s on %s: %s%s", name, h.Name, o.stdout, o.stderr)
			}
			encoded := map[string]string{} // by output
			for _, output := range contract.CredentialOutputs {
				underscored := strings.ReplaceAll(output.ID, "-", "_")
				text := cmp.Or(o.outputs[output.ID], o.outputs[underscored], o.vars["BITBUCKET_"+strings.ToUpper(underscored)])
				if output.Secret && text != "" {
					encoded[output.ID] = base64.StdEncoding.EncodeToString([]byte(text))
				}
			}
			if len(encoded) != 5 {
				t.Errorf("%s on %s: %d secret outputs", name, h.Name, len(encoded))
			}
			printed := o.stdout
			for id, text := range encoded {
				printed += id + ": " + text + "\n"
			}
			kind := base64.StdEncoding.EncodeToString([]byte(cmp.Or(o.outputs["kind"], o.vars["BITBUCKET_KIND"])))
			if !strings.Contains(site.Seen(t, o.stdout+kind+"\n", o.stderr), kind) {
				t.Errorf("%s on %s: what is public is masked", name, h.Name)
			}
			seen := site.Seen(t, printed, o.stderr)
			if h.Name == "GitHub Actions" {
				// It masks the base64 of the token in it.
				if leaks := hosttest.Leaks(seen, o.outputs["token"]); len(leaks) > 0 {
					t.Errorf("%s on %s: the token is seen in base64: %s", name, h.Name, leaks[0])
				}
				continue
			}
			for id, text := range encoded {
				if part := shownPart(seen, text); part != "" {
					t.Errorf("%s on %s: of the base64 of %s, %q is seen", name, h.Name, id, part)
				}
			}
		}
	}
}

// shownPart returns 14 characters in a row of a base64 that a text contains, or "".
// They encode 10 characters, as many as are a leak elsewhere (hosttest.Leaks).
func shownPart(text, encoded string) string {
	const window = 14
	for i := 0; i+window <= len(encoded); i++ {
		if part := encoded[i : i+window]; strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

// GitHub masks the base64 of a masked text by itself, so it gets fewer masks than its kin.
func TestFewerMasksOnGitHub(t *testing.T) {
	t.Parallel()
	step := env{"INPUT_TOKEN": credentialtest.AccessToken(), "INPUT_REPOSITORY": "team/repo"}
	log := onGitHub(t, step).stdout
	onIt := strings.Count(log, "::add-mask::")
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "::add-mask::") && strings.Count(log, line) > 1 {
			t.Error("a mask is printed twice")
		}
	}
	for _, variable := range []string{"GITEA_ACTIONS", "FORGEJO_ACTIONS", "ACT"} {
		if masks := strings.Count(onGitHub(t, step.with(env{variable: "true"})).stdout, "add-mask"); masks <= onIt {
			t.Errorf("%s: %d masks, on GitHub %d", variable, masks, onIt)
		}
	}
}
