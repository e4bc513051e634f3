package action_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/action"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// site is a Bitbucket with one empty repository, and a step that mirrors to it.
type site struct {
	t     *testing.T
	fake  *bitbuckettest.Server
	token bitbuckettest.Token
	env   env
}

const siteName = "acme/site"

// realGit is git itself, of which tests put wrappers before it.
var realGit, _ = exec.LookPath("git")

func newSite(t *testing.T, source string) *site {
	t.Helper()
	s := &site{t: t, fake: bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{siteName}})}
	s.token = s.fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Reach: []string{siteName}, Scopes: []string{"repository:write"}})
	s.env = env{
		"PATH": os.Getenv("PATH"), "INPUT_TOKEN": s.token.Secret, "INPUT_SERVER-URL": s.fake.URL,
		"INPUT_REPOSITORY": siteName, "INPUT_SOURCE": source,
	}
	return s
}

// wrapGit runs a script before each git command of the step, with the command's arguments.
func (s *site) wrapGit(script string) {
	s.t.Helper()
	bin := s.t.TempDir()
	text := "#!/bin/sh\n" + script + "\nexec " + realGit + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(text), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.env["PATH"] = bin + ":" + s.env["PATH"]
}

// recordArguments returns the file that gets the arguments of every git command.
func (s *site) recordArguments() (path string) {
	s.t.Helper()
	path = filepath.Join(s.t.TempDir(), "argv")
	s.wrapGit("echo \"$@\" >>" + path)
	return path
}

// mirror runs the step.
func (s *site) mirror(ctx context.Context, more env) outcome {
	s.t.Helper()
	host := hosttest.Hosts[0].Start(s.t)
	maps.Copy(host.Env, s.env.with(more))
	w := world(host.Env, nil, nil)
	w.Args = []string{"mirror"}
	var stdout, stderr bytes.Buffer
	w.Stdout, w.Stderr = &stdout, &stderr
	o := outcome{exit: action.Run(ctx, w), stdout: stdout.String(), stderr: stderr.String()}
	files := host.Written(s.t)
	o.outputs, o.summary = commandFile(s.t, files["GITHUB_OUTPUT"]), files["GITHUB_STEP_SUMMARY"]
	return o
}

// branches are those in Bitbucket.
func (s *site) branches() []string {
	s.t.Helper()
	return strings.Fields(s.git("for-each-ref", "--format=%(refname:lstrip=2)"))
}

// git runs in Bitbucket's repository.
func (s *site) git(arguments ...string) string {
	s.t.Helper()
	return gitIn(s.t, s.fake.Dir(siteName), arguments...)
}

// fatesOf reads the output refs: "created main, since why".
func fatesOf(t *testing.T, o outcome) []string {
	t.Helper()
	var refs []struct{ Ref, Action, Reason string }
	if err := json.Unmarshal([]byte(o.outputs["refs"]), &refs); err != nil {
		t.Fatalf("refs is %q: %v\n%s", o.outputs["refs"], err, o.stdout)
	}
	var list []string
	for _, r := range refs {
		text := r.Action + " " + strings.TrimPrefix(r.Ref, "refs/heads/")
		if r.Reason != "" {
			text += ", since " + r.Reason
		}
		list = append(list, text)
	}
	return list
}

func reverse(text string) string {
	b := []byte(text)
	slices.Reverse(b)
	return string(b)
}

