//go:build linux

package mirror

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/documents"
	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// azureSample is a documented step of Azure Pipelines that runs the program. Its
// job has a source on one server and a Bitbucket on another.
type azureSample struct {
	programScript
	*mirroring
	container string // its name, or nothing
	// parameters are those of a template; nil: it is none.
	parameters map[string]string
	provider   string // of the repository that the pipeline builds
	// hostile are the public variables that an earlier step set.
	hostile map[string]string
}

// programScript is a script that runs the program.
type programScript struct{ documents.Script }

// azureSamples are found by the variable that every one of them sets.
func azureSamples(t *testing.T) (found []programScript) {
	t.Helper()
	for _, s := range documents.Scripts(t) {
		if strings.Contains(s.Text, "TF_BUILD=True") {
			found = append(found, programScript{s})
		}
	}
	if len(found) != 6 {
		t.Fatalf("%d samples for Azure Pipelines were found: with and without a container, and as a template, for both commands", len(found))
	}
	return found
}

func (s programScript) name() string {
	kind := map[bool]string{true: " in a container"}[s.inContainer()]
	return strings.ReplaceAll(s.File, "/", "-") + kind
}

func (s programScript) inContainer() bool { return strings.Contains(s.Text, "docker run") }
func (s programScript) isMirror() bool    { return strings.Contains(s.Text, "mirror") }

// newAzureSample prepares a sample's job. Only addresses and the image are others than
// in the documents.
func newAzureSample(t *testing.T, s programScript) *azureSample {
	t.Helper()
	a := &azureSample{programScript: s, mirroring: newMirroring(t), provider: "TfsGit"}
	a.source.commit("main", "four", "text")
	for name := range a.Env {
		if strings.HasPrefix(name, "GITHUB_") || name == "CI" {
			delete(a.Env, name)
		}
	}
	if s.inContainer() {
		e2etest.NeedJobImage(t)
		a.container = e2etest.NewName(e2etest.Label)
		a.replace("docker run --rm", "docker run --rm --network host --label "+e2etest.Label+" --name "+a.container)
		a.Text = regexp.MustCompile(`(ghcr\.io|registry\.example\.com)/\S+`).ReplaceAllString(a.Text, a.image())
	}
	if strings.HasPrefix(s.File, "hosts/") {
		a.parameters = templateParameters(t, s.File)
		maps.Copy(a.parameters, map[string]string{"repository": "team/repo", "identity": "me@example.com", "git": "repository"})
		if s.isMirror() {
			a.parameters["repository"] = "my-team/my-repo"
		}
	}
	a.set("SERVER_URL", a.bitbucket.URL)
	a.Env["PATH"] = filepath.Dir(a.binary()) + ":" + a.Env["PATH"]
	if host, set := os.LookupEnv("DOCKER_HOST"); set {
		a.Env["DOCKER_HOST"] = host
	}
	if s.isMirror() {
		a.rename("my-team/my-repo", copied)
	} else {
		a.token.Secret = credentialtest.APIToken()
		a.KeepSecret(a.token.Secret)
	}
	return a
}

// image has the program and git.
func (a *azureSample) image() string {
	a.T.Helper()
	dir := a.T.TempDir()
	command := `["bitbucket-auth"]`
	if a.isMirror() {
		command = `["bitbucket-auth", "mirror"]`
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM "+e2etest.JobImage+"\nCOPY bitbucket-auth /usr/local/bin/\nENTRYPOINT "+command+"\n"), 0o600); err != nil {
		a.T.Fatal(err)
	}
	if err := e2etest.CopyFile(a.binary(), filepath.Join(dir, "bitbucket-auth")); err != nil {
		a.T.Fatal(err)
	}
	return e2etest.Classic.Build(a.T, dir)
}

func (a *azureSample) replace(from, to string) {
	a.T.Helper()
	if !strings.Contains(a.Text, from) {
		a.T.Fatalf("%s has no %q", a.File, from)
	}
	a.Text = strings.ReplaceAll(a.Text, from, to)
}

// rename names another repository, in the script or by a parameter.
func (a *azureSample) rename(from, to string) {
	a.T.Helper()
	if a.parameters == nil {
		a.replace(from, to)
		return
	}
	a.parameters["repository"] = to
}

// templateParameters returns the parameters of a template with their defaults.
func templateParameters(t *testing.T, file string) map[string]string {
	t.Helper()
	var template struct {
		Parameters []struct {
			Name    string
			Default any
		}
	}
	if err := yaml.Unmarshal([]byte(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), file))), &template); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, p := range template.Parameters {
		values[p.Name] = fmt.Sprint(p.Default)
		if flag, is := p.Default.(bool); is { // as a .NET program writes it
			values[p.Name] = map[bool]string{true: "True", false: "False"}[flag]
		}
	}
	return values
}

