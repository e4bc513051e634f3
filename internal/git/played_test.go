package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

// played is a git that a script plays: it succeeds, says that each ref was pushed, and
// notes its commands.
type played struct {
	*git.Git
	t       *testing.T
	program string
}

// play makes one that answers some commands in another way. The answers are cases of a
// shell, by the command and how often it was called: "push-1) exit 1 ;;".
func play(t *testing.T, answers string) *played {
	t.Helper()
	return playFrom(t, git.Options{Source: "https://git.example.com/a/b"}, answers)
}

// playFrom makes one with another source.
func playFrom(t *testing.T, options git.Options, answers string) *played {
	t.Helper()
	return playScript(t, options, `#!/bin/sh
while [ "$1" = -c ]; do shift 2; done
echo "$1" >>"$0.log"
fail() { echo "$1" >&2; exit 128; }
answer() { fail "fatal: unable to access 'https://git.example.com/a/b/': The requested URL returned error: $1"; }
each() { while read -r id ref; do printf "$1\t%s:refs/%s\t$2\n" "$id" "${ref#refs/push/}"; done <push.git/packed-refs; }
case $1-$(grep -cx -- "$1" "$0.log") in
`+answers+`
init-*) for repo; do :; done; mkdir -p "$repo"; : >"$repo/config" ;;
push-*) each '*' '[new branch]' ;;
esac
`)
}

