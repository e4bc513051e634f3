//go:build linux

package mirror

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// The repositories on the two sides.
const (
	origin = "octo/site"
	copied = "acme/site"
)

// mirroring is a job that mirrors a repository from GitHub to Bitbucket. Both
// sides start with the same branches and tags.
type mirroring struct {
	*e2etest.Job
	github, bitbucket *front
	hub, fake         *bitbuckettest.Server // behind them
	source, mirror    repo
	sourceToken       string
	token             bitbuckettest.Token
	inputs            map[string]string
	temporary, argv   string
	processes         string // what git processes were started with
	givenSourceToken  string // to the last step
}

func newMirroring(t *testing.T) *mirroring {
	t.Helper()
	m := newMirroringTo(t, e2etest.AccessToken.Reach(copied))
	for _, r := range []repo{m.source, m.mirror} {
		r.load(seed)
	}
	// Refs that are neither branches nor tags, and must not be touched.
	m.source.git("update-ref", "refs/pull/1/head", "refs/heads/topic")
	m.mirror.git("update-ref", "refs/pull-requests/1/from", "refs/heads/topic")
	return m
}

// newMirroringTo starts with empty repositories on both sides.
func newMirroringTo(t *testing.T, l e2etest.Login) *mirroring {
	t.Helper()
	m := &mirroring{Job: e2etest.NewJob(t), sourceToken: newSourceToken()}
	m.hub = bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{origin}})
	m.fake = bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{copied}, ContextPath: l.Side.Server})
	m.github = newFront(t, github(t, m.sourceToken, m.hub))
	m.bitbucket = newFront(t, proxy(t, m.fake.URL))
	m.source, m.mirror = repo{m.Job, m.hub.Dir(origin)}, repo{m.Job, m.fake.Dir(copied)}
	m.token = m.fake.Add(l.Token)
	m.KeepSecret(m.sourceToken)
	m.KeepSecret(m.token.Secret)
	m.inputs = map[string]string{
		"token": m.token.Secret, "identity": l.Identity(m.token), "server-url": m.bitbucket.URL + l.Side.Server,
		"repository": copied, "source-token": m.sourceToken,
	}
	if m.token.Kind == bitbuckettest.OAuthConsumer {
		m.inputs["kind"] = "oauth-consumer"
	}
	maps.Copy(m.Env, map[string]string{"GITHUB_SERVER_URL": m.github.URL, "GITHUB_REPOSITORY": origin})

	// A temporary directory that must be empty in the end, and a git that records
	// its arguments and its environment, and has the defaults of git 3.
	m.temporary = m.Env["TMPDIR"]
	m.argv = filepath.Join(t.TempDir(), "argv")
	m.processes = t.TempDir()
	bin := t.TempDir()
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	wrapper := "#!/bin/sh\nprintf '%s\\n' \"$*\" >>" + m.argv +
		"\n{ printf '%s\\n%s\\n' \"$PPID\" \"$*\"; export -p; } >" + m.processes + "/$$" +
		"\nexport GIT_DEFAULT_HASH=${GIT_DEFAULT_HASH-sha256} GIT_DEFAULT_REF_FORMAT=${GIT_DEFAULT_REF_FORMAT-reftable}\nexec " + real + ` "$@"` + "\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	m.Env["PATH"] = bin + string(filepath.ListSeparator) + m.Env["PATH"]
	return m
}

// allow gives the job another Bitbucket token, with these scopes.
func (m *mirroring) allow(scopes ...string) {
	l := e2etest.AccessToken
	l.Token.Scopes, l.Token.Reach = scopes, nil
	m.token = m.fake.Add(l.Token)
	m.inputs["token"] = m.token.Secret
	m.KeepSecret(m.token.Secret)
}

// newSourceToken makes a token that looks like a GitHub job's: of its two forms in
// turns.
func newSourceToken() string {
	if sourceTokens.Add(1)%2 == 0 {
		return credentialtest.OldJobToken()
	}
	return credentialtest.JobToken()
}

