package host_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files")

// job is a step on any host.
type job struct {
	*hosttest.Site
	host           *host.Host
	refusal        error // before anything is printed
	stdout, stderr bytes.Buffer
}

func (j *job) choose(askedForShell bool) error {
	var err error
	j.host, err = host.Choose(host.World{Lookup: j.Lookup, Stdout: &j.stdout, Stderr: &j.stderr, Version: "v1.2.3"}, askedForShell)
	return err
}

// startJob begins a step; more are further variables of its environment.
func startJob(t testing.TB, h hosttest.Host, more ...string) *job {
	t.Helper()
	j := &job{Site: h.Start(t)}
	for pair := range slices.Chunk(more, 2) {
		j.Env[pair[0]] = pair[1]
	}
	if err := j.choose(false); err != nil {
		t.Fatal(h.Name, err)
	}
	j.refusal = j.host.Prepare(j.Env[h.Setting("env-file")], true)
	return j
}

// named is one of all hosts.
func named(t testing.TB, name string) hosttest.Host {
	t.Helper()
	for _, h := range hosttest.Hosts {
		if h.Name == name {
			return h
		}
	}
	t.Fatal("no host " + name)
	return hosttest.Host{}
}

func eachHost(t *testing.T, test func(*testing.T, hosttest.Host)) {
	for _, h := range hosttest.Hosts {
		t.Run(h.Name, func(t *testing.T) { test(t, h) })
	}
}

// Every host is found by the variables that it really sets, the most specific
// first.
func TestEveryHostIsFound(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		if j.host.Name != h.Name || j.refusal != nil {
			t.Errorf("got %s, %v", j.host.Name, j.refusal)
		}
	})
}

// Each host reads one family of names for its settings.
func TestSettingNames(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		if name := j.host.Settings.Called("token"); name != "token" && (name != h.Setting("token") || h.Prefix != "BITBUCKET_AUTH_") {
			t.Errorf("a message names the token %q", name)
		}
		if hints := strings.Join(j.host.EmptyTokenHints, "\n"); hints == "" || strings.Contains(hints, "secrets: inherit") != (h.Runner.Name == "GitHub" || h.Runner.Name == "Gitea" || h.Runner.Name == "Forgejo") {
			t.Errorf("hints for an empty token: %q", hints)
		}
		names := j.host.Settings.Names("env-prefix")
		want := map[string][]string{ // of two names, the first one counts
			"INPUT_": {"INPUT_ENV-PREFIX"}, "PLUGIN_": {"PLUGIN_ENV-PREFIX", "PLUGIN_ENV_PREFIX"}, "BITBUCKET_AUTH_": {"BITBUCKET_AUTH_ENV_PREFIX"},
		}[h.Prefix]
		if !slices.Equal(names, want) {
			t.Errorf("the names are %q, want %q", names, want)
		}
	})
}

// Variables of two hosts contradict each other: what one of them masks, the other
// shows. A host may also set the variables of the one that it comes from, and no
// other host sets an input of GitHub's and its kin.
func TestTwoHostsContradictEachOther(t *testing.T) {
	for _, h := range hosttest.Hosts {
		for _, other := range hosttest.Hosts {
			j := &job{Site: h.Start(t)}
			for name, value := range other.Env {
				if _, set := j.Env[name]; !set {
					j.Env[name] = value
				}
			}
			if j.Env["BITBUCKET_AUTH_HOST"] != "" {
				continue // it's named
			}
			err := j.choose(false)
			related := h.Name == other.Name || h.Name == "Drone" || other.Name == "Drone" && h.Env["DRONE"] != ""
			switch {
			case h.Prefix == "INPUT_" || other.Prefix == "INPUT_":
				if err != nil || !slices.ContainsFunc(hosttest.Hosts, func(kin hosttest.Host) bool { return kin.Name == j.host.Name && kin.Prefix == "INPUT_" }) {
					t.Errorf("%s and %s: got %s, %v", h.Name, other.Name, j.host.Name, err)
				}
			case related:
				if h.Name == other.Name && (err != nil || j.host.Name != h.Name) {
					t.Errorf("%s: got %s, %v", h.Name, j.host.Name, err)
				}
			case fault.From(err).Code != fault.HostAmbiguous || !strings.Contains(err.Error(), h.Name) || !strings.Contains(err.Error(), other.Name):
				t.Errorf("%s and %s: got %v", h.Name, other.Name, err)
			}
		}
	}
}

