package scripts

import (
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// TestScript runs testdata/script/*.txtar, one scenario a file, against the
// real binary.
func TestScript(t *testing.T) {
	runScripts(t, testscript.Params{Dir: "testdata/script", Cmds: commands})
}

// runScripts starts each script with nothing of this process's environment but PATH.
func runScripts(t *testing.T, scripts testscript.Params) {
	bin := filepath.Dir(e2etest.Program(t))
	scripts.Setup = func(env *testscript.Env) error {
		env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
		env.Values[secretsKey{}] = &[]string{}
		return nil
	}
	testscript.Run(t, scripts)
}

var commands = map[string]func(*testscript.TestScript, bool, []string){
	"token":  cmdToken,
	"sample": cmdSample,
	"pair":   cmdPair,
	"step":   cmdStep,
	"write":  cmdWrite,
	"fails":  cmdFails,
	"value":  cmdValue,
	"handed": cmdHanded,
	"fault":  cmdFault,
	"noleak": cmdNoLeak,
}

// secretsKey finds a script's secrets: every token that it made.
type secretsKey struct{}

func secrets(ts *testscript.TestScript) *[]string { return ts.Value(secretsKey{}).(*[]string) }

var makeToken = map[string]func() string{
	"api-token":    credentialtest.APIToken,
	"access-token": credentialtest.AccessToken,
}

// token NAME KIND puts a new token into a variable.
func cmdToken(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2 || makeToken[args[1]] == nil, "token NAME KIND")
	token := makeToken[args[1]]()
	ts.Setenv(args[0], token)
	*secrets(ts) = append(*secrets(ts), token)
}

// sample KIND puts a documented one into TOKEN, IDENTITY and CREDENTIAL.
func cmdSample(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "sample KIND")
	s, err := e2etest.Documented(args[0])
	ts.Check(err)
	ts.Setenv("TOKEN", s.Token)
	ts.Setenv("IDENTITY", s.Identity)
	ts.Setenv("CREDENTIAL", s.Credential)
	*secrets(ts) = append(*secrets(ts), s.Token)
}

// pair NAME TEXT puts the base64 of a text into a variable.
func cmdPair(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 2, "pair NAME TEXT")
	ts.Setenv(args[0], base64.StdEncoding.EncodeToString([]byte(args[1])))
}

// step begins a step of a job, as GitHub's runner does: what the step before
// handed over is in the environment, and the command files are new.
func cmdStep(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) > 0, "step")
	ts.Setenv("GITHUB_ACTIONS", "true")
	exported, err := hosttest.ReadGitHubFile(e2etest.Content(ts.Getenv("GITHUB_ENV")))
	ts.Check(err)
	for _, r := range exported {
		ts.Setenv(r.Name, r.Value)
	}
	for variable, name := range map[string]string{
		"GITHUB_OUTPUT": "output", "GITHUB_ENV": "env", "GITHUB_STEP_SUMMARY": "summary",
	} {
		path := ts.MkAbs(name)
		ts.Check(os.WriteFile(path, nil, 0o600))
		ts.Setenv(variable, path)
	}
}

// write FILE LINE… writes a file whose last line has no line end.
func cmdWrite(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 2, "write FILE LINE…")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(args[1:], "\n")), 0o600))
}

// fails EXIT COMMAND… runs a command that ends with this exit code.
func cmdFails(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 2, "fails EXIT COMMAND…")
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("the exit code is %d, want %s", got, args[0])
	}
}

// value FILE NAME WANT reads a result out of a command file; ! value FILE NAME
// wants none of that name.
func cmdValue(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg && len(args) != 2 || !neg && len(args) != 3, "[!] value FILE NAME [WANT]")
	got, there := hosttest.ByName(records(ts, args[0]))[args[1]]
	switch {
	case neg && there:
		ts.Fatalf("%s is there: %q", args[1], got)
	case !neg && !there:
		ts.Fatalf("%s isn't there", args[1])
	case !neg && got != args[2]:
		ts.Fatalf("%s is %q, want %q", args[1], got, args[2])
	}
}

