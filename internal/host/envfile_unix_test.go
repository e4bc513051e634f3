//go:build unix

package host_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// fits is a size up to which a file can grow, far above that of go test's own log.
const fits = 4 << 20

// limitFileSize makes writes behind a size fail, as on a full disk: what fits
// is written, the rest is not.
func limitFileSize(t *testing.T, size uint64) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Error(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	})
}

// A write that stops half-way leaves nothing behind.
func TestAShortWriteIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	old, created := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	write(t, old, "export B=1\n", 0o644)
	harness := startJob(t, named(t, "Harness"))
	results := resultsOf([]string{strings.Repeat("x", fits)})
	limitFileSize(t, fits)

	for _, path := range []string{old, created} {
		if err := onJenkins(t, path).host.HandOver(context.Background(), results); fault.From(err).Code != fault.EnvFileWrite || strings.Contains(err.Error(), "taken back") {
			t.Errorf("got %v", err)
		}
	}
	if read(t, old) != "export B=1\n" || mode(t, old) != 0o644 {
		t.Errorf("got %q, %v", read(t, old), mode(t, old))
	}
	if _, err := os.Lstat(created); err == nil {
		t.Error("a new file is left")
	}
	if err := harness.host.HandOver(context.Background(), results); fault.From(err).Code != fault.CommandWrite {
		t.Errorf("got %v", err)
	}
	if files := harness.Written(t); len(files) > 0 {
		t.Errorf("left on Harness: %v", files)
	}
}

// Opening a pipe whose other end nothing reads must not wait.
func TestEnvFileIsNoPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		j := startJob(t, named(t, "Jenkins"))
		done <- j.host.Prepare(path, true)
		done <- j.host.HandOver(context.Background(), one)
	}()
	select {
	case err := <-done:
		if fault.From(err).Code != fault.EnvFile || fault.From(<-done).Code != fault.EnvFile {
			t.Errorf("got %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("waits for the pipe")
	}
}

// A payload that is a pipe is ignored, and delays nothing: neither opening it, while
// nothing writes to it, nor reading it, while something does.
func TestThePayloadIsNoPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "event.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	j := startJob(t, named(t, "GitHub Actions"), "GITHUB_EVENT_NAME", "pull_request", "GITHUB_EVENT_PATH", path)
	check := func(writer string) {
		done := make(chan bool, 1)
		go func() { done <- j.host.Event().Fork() }()
		select {
		case fork := <-done:
			if fork {
				t.Error("a pipe is a fork's pull request")
			}
		case <-time.After(10 * time.Second):
			t.Errorf("with %s, waits for the pipe", writer)
		}
	}
	check("no writer")
	end, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	check("a writer")
}

// Only the owner can read a new file, whatever the umask allows.
func TestEnvFileIgnoresTheUmask(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	for _, h := range hosttest.Hosts {
		j := startJob(t, h)
		if h.Masks {
			continue
		}
		if err := j.host.HandOver(context.Background(), resultsOf([]string{"value"})); err != nil {
			t.Fatal(err)
		}
		for name := range j.Written(t) {
			path := filepath.Join(filepath.Dir(j.EnvFilePath()), name)
			if mode(t, path) != 0o600 {
				t.Errorf("%s: %s has %v", h.Name, name, mode(t, path))
			}
		}
	}
}

// A file that somebody else can read or change all the same must not receive the
// results, whatever its mode.
func TestEnvFileIsTheRunningUsersAlone(t *testing.T) {
	dir := t.TempDir()
	linked := filepath.Join(dir, "linked")
	write(t, linked, "", 0o600)
	if err := os.Link(linked, filepath.Join(dir, "second-name")); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{linked: "hard link"}
	if os.Geteuid() == 0 {
		foreign := filepath.Join(dir, "foreign")
		write(t, foreign, "", 0o644)
		if err := os.Chown(foreign, 65534, 0); err != nil {
			t.Fatal(err)
		}
		paths[foreign] = "another user"
	}
	for path, reason := range paths {
		before := mode(t, path)
		j := startJob(t, named(t, "Jenkins"))
		for _, err := range []error{j.host.Prepare(path, true), j.host.HandOver(context.Background(), one)} {
			if fault.From(err).Code != fault.EnvFile || !strings.Contains(err.Error(), reason) {
				t.Errorf("got %v", err)
			}
		}
		if read(t, path) != "" || mode(t, path) != before {
			t.Errorf("changed: %q, %v", read(t, path), mode(t, path))
		}
	}
}