var sourceTokens atomic.Int64

// result is the result of a run.
type result struct {
	t       *testing.T
	code    int
	log     string // as people see it
	outputs map[string]string
	summary string
	refs    []refResult
	before  map[string]string // of the mirror
	m       *mirroring
}

// refResult is an element of the output refs.
type refResult struct{ Ref, Action, Old, New, Reason string }

// run runs the mirror on GitHub and checks everything that holds for every run.
func (m *mirroring) run(inputs ...string) result {
	m.T.Helper()
	cmd, files := m.step(inputs...)
	before := m.mirror.refs()
	text, _ := cmd.CombinedOutput()
	return m.result(cmd, files, before, string(text))
}

// created is run for a mirror that doesn't exist yet.
func (m *mirroring) created(inputs ...string) result {
	m.T.Helper()
	cmd, files := m.step(inputs...)
	text, _ := cmd.CombinedOutput()
	return m.result(cmd, files, map[string]string{}, string(text))
}

// step prepares a run of the mirror.
func (m *mirroring) step(inputs ...string) (*exec.Cmd, map[string]string) {
	m.T.Helper()
	files := map[string]string{}
	dir := m.T.TempDir()
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY"} {
		files[name] = filepath.Join(dir, name)
		if err := os.WriteFile(files[name], nil, 0o600); err != nil {
			m.T.Fatal(err)
		}
	}
	env := maps.Clone(files)
	given := maps.Clone(m.inputs)
	for i := 0; i < len(inputs); i += 2 {
		given[inputs[i]] = inputs[i+1]
	}
	m.givenSourceToken = given["source-token"]
	for id, value := range given {
		env["INPUT_"+strings.ToUpper(id)] = value
	}
	return m.Command(env, m.binary(), "mirror"), files
}

func (m *mirroring) binary() string {
	m.T.Helper()
	return e2etest.Program(m.T)
}

// result reads and checks the results of a run that has ended.
func (m *mirroring) result(cmd *exec.Cmd, files map[string]string, before map[string]string, text string) result {
	m.T.Helper()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() < 0 {
		m.T.Fatalf("the mirror: %v\n%s", cmd.ProcessState, text)
	}
	r := result{
		t: m.T, m: m, code: cmd.ProcessState.ExitCode(), before: before,
		log: hosttest.GitHub.Show(text).Text(), summary: e2etest.Content(files["GITHUB_STEP_SUMMARY"]),
	}
	r.outputs = e2etest.Results(m.T, e2etest.Content(files["GITHUB_OUTPUT"]))
	if text := r.outputs["refs"]; text != "" {
		if err := json.Unmarshal([]byte(text), &r.refs); err != nil {
			m.T.Errorf("refs isn't JSON: %v\n%s", err, text)
		}
	}
	m.checkLogins(cmd.Process.Pid)
	if line := e2etest.LateMask(text); line != "" {
		m.T.Errorf("a mask comes after the line %q", line)
	}
	if env := e2etest.Content(files["GITHUB_ENV"]); env != "" {
		m.T.Errorf("something was left for later steps: %s", env)
	}
	m.CheckHidden("the log", r.log)
	m.CheckHidden("the outputs", e2etest.Content(files["GITHUB_OUTPUT"]))
	m.CheckHidden("the summary", r.summary)
	m.CheckHidden("an argument of git", e2etest.Content(m.argv))
	for side, secret := range map[*front]string{m.github: m.token.Secret, m.bitbucket: m.sourceToken} {
		for _, header := range side.authorizations {
			_, password, _ := strings.Cut(header, " ") // of Bearer, or an LFS storage's
			if encoded, isBasic := strings.CutPrefix(header, "Basic "); isBasic {
				_, password, _ = strings.Cut(decoded(encoded), ":")
			}
			if password == secret {
				m.T.Error("a credential went to the other side's server")
			}
			if password != "" && strings.Contains(r.log, password) {
				m.T.Error("what a server was sent shows in the log") // an OAuth client's token, too
			}
		}
	}
	if files, err := os.ReadDir(m.temporary); err != nil || len(files) > 0 {
		m.T.Errorf("the temporary directory has %v, %v", files, err)
	}
	if left := session(cmd.Process.Pid); len(left) > 0 {
		m.T.Errorf("still running: %q", left)
	}
	return r
}