// playScript makes one that a whole script plays.
func playScript(t *testing.T, options git.Options, script string) *played {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows runs no scripts")
	}
	p := &played{t: t, program: filepath.Join(t.TempDir(), "git")}
	temptest.WriteProgram(t, p.program, script)
	options.Program, options.Bitbucket, options.Lookup = p.program, "https://bitbucket.org/a/b.git", os.LookupEnv
	options.Scrub, options.IsSecret = func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }, func(string) bool { return false }
	var err error
	if p.Git, err = git.Open(options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// file writes a file into the temporary directory.
func (p *played) file(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.Root(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// check compares the commands after the making of repositories, and the fault's code.
func (p *played) check(name, commands string, err error, want fault.Code) {
	p.t.Helper()
	log, _ := os.ReadFile(p.program + ".log")
	got := slices.DeleteFunc(strings.Fields(string(log)), func(command string) bool { return command == "init" })
	if strings.Join(got, " ") != commands || codeOf(err) != want {
		p.t.Errorf("%s: got %q, %v; want %q, %s", name, got, err, commands, want.ID)
	}
}

// codeOf returns the code of a fault, or none without one.
func codeOf(err error) fault.Code {
	if err == nil {
		return fault.Code{}
	}
	return fault.From(err).Code
}

// notReached is the outcome of a ref without a result.
const notReached mirror.Outcome = -1

func outcomeOf(result git.Pushed, ref string) mirror.Outcome {
	if outcome, ok := outcomes(result)[ref]; ok {
		return outcome
	}
	return notReached
}

// A push is repeated if the reason for its failure passes and nothing was changed. If
// objects are missing, files are fetched first, and then everything.
func TestPushAgain(t *testing.T) {
	git.ShortDelays(t)
	const lacks = `fail "fatal: unable to read 1"`
	none := fault.Code{}
	for _, test := range []struct {
		name, answers, commands string
		want                    fault.Code
	}{
		{"at once", "", "push", none},
		{"a passing reason", "push-1) answer 503 ;;", "push ls-remote push", none},
		{"a passing reason, twice", "push-*) answer 503 ;;", "push ls-remote push", fault.ServerFailed},
		{"a ref has changed", `push-1) answer 503 ;; ls-remote-1) printf '%040d\trefs/heads/b000\n' 1 ;;`, "push ls-remote", fault.ServerFailed},
		{"another ref has changed", `push-1) answer 503 ;; ls-remote-1) printf '%040d\trefs/heads/x\n' 1 ;;`, "push ls-remote push", none},
		{"no listing", "push-1) answer 503 ;; ls-remote-1) answer 403 ;;", "push ls-remote", fault.ServerFailed},
		{"a lasting reason", "push-1) answer 403 ;;", "push", fault.WriteRefused},

		{"no files are missing", "push-1) " + lacks + " ;;", "push rev-list rev-list push", none},
		{"no files are missing, and Bitbucket hangs up", `push-1) fail "fatal: unable to read 1
fatal: the remote end hung up unexpectedly" ;;`, "push rev-list rev-list push", none},
		{"files are missing", "push-1) " + lacks + " ;; rev-list-2) echo '?2' ;;", "push rev-list rev-list fetch push", none},
		{"no commits", "push-1) " + lacks + " ;; rev-list-1) exit 1 ;;", "push rev-list", fault.GitFailed},
		{"no list of files", "push-1) " + lacks + " ;; rev-list-2) exit 1 ;;", "push rev-list rev-list", fault.GitFailed},
		{"no files", "push-1) " + lacks + " ;; rev-list-2) echo '?2' ;; fetch-1) answer 403 ;;", "push rev-list rev-list fetch", fault.SourceRefused},
		{"no single files", "push-1) " + lacks + " ;; rev-list-2) echo '?2' ;; fetch-1) fail 'fatal: not our ref 2' ;;", "push rev-list rev-list fetch fetch push", none},
		{"more is missing", "push-1 | push-2) " + lacks + " ;;", "push rev-list rev-list push fetch push", none},
		{"not everything can be fetched", "push-1 | push-2) " + lacks + " ;; fetch-1) answer 403 ;;", "push rev-list rev-list push fetch", fault.SourceRefused},
		{"always missing", "push-*) " + lacks + " ;;", "push rev-list rev-list push fetch push", fault.BitbucketFailed},
	} {
		p := play(t, test.answers)
		said := ""
		p.Listen(func(line string) { said += line })
		result, err := p.Push(t.Context(), [][]mirror.Change{branches(1)}, nil, nil)
		p.check(test.name, test.commands, err, test.want)
		if got := outcomeOf(result, "refs/heads/b000") == mirror.Pushed; got != (test.want == none) {
			t.Errorf("%s: got %v", test.name, result.Results)
		}
		if waits := strings.HasPrefix(said, "Bitbucket: the server failed (503); trying again in "); waits != strings.Contains(test.commands, "ls-remote") {
			t.Errorf("%s: it said %q", test.name, said)
		}
	}
}

// What both attempts sent counts.
func TestPushSent(t *testing.T) {
	git.ShortDelays(t)
	const sent = `echo "Writing objects: 100%% (1/1), %d bytes | 9 KiB/s, done." >&2; `
	p := play(t, "push-1) "+fmt.Sprintf(sent, 5)+"answer 503 ;; push-2) "+fmt.Sprintf(sent, 7)+"each '*' new ;;")
	if result, err := p.Push(t.Context(), [][]mirror.Change{branches(1)}, nil, nil); err != nil || result.Sent != 12 {
		t.Errorf("%d bytes, %v", result.Sent, err)
	}
}

// After Bitbucket has lost objects, the files that a push then needs are fetched.
func TestPushAfterReplacing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		answers  string
		action   mirror.Action
		commands string
		want     fault.Code
	}{
		{"", mirror.Updated, "push push", fault.Code{}},
		{"", mirror.Overwritten, "push rev-list push", fault.Code{}},
		{"rev-list-1) echo '?3' ;;", mirror.Overwritten, "push rev-list fetch push", fault.Code{}},
		{"rev-list-1) exit 1 ;;", mirror.Overwritten, "push rev-list", fault.GitFailed},
	} {
		p := play(t, test.answers)
		result, err := p.Push(t.Context(), [][]mirror.Change{{{Ref: "refs/heads/a", Action: test.action, Old: "1", New: "2"}}, branches(1)}, []string{"1"}, nil)
		p.check(test.answers, test.commands, err, test.want)
		for ref, want := range map[string]bool{"refs/heads/a": true, "refs/heads/b000": err == nil} {
			if got := outcomeOf(result, ref) == mirror.Pushed; got != want {
				t.Errorf("%s, %s: %s: got %v", test.answers, test.action, ref, result.Results)
			}
		}
	}
}

// If Bitbucket doesn't accept a ref from a shallow repository, its history is completed.
func TestPushShallow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		shallow, reason, answers string
		commands                 string
		outcome                  mirror.Outcome
		want                     fault.Code
	}{
		{"1\n", "shallow update not allowed", "", "push fetch push", mirror.Pushed, fault.Code{}},
		{"", "shallow update not allowed", "", "push", mirror.Declined, fault.Code{}},
		{"1\n", "branch is protected", "", "push", mirror.Declined, fault.Code{}},
		{"1\n", "shallow update not allowed", "fetch-1) answer 403 ;;", "push fetch", notReached, fault.SourceRefused},
	} {
		p := play(t, test.answers+"push-1) each ! '[remote rejected] ("+test.reason+")'; exit 1 ;;")
		p.file("repository.git/shallow", test.shallow)
		result, err := p.Push(t.Context(), [][]mirror.Change{branches(1)}, nil, nil)
		p.check(test.reason, test.commands, err, test.want)
		if got := outcomeOf(result, "refs/heads/b000"); got != test.outcome {
			t.Errorf("%+v: got %v", test, result.Results)
		}
	}
}