// handed FILE NAME… wants these results in a command file and no other. Without
// names, it wants the file empty.
func cmdHanded(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) == 0, "handed FILE NAME…")
	var names []string
	for _, r := range records(ts, args[0]) {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	want := slices.Sorted(slices.Values(args[1:]))
	if !slices.Equal(names, want) {
		ts.Fatalf("%s hands over %q, want %q", args[0], names, want)
	}
	if len(want) == 0 && ts.ReadFile(args[0]) != "" {
		ts.Fatalf("%s isn't empty", args[0])
	}
}

// fault CODE wants the last step to have reported this fault in its log and in the
// job's summary, and no other, and to have handed over nothing but its code. fault CODE
// untold is for a step that can't even hand that over. BBA303 and BBA304 mean that the
// runner's files can't be written, so the step doesn't write the summary either.
func cmdFault(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) == 0 || len(args) > 2 || len(args) == 2 && args[1] != "untold", "fault CODE [untold]")
	code := args[0]
	var errors []hosttest.Annotation
	for _, a := range log(ts).Annotations {
		if a.Level == "error" {
			errors = append(errors, a)
		}
	}
	if len(errors) != 1 || errors[0].Title != "bitbucket-auth "+code {
		ts.Fatalf("the errors are %q, want one with the code %s", errors, code)
	}
	if text := ts.ReadFile("stderr"); text != "" {
		ts.Fatalf("standard error is used: %q", text)
	}
	if text := e2etest.Content(ts.Getenv("GITHUB_ENV")); text != "" {
		ts.Fatalf("the file that GITHUB_ENV names holds %q", text)
	}
	shown := 1
	if code == "BBA303" || code == "BBA304" {
		shown = 0
	}
	if text := e2etest.Content(ts.Getenv("GITHUB_STEP_SUMMARY")); strings.Count(text, "(["+code+"](") != shown {
		ts.Fatalf("the job summary shows %s not %d times: %q", code, shown, text)
	}
	got, err := hosttest.ReadGitHubFile(e2etest.Content(ts.Getenv("GITHUB_OUTPUT")))
	ts.Check(err)
	var want []hosttest.Record
	if len(args) == 1 {
		want = []hosttest.Record{{Name: "error-code", Value: code}}
	}
	if !slices.Equal(got, want) {
		ts.Fatalf("the output file holds %q, want %q", got, want)
	}
	cmdNoLeak(ts, false, nil)
}

// noleak [FILE…] wants no secret of this script, nor its base64, in what people
// see of the last step, its summary too, nor in these files.
func cmdNoLeak(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, "noleak [FILE…]")
	if line := e2etest.LateMask(ts.ReadFile("stdout")); line != "" {
		ts.Fatalf("a mask comes after the line %q", line)
	}
	seen := log(ts).Text() + "\n" + ts.ReadFile("stderr") + "\n" + e2etest.Content(ts.Getenv("GITHUB_STEP_SUMMARY"))
	for _, file := range args {
		seen += "\n" + ts.ReadFile(file)
	}
	for _, secret := range *secrets(ts) {
		if leaks := hosttest.Leaks(seen, secret); len(leaks) > 0 {
			ts.Fatalf("a secret shows: %s", leaks[0])
		}
	}
}

// log returns the part of the last step's standard output that people see. If no runner
// reads it, that is all of it.
func log(ts *testscript.TestScript) hosttest.Log {
	if ts.Getenv("GITHUB_ACTIONS") == "" {
		return hosttest.Log{Lines: []string{ts.ReadFile("stdout")}}
	}
	return hosttest.GitHub.Show(ts.ReadFile("stdout"))
}

// records reads a command file, which every runner must read alike.
func records(ts *testscript.TestScript, path string) []hosttest.Record {
	text := ts.ReadFile(path)
	got, err := hosttest.ReadGitHubFile(text)
	ts.Check(err)
	act, err := hosttest.ReadActFile(text)
	ts.Check(err)
	if !slices.Equal(got, act) {
		ts.Fatalf("GitHub's runner reads %q, act reads %q", got, act)
	}
	return got
}

func usage(ts *testscript.TestScript, wrong bool, text string) {
	if wrong {
		ts.Fatalf("usage: %s", text)
	}
}
