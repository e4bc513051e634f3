package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

func TestFault(t *testing.T) {
	f := fault.Newf(fault.TokenShort, "%d characters", 7).Hint("one").Hint("two", "three")
	if got, want := f.Error(), "7 characters (BBA116)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(f.Hints) != 3 || f.Code.Exit != fault.ExitInput {
		t.Errorf("got %+v", f)
	}
	if got := fault.New(fault.NoHost, "no host", "one").Hint("two").Hints; !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got %q", got)
	}
	if got := fault.Noticef("by %s", "the way"); got.Level != fault.Notice || got.Error() != "by the way" {
		t.Errorf("got %+v", got)
	}
	if got := fault.Infof("by %s", "the way"); got.Level != fault.Info || got.Error() != "by the way" {
		t.Errorf("got %+v", got)
	}
	if got := fault.Warn(f); got.Level != fault.Warning || got.Fault != f {
		t.Errorf("got %+v", got)
	}
	if got := fmt.Sprint(fault.Info, fault.Notice, fault.Warning, fault.Error); got != "info notice warning error" {
		t.Errorf("levels are named %q", got)
	}
}

// The address is that of a version whose tag exists, or of main.
func TestPage(t *testing.T) {
	for version, folder := range map[string]string{
		"v1.2.3": "v1.2.3", "v14.56.789": "v14.56.789", "v0.0.0-rc.1": "v0.0.0-rc.1",
		"": "main", "(devel)": "main", "1dae88d": "main", "v1.2.3-dirty": "main", "v1.2.3-5-gabc123": "main", "v1.2.3+dirty": "main",
		"v1.2.4-0.20261126073715-1dae88d2e2b9": "main", "v1.2.4-0.20261126073715-123456789012": "main", "v1.2.3-rc.1.0.20261126073715-123456789012": "main",
	} {
		want := "https://github.com/seed-e1d06701/bitbucket-auth/blob/" + folder + "/docs/troubleshooting.md#bba101"
		if got := fault.TokenMissing.Page(version); got != want {
			t.Errorf("%q: got %s, want %s", version, got, want)
		}
	}
}

func TestIsSignal(t *testing.T) {
	for _, code := range []fault.Code{fault.Interrupted, fault.Terminated, fault.HungUp, fault.Quit} {
		if !code.IsSignal() {
			t.Errorf("%v isn't a signal", code)
		}
	}
	if fault.Incomplete.IsSignal() || fault.Unexpected.IsSignal() {
		t.Error("other codes are signals")
	}
}

func TestFrom(t *testing.T) {
	f := fault.New(fault.NoHost, "no host")
	if got := fault.From(fmt.Errorf("somewhere: %w", f)); got != f {
		t.Errorf("got %v", got)
	}
	got := fault.From(errors.New("choked on s3cret"))
	if got.Code != fault.Unexpected || strings.Contains(got.Error(), "s3cret") {
		t.Errorf("a foreign error shows as %v", got)
	}
}

// Each code ends a run with the exit code of its kind, as docs/troubleshooting.md says.
func TestExitOfEachCode(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]string{"BBA1": "ExitInput", "BBA2": "ExitRefused", "BBA3": "ExitHost", "BBA4": "ExitUnavailable", "BBA9": "ExitInternal"}
	others := map[string]string{
		"BBA231 BBA232 BBA233 BBA234 BBA235 BBA236 BBA237 BBA238 BBA239 BBA240 BBA241": "ExitUnavailable",
		"BBA306": "ExitInterrupted", "BBA307": "ExitTerminated",
		"BBA401 BBA402 BBA403 BBA404 BBA405 BBA406 BBA407 BBA408 BBA409 BBA410 BBA415 BBA416": "ExitInput",
		"BBA421 BBA422 BBA423 BBA424": "ExitRefused", "BBA441": "ExitIncomplete",
	}
	codes := regexp.MustCompile(`Code\{"(BBA\d\d\d)", (Exit\w+)\}`).FindAllStringSubmatch(string(text), -1)
	if len(codes) < 100 {
		t.Fatalf("%d codes were found", len(codes))
	}
	for _, code := range codes {
		want := byKind[code[1][:4]]
		for ids, exit := range others {
			if strings.Contains(ids, code[1]) {
				want = exit
			}
		}
		if code[2] != want {
			t.Errorf("%s has the exit code %s, want %s", code[1], code[2], want)
		}
	}
	got := []int{
		fault.TokenMissing.Exit, fault.NoHost.Exit, fault.Refused.Exit, fault.Unreachable.Exit, fault.Incomplete.Exit, fault.Unexpected.Exit,
		fault.HungUp.Exit, fault.Interrupted.Exit, fault.Quit.Exit, fault.Terminated.Exit, fault.ExitDone,
	}
	if want := []int{2, 3, 4, 5, 6, 1, 129, 130, 131, 143, 0}; !slices.Equal(got, want) {
		t.Errorf("the exit codes are %d, want %d", got, want)
	}
}