// Names that contain a piece of a token, of either side's, are left alone, and
// nothing shows them. Names that only look like parts of a login are mirrored.
func TestMirrorPieces(t *testing.T) {
	t.Parallel()
	source := newSource(t, "main")
	s := newSite(t, source)
	arguments := s.recordArguments()
	secretPart := s.token.Secret[len("ATCTT"+"3xFfGN0"):]
	sourceToken := "ghp_" + credentialtest.Letters(36)
	pieces := []string{
		secretPart[:8], "fix-" + secretPart[20:30] + "-x", reverse(secretPart[40:48]), sourceToken[8:16],
		"b/" + base64.RawURLEncoding.EncodeToString([]byte("x-token-auth:" + s.token.Secret)[21:40]),
		"h/" + strings.ToUpper(hex.EncodeToString([]byte(secretPart[50:58]))),
	}
	innocent := []string{"main", "x-token-auth", "ATCTT" + "3xFfGN0", "somebody@example.com", "ghp_", secretPart[:7], "fix/read-only-mode"}
	for _, branch := range append(slices.Clone(pieces), innocent[1:]...) {
		gitIn(t, source, "update-ref", "refs/heads/"+branch, "refs/heads/main")
	}
	o := s.mirror(t.Context(), env{"INPUT_SOURCE-TOKEN": sourceToken, "INPUT_SOURCE-USERNAME": "somebody@example.com"})
	equal(t, "exit code", o.exit, fault.ExitIncomplete)
	equal(t, "refused", o.outputs["refused"], "6")
	equal(t, "created", o.outputs["created"], "7")
	slices.Sort(innocent)
	equal(t, "branches in Bitbucket", s.branches(), innocent)
	argv, err := os.ReadFile(arguments)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{
		"the log": unmasked(o.stdout), "standard error": o.stderr, "refs": o.outputs["refs"], "the summary": o.summary, "an argument": string(argv),
	} {
		for _, piece := range pieces {
			if strings.Contains(text, piece) {
				t.Errorf("%s shows %s", where, piece)
			}
		}
	}
	const says = "6 branches were left alone and aren't named, since their names or object IDs contain a piece of a token"
	for where, text := range map[string]string{"the log": o.stdout, "the summary": o.summary} {
		if !strings.Contains(strings.ReplaceAll(text, `\`, ""), says) {
			t.Errorf("%s doesn't say why:\n%s", where, text)
		}
	}
}

// unmasked is a log without the commands that mask, which hold the secrets.
func unmasked(log string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "::add-mask::") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// What a server says isn't shown if it contains a piece of a token; other lines
// are.
func TestMirrorServerSendsPiece(t *testing.T) {
	t.Parallel()
	s := newSite(t, newSource(t, "main", "a"))
	piece := s.token.Secret[30:38]
	s.fake.Decline(t, siteName, bitbuckettest.Update, "your token has "+piece+" in it\nask somebody else", "refs/heads/a")
	o := s.mirror(t.Context(), nil)
	equal(t, "refs", fatesOf(t, o), []string{"refused a, since Bitbucket declined it: ask somebody else", "created main"})
	if strings.Contains(unmasked(o.stdout)+o.summary, piece) {
		t.Errorf("the piece is shown:\n%s\n%s", o.stdout, o.summary)
	}
}

// A hook whose text contains words about the whole repository declines one of many
// branches. What arrived is counted, and tags and deletions go on.
func TestMirrorDeclinesOneReadOnly(t *testing.T) {
	t.Parallel()
	source := newSource(t, "main", "docs-read-only-mode", "c", "d")
	gitIn(t, source, "tag", "v1", "main")
	for hook, says := range map[bitbuckettest.Hook]string{
		bitbuckettest.Update:     "docs-read-only-mode is protected",
		bitbuckettest.PreReceive: "commit 'switch to read only mode, over the size limit and the user limit' isn't signed",
	} {
		t.Run(string(hook), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, source)
			s.git("fetch", "--quiet", "--no-tags", source, "refs/heads/main:refs/heads/main", "refs/heads/main:refs/heads/gone")
			s.fake.Decline(t, siteName, hook, says, "refs/heads/docs*")
			o := s.mirror(t.Context(), env{"INPUT_PRUNE": "true"})
			equal(t, "exit code", o.exit, fault.ExitIncomplete)
			equal(t, "refs", fatesOf(t, o), []string{
				"created c", "created d", "refused docs-read-only-mode, since Bitbucket declined it: " + says, "deleted gone", "created refs/tags/v1",
			})
		})
	}
}

// A signal during the push: what arrived is counted, what may have arrived is named,
// and nothing says that nothing was handed over.
func TestMirrorInterruptedPush(t *testing.T) {
	t.Parallel()
	s := newSite(t, newSource(t, "main", "a", "b"))
	started := filepath.Join(t.TempDir(), "started")
	// The repository is empty, so that main is pushed first.
	hook := "#!/bin/sh\nread -r old new ref\n[ $ref = refs/heads/main ] && exit\necho >" + started + "\n" + whileThere(t, started)
	if err := os.WriteFile(filepath.Join(s.fake.Dir(siteName), "hooks", "pre-receive"), []byte(hook), 0o700); err != nil {
		t.Fatal(err)
	}
	o := s.mirror(endedAt(t, started, fault.New(fault.Interrupted, "interrupted")), nil)
	equal(t, "exit code", o.exit, fault.ExitInterrupted)
	const inFlight = ", since the run ended while this was being pushed; it may be in Bitbucket"
	equal(t, "refs", fatesOf(t, o), []string{"refused a" + inFlight, "refused b" + inFlight, "created main"})
	equal(t, "changed", o.outputs["changed"], "true")
	if strings.Contains(o.stdout, "nothing was handed over") || !strings.Contains(o.stdout, "interrupted during the push to Bitbucket") {
		t.Errorf("the log is\n%s", o.stdout)
	}
}

// endedAt is a context that ends when a file is there.
func endedAt(t *testing.T, path string, why *fault.Fault) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(path); err == nil {
				cancel(why)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return ctx
}

// whileThere is a script that runs until a file is removed, at the latest at the end
// of the test.
func whileThere(t *testing.T, path string) string {
	t.Helper()
	t.Cleanup(func() { _ = os.RemoveAll(path) })
	return "while [ -e " + path + " ]; do sleep 0.05; done\n"
}

// A signal between the push and the report doesn't keep the results back.
func TestMirrorInterruptedReport(t *testing.T) {
	t.Parallel()
	s := newSite(t, newSource(t, "main"))
	ctx, cancel := context.WithCancelCause(t.Context())
	hook := "#!/bin/sh\ncat >/dev/null\n"
	if err := os.WriteFile(filepath.Join(s.fake.Dir(siteName), "hooks", "post-receive"), []byte(hook), 0o700); err != nil {
		t.Fatal(err)
	}
	host := hosttest.Hosts[0].Start(t)
	maps.Copy(host.Env, s.env)
	w := world(host.Env, nil, nil)
	w.Args = []string{"mirror"}
	var log cancelling
	log.when, log.cancel = "pushed ", func() { cancel(fault.New(fault.Terminated, "terminated")) }
	w.Stdout, w.Stderr = &log, &log
	equal(t, "exit code", action.Run(ctx, w), fault.ExitTerminated)
	outputs := commandFile(t, host.Written(t)["GITHUB_OUTPUT"])
	equal(t, "created", outputs["created"], "1")
	if text := unmasked(log.text.String()); strings.Contains(text, "nothing was handed over") || !strings.Contains(text, "terminated during the push") {
		t.Errorf("the log is\n%s", text)
	}
}

// cancelling is a log that cancels a run when it says something.
type cancelling struct {
	text   bytes.Buffer
	when   string
	cancel func()
}

func (c *cancelling) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(c.when)) {
		c.cancel()
	}
	return c.text.Write(p)
}

// Results that can't be handed over don't hide why the push failed.
func TestMirrorInterruptedWithoutOutputs(t *testing.T) {
	t.Parallel()
	s := newSite(t, newSource(t, "main", "a"))
	output, started := filepath.Join(t.TempDir(), "output"), filepath.Join(t.TempDir(), "started")
	hook := "#!/bin/sh\nread -r old new ref\n[ $ref = refs/heads/main ] && exit\nrm -r " + output + "; mkdir " + output + "\necho >" + started + "\n" + whileThere(t, output)
	if err := os.WriteFile(output, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.fake.Dir(siteName), "hooks", "pre-receive"), []byte(hook), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx := endedAt(t, started, fault.New(fault.MirrorTimedOut, "it took too long"))
	o := s.mirror(ctx, env{"GITHUB_OUTPUT": output})
	equal(t, "exit code", o.exit, fault.MirrorTimedOut.Exit)
	if !strings.Contains(o.stdout, "::error title=bitbucket-auth "+fault.MirrorTimedOut.ID) || !strings.Contains(o.stdout, "::warning") {
		t.Errorf("the log is\n%s", o.stdout)
	}
}

// Two runs push the same at the same time, or somebody else pushes something else.
// One listing decides.
func TestMirrorRaces(t *testing.T) {
	t.Parallel()
	source := newSource(t, "main", "a", "b")
	for name, test := range map[string]struct {
		meanwhile string // what else happens in Bitbucket, in its hook
		want      []string
		exit      int
	}{
		"the same": {
			"git update-ref refs/heads/a $NEW; git update-ref refs/heads/b $NEW",
			[]string{"created a, since another run pushed the same", "created b, since another run pushed the same"},
			0,
		},
		"something else": {
			"git update-ref refs/heads/a $OTHER",
			[]string{"refused a, since it changed in Bitbucket during this run", "created b"},
			fault.ExitIncomplete,
		},
		"a name that is in the way": {
			"git update-ref refs/heads/a/x $NEW",
			[]string{"refused a, since Bitbucket declined it: ", "created b"},
			fault.ExitIncomplete,
		},
	} {
		for _, at := range []string{"pre-receive", "listing"} {
			if at == "listing" && name != "the same" {
				continue
			}
			t.Run(name+", "+at, func(t *testing.T) {
				t.Parallel()
				s := newSite(t, source)
				s.git("fetch", "--quiet", source, "refs/heads/main:refs/heads/main")
				commit := s.git("rev-parse", "main")
				other := s.git("commit-tree", "-m", "theirs", "main^{tree}")
				script := strings.NewReplacer("$NEW", commit, "$OTHER", other).Replace(test.meanwhile)
				if at == "pre-receive" {
					hook := "#!/bin/sh\nunset GIT_QUARANTINE_PATH\n" + script + "\n"
					if err := os.WriteFile(filepath.Join(s.fake.Dir(siteName), "hooks", "pre-receive"), []byte(hook), 0o700); err != nil {
						t.Fatal(err)
					}
				} else {
					// Before git push reads the refs, after they were listed.
					s.wrapGit("if [ \"$1\" = push ]; then (unset $(env | grep -o '^GIT_[A-Z_0-9]*'); export GIT_DIR=" + s.fake.Dir(siteName) + "\n" + script + "\n); fi")
				}
				o := s.mirror(t.Context(), nil)
				got := fatesOf(t, o)
				for i := range got {
					if i < len(test.want) && strings.HasSuffix(test.want[i], ": ") && strings.HasPrefix(got[i], test.want[i]) {
						got[i] = test.want[i]
					}
				}
				equal(t, "refs", got, test.want)
				equal(t, "exit code", o.exit, test.exit)
			})
		}
	}
}

// Two runs at once both succeed, and the result is right.
func TestMirrorPairs(t *testing.T) {
	t.Parallel()
	source := newSource(t, "main", "a", "b", "c", "d", "e", "f/g", "f/h")
	s := newSite(t, source)
	s.git("fetch", "--quiet", source, "refs/heads/main:refs/heads/gone", "refs/heads/main:refs/heads/main")
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if o := s.mirror(t.Context(), env{"INPUT_PRUNE": "true"}); o.exit != 0 {
				t.Errorf("got %d, %q", o.exit, fatesOf(t, o))
			}
		})
	}
	both.Wait()
	equal(t, "branches in Bitbucket", s.branches(), []string{"a", "b", "c", "d", "e", "f/g", "f/h", "main"})
}

// A token that may not write is found before anything is fetched, also by a dry run.
// One that may read finds nothing to complain about if nothing has to be pushed.
func TestMirrorReadOnlyToken(t *testing.T) {
	t.Parallel()
	source := newSource(t, "main", "topic")
	for name, existing := range map[string]bool{"an empty repository": false, "a repository": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, source)
			arguments := s.recordArguments()
			if existing {
				s.git("fetch", "--quiet", source, "refs/heads/main:refs/heads/main")
			}
			reader := s.fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Reach: []string{siteName}, Scopes: []string{"repository"}})
			dry := strconv.FormatBool(existing)
			o := s.mirror(t.Context(), env{"INPUT_TOKEN": reader.Secret, "INPUT_DRY-RUN": dry})
			if o.exit != fault.WriteRefused.Exit || o.outputs["error-code"] != fault.WriteRefused.ID || !strings.Contains(o.stdout, "Bitbucket says: ") {
				t.Errorf("dry run %s: %d, %v\n%s", dry, o.exit, o.outputs, o.stdout)
			}
			if argv, err := os.ReadFile(arguments); err != nil || strings.Contains(string(argv), "fetch ") {
				t.Errorf("it fetches: %v\n%s", err, argv)
			}
			if o := s.mirror(t.Context(), nil); o.exit != 0 {
				t.Errorf("a token that may write: %d\n%s", o.exit, o.stdout)
			}
			if !existing {
				// An empty repository has nothing in common with the source.
				if argv, err := os.ReadFile(arguments); err != nil || strings.Contains(string(argv), "--depth=") || strings.Contains(string(argv), "fetch --filter=") {
					t.Errorf("it fetches in parts: %v\n%s", err, argv)
				}
				return // what follows is the same in both
			}
			if err := os.Remove(arguments); err != nil {
				t.Fatal(err)
			}
			if o := s.mirror(t.Context(), env{"INPUT_TOKEN": reader.Secret}); o.exit != 0 {
				t.Errorf("nothing to push: %d\n%s", o.exit, o.stdout)
			}
			if argv, err := os.ReadFile(arguments); err != nil || strings.Contains(string(argv), "init ") {
				t.Errorf("nothing to push: it makes a repository: %v\n%s", err, argv)
			}
			newCommit(t, s.fake.Dir(siteName), "theirs", "topic")
			gitIn(t, source, "tag", "v1")
			s.git("update-ref", "refs/tags/v1", "topic")
			if o := s.mirror(t.Context(), env{"INPUT_TOKEN": reader.Secret, "INPUT_BRANCHES": "main"}); o.exit != fault.Incomplete.Exit || o.outputs["error-code"] != fault.Incomplete.ID {
				t.Errorf("nothing to push, a tag left alone: %d\n%s", o.exit, o.stdout)
			}
		})
	}
}