// A name decides between hosts without masks, and never against one with masks.
func TestANameDecides(t *testing.T) {
	env := map[string]string{"TEAMCITY_VERSION": "2026.1", "CIRCLECI": "true", "BITBUCKET_AUTH_HOST": "circleci"}
	j := &job{Site: &hosttest.Site{Env: env}}
	if err := j.choose(false); err != nil || j.host.Name != "CircleCI" {
		t.Errorf("got %v", err)
	}
	env["TF_BUILD"] = "True"
	if err := j.choose(false); fault.From(err).Code != fault.HostAmbiguous || j.stdout.Len() > 0 {
		t.Errorf("got %v", err)
	}
	if err := j.choose(true); fault.From(err).Code != fault.ShellRefused {
		t.Errorf("a shell: %v", err)
	}
}

func TestTheHostCanBeNamed(t *testing.T) {
	for _, h := range hosttest.Hosts {
		for _, id := range []string{"tekton", "jenkins", "shell", "harness"} {
			j := &job{Site: h.Start(t)}
			j.Env["BITBUCKET_AUTH_HOST"] = id
			err := j.choose(false)
			switch {
			case h.Masks:
				if fault.From(err).Code != fault.SettingRefused || j.host.Name != h.Name {
					t.Errorf("%s accepts the name %s: %s, %v", h.Name, id, j.host.Name, err)
				}
			case !h.Masks && id == "shell":
				if fault.From(err).Code != fault.ShellRefused || j.host.Name != "a shell" {
					t.Errorf("%s, named a shell: %s, %v", h.Name, j.host.Name, err)
				}
			case !h.Masks && (err != nil || !strings.Contains(strings.ToLower(j.host.Name), id)):
				t.Errorf("%s, named %s: %v, %v", h.Name, id, j.host.Name, err)
			}
		}
		if h.ID == "" {
			continue
		}
		j := &job{Site: &hosttest.Site{Env: map[string]string{"BITBUCKET_AUTH_HOST": h.ID}}}
		if err := j.choose(false); err != nil || j.host.Name != h.Name {
			t.Errorf("named %s: got %v, %v", h.ID, j.host.Name, err)
		}
		j.Env["BITBUCKET_AUTH_HOST"] = "\ufeff\"" + h.ID + "\" "
		if err := j.choose(false); err != nil || j.host.Name != h.Name {
			t.Errorf("named %s in quotes: got %v, %v", h.ID, j.host.Name, err)
		}
		j.Env["BITBUCKET_AUTH_HOST"] = "${HOST}"
		if f := fault.From(j.choose(false)); f.Code != fault.TokenUnexpanded || !strings.Contains(strings.Join(f.Hints, ""), "export BITBUCKET_AUTH_HOST=") || j.host.Name != "no CI host" {
			t.Errorf("a reference: %v, %q, %s", f, f.Hints, j.host.Name)
		}
		j.Env["BITBUCKET_AUTH_HOST"] = h.ID + "x"
		if f := fault.From(j.choose(false)); f.Code != fault.NotAllowed || !strings.Contains(strings.Join(f.Hints, ""), h.ID+"?") || j.host.Name != "no CI host" {
			t.Errorf("named %sx: %v, %q, %s", h.ID, f, f.Hints, j.host.Name)
		}
	}
	for _, id := range []string{"github", "azure-pipelines", "buildkite"} {
		j := &job{Site: &hosttest.Site{Env: map[string]string{"BITBUCKET_AUTH_HOST": id}}}
		if err := j.choose(false); fault.From(err).Code != fault.NotAllowed {
			t.Errorf("%s can be named: %v", id, err)
		}
	}
}