// If even the rollback fails, the fault says what remains: this file can
// be appended to, and nothing else (chattr +a).
func TestWhatCantBeTakenBackIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	write(t, path, "", 0o600)
	if err := exec.Command("chattr", "+a", path).Run(); err != nil {
		t.Skip("needs root and a file system with append-only files:", err)
	}
	t.Cleanup(func() { _ = exec.Command("chattr", "-a", path).Run() })
	s := onGitHub(t)
	s.Env["GITHUB_ENV"] = path
	limitFileSize(t, fits)
	err := s.host.HandOver(context.Background(), host.Results{
		Outputs:   []secret.Value{host.Public("kind", "x")},
		Variables: []secret.Value{hidden("A", secret.New(strings.Repeat("x", fits)))},
	})
	f := fault.From(err)
	hints := strings.Join(f.Hints, "\n")
	if f.Code != fault.CommandWrite || !strings.Contains(f.What, "can't be taken back") || !strings.Contains(hints, "GITHUB_ENV") || !strings.Contains(hints, "disk space") {
		t.Errorf("got %v, %q", err, f.Hints)
	}
	if read(t, path) == "" || read(t, s.Env["GITHUB_OUTPUT"]) != "" {
		t.Errorf("this doesn't test what it should: %q, %q", read(t, path), read(t, s.Env["GITHUB_OUTPUT"]))
	}
	// From a folder that can only be added to, a new file can't be removed.
	folder := t.TempDir()
	if err := exec.Command("chattr", "+a", folder).Run(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exec.Command("chattr", "-a", folder).Run() })
	err = onJenkins(t, filepath.Join(folder, "env")).host.HandOver(t.Context(), resultsOf([]string{strings.Repeat("x", fits)}))
	if f := fault.From(err); f.Code != fault.EnvFileWrite || !strings.Contains(f.What, "env-file can't be taken back") {
		t.Errorf("a new file: got %v", err)
	}
}

// A file that can't be opened isn't taken for one that was replaced. (On Linux, nobody
// can write to a program that runs.)
func TestAFileThatCantBeOpened(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if file, err := os.OpenFile(program, os.O_WRONLY, 0); err == nil {
		file.Close()
		t.Skip("this system can write to a program that runs")
	}
	j := startJob(t, named(t, "GitHub Actions"), "GITHUB_OUTPUT", program)
	f := fault.From(j.host.HandOver(t.Context(), results("value")))
	if f.Code != fault.CommandFile || !strings.Contains(f.What, "GITHUB_OUTPUT names can't be opened") {
		t.Errorf("got %v", f)
	}
}

// Every real shell of this machine reads back exactly what was handed over.
func TestEnvFileInRealShells(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	results := resultsOf(hostile)
	if err := onJenkins(t, path).host.HandOver(context.Background(), results); err != nil {
		t.Fatal(err)
	}
	for _, shell := range hosttest.Shells() {
		got, err := hosttest.Source(shell, path)
		if err != nil {
			t.Error(err)
		}
		for _, v := range results.Variables {
			if value, found := got[v.Name]; !found || value != v.Text.Reveal() {
				t.Errorf("%v: %s is %q instead of %q", shell, v.Name, value, v.Text.Reveal())
			}
		}
	}
}

func TestEnvFileMustBeARegularFile(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	write(t, target, "", 0o644)
	link, dangling := filepath.Join(dir, "link"), filepath.Join(dir, "dangling")
	for from, to := range map[string]string{link: target, dangling: filepath.Join(dir, "nothing")} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for path, reason := range map[string]string{
		dir: "is not a regular file", link: "is a symbolic link", dangling: "is a symbolic link", "/dev/null": "is not a regular file", "/dev/stdout": "is ",
		filepath.Join(dir, "no", "folder"): "", target + "/x": "", "a\x00b": "",
	} {
		j := startJob(t, named(t, "Jenkins"))
		for _, err := range []error{j.host.Prepare(path, true), j.host.HandOver(context.Background(), one)} {
			f := fault.From(err)
			if f.Code != fault.EnvFile || !strings.HasPrefix(f.What, "env-file "+reason) || !strings.Contains(strings.Join(f.Hints, ""), "a regular file that belongs to the user") {
				t.Errorf("%q: got %v, %q", path, err, f.Hints)
			} else if strings.Contains(err.Error(), path) {
				t.Errorf("%q is echoed: %v", path, err)
			}
		}
	}
	if read(t, target) != "" || mode(t, target) != 0o644 {
		t.Error("the link was followed")
	}
	if _, err := os.Lstat(filepath.Join(dir, "nothing")); err == nil {
		t.Error("the dangling link was followed")
	}
}

// onGitLab begins a step whose env-file is the runner's own file.
func onGitLab(t *testing.T, version, path string) (*job, error) {
	t.Helper()
	j := startJob(t, named(t, "GitLab CI"), "GITLAB_ENV", path, "CI_RUNNER_VERSION", version)
	return j, j.host.Prepare(path, true)
}