// A hook that speaks of objects declines, and lacks none.
func TestPushDeclinedInWords(t *testing.T) {
	t.Parallel()
	p := play(t, `push-*) each ! '[remote rejected] (hook declined)'; fail "remote: could not read the policy: bad object" ;;`)
	result, err := p.Push(t.Context(), [][]mirror.Change{branches(1)}, nil, nil)
	p.check("declined", "push", err, fault.Code{})
	if got := outcomeOf(result, "refs/heads/b000"); got != mirror.Declined {
		t.Errorf("got %v", result.Results)
	}
}

// A push whose server doesn't report what happened to a ref has failed, and may have
// changed that ref.
func TestPushUnreported(t *testing.T) {
	t.Parallel()
	p := play(t, `push-*) each ! '[remote failure] (remote failed to report status)'; exit 1 ;;`)
	result, err := p.Push(t.Context(), [][]mirror.Change{branches(1)}, nil, nil)
	p.check("unreported", "push", err, fault.BitbucketFailed)
	if got := outcomeOf(result, "refs/heads/b000"); got != mirror.InFlight {
		t.Errorf("got %v", result.Results)
	}
}

// Of a push that fails, the refs that the server reports have their results, and the
// others may have changed, unless nothing was sent.
func TestPushFails(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string][2]mirror.Outcome{
		`printf '*\t1:refs/heads/b000\tx\n'; fail "fatal: something new"`: {mirror.Pushed, mirror.InFlight},
		`fail "fatal: something new"`:                                     {mirror.InFlight, mirror.InFlight},
		"answer 403":                                                      {notReached, notReached},
	} {
		p := play(t, "push-*) "+answer+" ;;")
		result, err := p.Push(t.Context(), [][]mirror.Change{branches(2)}, nil, nil)
		if got := [2]mirror.Outcome{outcomeOf(result, "refs/heads/b000"), outcomeOf(result, "refs/heads/b001")}; err == nil || got != want {
			t.Errorf("%s: got %v, %v", answer, result.Results, err)
		}
	}
}

// What git-lfs says on its standard output counts, too. Of a path, it names the objects
// that are missing there.
func TestLFSMessages(t *testing.T) {
	t.Parallel()
	p := play(t, `lfs-*) echo "LFS: storage says: full"; exit 1 ;;`)
	if err := p.PushLFS(t.Context()); err == nil || !strings.Contains(err.Error(), "storage says: full") {
		t.Errorf("got %v", err)
	}
	const answers = `lfs-1) echo "error transferring \"1\": [0] remote missing object 1
error: something else
error transferring \"2\": [0] remote missing object 2" >&2; exit 2 ;;`
	for source, want := range map[string][]string{"/srv/site.git": {"1", "2"}, "https://git.example.com/a/b": nil} {
		p := playFrom(t, git.Options{Source: source, SourceLocal: strings.HasPrefix(source, "/")}, answers)
		lost, err := p.FetchLFS(t.Context())
		p.check(source, "lfs", err, fault.LFSFailed)
		if !slices.Equal(lost, want) {
			t.Errorf("%s: got %q", source, lost)
		}
		if lost, err := p.FetchLFS(t.Context()); err != nil || len(lost) > 0 {
			t.Errorf("%s: got %q, %v", source, lost, err)
		}
	}
}

// Output that is cut off isn't used. Not in parallel: it changes the limit.
func TestTooMuchOutput(t *testing.T) {
	git.LimitOutput(t, 4)
	p := play(t, "rev-list-1) echo 123 ;; rev-list-2) echo 1234 ;;")
	if history, err := p.History(t.Context()); err != nil || !history.Has("123") {
		t.Errorf("got %v", err)
	}
	if _, err := p.History(t.Context()); codeOf(err) != fault.GitFailed || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}

// After a run was ended, nothing more is pushed, and no ref seems to be on its way.
func TestPushAfterTheEnd(t *testing.T) {
	t.Parallel()
	p := play(t, "")
	if _, err := p.Push(t.Context(), [][]mirror.Change{branches(1)}, nil, nil); err != nil {
		t.Fatal(err)
	}
	why := fault.New(fault.Terminated, "terminated")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	result, err := p.Push(ctx, [][]mirror.Change{branches(2)}, nil, nil)
	p.check("ended", "push", err, fault.Terminated)
	if len(result.Results) > 0 {
		t.Errorf("got %v", result.Results)
	}
}

