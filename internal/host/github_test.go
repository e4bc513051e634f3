package host_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// step is a step of GitHub Actions, or of one of its kin.
type step struct {
	host        host.Host
	stdout      bytes.Buffer
	output, env string // paths
	vars        map[string]string
}

func newStep(t *testing.T, variable string) *step {
	t.Helper()
	dir := t.TempDir()
	s := &step{output: filepath.Join(dir, "output"), env: filepath.Join(dir, "env")}
	for _, path := range []string{s.output, s.env} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.vars = map[string]string{"GITHUB_ACTIONS": "true", variable: "true", "GITHUB_OUTPUT": s.output, "GITHUB_ENV": s.env}
	h, err := host.Choose(host.World{
		Lookup: func(name string) (string, bool) { value, ok := s.vars[name]; return value, ok },
		Stdout: &s.stdout,
		Stderr: &s.stdout,
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	s.host = h
	return s
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func results(value string) host.Results {
	return host.Results{
		Outputs:   []secret.Value{host.Public("first", "1"), hidden("second", secret.New(value)), host.Public("third", "")},
		Variables: []secret.Value{hidden("A_NAME", secret.New(value)), host.Public("B_NAME", "2")},
	}
}

func TestDetection(t *testing.T) {
	for variable, name := range map[string]string{
		"GITHUB_ACTIONS": "GitHub Actions", "GITEA_ACTIONS": "Gitea Actions", "FORGEJO_ACTIONS": "Forgejo Actions", "ACT": "act",
	} {
		if got := newStep(t, variable).host.Name(); got != name {
			t.Errorf("%s: got %s", variable, got)
		}
	}
}

func TestHandOverAddsToWhatIsThere(t *testing.T) {
	s := newStep(t, "GITHUB_ACTIONS")
	for path, text := range map[string]string{s.output: "earlier=1", s.env: "EARLIER<<E\nx\nE\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.host.HandOver(context.Background(), results("value")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]hosttest.Record{
		s.output: pairs("earlier", "1", "first", "1", "second", "value", "third", ""),
		s.env:    pairs("EARLIER", "x", "A_NAME", "value", "B_NAME", "2"),
	} {
		if got, err := hosttest.ReadGitHubFile(read(t, path)); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v", got, err)
		}
		if got, err := hosttest.ReadActFile(read(t, path)); err != nil || len(got) != len(want) {
			t.Errorf("act reads %v, %v", got, err)
		}
	}
}

// Where a second file can't be opened, nothing is written to the first.
func TestAllOrNothing(t *testing.T) {
	s := newStep(t, "GITHUB_ACTIONS")
	if err := os.Remove(s.env); err != nil {
		t.Fatal(err)
	}
	err := s.host.HandOver(context.Background(), results("value"))
	if fault.From(err).Code != fault.CommandFile || read(t, s.output) != "" {
		t.Errorf("got %v, %q", err, read(t, s.output))
	}
	if _, err := os.Stat(s.env); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}

func TestAWriteIsTakenBackWhenTheRunEnds(t *testing.T) {
	s := newStep(t, "GITHUB_ACTIONS")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(fault.New(fault.Terminated, "terminated"))
	if err := s.host.HandOver(ctx, results("value")); fault.From(err).Code != fault.Terminated {
		t.Errorf("got %v", err)
	}
	if read(t, s.output)+read(t, s.env) != "" {
		t.Error("something is left")
	}
}

func TestUnprintableResultsAreRefused(t *testing.T) {
	for _, text := range []string{"a\nb", "a\rb", "a\x00b", "a\x1bb", "a\u2028b", "a\u0085b", "a\xffb", "a\tb"} {
		s := newStep(t, "GITHUB_ACTIONS")
		err := s.host.HandOver(context.Background(), results(text))
		if fault.From(err).Code != fault.Unprintable || read(t, s.output)+read(t, s.env) != "" {
			t.Errorf("%q: got %v", text, err)
		}
	}
	for _, name := range []string{"", "a b", "a=b", "a<<b", "1a", "a\n"} {
		s := newStep(t, "GITHUB_ACTIONS")
		err := s.host.HandOver(context.Background(), host.Results{Outputs: []secret.Value{host.Public(name, "x")}})
		if fault.From(err).Code != fault.Unprintable {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

// gitHubsKin are GitHub's runner and those that read the same commands, each with
// the variable that it sets. Old versions of Forgejo's runner are Gitea's.
var gitHubsKin = []struct {
	variable string
	runner   hosttest.Runner
}{
	{"GITHUB_ACTIONS", hosttest.GitHub},
	{"GITEA_ACTIONS", hosttest.Gitea},
	{"GITEA_ACTIONS", hosttest.OldGitea},
	{"ACT", hosttest.Act},
	{"FORGEJO_ACTIONS", hosttest.Forgejo},
}

func TestMasksAreRegisteredAsTheyAre(t *testing.T) {
	forms := []string{"plain-value", "100%25-percent", "with::colons", ":colon-first", "two words::and%colons"}
	for _, h := range gitHubsKin {
		variable, runner := h.variable, h.runner
		s := newStep(t, variable)
		if err := s.host.Mask(forms); err != nil {
			t.Fatal(err)
		}
		log := runner.Show(s.stdout.String())
		for _, form := range forms {
			if !slices.Contains(log.Masks, form) {
				t.Errorf("%s: %q isn't among the masks: %q", variable, form, log.Masks)
			}
		}
		if len(log.Lines) > 0 {
			t.Errorf("%s: the log shows %q", variable, log.Lines)
		}
	}
}

// Act has no way to mask such a form, but would show it if asked to.
func TestAMaskIsNeverShown(t *testing.T) {
	s := newStep(t, "ACT")
	if err := s.host.Mask([]string{"s3cret::with]both", "s3cret]alone"}); err != nil {
		t.Fatal(err)
	}
	log := hosttest.Act.Show(s.stdout.String())
	if len(log.Lines) > 0 || !slices.Equal(log.Masks, []string{"s3cret]alone"}) {
		t.Errorf("the log shows %q, the masks are %q", log.Lines, log.Masks)
	}
}

// Two variables may name one file.
func TestOneFileForBoth(t *testing.T) {
	s := newStep(t, "GITHUB_ACTIONS")
	s.vars["GITHUB_ENV"] = s.output
	if err := os.WriteFile(s.output, []byte("earlier=1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.host.HandOver(context.Background(), results("value")); err != nil {
		t.Fatal(err)
	}
	if got, err := hosttest.ReadActFile(read(t, s.output)); err != nil || len(got) != 6 {
		t.Errorf("act reads %v, %v", got, err)
	}
}

// Nothing that came from outside starts a command, in any host's log, nor
// changes the command that it is a part of.
func TestRemarksAreNeutral(t *testing.T) {
	for _, text := range []string{
		"::add-mask::x", " ::add-mask::x", "a\n::error::x", "a\r::error::x", "a\u2028::error::x", "##[add-mask]x", "x ##[error]y", ":::error::x", "::::::add-mask::::x",
		"##vso[task.setvariable variable=a]b", "##teamcity[setParameter name='a']", "####[[error]x", "%0A::error::x", "\x1b[2J", ": ::error::", "x::error::y", "\ufeff::error::x",
	} {
		for _, h := range gitHubsKin {
			for _, level := range []fault.Level{fault.Info, fault.Warning} {
				s := newStep(t, h.variable)
				s.host.Say(fault.Remark{Level: level, Fault: fault.New(fault.Unexpected, text, text)})
				for _, mark := range []string{"##[", "##vso[", "##teamcity[", "\x1b", "\r", "\u2028"} {
					if strings.Contains(s.stdout.String(), mark) {
						t.Errorf("%q: %q is left in %q", text, mark, s.stdout.String())
					}
				}
				log := h.runner.Show(s.stdout.String())
				wanted := []hosttest.Annotation{}
				if level == fault.Warning {
					wanted = append(wanted, hosttest.Annotation{Level: "warning", Title: "bitbucket-auth BBA901", Message: strings.Join(log.Lines, "\n")[len("##[warning]"):]})
				}
				if len(log.Lines) != 2 || len(log.Masks) > 0 || !slices.Equal(log.Annotations, wanted) {
					t.Errorf("%s, %q: got %+v", h.runner.Name, text, log)
				}
			}
		}
	}
}

// An address stays readable where the runner allows it.
func TestAddressesStayReadable(t *testing.T) {
	s := newStep(t, "GITHUB_ACTIONS")
	s.host.Say(fault.Warn(fault.New(fault.Unexpected, "[2001:db8::1] can't be reached", "ask the owner of fe80::1")))
	want := "[2001:db8::1] can't be reached (BBA901)\nhint: ask the owner of fe80::1"
	if log := hosttest.GitHub.Show(s.stdout.String()); len(log.Annotations) != 1 || log.Annotations[0].Message != want {
		t.Errorf("got %q", log.Annotations)
	}
}

// Values come back as they were, and never bring a record along.
func FuzzHandOver(f *testing.F) {
	for _, seed := range []string{"value", "a=b", "a<<E", "E", "", " ", "a\nE\nb=evil", "_GitHubActionsFileCommandDelimeter_", "\ufeff", "é", "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s := newStep(t, "GITHUB_ACTIONS")
		given := results(value)
		err := s.host.HandOver(context.Background(), given)
		printable := utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
		if (err == nil) != printable {
			t.Fatalf("%q: %v", value, err)
		}
		for path, values := range map[string][]secret.Value{s.output: given.Outputs, s.env: given.Variables} {
			for _, parse := range []func(string) ([]hosttest.Record, error){hosttest.ReadGitHubFile, hosttest.ReadActFile} {
				records, err := parse(read(t, path))
				if err != nil {
					t.Fatalf("%q: %v", value, err)
				}
				if !printable {
					values = nil
				}
				if len(records) != len(values) {
					t.Fatalf("%q: %d records instead of %d", value, len(records), len(values))
				}
				for i, r := range records {
					if r.Name != values[i].Name || r.Value != values[i].Text.Reveal() {
						t.Fatalf("%q: record %q", value, r)
					}
				}
			}
		}
	})
}

// No message shows a secret, whatever the secret is.
func FuzzSecretIsNeverPrinted(f *testing.F) {
	f.Add("s3cret-value")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 10 {
			return
		}
		s := newStep(t, "GITHUB_ACTIONS")
		_ = s.host.HandOver(context.Background(), results(text))
		s.host.Fail(fault.Newf(fault.Unexpected, "%v %s %q %x", results(text), secret.New(text), secret.New(text), secret.New(text)))
		if strings.Contains(s.stdout.String(), text) && !strings.Contains("unexpected failure [redacted] first second third false true A_NAME B_NAME", text) {
			t.Fatalf("%q is printed: %s", text, s.stdout.String())
		}
	})
}

func pairs(texts ...string) []hosttest.Record {
	var records []hosttest.Record
	for pair := range slices.Chunk(texts, 2) {
		records = append(records, hosttest.Record{Name: pair[0], Value: pair[1]})
	}
	return records
}