func TestShellOnEveryHost(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := &job{Site: h.Start(t)}
		delete(j.Env, "BITBUCKET_AUTH_HOST")
		err := j.choose(true)
		if refused := fault.From(err).Code == fault.ShellRefused; refused != h.Masks || j.host.Name != "a shell" {
			t.Errorf("got %v", err)
		}
	})
	j := &job{Site: &hosttest.Site{Env: map[string]string{"BITBUCKET_AUTH_HOST": "tekton"}}}
	if err := j.choose(true); fault.From(err).Code != fault.SettingRefused {
		t.Errorf("a shell and tekton: %v", err)
	}
}

// The env-file is for hosts that need it, and refused on all others.
func TestWhoNeedsAnEnvFile(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := &job{Site: h.Start(t)}
		if err := j.choose(false); err != nil {
			t.Fatal(err)
		}
		without, with := j.host.Prepare("", true), j.host.Prepare(filepath.Join(t.TempDir(), "env"), true)
		if h.EnvFile {
			if fault.From(without).Code != fault.EnvFileMissing || with != nil || j.host.HasOutputs {
				t.Errorf("got %v, %v", without, with)
			}
			return
		}
		if without != nil || fault.From(with).Code != fault.SettingRefused {
			t.Errorf("got %v, %v", without, with)
		}
	})
}