// A push has as many bytes as are allowed, and not one more. Here the ID of a commit is
// the size of its history. Not in parallel: it changes the limit.
func TestPushSizes(t *testing.T) {
	git.SmallParts(t, 100)
	created := func(ref, id string) mirror.Change {
		return mirror.Change{Ref: "refs/" + ref, Action: mirror.Created, New: id}
	}
	over := created("heads/a", "101")
	over.Action = mirror.Overwritten
	const each = `each '*' new`
	for _, test := range []struct {
		name    string
		size    int // of everything
		changes []mirror.Change
		answer  string
		pushes  string
		want    fault.Code
	}{
		{"everything fits", 100, []mirror.Change{created("heads/a", "101")}, each, "a=101", fault.Code{}},
		{"the branch fits", 101, []mirror.Change{created("heads/a", "100")}, each, "a=100", fault.Code{}},
		{"in steps", 101, []mirror.Change{created("heads/a", "101")}, each, "a=100;a=101", fault.Code{}},
		{"in steps, of a secret name", 101, []mirror.Change{created("heads/s3cret", "101")}, each, "s3cret=100;s3cret=101", fault.Code{}},
		{"in steps that are there", 101, []mirror.Change{created("heads/a", "101")}, `each = new`, "a=100;a=101", fault.Code{}},
		{"a step is declined", 101, []mirror.Change{created("heads/a", "101"), created("heads/b", "1")}, `case $(cat push.git/packed-refs) in *heads/a) each ! '[remote rejected] (no)'; exit 1 ;; *) each '*' new ;; esac`, "a=100;b=1", fault.Code{}},
		{"a step fails", 101, []mirror.Change{created("heads/a", "101"), created("heads/b", "1")}, "answer 403", "a=100", fault.WriteRefused},
		{"overwritten", 101, []mirror.Change{over}, each, "a=101", fault.Code{}},
		{"a tag", 101, []mirror.Change{created("tags/v", "101")}, each, "v=101", fault.Code{}},
		{"two tags that fit", 101, []mirror.Change{created("tags/v", "49"), created("tags/w", "51")}, each, "v=49,w=51", fault.Code{}},
		{"two tags", 101, []mirror.Change{created("tags/v", "50"), created("tags/w", "51")}, each, "v=50;w=51", fault.Code{}},
		{"four tags", 101, []mirror.Change{created("tags/v", "49"), created("tags/w", "51"), created("tags/x", "50"), created("tags/y", "52")}, each, "v=49,w=51;x=50;y=52", fault.Code{}},
		{"a branch and a tag", 101, []mirror.Change{created("heads/a", "101"), created("tags/v", "1")}, each, "a=100;a=101;v=1", fault.Code{}},
	} {
		p := play(t, sizes("50 100")+"push-*) "+notePush+test.answer+" ;;")
		p.file("repository.git/objects/pack/x", strings.Repeat("x", test.size))
		p.file("repository.git/objects/pack/folder/x", "") // its own size doesn't count
		var said []string
		p.Listen(func(line string) { said = append(said, line) })
		result, err := p.Push(t.Context(), [][]mirror.Change{test.changes}, nil, nil)
		got := p.pushes()
		if code := codeOf(err); got != test.pushes || code != test.want {
			t.Errorf("%s: got %s, %v, want %s", test.name, got, err, test.pushes)
		}
		if err != nil && len(result.Results) > 0 {
			t.Errorf("%s: got %v", test.name, result.Results)
		}
		if want := "pushing a part of refs/heads/***: 2 commits of its main line, 0.0 GiB"; strings.Contains(got, "s3cret=100") && !slices.Equal(said, []string{want}) {
			t.Errorf("%s: said %q, want %q", test.name, said, want)
		}
	}
}

// sizes are the answers of rev-list about commits whose ID is the size of their history: how
// large several are, and the main line of one, after these commits.
func sizes(mainLine string) string {
	return `rev-list-*) case $* in
*--disk-usage*) size=0; while read -r id; do case $id in ^*) ;; *) size=$((size + id)) ;; esac; done; echo $size ;;
*) read -r id; printf '%s\n' ` + mainLine + ` "$id" ;;
esac ;;
`
}

// notePush notes what is pushed; [played.pushes] returns it.
const notePush = `while read -r id ref; do printf '%s' ",${ref##*/}=$id" >>pushes; done <push.git/packed-refs; printf ';' >>pushes; `

func (p *played) pushes() string {
	text, _ := os.ReadFile(filepath.Join(p.Root(), "pushes"))
	return strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(string(text), ";,", ";"), ","), ";")
}