// session lists the running processes of a session.
func session(id int) (names []string) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text := e2etest.Content(path)
		_, rest, _ := strings.Cut(text, ") ") // the name before it may hold anything
		if fields := strings.Fields(rest); len(fields) > 3 && fields[3] == strconv.Itoa(id) && fields[0] != "Z" {
			names = append(names, text[:strings.Index(text, ")")+1])
		}
	}
	return names
}

// wants checks the exit code and what happened to each ref, such as "updated
// refs/heads/main". All other refs must be unchanged.
func (r result) wants(code int, fates ...string) {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("the exit code is %d, want %d:\n%s", r.code, code, r.log)
	}
	var got []string
	counts := map[string]int{}
	want := maps.Clone(r.before)
	source := r.m.source.refs()
	for _, ref := range r.refs {
		got = append(got, ref.Action+" "+ref.Ref)
		counts[ref.Action]++
		if ref.Old != r.before[ref.Ref] {
			r.t.Errorf("%s: the old value is %q, want %q", ref.Ref, ref.Old, r.before[ref.Ref])
		}
		switch ref.Action {
		case "created", "updated", "overwritten":
			want[ref.Ref] = source[ref.Ref]
			if ref.New != source[ref.Ref] {
				r.t.Errorf("%s: the new value is %q, want %q", ref.Ref, ref.New, source[ref.Ref])
			}
		case "deleted":
			delete(want, ref.Ref)
		case "refused":
			if name := strings.SplitN(ref.Ref, "/", 3)[2]; ref.Reason == "" || !strings.Contains(r.log, name) {
				r.t.Errorf("%s was left alone, and neither reason nor log says so: %q\n%s", ref.Ref, ref.Reason, r.log)
			}
		default:
			r.t.Errorf("%s: unknown action %q", ref.Ref, ref.Action)
		}
	}
	slices.Sort(got)
	slices.Sort(fates)
	if !slices.Equal(got, fates) {
		r.t.Errorf("the refs are %q, want %q\n%s", got, fates, r.log)
	}
	if after := r.m.mirror.refs(); !maps.Equal(after, want) {
		r.t.Errorf("the mirror has %v,\nwant %v", after, want)
	}
	r.m.mirror.git("fsck", "--connectivity-only")
	if code != 0 && code != 6 {
		r.faults()
		return
	}
	for action := range map[string]int{"created": 0, "updated": 0, "overwritten": 0, "deleted": 0, "refused": 0} {
		if r.outputs[action] != strconv.Itoa(counts[action]) {
			r.t.Errorf("the output %s is %q, want %d", action, r.outputs[action], counts[action])
		}
	}
	if changed := len(r.refs) > counts["refused"]; r.outputs["changed"] != strconv.FormatBool(changed) {
		r.t.Errorf("the output changed is %q, want %v", r.outputs["changed"], changed)
	}
}

// faults checks that a failed run reports its code and outputs nothing else.
func (r result) faults() {
	r.t.Helper()
	code := r.outputs["error-code"]
	if len(r.outputs) != 1 || code == "" || !strings.Contains(r.log, code) {
		r.t.Errorf("the outputs are %v:\n%s", r.outputs, r.log)
	}
}

// says checks that the log contains texts, in any case.
func (r result) says(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		if !strings.Contains(strings.ToLower(r.log), strings.ToLower(text)) {
			r.t.Errorf("the log doesn't say %q:\n%s", text, r.log)
		}
	}
}

// repo is a bare repository on a server's disk.
type repo struct {
	job *e2etest.Job
	dir string
}

func (r repo) git(args ...string) string {
	r.job.T.Helper()
	return r.job.Run(append([]string{"git", "--git-dir", r.dir}, args...)...)
}