// GitLab's own file has no quoting: it needs other lines than a shell.
func TestGitLabEnv(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gitlab_runner_env")
	write(t, path, "EARLIER=1", 0o600)
	j, err := onGitLab(t, "17.7.0", path)
	if err != nil {
		t.Fatal(err)
	}
	carried := slices.DeleteFunc(slices.Clone(hostile), func(v string) bool { return strings.HasSuffix(v, " ") })
	results := resultsOf(carried)
	if err := j.host.HandOver(context.Background(), results); err != nil {
		t.Fatal(err)
	}
	got, log := hosttest.GitLabEnv(path, true)
	if log != "" {
		t.Errorf("the job's log shows %q", log)
	}
	for _, v := range append(results.Variables, host.Public("EARLIER", "1")) {
		if value, found := got[v.Name]; !found || value != v.Text.Reveal() {
			t.Errorf("%s is %q instead of %q", v.Name, value, v.Text.Reveal())
		}
	}
	before := read(t, path)
	for _, value := range []string{" ", "a ", " a "} {
		err := j.host.HandOver(context.Background(), resultsOf([]string{value}))
		if fault.From(err).Code != fault.ResultRefused || read(t, path) != before {
			t.Errorf("%q: got %v", value, err)
		}
	}
}

// A runner that runs its file as a script would show the credential: the second
// word of "Basic …" becomes a command that isn't found.
func TestGitLabEnvIsRefusedWhereItIsRun(t *testing.T) {
	results := host.Results{Variables: []secret.Value{hidden("BITBUCKET_AUTHORIZATION", secret.New("Basic czNjcmV0"))}}
	for version, byLine := range map[string]bool{
		"17.5.3": false, "17.6.99": false, "16.11.1": false, "9.9.9": false,
		"17.7.0~pre.103.gdeadbeef": false, "17.7.0-rc1": false, "": false, "development version": false, "v17.9": false,
		"18.x": false, "18": false, "x.9.0": false, "17.8.0": true, "17.8.0~pre.1.gdeadbeef": true,
		"17.7.0": true, "17.7.1": true, "17.9.0~pre.12.gdeadbeef": true, "17.10.0": true, "18.0.0~pre.1.gdeadbeef": true, "18.0.0": true, "100.0.0": true,
	} {
		path := filepath.Join(t.TempDir(), "gitlab_runner_env")
		write(t, path, "", 0o600)
		j, err := onGitLab(t, version, path)
		if (err == nil) != byLine || err != nil && fault.From(err).Code != fault.EnvFile {
			t.Errorf("%q: got %v", version, err)
		}
		if err == nil {
			err = j.host.HandOver(context.Background(), results)
		}
		if _, log := hosttest.GitLabEnv(path, byLine); strings.Contains(log, "czNjcmV0") {
			t.Errorf("%q: the job's log shows %q after %v", version, log, err)
		}
	}
	// Through another name of its folder it is the same file.
	dir := t.TempDir()
	path := filepath.Join(dir, "real", "gitlab_runner_env")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "real"), 0o700), os.Symlink("real", filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	write(t, path, "", 0o600)
	j, _ := onGitLab(t, "17.6.0", path)
	if err := j.host.Prepare(filepath.Join(dir, "link", "gitlab_runner_env"), true); fault.From(err).Code != fault.EnvFile {
		t.Errorf("through a link: %v", err)
	}
}

// Values come back as they were and never bring a line along, whatever was in
// the file before.
func FuzzEnvFile(f *testing.F) {
	for _, seed := range hostile {
		f.Add(seed, "export B='1'\n")
		f.Add(seed, "export B='1'")
	}
	f.Add("a\nexport EVIL='1'", "")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, value, before string) {
		path := filepath.Join(dir, "env")
		write(t, path, before, 0o600)
		results := resultsOf([]string{value})
		err := onJenkins(t, path).host.HandOver(context.Background(), results)
		printable := utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) })
		if (err == nil) != printable {
			t.Fatalf("%q: %v", value, err)
		}
		after := read(t, path)
		added, found := strings.CutPrefix(after, before)
		if !found || !printable && added != "" {
			t.Fatalf("%q: %q became %q", value, before, after)
		}
		if !printable {
			return
		}
		if before != "" && !strings.HasSuffix(before, "\n") {
			added = strings.TrimPrefix(added, "\n")
		}
		// A line that an earlier writer left open isn't part of the first one.
		write(t, path, added, 0o600)
		got, err := hosttest.Source([]string{"sh"}, path)
		if err != nil {
			t.Fatalf("%q: %q, %v", value, added, err)
		}
		for _, v := range results.Variables {
			if text, found := got[v.Name]; !found || text != v.Text.Reveal() {
				t.Fatalf("%q: %s is %q", value, v.Name, text)
			}
		}
	})
}