// A push may have 2 GiB. A larger one goes in parts, of which the log says how large they are.
func TestPushOfGigabytes(t *testing.T) {
	t.Parallel()
	p := play(t, sizes("1073741824 2147483648")+"push-*) "+notePush+"each '*' new ;;")
	p.file("repository.git/objects/pack/x", "")
	if err := os.Truncate(filepath.Join(p.Root(), "repository.git/objects/pack/x"), 2<<30+1); err != nil {
		t.Fatal(err)
	}
	var said []string
	p.Listen(func(line string) { said = append(said, line) })
	result, err := p.Push(t.Context(), [][]mirror.Change{{{Ref: "refs/heads/s3cret", Action: mirror.Created, New: "2147483649"}}}, nil, nil)
	if got, want := p.pushes(), "s3cret=2147483648;s3cret=2147483649"; err != nil || got != want || outcomeOf(result, "refs/heads/s3cret") != mirror.Pushed {
		t.Errorf("got %s, %v, %v", got, result.Results, err)
	}
	if want := []string{"pushing a part of refs/heads/***: 2 commits of its main line, 2.0 GiB"}; !slices.Equal(said, want) {
		t.Errorf("it said %q", said)
	}
}

// If git can't say how large a push is, nothing is pushed. Not in parallel: it changes the
// limit.
func TestPushSizesFail(t *testing.T) {
	git.SmallParts(t, 100)
	for n, commands := range map[int]string{1: "rev-list", 2: "rev-list rev-list", 3: "rev-list rev-list rev-list"} {
		p := play(t, fmt.Sprintf("rev-list-%d) exit 1 ;; ", n)+sizes("50 100"))
		p.file("repository.git/objects/pack/x", strings.Repeat("x", 101))
		_, err := p.Push(t.Context(), [][]mirror.Change{{{Ref: "refs/heads/a", Action: mirror.Created, New: "101"}}}, nil, nil)
		p.check(fmt.Sprint(n), commands, err, fault.GitFailed)
	}
}

// An empty repository, in which git finds nothing to push, is one that can be written to.
func TestCheckPush(t *testing.T) {
	t.Parallel()
	const nothing = "No refs in common and none specified; doing nothing."
	for answer, want := range map[string]fault.Code{
		"exit 0": {}, "fail '" + nothing + "'": {}, "answer 403": fault.WriteRefused, "exit 1": fault.BitbucketFailed,
		"fail 'remote: " + nothing + "'": fault.BitbucketFailed,
	} {
		p := play(t, "push-*) "+answer+" ;;")
		p.check(answer, "push", p.CheckPush(t.Context()), want)
	}
}

// After twenty commits that the source doesn't have, it is no longer asked.
func TestFetchOldLimit(t *testing.T) {
	t.Parallel()
	p := play(t, `fetch-*) read -r id; fail "fatal: remote error: upload-pack: not our ref $id" ;;`)
	var ids []string
	for i := range 22 {
		ids = append(ids, fmt.Sprintf("%040d", i))
	}
	lacking, err := p.FetchOld(t.Context(), ids, 8)
	p.check("old ones", strings.TrimSpace(strings.Repeat("fetch ", 20)), err, fault.Code{})
	if !slices.Equal(lacking, ids[:20]) {
		t.Errorf("got %q", lacking)
	}
	// It isn't asked for none, either.
	p = play(t, `fetch-*) read -r id; fail "fatal: remote error: upload-pack: not our ref $id" ;;`)
	lacking, err = p.FetchOld(t.Context(), ids[:2], 8)
	p.check("two", "fetch fetch", err, fault.Code{})
	if !slices.Equal(lacking, ids[:2]) {
		t.Errorf("got %q", lacking)
	}
}

// Only what the source itself says that it lacks is lacking.
func TestFetchOldAnswers(t *testing.T) {
	t.Parallel()
	const lacks = "fail 'fatal: remote error: upload-pack: not our ref %d'"
	for _, test := range []struct {
		ids, answers, commands, lacking string
		want                            fault.Code
	}{
		{"", "", "", "", fault.Code{}},
		{"1 2", "", "fetch", "", fault.Code{}},
		{"1 2", "fetch-1) " + fmt.Sprintf(lacks, 2) + " ;;", "fetch fetch", "2", fault.Code{}},
		{"1 2", "fetch-1) " + fmt.Sprintf(lacks, 3) + " ;;", "fetch", "", fault.Code{}},
		{"1 2", "fetch-1) " + fmt.Sprintf(lacks, 1) + " ;; fetch-2) fail 'fatal: no' ;;", "fetch fetch", "1", fault.Code{}},
		{"1 2", "fetch-1) rm repository.git/config; mkdir repository.git/config ;;", "fetch", "", fault.DiskFull},
	} {
		p := play(t, test.answers)
		lacking, err := p.FetchOld(t.Context(), strings.Fields(test.ids), 8)
		p.check(test.answers, test.commands, err, test.want)
		if got := strings.Join(lacking, " "); got != test.lacking {
			t.Errorf("%s: lacking are %q", test.answers, got)
		}
	}
}