func TestReasonNamesNoPath(t *testing.T) {
	_, err := os.Open(filepath.Join(t.TempDir(), "s3cret"))
	for _, test := range []struct {
		err  error
		want string
	}{
		{err, errors.Unwrap(err).Error()}, // in the system's words
		{&fs.PathError{Path: "s3cret", Err: syscall.ENOSPC}, syscall.ENOSPC.Error()},
		{fmt.Errorf("s3cret: %w", syscall.EACCES), syscall.EACCES.Error()},
		{errors.New("s3cret"), "input/output error"},
		{&fs.PathError{Path: "s3cret", Err: errors.New("s3cret")}, "input/output error"},
		{nil, "input/output error"},
	} {
		if got := fault.Reason(test.err); got != test.want {
			t.Errorf("%v: got %q, want %q", test.err, got, test.want)
		}
	}
}

func TestOutsideList(t *testing.T) {
	allowed := []string{"auto", "api-token", "access-token"}
	for _, test := range []struct{ value, hint string }{
		{"api-tokn", "did you mean kind: api-token?"},
		{"API-TOKEN", "did you mean kind: api-token?"},
		{"apitoken", "did you mean kind: api-token?"},
		{"acess-tokens", "did you mean kind: access-token?"},
		{"s3cret", "set kind to one of these, or leave it out"},
		{"", "set kind to one of these, or leave it out"},
	} {
		f := fault.OutsideList("kind", test.value, allowed)
		if f.Hints[0] != test.hint {
			t.Errorf("%q: got %q, want %q", test.value, f.Hints[0], test.hint)
		}
		if want := "unknown value for kind; use auto, api-token or access-token"; f.What != want {
			t.Errorf("%q: got %q", test.value, f.What)
		}
	}
	// Only words that people are known to write are quoted.
	for _, value := range []string{
		"true", "false", "yes", "No", "on", "off", "enabled", "disabled", "enable", "disable", "token", "password", "PAT", "oauth", "oauth2", "basic",
		"bearer", "api", "app", "access", "cloud", "server", "datacenter", "data-center", "always", "never", "skip", "ignore", "continue", "error",
		"warning", "info", "debug", "quiet", "all", "any", "none", "default",
	} {
		want := "kind can't be `" + value + "`; use auto, api-token or access-token"
		if f := fault.OutsideList("kind", value, allowed); f.What != want || len(f.Hints) == 0 {
			t.Errorf("%s: got %v", value, f)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, test := range []struct {
		text    string
		allowed []string
		want    string
	}{
		{"kinds", []string{"kind"}, "kind"},
		{"abkind", []string{"kind"}, "kind"},
		{"abckind", []string{"kind"}, ""},
		{"kindabc", []string{"kind"}, ""},
		{"kabcind", []string{"kind"}, ""},
		{"xind", []string{"kind", "mind"}, "kind"}, // the first of equals
		{"mint", []string{"kind", "mind"}, "mind"},
		{"toekn", []string{"token"}, "token"},
		{"otken", []string{"token"}, "token"},
		{"otkex", []string{"token"}, ""}, // two typos
		{"toxy", []string{"toyz"}, ""},   // no letters are swapped
		{"INPUT_TOKN", []string{"INPUT_TOKEN"}, "INPUT_TOKEN"},
		{"input_tokn", []string{"INPUT_TOKEN"}, "INPUT_TOKEN"},
		{"force", []string{"source"}, ""},
		{"soruec", []string{"source"}, "source"},
		{"xy", []string{"ab"}, ""}, // another word altogether
		{"b", []string{"a"}, ""},
		{"", []string{"ab"}, ""},
	} {
		if got := fault.Nearest(test.text, test.allowed); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

func TestEnumerate(t *testing.T) {
	for list, want := range map[string]string{"": "", "a": "a", "a b": "a or b", "a b c": "a, b or c"} {
		if got := fault.Enumerate(strings.Fields(list), "or"); got != want {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}
