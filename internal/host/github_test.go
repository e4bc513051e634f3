package host_test

import (
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

func onGitHub(t *testing.T) *job { return startJob(t, named(t, "GitHub Actions")) }

func TestHandOverAddsToWhatIsThere(t *testing.T) {
	s := onGitHub(t)
	for path, text := range map[string]string{s.Env["GITHUB_OUTPUT"]: "earlier=1", s.Env["GITHUB_ENV"]: "EARLIER<<E\nx\nE\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.host.HandOver(context.Background(), results("value")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]hosttest.Record{
		s.Env["GITHUB_OUTPUT"]: pairs("earlier", "1", "first", "1", "second", "value", "third", ""),
		s.Env["GITHUB_ENV"]:    pairs("EARLIER", "x", "A_NAME", "value", "B_NAME", "2"),
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
	s := onGitHub(t)
	if err := os.Remove(s.Env["GITHUB_ENV"]); err != nil {
		t.Fatal(err)
	}
	err := s.host.HandOver(context.Background(), results("value"))
	if fault.From(err).Code != fault.CommandFile || read(t, s.Env["GITHUB_OUTPUT"]) != "" {
		t.Errorf("got %v, %q", err, read(t, s.Env["GITHUB_OUTPUT"]))
	}
	if _, err := os.Stat(s.Env["GITHUB_ENV"]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}

// A job that runs on the machine itself mounts no command files into containers;
// the action without a container works there.
func TestCommandFileNotMounted(t *testing.T) {
	s := onGitHub(t)
	s.Env["GITHUB_OUTPUT"] = filepath.Join(t.TempDir(), "not-mounted")
	for _, err := range []error{s.host.Prepare("", false), s.host.HandOver(context.Background(), results("value"))} {
		f := fault.From(err)
		if f.Code != fault.CommandFile || len(f.Hints) != 3 || !strings.Contains(f.Hints[2], "bitbucket-auth/binary") {
			t.Errorf("got %v, with the hints %q", f, f.Hints)
		}
	}
}

// The runner's files belong to whoever runs the runner, and may have a second name: only an
// env-file has to be the running user's alone.
func TestCommandFilesOfAnotherUser(t *testing.T) {
	t.Parallel()
	s := onGitHub(t)
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_ENV"} {
		if err := os.Link(s.Env[name], filepath.Join(t.TempDir(), "second-name")); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 {
			if err := os.Chown(s.Env[name], 65534, 65534); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(s.Env[name], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.host.Prepare("", true); err != nil {
		t.Error(err)
	}
	if err := s.host.HandOver(t.Context(), results("value")); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_ENV"} {
		if mode(t, s.Env[name]) != kept(0o666) {
			t.Errorf("%s has the mode %v", name, mode(t, s.Env[name]))
		}
	}
}

// A payload can be large, and what tells a fork can be anywhere in it.
func TestForkInALargePayload(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "event.json")
	text := `{"body": "` + strings.Repeat("x", 8<<20) + `", "pull_request": {"head": {"repo": {"full_name": "mallory/repo"}}, "base": {"repo": {"full_name": "team/repo"}}}}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startJob(t, named(t, "GitHub Actions"), "GITHUB_EVENT_NAME", "pull_request", "GITHUB_EVENT_PATH", path)
	if !s.host.Event().Fork() {
		t.Error("the fork isn't found")
	}
}

// gitHubsKin are GitHub's runner and those that read the same commands, each with
// the name of its host. Old versions of Forgejo's runner are Gitea's.
var gitHubsKin = []struct {
	host   string
	runner hosttest.Runner
}{
	{"GitHub Actions", hosttest.GitHub},
	{"Gitea Actions", hosttest.Gitea},
	{"Gitea Actions", hosttest.OldGitea},
	{"act", hosttest.Act},
	{"Forgejo Actions", hosttest.Forgejo},
}

func TestMasksAreRegisteredAsTheyAre(t *testing.T) {
	forms := []string{"plain-value", "100%25-percent", "with::colons", ":colon-first", "two words::and%colons", "colons::and%25percent"}
	for _, h := range gitHubsKin {
		s := startJob(t, named(t, h.host))
		if err := s.host.Mask(forms); err != nil {
			t.Fatal(err)
		}
		log := h.runner.Show(s.stdout.String())
		for _, form := range forms {
			if !slices.Contains(log.Masks, form) {
				t.Errorf("%s: %q isn't among the masks: %q", h.runner.Name, form, log.Masks)
			}
		}
		if len(log.Lines) > 0 {
			t.Errorf("%s: the log shows %q", h.runner.Name, log.Lines)
		}
	}
}

// Act has no way to mask such a form, but would show it if asked to.
func TestAMaskIsNeverShown(t *testing.T) {
	s := startJob(t, named(t, "act"))
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
	s := onGitHub(t)
	s.Env["GITHUB_ENV"] = s.Env["GITHUB_OUTPUT"]
	if err := os.WriteFile(s.Env["GITHUB_OUTPUT"], []byte("earlier=1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.host.HandOver(context.Background(), results("value")); err != nil {
		t.Fatal(err)
	}
	if got, err := hosttest.ReadActFile(read(t, s.Env["GITHUB_OUTPUT"])); err != nil || len(got) != 6 {
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
				s := startJob(t, named(t, h.host))
				s.host.Say(fault.Remark{Level: level, Fault: fault.New(fault.Unexpected, text, text)})
				stdout := strings.ReplaceAll(s.stdout.String(), lineEnd, "\n")
				for _, mark := range []string{"##[", "##vso[", "##teamcity[", "\x1b", "\r", "\u2028"} {
					if strings.Contains(stdout, mark) {
						t.Errorf("%q: %q is left in %q", text, mark, stdout)
					}
				}
				log := h.runner.Show(stdout)
				wanted := []hosttest.Annotation{}
				if level == fault.Warning {
					wanted = append(wanted, hosttest.Annotation{Level: "warning", Title: "bitbucket-auth BBA901", Message: strings.Join(log.Lines, "\n")[len("##[warning]"):]})
				}
				if len(log.Lines) != 3 || len(log.Masks) > 0 || !slices.Equal(log.Annotations, wanted) {
					t.Errorf("%s, %q: got %+v", h.runner.Name, text, log)
				}
			}
		}
	}
}

// An address stays readable where the runner allows it. Elsewhere, two colons are kept
// apart, and nothing else changes.
func TestAddressesStayReadable(t *testing.T) {
	for _, h := range gitHubsKin {
		s := startJob(t, named(t, h.host))
		s.host.Say(fault.Warn(fault.New(fault.Unexpected, "[2001:db8::1] can't be reached", "ask the owner of fe80::1")))
		want := "[2001:db8::1] can't be reached (BBA901)\nhint: ask the owner of fe80::1\n" + fault.Unexpected.Page("v1.2.3")
		if h.host != "GitHub Actions" {
			want = strings.ReplaceAll(want, "::", ": :")
		}
		if log := h.runner.Show(s.stdout.String()); len(log.Annotations) != 1 || strings.ReplaceAll(log.Annotations[0].Message, "%0A", "\n") != want {
			t.Errorf("%s: got %q", h.runner.Name, log.Annotations)
		}
	}
}

// Each level has a command of its own, except what is only information.
func TestLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[fault.Level]string{
		fault.Info: "some text", fault.Notice: "::notice title=bitbucket-auth::some text", fault.Warning: "::warning title=bitbucket-auth::some text", fault.Error: "::error title=bitbucket-auth::some text",
	} {
		s := onGitHub(t)
		s.host.Say(fault.Remark{Level: level, Fault: &fault.Fault{What: "some text"}})
		if got := strings.ReplaceAll(s.stdout.String(), lineEnd, "\n"); got != want+"\n" {
			t.Errorf("%v: got %q", level, got)
		}
	}
}

// Without variables, the file for them isn't needed.
func TestOutputsAlone(t *testing.T) {
	t.Parallel()
	s := startJob(t, named(t, "GitHub Actions"), "GITHUB_ENV", "")
	err := s.host.HandOver(t.Context(), host.Results{Outputs: []secret.Value{host.Public("kind", "x")}})
	if outputs, _ := s.HandedOver(t, ""); err != nil || outputs["kind"] != "x" {
		t.Errorf("got %v, %v", outputs, err)
	}
	s = startJob(t, named(t, "GitHub Actions"), "GITHUB_ENV", "")
	if err := s.host.HandOver(t.Context(), results("value")); fault.From(err).Code != fault.CommandFileName || read(t, s.Env["GITHUB_OUTPUT"]) != "" {
		t.Errorf("with variables: got %v", err)
	}
}

// The summary is added to what earlier parts of the step wrote to it. A server without
// summaries names no file.
func TestSummaries(t *testing.T) {
	t.Parallel()
	eachHost(t, func(t *testing.T, h hosttest.Host) {
		j := startJob(t, h)
		file := j.Env["GITHUB_STEP_SUMMARY"]
		if file == "" {
			if err := j.host.Summarize("# Title\n"); err != nil || j.stdout.Len()+j.stderr.Len() > 0 {
				t.Errorf("%s: got %v, %q, %q", h.Name, err, j.stdout.String(), j.stderr.String())
			}
			return
		}
		write(t, file, "earlier", 0o600)
		if err := j.host.Summarize("# Title\n"); err != nil || read(t, file) != "earlier\n# Title\n" {
			t.Errorf("%s: got %v, %q", h.Name, err, read(t, file))
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := j.host.Summarize("# Title\n"); fault.From(err).Code != fault.CommandFile || !strings.Contains(err.Error(), "GITHUB_STEP_SUMMARY") {
			t.Errorf("%s, without the file: %v", h.Name, err)
		}
		j.Env["GITHUB_STEP_SUMMARY"] = ""
		if err := j.host.Summarize("# Title\n"); err != nil {
			t.Errorf("%s, without summaries: %v", h.Name, err)
		}
	})
}

// Values come back as they were, and never bring a record along.
func FuzzHandOver(f *testing.F) {
	for _, seed := range []string{"value", "a=b", "a<<E", "E", "", " ", "a\nE\nb=evil", "_GitHubActionsFileCommandDelimeter_", "\ufeff", "é", "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s := onGitHub(t)
		given := results(value)
		err := s.host.HandOver(context.Background(), given)
		printable := utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
		if (err == nil) != printable {
			t.Fatalf("%q: %v", value, err)
		}
		for path, values := range map[string][]secret.Value{s.Env["GITHUB_OUTPUT"]: given.Outputs, s.Env["GITHUB_ENV"]: given.Variables} {
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

func pairs(texts ...string) []hosttest.Record {
	var records []hosttest.Record
	for pair := range slices.Chunk(texts, 2) {
		records = append(records, hosttest.Record{Name: pair[0], Value: pair[1]})
	}
	return records
}