// The complete history can only be fetched from a source that has it.
func TestFetchAllOfShallow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		shallow, answers string
		want             fault.Code
	}{
		{"", "", fault.Code{}},
		{"1\n", "", fault.SourceShallow},
		{"1\n", "fetch-1) answer 403 ;;", fault.SourceRefused},
	} {
		p := play(t, test.answers)
		p.file("repository.git/shallow", test.shallow)
		p.check(test.shallow+test.answers, "fetch", p.FetchAll(t.Context(), []string{"1"}), test.want)
	}
}

// What git writes into its configuration for a fetch doesn't stay there.
func TestFetchRestoresConfiguration(t *testing.T) {
	t.Parallel()
	const config = "repository.git/config"
	for answer, want := range map[string]fault.Code{
		"echo x >>" + config:                                  {},
		"echo x >>" + config + "; answer 403":                 fault.SourceRefused,
		"rm " + config + "; mkdir " + config:                  fault.DiskFull,
		"rm " + config + "; mkdir " + config + "; answer 403": fault.SourceRefused,
	} {
		p := play(t, "fetch-1) "+answer+" ;;")
		p.check(answer, "fetch", p.Fetch(t.Context(), []string{"1"}, 8, true), want)
		if text, err := os.ReadFile(filepath.Join(p.Root(), config)); err == nil && len(text) > 0 {
			t.Errorf("%s: it contains %s", answer, text)
		}
	}
}

// The first command that fails ends the preparation of LFS objects.
func TestLFSFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ answers, commands string }{
		{"", "rev-list cat-file hash-object mktree commit-tree update-ref"},
		{"rev-list-1) exit 1 ;;", "rev-list"},
		{"cat-file-1) exit 1 ;;", "rev-list cat-file"},
		{"hash-object-1) exit 1 ;;", "rev-list cat-file hash-object"},
		{"mktree-1) exit 1 ;;", "rev-list cat-file hash-object mktree"},
		{"commit-tree-1) exit 1 ;;", "rev-list cat-file hash-object mktree commit-tree"},
		{"update-ref-1) exit 1 ;;", "rev-list cat-file hash-object mktree commit-tree update-ref"},
	} {
		p := play(t, test.answers)
		pointers, err := p.Pointers(t.Context(), []string{"1"}, nil)
		if err == nil {
			err = p.PrepareLFS(t.Context(), pointers)
		}
		want := fault.Code{}
		if test.answers != "" {
			want = fault.GitFailed
		}
		p.check(test.answers, test.commands, err, want)
	}
}

// An .lfsconfig that names another LFS server than the source's own is found in any tip.
func TestOtherLFSServer(t *testing.T) {
	t.Parallel()
	const own, other = "https://git.example.com/a/b.git/info/lfs", "https://lfs.example.com/x"
	config := func(urls ...string) string {
		var entries strings.Builder
		for _, url := range urls {
			entries.WriteString(`lfs.url\n` + url + `\000`)
		}
		return "printf '" + entries.String() + "' ;;"
	}
	for _, test := range []struct{ answers, commands, want string }{
		{"rev-parse-*) exit 1 ;;", "rev-parse rev-parse", ""},
		{"config-*) exit 1 ;;", "rev-parse cat-file config rev-parse cat-file config", ""},
		{"config-*) " + config(own), "rev-parse cat-file config rev-parse cat-file config", ""},
		{"config-*) " + config(strings.ToUpper(own)+"/"), "rev-parse cat-file config rev-parse cat-file config", ""},
		{"config-1) " + config(other), "rev-parse cat-file config", other},
		{"config-1) " + config(own, other), "rev-parse cat-file config", other},
		{"config-1) " + config("https://me:some-password@lfs.example.com/x?key=y"), "rev-parse cat-file config", other},
		{"cat-file-1) exit 1 ;; config-1) " + config(other), "rev-parse cat-file fetch config", other},
		{"rev-parse-1) exit 1 ;; config-1) " + config(other), "rev-parse rev-parse cat-file config", other},
		{"config-1) exit 1 ;; config-2) " + config(other), "rev-parse cat-file config rev-parse cat-file config", other},
	} {
		p := play(t, test.answers)
		got := p.OtherLFSServer(t.Context(), []string{"1", "2"})
		p.check(test.answers, test.commands, nil, fault.Code{})
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.answers, got, test.want)
		}
	}
}