// templateExpression matches the expressions that the templates contain
// (learn.microsoft.com, Expressions): a parameter, or one with each single quote
// replaced by what a shell needs between single quotes.
var templateExpression = regexp.MustCompile(`\$\{\{ (?:parameters\.(\w+)|replace\(parameters\.(\w+), '{4}, '{3}\\'{5}\)) \}\}`)

// expanded is a text of a template as the pipeline has it.
func (a *azureSample) expanded(text string) string {
	a.T.Helper()
	text = templateExpression.ReplaceAllStringFunc(text, func(whole string) string {
		match := templateExpression.FindStringSubmatch(whole)
		value, known := a.parameters[match[1]+match[2]]
		if !known {
			a.T.Fatalf("there is no parameter for %s", whole)
		}
		if match[2] != "" {
			value = strings.ReplaceAll(value, "'", `'\''`)
		}
		return value
	})
	if strings.Contains(text, "${{") {
		a.T.Fatalf("an unknown expression is left:\n%s", text)
	}
	return text
}

// set adds a setting to the script, where the sample has its own.
func (a *azureSample) set(name, value string) {
	a.T.Helper()
	if a.parameters != nil {
		a.parameters[strings.ToLower(name)] = value
		return
	}
	flag := map[bool]string{true: "-e "}[a.inContainer()]
	a.replace("TF_BUILD=True", "TF_BUILD=True "+flag+"BITBUCKET_AUTH_"+name+"="+value)
}

// step is the process that the agent starts: bash (CmdLine@2), with the step's env: and
// then every public variable over it (azure-pipelines-agent, Handler.cs,
// AddVariablesToEnvironment).
func (a *azureSample) step() *exec.Cmd {
	a.T.Helper()
	values := strings.NewReplacer(
		"$(BITBUCKET_TOKEN)", a.token.Secret, "$(System.AccessToken)", a.sourceToken,
		"$(Build.Repository.Uri)", a.github.URL+"/"+origin, "$(Build.Repository.Provider)", a.provider,
	)
	env := map[string]string{"TF_BUILD": "True"}
	for name, value := range a.StepEnv {
		env[name] = values.Replace(a.expanded(value))
	}
	maps.Copy(env, a.hostile)
	file := filepath.Join(a.T.TempDir(), "script.sh")
	if err := os.WriteFile(file, []byte(values.Replace(a.expanded(a.Text))), 0o600); err != nil {
		a.T.Fatal(err)
	}
	return a.Command(env, "bash", "--noprofile", "--norc", file)
}

// survivors are processes and containers of a step whose own process has ended.
func (a *azureSample) survivors(step *exec.Cmd) []string {
	a.T.Helper()
	left := session(step.Process.Pid)
	if a.container != "" {
		left = append(left, strings.Fields(e2etest.Docker(a.T, "ps", "--quiet", "--filter", "name="+a.container))...)
	}
	return left
}

// No variable that an earlier step sets changes what a sample does.
func TestSamplesAzureVariables(t *testing.T) {
	for _, s := range azureSamples(t) {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			a := newAzureSample(t, s)
			var asked atomic.Int32
			evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
			defer evil.Close()
			a.hostile = map[string]string{
				"TF_BUILD": "", "GITLAB_CI": "true", "BUILD_REPOSITORY_URI": evil.URL + "/evil.git",
				"HTTP_PROXY": evil.URL, "http_proxy": evil.URL, "HTTPS_PROXY": evil.URL, "GIT_CONFIG_COUNT": "evil",
			}
			for id := range hostileSettings() {
				a.hostile["BITBUCKET_AUTH_"+strings.ToUpper(strings.ReplaceAll(id, "-", "_"))] = "evil"
			}
			maps.Copy(a.hostile, map[string]string{
				"BITBUCKET_AUTH_SERVER_URL": evil.URL, "BITBUCKET_AUTH_SOURCE": evil.URL + "/evil.git",
				"BITBUCKET_AUTH_VERIFY": "strict", "BITBUCKET_AUTH_PRUNE": "true", "BITBUCKET_AUTH_HOST": "gitlab",
			})
			want := a.mirror.refs()
			text, err := a.step().CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if n := asked.Load(); n > 0 {
				t.Errorf("another server was asked %d times", n)
			}
			log := hosttest.ShowAzure(string(text))
			a.CheckHidden("the log", log.Text())
			if s.isMirror() {
				want["refs/heads/main"] = a.source.object("main")
			} else if got := outputOf(log, "repository"); got != "team/repo" {
				t.Errorf("the repository is %q", got)
			}
			if got := a.mirror.refs(); !maps.Equal(got, want) {
				t.Errorf("the mirror has %v, want %v", got, want)
			}
		})
	}
}