// refs returns all refs and the IDs of their objects.
func (r repo) refs() map[string]string {
	r.job.T.Helper()
	refs := map[string]string{}
	for line := range strings.Lines(r.git("for-each-ref", "--format=%(objectname) %(refname)")) {
		object, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		refs[name] = object
	}
	return refs
}

// object returns the ID of an object.
func (r repo) object(name string) string {
	r.job.T.Helper()
	return r.git("rev-parse", "--verify", name)
}

// set points a ref at an object, or deletes it if object is empty.
func (r repo) set(ref, object string) {
	r.job.T.Helper()
	if object == "" {
		r.git("update-ref", "-d", ref)
		return
	}
	r.git("update-ref", ref, object)
}

// clear deletes all refs with a prefix.
func (r repo) clear(prefix string) {
	r.job.T.Helper()
	cmd := r.job.Command(nil, "git", "--git-dir", r.dir, "update-ref", "--stdin")
	var commands strings.Builder
	for ref := range r.refs() {
		if strings.HasPrefix(ref, prefix) {
			fmt.Fprintf(&commands, "delete %s\n", ref)
		}
	}
	cmd.Stdin = strings.NewReader(commands.String())
	if text, err := cmd.CombinedOutput(); err != nil {
		r.job.T.Fatalf("git update-ref: %v\n%s", err, text)
	}
}

// commit adds a commit with one file to a branch, which it creates if necessary.
// With several parents, the commit is a merge.
func (r repo) commit(branch, file, text string, parents ...string) string {
	r.job.T.Helper()
	ref := "refs/heads/" + branch
	if len(parents) == 0 && r.refs()[ref] != "" {
		parents = []string{ref + "^0"}
	}
	r.load(commitOf(ref, file, text, parents...))
	return r.object(ref)
}

// commitOf returns a commit for git fast-import. Without parents, it follows the
// branch's previous commit in the same stream.
func commitOf(ref, file, text string, parents ...string) string {
	s := fmt.Sprintf("commit %s\ncommitter Dev <dev@example.com> 1767225600 +0000\ndata %d\n%s\n", ref, len(file), file)
	for i, parent := range parents {
		s += map[bool]string{true: "from ", false: "merge "}[i == 0] + parent + "\n"
	}
	return s + fmt.Sprintf("M 100644 inline %s\ndata %d\n%s\n", file, len(text), text)
}

// load passes a stream to git fast-import.
func (r repo) load(stream string) {
	r.job.T.Helper()
	cmd := r.job.Command(nil, "git", "--git-dir", r.dir, "fast-import", "--quiet", "--force")
	cmd.Stdin = strings.NewReader(stream)
	if text, err := cmd.CombinedOutput(); err != nil {
		r.job.T.Fatalf("git fast-import: %v\n%s", err, text)
	}
}

// hook sets a script that the server runs before it accepts a push.
func (r repo) hook(name, script string) {
	r.job.T.Helper()
	dir := r.job.T.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		r.job.T.Fatal(err)
	}
	r.git("config", "core.hooksPath", dir)
}

// seed is the content with which both sides start: the branches main and topic, a
// lightweight tag, and an annotated tag.
var seed = commitOf("refs/heads/main", "one", "text") + commitOf("refs/heads/main", "two", "text") +
	"reset refs/tags/v1\nfrom refs/heads/main\n\n" +
	"tag v2\nfrom refs/heads/main\ntagger Dev <dev@example.com> 1767225600 +0000\ndata 7\nrelease\n" +
	commitOf("refs/heads/topic", "topic", "text", "refs/heads/main") + commitOf("refs/heads/main", "three", "text")

// decoded returns the text of a base64 value, or nothing.
func decoded(value string) string {
	text, _ := base64.StdEncoding.DecodeString(value)
	return string(text)
}

// write writes a file inside the repository's directory.
func (r repo) write(name, text string) {
	r.job.T.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.job.T.Fatal(err)
	}
}