// Of many tips, the first twenty are searched.
func TestOtherLFSServerLimit(t *testing.T) {
	t.Parallel()
	p := play(t, "rev-parse-*) exit 1 ;;")
	p.OtherLFSServer(t.Context(), slices.Repeat([]string{"1"}, 21))
	p.check("many tips", strings.TrimSpace(strings.Repeat("rev-parse ", 20)), nil, fault.Code{})
}

// A source that has moved may name its LFS server by the old address or by the new one.
func TestOtherLFSServerOfMoved(t *testing.T) {
	t.Parallel()
	p := play(t, `config-*) printf 'lfs.url\nhttps://git.example.com/%s.git/info/lfs\000' a/b c/d ;;`)
	p.MoveSource("https://git.example.com/c/d")
	if got := p.OtherLFSServer(t.Context(), []string{"1"}); got != "" {
		t.Errorf("got %q", got)
	}
}

// The reason for the end of a run explains a command's failure, and not its success.
func TestRepeatEnds(t *testing.T) {
	t.Parallel()
	why := fault.New(fault.Terminated, "terminated")
	for _, test := range []struct {
		ends, fails bool
		want        error
	}{{false, false, nil}, {true, false, nil}, {true, true, why}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		end := func() {}
		if test.ends {
			end = func() { cancel(why) }
		}
		if err := git.Repeat(ctx, end, test.fails); !errors.Is(err, test.want) {
			t.Errorf("%+v: got %v", test, err)
		}
		cancel(nil)
	}
}