// A template uses a value as it is written.
func TestSamplesAzureTemplates(t *testing.T) {
	for _, s := range azureSamples(t) {
		if !strings.HasPrefix(s.File, "hosts/") {
			continue
		}
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			a := newAzureSample(t, s)
			marker := filepath.Join(t.TempDir(), "marker")
			quoted := `it's "$HOME" ' ; touch ` + marker + ` ; '`
			if s.isMirror() {
				a.set("BRANCHES", "it's\nmain")
			} else {
				a.set("AVO_CONNECTION_NAME", quoted)
				a.set("AVO_USERNAME", "dev")
			}
			text, err := a.step().CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, text)
			}
			log := hosttest.ShowAzure(string(text))
			a.CheckHidden("the log", log.Text())
			if _, missing := os.Stat(marker); missing == nil {
				t.Error("the value ran as a command")
			}
			if got := outputOf(log, "avo_assure"); !s.isMirror() && !strings.Contains(got, `"connectionName":`+strconv.Quote(quoted)) {
				t.Errorf("the value became %s\n%s", got, text)
			}
		})
	}
}

// The job's own token is sent to Azure Repos only, not to GitHub, from which a pipeline
// can build, too.
func TestSamplesAzureJobToken(t *testing.T) {
	for _, s := range azureSamples(t) {
		if !s.isMirror() {
			continue
		}
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			a := newAzureSample(t, s)
			a.provider = "GitHub"
			text, err := a.step().CombinedOutput()
			a.CheckHidden("the log", hosttest.ShowAzure(string(text)).Text())
			if err == nil || len(a.github.asked("/info/refs")) == 0 {
				t.Errorf("%v: the private source was read without a token, or not asked\n%s", err, text)
			}
			if slices.ContainsFunc(a.github.authorizations, func(header string) bool { return header != "" }) {
				t.Errorf("the job's token was sent to a server that isn't Azure's\n%s", text)
			}
		})
	}
}

// hostileSettings are all settings but the tokens, which the samples take from env:.
func hostileSettings() map[string]bool {
	ids := map[string]bool{}
	for _, settings := range [][]contract.Setting{contract.CredentialSettings, contract.MirrorSettings} {
		for _, setting := range settings {
			ids[setting.ID] = true
		}
	}
	delete(ids, "token")
	delete(ids, "source-token")
	return ids
}

func outputOf(log hosttest.AzureLog, name string) string {
	for _, v := range log.Variables {
		if v.Output && v.Name == name {
			return v.Value
		}
	}
	return ""
}

// A job that is cancelled on Azure Pipelines: CmdLine@2 sends SIGTERM to bash, and to
// nothing else.
func TestSamplesAzureCancelled(t *testing.T) {
	for _, s := range azureSamples(t) {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			a := newAzureSample(t, s)
			waits, release := a.hold(s.isMirror())
			if !s.isMirror() {
				a.set("VERIFY", "strict")
			}
			before := a.mirror.refs()
			step := a.step()
			text, _ := cancel(t, step, waits, syscall.SIGTERM, syscall.SIGKILL)
			if code := step.ProcessState.ExitCode(); code != 143 {
				t.Errorf("it ends with %v\n%s", step.ProcessState, text)
			}
			if left := a.survivors(step); len(left) > 0 {
				t.Errorf("still there: %q", left)
			}
			release()
			for _, v := range hosttest.ShowAzure(text).Variables {
				if v.Secret {
					t.Errorf("it hands over %s", v.Name)
				}
			}
			time.Sleep(time.Second) // for a push of whatever survived
			if got := a.mirror.refs(); !maps.Equal(got, before) || len(a.bitbucket.asked("/git-receive-pack")) > 0 && s.isMirror() {
				t.Errorf("it pushed: the mirror has %v", got)
			}
		})
	}
}