// hostile is text that some reader might misread.
var hostile = []string{
	"", "plain", " ", " both ends ", "'", "''", `'\''`, `"`, `\`, `a\`, "$HOME", "`id`", "$(id)", "${X}", "!!", "#x", "a #x", "a=b", "a;b", "a&b|c>d", "*", "~",
	"%", "%25", "%0A", "%AZP25", "%3B%5D", "]", "]]", ";", "##vso[task.setvariable variable=x]y", "::set-output name=x::y", "##teamcity[a b='c']", "__B64__eA==", "x<<EOF", "é✓", "-n", "!f() { x; }; f", "\ufffd",
}

// hidden is a result that must be masked.
func hidden(name string, text secret.String) secret.Value {
	return secret.Value{Name: name, Text: text, Secret: true}
}

// resultsOf has every value once as an output and once as a variable.
func resultsOf(values []string) (results host.Results) {
	for i, value := range values {
		results.Outputs = append(results.Outputs, hidden(fmt.Sprintf("an-output-%d", i), secret.New(value)), host.Public(fmt.Sprintf("public-%d", i), value))
		results.Variables = append(results.Variables, hidden(fmt.Sprintf("SECRET_%d", i), secret.New(value)), host.Public(fmt.Sprintf("PUBLIC_%d", i), value))
	}
	return results
}

// Later steps read exactly what was handed over, whatever it contains.
func TestValuesComeBackAsTheyWere(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		values := hostile
		if h.Name == "Azure Pipelines" {
			values = slices.DeleteFunc(slices.Clone(hostile), func(v string) bool { return strings.Contains(v, "$(") })
		}
		results := resultsOf(values)
		if err := j.host.HandOver(context.Background(), results); err != nil {
			t.Fatal(err)
		}
		outputs, variables := j.HandedOver(t, j.stdout.String())
		wantOutputs, wantVariables := map[string]string{}, map[string]string{}
		for _, v := range results.Variables {
			// Harness drops empty ones that are not secret.
			if h.Name != "Harness" || v.Secret || !v.Text.IsEmpty() {
				wantVariables[v.Name] = v.Text.Reveal()
			}
		}
		for _, v := range results.Outputs {
			switch {
			case h.Runner.Name != "":
				wantOutputs[v.Name] = v.Text.Reveal()
			case j.host.HasOutputs:
				wantOutputs[strings.ReplaceAll(v.Name, "-", "_")] = v.Text.Reveal()
			}
		}
		if !maps.Equal(outputs, wantOutputs) {
			t.Errorf("outputs:\ngot  %q\nwant %q", outputs, wantOutputs)
		}
		if !maps.Equal(variables, wantVariables) {
			t.Errorf("variables:\ngot  %q\nwant %q", variables, wantVariables)
		}
		if !h.Masks && j.stdout.Len()+j.stderr.Len() > 0 {
			t.Errorf("something is shown: %q, %q", j.stdout.String(), j.stderr.String())
		}
	})
}

// wholeStep does all that a step can do, with nothing random in it.
func wholeStep(t testing.TB, j *job) {
	t.Helper()
	if err := j.host.Mask([]string{"100%;]-s3cret", "c2VjcmV0LXBhaXI"}); err != nil {
		t.Fatal(err)
	}
	j.host.Say(fault.Noticef("a notice; with 100%% ]"))
	j.host.Say(fault.Warn(fault.New(fault.ExpiresSoon, "a warning; with 100% ]", "do this", "or that")))
	err := j.host.HandOver(context.Background(), host.Results{
		Outputs:   []secret.Value{hidden("token", secret.New("100%;]-s3cret")), host.Public("git-username", "it's me")},
		Variables: []secret.Value{hidden("BITBUCKET_TOKEN", secret.New("100%;]-s3cret")), host.Public("BITBUCKET_WORKSPACE", "team"), host.Public("BITBUCKET_GIT_USERNAME", "it's me")},
	})
	if err != nil {
		t.Fatal(err)
	}
	j.host.Fail(fault.New(fault.Refused, "a fault", "mend it"))
}

// Every byte that is shown and written, host by host. GitHub's files have a
// random delimiter, and separate tests.
func TestGolden(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		wholeStep(t, j)
		got := "== standard output\n" + j.stdout.String() + "== standard error\n" + j.stderr.String()
		files := j.Written(t)
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if h.Runner.Name == "" {
				got += "== " + name + "\n" + files[name]
			}
		}
		if j.API != nil {
			got += "== requests\n" + strings.Join(j.API.Requests(), "\n") + "\n== the job's environment\n"
			for _, name := range slices.Sorted(maps.Keys(j.API.Env())) {
				got += name + "=" + j.API.Env()[name] + "\n"
			}
		}
		got = strings.ReplaceAll(got, lineEnd, "\n")
		path := filepath.Join("testdata", strings.ToLower(strings.ReplaceAll(h.Name, " ", "-"))+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := read(t, path); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}

// commands recognise what a host runs as a command in any stream, by families of
// hosts.
var commands = map[string]func(line string) bool{
	"GitHub": func(line string) bool {
		return strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[")
	},
	"Azure Pipelines": func(line string) bool { return strings.Contains(line, "##vso[") },
	"TeamCity":        func(line string) bool { return strings.Contains(line, "##teamcity[") },
	"Buildkite": func(line string) bool {
		return slices.ContainsFunc([]string{"--- ", "+++ ", "~~~ ", "^^^ "}, func(mark string) bool { return strings.HasPrefix(line, mark) })
	},
}

// No host's command is printed on another host, whatever the text of a remark.
// Nor is GitHub's, where GitLab or another would show it as it is.
func TestNoCommandOfAnotherHost(t *testing.T) {
	text := "::error::x ##[error]x ##vso[task.complete result=Failed;]x ##teamcity[buildStop] --- x"
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		wholeStep(t, j)
		for _, level := range []fault.Level{fault.Notice, fault.Warning, fault.Error} {
			for _, start := range []string{"", "x\n", "x\r"} {
				j.host.Say(fault.Remark{Level: level, Fault: fault.New(fault.Refused, start+text, start+text)})
			}
		}
		family := "" // of the commands that the program prints there
		switch {
		case h.Runner.Name != "":
			family = "GitHub"
		case h.Name == "Azure Pipelines":
			family = h.Name
		}
		for line := range strings.Lines(j.stdout.String() + j.stderr.String()) {
			for other, isCommand := range commands {
				if other != family && isCommand(line) {
					t.Errorf("a command of %s: %q", other, line)
				}
			}
		}
	})
}

// Where a step can mask nothing, nothing that it should mask is shown.
func TestNothingIsShownWhereNothingIsMasked(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		wholeStep(t, j)
		if seen := j.Seen(t, j.stdout.String(), j.stderr.String()); strings.Contains(seen, "s3cret") || strings.Contains(seen, "c2VjcmV0LXBhaXI") {
			t.Errorf("a secret is seen: %s", seen)
		}
	})
}

// A run that is ended hands over nothing, on any host.
func TestAnEndedRunHandsOverNothing(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(fault.New(fault.Terminated, "terminated"))
		if err := j.host.HandOver(ctx, resultsOf([]string{"value"})); fault.From(err).Code != fault.Terminated {
			t.Errorf("got %v", err)
		}
		outputs, variables := j.HandedOver(t, j.stdout.String())
		if len(outputs)+len(variables) > 0 {
			t.Errorf("handed over: %v, %v", outputs, variables)
		}
		for name, text := range j.Written(t) {
			if text != "" || !strings.HasPrefix(name, "GITHUB_") {
				t.Errorf("%s is left, with %q", name, text)
			}
		}
	})
	j := &job{Site: &hosttest.Site{Env: map[string]string{}}}
	if err := j.choose(true); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(fault.New(fault.Terminated, "terminated"))
	if err := j.host.HandOver(ctx, resultsOf([]string{"value"})); fault.From(err).Code != fault.Terminated || j.stdout.Len() > 0 {
		t.Errorf("a shell: got %v, %q", err, j.stdout.String())
	}
}

// A run that fails hands over nothing but its code, as an output. In a shell, the code to
// exit with is all that is evaluated.
func TestAFailedRunHandsOverItsCode(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		j.host.Fail(fault.New(fault.Refused, "a fault", "mend it"))
		outputs, variables := j.HandedOver(t, j.stdout.String())
		want := map[string]string{}
		switch {
		case h.Prefix == "INPUT_":
			want["error-code"] = "BBA202"
		case h.Name == "Azure Pipelines", h.Name == "Harness":
			want["error_code"] = "BBA202"
		}
		if !maps.Equal(outputs, want) || len(variables) > 0 {
			t.Errorf("handed over: %v, %v", outputs, variables)
		}
		for name := range j.Written(t) {
			if h.EnvFile {
				t.Errorf("%s is left", name)
			}
		}
	})
	j := &job{Site: &hosttest.Site{Env: map[string]string{}}}
	if err := j.choose(true); err != nil {
		t.Fatal(err)
	}
	j.host.Fail(fault.New(fault.Refused, "a fault", "mend it"))
	if j.stdout.String() != "(exit 4)\n" || !strings.Contains(j.stderr.String(), "error: a fault (BBA202)\nhint: mend it\n") {
		t.Errorf("in a shell: %q, %q", j.stdout.String(), j.stderr.String())
	}
	j = &job{Site: &hosttest.Site{Env: map[string]string{}}}
	if err := j.choose(false); fault.From(err).Code != fault.NoHost {
		t.Fatal(err)
	}
	j.host.Fail(fault.New(fault.Refused, "a fault"))
	if j.stdout.Len() > 0 || !strings.Contains(j.stderr.String(), "error: a fault (BBA202)\n") {
		t.Errorf("without a host: %q, %q", j.stdout.String(), j.stderr.String())
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

// Where masks, results or the code to exit with go to standard output and that is closed,
// a fault says so, and it is on standard error. It isn't written as a command there.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		var err error
		j.host, err = host.Choose(host.World{Lookup: j.Lookup, Stdout: closed{}, Stderr: &j.stderr, Outputs: contract.CredentialOutputs}, false)
		if err != nil {
			t.Fatal(h.Name, err)
		}
		if err := j.host.Prepare(j.Env[h.Setting("env-file")], true); err != nil {
			t.Fatal(h.Name, err)
		}
		masks, results, end := j.host.Mask([]string{"s3cret-value"}), j.host.HandOver(t.Context(), resultsOf([]string{"x"})), j.host.Finish()
		onAzure := h.Name == "Azure Pipelines"
		for _, test := range []struct {
			name   string
			err    error
			closed bool
		}{{"masks", masks, h.Prefix == "INPUT_" || onAzure}, {"results", results, onAzure}, {"the end", end, onAzure}} {
			if test.closed && fault.From(test.err).Code != fault.OutputStream || !test.closed && test.err != nil {
				t.Errorf("%s: %s: got %v", h.Name, test.name, test.err)
			}
		}
		j.host.Fail(fault.New(fault.Refused, "a fault"))
		if got := j.stderr.String(); !strings.Contains(got, "error: a fault (BBA202)") || strings.Contains(got, "##vso[") || strings.Contains(got, "::") {
			t.Errorf("%s: shows %q", h.Name, got)
		}
	})
	nothing := func(string) (string, bool) { return "", false }
	shell, err := host.Choose(host.World{Lookup: nothing, Stdout: closed{}, Stderr: io.Discard}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.HandOver(t.Context(), resultsOf([]string{"x"})); fault.From(err).Code != fault.OutputStream {
		t.Errorf("a shell: %v", err)
	}
}

// Unprintable results are refused on every host, before anything is written.
func TestUnprintableResultsAreRefusedEverywhere(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		for _, text := range []string{"a\nb", "a\rb", "a\x00b", "a\x1bb", "a\u2028b", "a\u0085b", "a\xffb", "a\tb"} {
			j := startJob(t, h)
			err := j.host.HandOver(context.Background(), resultsOf([]string{text}))
			outputs, variables := j.HandedOver(t, j.stdout.String())
			if fault.From(err).Code != fault.Unprintable || len(outputs)+len(variables) > 0 {
				t.Errorf("%q: %v", text, err)
			}
		}
		for _, name := range []string{"", "a b", "a=b", "a<<b", "1a", "a\n"} {
			j := startJob(t, h)
			err := j.host.HandOver(context.Background(), host.Results{Outputs: []secret.Value{host.Public(name, "x")}})
			if fault.From(err).Code != fault.Unprintable {
				t.Errorf("the name %q: %v", name, err)
			}
		}
	})
}

// A shell would evaluate them, so they are refused there too.
func TestUnprintableResultsAreRefusedInAShell(t *testing.T) {
	t.Parallel()
	j := &job{Site: &hosttest.Site{Env: map[string]string{}}}
	if err := j.choose(true); err != nil {
		t.Fatal(err)
	}
	for _, v := range []secret.Value{host.Public("A", "a\nb"), host.Public("A", "a\x00b"), host.Public("A;id", "x"), host.Public("A=b", "x"), host.Public("1A", "x")} {
		err := j.host.HandOver(t.Context(), host.Results{Variables: []secret.Value{host.Public("FIRST", "x"), v}})
		if fault.From(err).Code != fault.Unprintable || j.stdout.Len() > 0 {
			t.Errorf("%q: got %v, %q", v.Name, err, j.stdout.String())
		}
	}
}

// What a host keeps out of the environment of later steps must not be a part
// of git's settings there: git fails on a setting without a value.
func TestGitHeaderIsRefusedWhereItCantBeCarried(t *testing.T) {
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		err := j.host.HandOver(context.Background(), host.Results{Variables: []secret.Value{
			host.Public("GIT_CONFIG_KEY_0", "http.extraHeader"), hidden("GIT_CONFIG_VALUE_0", secret.New("Authorization: Bearer x")),
		}})
		refuses := h.Name == "Azure Pipelines" || h.Name == "Harness"
		if refused := fault.From(err).Code == fault.ResultRefused; refused != refuses || !refused && err != nil {
			t.Errorf("got %v", err)
		}
		err = j.host.HandOver(context.Background(), host.Results{Variables: []secret.Value{
			hidden("MY_GIT_CONFIG_TOKEN", secret.New("s3cret")), hidden("BITBUCKET_GIT_0_PASSWORD", secret.New("s3cret")), host.Public("GIT_CONFIG_COUNT", "0"),
		}})
		if err != nil {
			t.Errorf("others' variables: %v", err)
		}
	})
}