// What a listing contained before it was cut off isn't part of the next one: refs that are
// gone by then would be there. Not in parallel: it changes the delays.
func TestListingIsRepeatedFromItsBeginning(t *testing.T) {
	git.ShortDelays(t)
	const answers = `ls-remote-1) printf '%040d\trefs/heads/gone\nref: refs/heads/gone\tHEAD\n' 1; fail "fatal: early EOF" ;;
ls-remote-2) printf '%040d\trefs/heads/main\n' 1 ;;`
	for name, list := range map[string]func(p *played) (mirror.Listing, error){
		"the source": func(p *played) (mirror.Listing, error) { return p.ListSource(t.Context(), true) },
		"Bitbucket":  func(p *played) (mirror.Listing, error) { return p.ListBitbucket(t.Context()) },
	} {
		p := play(t, answers)
		got, err := list(p)
		p.check(name, "ls-remote ls-remote", err, fault.Code{})
		if len(got.Refs) != 1 || got.Refs["refs/heads/main"] == "" || got.Head != "" {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// A source that can send neither a part of its history nor single files is fetched once
// more, completely, and from then on always.
func TestFetchEverything(t *testing.T) {
	t.Parallel()
	files := func(p *played) error { return p.FetchFiles(t.Context(), []string{"1"}, nil) }
	history := func(p *played) error { return p.Fetch(t.Context(), []string{"1"}, 8, true) }
	for _, test := range []struct {
		says, commands string
		fetch          func(p *played) error
	}{
		{"fatal: dumb http transport does not support shallow capabilities", "fetch fetch fetch", history},
		{"fatal: Server does not support shallow requests", "fetch fetch fetch", history},
		{"fatal: remote error: upload-pack: not our ref 2", "rev-list fetch fetch fetch", files},
		{"error: Server does not allow request for unadvertised object 2", "rev-list fetch fetch fetch", files},
	} {
		p := play(t, "rev-list-1) echo '?2' ;; fetch-1) fail '"+test.says+"' ;; fetch-*) echo \"$@\" >>later ;;")
		err := test.fetch(p)
		if err == nil {
			err = history(p)
		}
		if err == nil {
			err = files(p) // they are there
		}
		p.check(test.says, test.commands, err, fault.Code{})
		if later, err := os.ReadFile(filepath.Join(p.Root(), "later")); err != nil || strings.Contains(string(later), "--depth") || strings.Contains(string(later), "--filter") {
			t.Errorf("%s: afterwards it fetches by %s, %v", test.says, later, err)
		}
	}
	// Then, nothing else is left of what was fetched before.
	p := play(t, "rev-list-1) echo '?2' ;; fetch-2) fail 'fatal: not our ref 2' ;;")
	for i, fetch := range []func() error{
		func() error { return p.Fetch(t.Context(), []string{"9"}, 8, true) },
		func() error { return files(p) },
		func() error { return p.Fetch(t.Context(), []string{"9"}, 8, true) },
	} {
		err := fetch()
		text, _ := os.ReadFile(filepath.Join(p.Root(), "repository.git", "packed-refs"))
		if want := []string{"9 refs/mirror/9\n", "1 refs/mirror/1\n", "1 refs/mirror/1\n9 refs/mirror/9\n"}[i]; err != nil || string(text) != want {
			t.Errorf("%d: got %q, %v, want %q", i, text, err, want)
		}
	}
	// A server that says so whatever it is asked isn't asked for ever.
	p = play(t, "fetch-*) fail 'fatal: it does not support shallow' ;;")
	p.check("always", "fetch fetch", history(p), fault.SourceFailed)
}

// A failed command is explained by its side. When a run ends, all commands fail for the
// reason of that.
func TestCommandsFail(t *testing.T) {
	t.Parallel()
	ids, pointers := []string{"1"}, []git.Pointer{{Blob: "2"}}
	why := fault.New(fault.Terminated, "terminated")
	p := play(t, "[!i]*) answer 403 ;;")
	for name, test := range map[string]struct {
		run  func(context.Context, *played) error
		want fault.Code
	}{
		"list the source":  {func(ctx context.Context, p *played) error { _, err := p.ListSource(ctx, false); return err }, fault.SourceRefused},
		"list Bitbucket":   {func(ctx context.Context, p *played) error { _, err := p.ListBitbucket(ctx); return err }, fault.Forbidden},
		"check the push":   {func(ctx context.Context, p *played) error { return p.CheckPush(ctx) }, fault.WriteRefused},
		"fetch":            {func(ctx context.Context, p *played) error { return p.Fetch(ctx, ids, 8, true) }, fault.SourceRefused},
		"fetch all":        {func(ctx context.Context, p *played) error { return p.FetchAll(ctx, ids) }, fault.SourceRefused},
		"fetch old":        {func(ctx context.Context, p *played) error { _, err := p.FetchOld(ctx, ids, 8); return err }, fault.Code{}}, // it is not certain
		"fetch files":      {func(ctx context.Context, p *played) error { return p.FetchFiles(ctx, ids, nil) }, fault.GitFailed},
		"read the history": {func(ctx context.Context, p *played) error { _, err := p.History(ctx); return err }, fault.GitFailed},
		"find pointers":    {func(ctx context.Context, p *played) error { _, err := p.Pointers(ctx, ids, nil); return err }, fault.GitFailed},
		"name pointers":    {func(ctx context.Context, p *played) error { _, err := p.Paths(ctx, ids, nil, pointers); return err }, fault.GitFailed},
		"prepare LFS":      {func(ctx context.Context, p *played) error { return p.PrepareLFS(ctx, pointers) }, fault.GitFailed},
		"check git-lfs":    {func(ctx context.Context, p *played) error { _, err := p.CheckLFS(ctx); return err }, fault.LFSMissing},
		"fetch LFS":        {func(ctx context.Context, p *played) error { _, err := p.FetchLFS(ctx); return err }, fault.LFSFailed},
		"push LFS":         {func(ctx context.Context, p *played) error { return p.PushLFS(ctx) }, fault.LFSFailed},
		"push": {func(ctx context.Context, p *played) error {
			_, err := p.Push(ctx, [][]mirror.Change{branches(1)}, nil, nil)
			return err
		}, fault.WriteRefused},
	} {
		if err := test.run(t.Context(), p); codeOf(err) != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want.ID)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if err := test.run(ctx, p); !errors.Is(err, why) {
			t.Errorf("%s, ended: got %v", name, err)
		}
	}
	if err := p.CheckPath(t.Context(), true); err != nil {
		t.Errorf("a URL is checked as a path: %v", err)
	}
	p = play(t, "")
	p.file("blobs/x", "")
	if _, err := p.Pointers(t.Context(), ids, nil); codeOf(err) != fault.DiskFull {
		t.Errorf("a list that can't be written: got %v", err)
	}
}

// A tag can name a file that the filter leaves out, so that git fails. Then it fetches
// without the filter, and as deep as before.
func TestFetchTaggedFile(t *testing.T) {
	t.Parallel()
	for partial, commands := range map[bool]string{true: "fetch fetch", false: "fetch"} {
		p := play(t, `fetch-1) fail "error: https://git.example.com/a/b did not send all necessary objects" ;; fetch-2) echo "$*" >later ;;`)
		err := p.Fetch(t.Context(), []string{"1"}, 8, partial)
		want := fault.Code{}
		if !partial {
			want = fault.SourceFailed
		}
		p.check(commands, commands, err, want)
		if later, _ := os.ReadFile(filepath.Join(p.Root(), "later")); partial && (!strings.Contains(string(later), "--depth=8 ") || strings.Contains(string(later), "--filter")) {
			t.Errorf("got %s", later)
		}
	}
}