// hold makes a server answer a request that every run makes only when it is released:
// the fetch from the source, or the check of the credential.
func (m *mirroring) hold(mirror bool) (waits <-chan struct{}, release func()) {
	server, held := m.bitbucket, func(*http.Request) bool { return true }
	if mirror {
		var seen atomic.Int32
		server, held = m.github, func(r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/git-upload-pack") && seen.Add(1) > 1 // the first one lists the refs
		}
	}
	arrived, released := make(chan struct{}), make(chan struct{})
	arrive, release := sync.OnceFunc(func() { close(arrived) }), sync.OnceFunc(func() { close(released) })
	server.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if held(r) {
			arrive()
			<-released
		}
		return false
	})
	m.T.Cleanup(release)
	return arrived, release
}

// grace is the time that GitHub's runner gives a process after a signal
// (actions/runner, ProcessInvoker.cs: 7.5 seconds, and then 2.5).
const grace = 7500 * time.Millisecond

// patience is for what takes a second at most, unless the machine is busy. Git gives up
// a server that says nothing after two minutes.
const patience = time.Minute

// cancel starts a step, sends signals to its process when the program waits, each some
// seconds after the one before, and returns what the step printed when that process
// has ended, and how many signals it took.
func cancel(t *testing.T, step *exec.Cmd, waits <-chan struct{}, signals ...syscall.Signal) (printed string, sent int) {
	t.Helper()
	var text bytes.Buffer
	step.Stdout, step.Stderr = &text, &text
	step.WaitDelay = 5 * time.Second // for what survives with the same output
	if err := step.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-waits:
	case <-time.After(patience):
		t.Error("the program didn't come to wait")
	}
	var count atomic.Int32
	for i, signal := range signals {
		defer time.AfterFunc(time.Duration(i)*grace, func() {
			if step.Process.Signal(signal) == nil {
				count.Add(1)
			}
		}).Stop()
	}
	_ = step.Wait()
	return text.String(), int(count.Load())
}

// A job that is cancelled on GitHub: the runner sends SIGINT to bash, SIGTERM if that
// doesn't end it, and at last SIGKILL.
func TestSamplesGitHubCancelled(t *testing.T) {
	found := 0
	for _, s := range documents.Scripts(t) {
		if s.File != "binary/action.yml" && s.File != "mirror/action.yml" || !strings.Contains(s.Text, "$PROGRAM") {
			continue
		}
		found++
		t.Run(programScript{s}.name(), func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			mirror := s.File == "mirror/action.yml"
			waits, release := m.hold(mirror)
			program, files := m.step()
			if !mirror {
				m.inputs = map[string]string{"token": m.token.Secret, "server-url": m.bitbucket.URL, "repository": copied, "verify": "strict"}
				program, files = m.step()
			}
			file := filepath.Join(t.TempDir(), "script.sh")
			if err := os.WriteFile(file, []byte(s.Text), 0o600); err != nil {
				t.Fatal(err)
			}
			step := m.Command(nil, "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", file)
			step.Env = append(program.Env, "PROGRAM="+m.binary())
			before := m.mirror.refs()
			text, signals := cancel(t, step, waits, syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL)
			if code := step.ProcessState.ExitCode(); code != 130 || signals != 1 {
				t.Errorf("it ends with %v after %d signals\n%s", step.ProcessState, signals, text)
			}
			if left := session(step.Process.Pid); len(left) > 0 {
				t.Errorf("still there: %q", left)
			}
			release()
			time.Sleep(time.Second)
			if got := m.mirror.refs(); !maps.Equal(got, before) || e2etest.Content(files["GITHUB_ENV"]) != "" {
				t.Errorf("it went on: %v", got)
			}
		})
	}
	if found != 2 {
		t.Errorf("%d scripts that run the program were found", found)
	}
}

// A job that is cancelled during the download ends it.
func TestBinaryGetCancelled(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	waits := make(chan struct{})
	go func() {
		if connection, err := server.Accept(); err == nil {
			t.Cleanup(func() { connection.Close() })
			close(waits)
		}
	}()
	j := e2etest.NewJob(t)
	j.Write("get", e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "binary/get")))
	j.Write("release", "https://"+server.Addr().String()+"\n"+strings.Repeat("0", 64)+"  bitbucket-auth_linux_amd64\n")
	j.Write("output", "")
	step := j.Command(map[string]string{
		"RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_TEMP": j.Dir, "GITHUB_OUTPUT": j.Path("output"),
	}, "bash", "get")
	text, signals := cancel(t, step, waits, syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL)
	if code := step.ProcessState.ExitCode(); code != 143 || signals != 1 || e2etest.Content(j.Path("output")) != "" {
		t.Errorf("it ends with %v after %d signals\n%s", step.ProcessState, signals, text)
	}
	if left := session(step.Process.Pid); len(left) > 0 {
		t.Errorf("still there: %q", left)
	}
}
