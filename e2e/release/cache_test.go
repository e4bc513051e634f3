//go:build linux

package release

import (
	"errors"
	"io"
	stdlog "log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

const cachedName = "bitbucket-auth_linux_amd64"

// machine is a runner that keeps its files between two jobs, and the server of the
// release that its jobs use.
type machine struct {
	t       *testing.T
	dir     string // with get and release
	cache   string // RUNNER_TOOL_CACHE
	content string // of the released program
	server  *httptest.Server
	asked   atomic.Int32
	// answer is what the server does instead of sending the file, if it is set.
	answer atomic.Pointer[http.HandlerFunc]
	shell  []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, dir: t.TempDir(), content: "the program " + t.Name(), shell: []string{"sh"}}
	m.cache = filepath.Join(m.dir, "tools")
	m.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.asked.Add(1)
		if answer := m.answer.Load(); answer != nil {
			(*answer)(w, r)
		} else if r.URL.Path == "/releases/v1.2.3/"+cachedName+".gz" {
			_, _ = w.Write(e2etest.Gzipped(t, []byte(m.content)))
		} else {
			http.NotFound(w, r)
		}
	}))
	m.server.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // some clients rightly hang up
	m.server.StartTLS()
	t.Cleanup(m.server.Close)
	m.write("get", e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "binary/get")))
	m.write("ca.pem", e2etest.CertificateOf(m.server))
	m.released(m.server.URL + "/releases/v1.2.3")
	return m
}

func (m *machine) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// released writes the file release, which says where the program is.
func (m *machine) released(url string) {
	m.write("release", url+"\n"+e2etest.Hash([]byte(m.content))+"  "+cachedName+"\n")
}

// kept is the path at which the cache has the program.
func (m *machine) kept() string {
	return filepath.Join(m.cache, "bitbucket-auth/v1.2.3", cachedName)
}

// step prepares a step of a job that gets the program.
func (m *machine) step(env ...string) *exec.Cmd {
	m.t.Helper()
	job, err := os.MkdirTemp(m.dir, "job")
	if err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.Command(m.shell[0], append(m.shell[1:], filepath.Join(m.dir, "get"))...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "RUNNER_OS=Linux", "RUNNER_ARCH=X64", "RUNNER_TEMP=" + job, "RUNNER_TOOL_CACHE=" + m.cache,
		"GITHUB_OUTPUT=" + filepath.Join(job, "output"), "CURL_CA_BUNDLE=" + filepath.Join(m.dir, "ca.pem"),
	}, env...)
	return cmd
}

// program is the program that a step got.
func (m *machine) program(step *exec.Cmd) string {
	for _, variable := range step.Env {
		if path, found := strings.CutPrefix(variable, "GITHUB_OUTPUT="); found && path != "" {
			return strings.TrimSpace(strings.TrimPrefix(e2etest.Content(path), "program="))
		}
	}
	return ""
}

// gets wants the step to get the right program, in a folder that is closed to others.
func (m *machine) gets(env ...string) {
	m.t.Helper()
	step := m.step(env...)
	log, err := step.CombinedOutput()
	program := m.program(step)
	if got := e2etest.Content(program); err != nil || got != m.content {
		m.t.Errorf("%v: got %q, %d bytes\n%s", err, program, len(got), log)
		return
	}
	info, err := os.Stat(filepath.Dir(program))
	if err != nil || info.Mode().Perm() != 0o700 {
		m.t.Errorf("the program's folder: %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(program); err != nil || info.Mode().Perm()&0o100 == 0 || info.Sys().(*syscall.Stat_t).Nlink != 1 {
		m.t.Errorf("the program: %v, %v", info.Mode(), err)
	}
}

// refuses wants the step to fail with these words, and without a program.
func (m *machine) refuses(says string, env ...string) (log string) {
	m.t.Helper()
	step := m.step(env...)
	text, err := step.CombinedOutput()
	if program := m.program(step); err == nil || program != "" {
		m.t.Errorf("%q: it gets %q", env, program)
	}
	if want := "::error title=bitbucket-auth::"; !strings.Contains(string(text), want) || !strings.Contains(string(text), says) {
		m.t.Errorf("%q: it says %q, want %q", env, text, says)
	}
	return string(text)
}

// checkCache wants the program in the cache, and nothing beside it.
func (m *machine) checkCache() {
	m.t.Helper()
	entries, err := os.ReadDir(filepath.Dir(m.kept()))
	if err != nil || len(entries) != 1 {
		m.t.Errorf("the cache has %v, %v", entries, err)
	}
	if info, err := os.Lstat(m.kept()); err != nil || !info.Mode().IsRegular() || e2etest.Content(m.kept()) != m.content {
		m.t.Errorf("the cache hasn't the program: %v", err)
	}
}

// The program is downloaded once for each machine, whatever shell runs the script, and
// so later jobs need no server.
func TestBinaryGetKeeps(t *testing.T) {
	t.Parallel()
	busybox := filepath.Join(t.TempDir(), "busybox")
	archive := e2etest.ReadFile(t, filepath.Join(getParts(t), "debian", runtime.GOARCH, "busybox-static.tar"))
	temptest.WriteProgram(t, busybox, string(e2etest.ReadTar(t, []byte(archive))["usr/bin/busybox"].Text))
	for name, shell := range map[string][]string{"sh": {"sh"}, "bash": {"bash"}, "bash as sh": {"bash", "--posix"}, "busybox": {busybox, "sh"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.shell = shell
			m.gets()
			m.checkCache()
			m.server.Close()
			m.gets()
			m.gets("PATH=" + lyingTools(t) + ":" + os.Getenv("PATH"))
			if asked := m.asked.Load(); asked != 1 {
				t.Errorf("the server got %d requests", asked)
			}
			m.checkCache()
		})
	}
}

// Elsewhere than on GitHub and its kin, the cache is the user's, and the path is
// all that is printed to standard output.
func TestBinaryGetElsewhere(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("the release of this test has no program for this machine")
	}
	home := t.TempDir()
	for name, test := range map[string]struct{ env, cache string }{
		"XDG_CACHE_HOME":  {"XDG_CACHE_HOME=" + home + "/xdg", home + "/xdg"},
		"HOME":            {"HOME=" + home, home + "/.cache"},
		"relative folder": {"XDG_CACHE_HOME=xdg", ""},
		"no home":         {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.cache = test.cache
			for range 2 {
				step := m.step("RUNNER_OS=", "RUNNER_ARCH=", "RUNNER_TEMP=", "RUNNER_TOOL_CACHE=", "GITHUB_OUTPUT=", "TMPDIR="+m.dir, test.env)
				step.Dir = m.dir
				stdout, err := step.Output()
				path, ends := strings.CutSuffix(string(stdout), "\n")
				if err != nil || !ends || !strings.HasPrefix(path, m.dir) || e2etest.Content(path) != m.content {
					t.Errorf("got %q, %v", stdout, err)
				}
			}
			want := int32(2)
			if test.cache != "" {
				want = 1
				m.checkCache()
			}
			if asked := m.asked.Load(); asked != want {
				t.Errorf("the server got %d requests, want %d", asked, want)
			}
			m.server.Close()
			step := m.step("GITHUB_OUTPUT=", "RUNNER_TOOL_CACHE=/dev/null", "TMPDIR="+m.dir, "RUNNER_TEMP=")
			stdout, err := step.Output()
			if failed, ok := errors.AsType[*exec.ExitError](err); !ok || len(stdout) > 0 || !strings.Contains(string(failed.Stderr), "bitbucket-auth: can't download ") {
				t.Errorf("without a server: got %q, %v", stdout, err)
			}
			if left, _ := filepath.Glob(filepath.Join(m.dir, "bitbucket-auth.*")); len(left) != 2 {
				t.Errorf("what failed is still there: %q", left)
			}
		})
	}
}

// What somebody else put into the cache isn't run, and is replaced.
func TestBinaryGetReplaces(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "somebody's file")
	if err := os.WriteFile(secret, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := func(text string, mode os.FileMode) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), mode) }
	}
	link := func(target string) func(string) error {
		return func(path string) error { return os.Symlink(target, path) }
	}
	for name, test := range map[string]struct {
		plant func(path string) error
		stays bool
	}{
		"another program":        {file("#!/bin/sh\necho planted\n", 0o755), false},
		"cut off":                {file("the prog", 0o755), false},
		"empty":                  {file("", 0o755), false},
		"read-only":              {file("the prog", 0o444), false},
		"unreadable":             {file("the prog", 0o000), false},
		"huge":                   {func(path string) error { return os.WriteFile(path, nil, 0o600) }, false},
		"link to a file":         {link(secret), false},
		"link to nothing":        {link("/nowhere/at/all"), false},
		"link that never ends":   {link("/dev/zero"), false},
		"link to itself":         {link(cachedName), false},
		"pipe":                   {func(path string) error { return syscall.Mkfifo(path, 0o600) }, false},
		"folder":                 {func(path string) error { return os.Mkdir(path, 0o700) }, true},
		"link to another folder": {link(filepath.Dir(secret)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			if err := os.MkdirAll(filepath.Dir(m.kept()), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := test.plant(m.kept()); err != nil {
				t.Fatal(err)
			}
			if name == "huge" {
				if err := os.Truncate(m.kept(), 1<<27); err != nil {
					t.Fatal(err)
				}
			}
			before, err := os.Lstat(m.kept())
			if err != nil {
				t.Fatal(err)
			}
			m.answer.Store(&unreachable)
			m.refuses("can't download")
			m.answer.Store(nil)
			m.gets()
			after, err := os.Lstat(m.kept())
			if err != nil {
				t.Fatal(err)
			}
			if test.stays != os.SameFile(before, after) {
				t.Errorf("the cache has %v, before %v", after.Mode(), before.Mode())
			}
			if !test.stays {
				m.checkCache()
			}
			if entries, err := os.ReadDir(filepath.Dir(secret)); err != nil || len(entries) != 1 || e2etest.Content(secret) != "precious" {
				t.Errorf("somebody's files: %v, %v", entries, err)
			}
		})
	}
}

// unreachable stands for a server that can't be reached, without a client's repetitions.
var unreachable http.HandlerFunc = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }

// A cache that can't be written isn't a fault.
func TestBinaryGetWithoutCache(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("a file", "")
	for _, cache := range []string{"/proc/no/such", "/dev/null", filepath.Join(m.dir, "a file"), "relative", strings.Repeat("/long", 2000)} {
		m.gets("RUNNER_TOOL_CACHE=" + cache)
	}
}

// Somebody who sees the name under which a program will be written can't have another
// file overwritten by a link of that name.
func TestBinaryGetFollowsNoLink(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	precious := filepath.Join(m.dir, "precious")
	m.write("precious", "precious")
	var link string
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		dirs, _ := filepath.Glob(filepath.Join(m.dir, "job*/bitbucket-auth.*"))
		_, suffix, _ := strings.Cut(filepath.Base(strings.Join(dirs, "")), ".")
		link = filepath.Join(filepath.Dir(m.kept()), "."+cachedName+"."+suffix)
		if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o700), os.Symlink(precious, link)); err != nil {
			t.Error(err)
		}
		_, _ = w.Write(e2etest.Gzipped(t, []byte(m.content)))
	})
	m.answer.Store(&answer)
	m.gets()
	if text := e2etest.Content(precious); text != "precious" {
		t.Errorf("the file has become %q", text)
	}
	if _, err := os.Lstat(link); err == nil {
		t.Error("the name wasn't tried: the link is still there")
	}
	m.answer.Store(nil)
	m.gets()
	m.checkCache()
}

// Two steps at once don't get in each other's way.
func TestBinaryGetAtOnce(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() { m.gets() })
	}
	all.Wait()
	m.checkCache()
}

// A download that was killed leaves nothing that a later job would use.
func TestBinaryGetKilled(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	waits := make(chan struct{})
	half := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := e2etest.Gzipped(t, []byte(m.content))
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write(text[:len(text)/2])
		w.(http.Flusher).Flush()
		close(waits)
		<-r.Context().Done()
	})
	m.answer.Store(&half)
	step := m.step()
	step.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := step.Start(); err != nil {
		t.Fatal(err)
	}
	<-waits
	if err := syscall.Kill(-step.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = step.Wait()
	if _, err := os.Stat(m.kept()); err == nil || m.program(step) != "" {
		t.Error("half of a program is there")
	}
	m.answer.Store(nil)
	m.gets()
	m.checkCache()
}

// An administrator has the program downloaded from elsewhere. Whoever else sets the
// variable can make the step fail, and nothing more.
func TestBinaryGetDownloadURL(t *testing.T) {
	t.Parallel()
	const variable = "BITBUCKET_AUTH_DOWNLOAD_URL="
	m := newMachine(t)
	m.released("https://127.0.0.1:1/releases/v1.2.3")
	m.refuses("can't download https://127.0.0.1:1/releases/v1.2.3/"+cachedName+".gz", variable)
	for _, base := range []string{m.server.URL + "/releases", m.server.URL + "/releases/"} {
		m.cache = t.TempDir()
		m.gets(variable + base)
	}
	plain := httptest.NewServer(m.server.Config.Handler)
	defer plain.Close()
	_, port, _ := strings.Cut(plain.Listener.Addr().String(), ":")
	for _, host := range []string{"127.0.0.1", "localhost"} {
		m.cache = t.TempDir()
		m.gets(variable+"http://"+host+":"+port+"/releases", "no_proxy=*")
	}

	m.cache = t.TempDir()
	planted := filepath.Join(m.dir, "v1.2.3")
	if err := os.MkdirAll(planted, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(planted, cachedName+".gz"), e2etest.Gzipped(t, []byte(m.content)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{
		"http://example.com", "http://127.0.0.1.example.com", "http://127.0.0.1:1@example.com", "http://[::1]example.com", "http://127.0.0.1",
		"https://", "HTTPS://example.com", "https:example.com", "https://me:pa55word@" + strings.TrimPrefix(m.server.URL, "https://") + "/releases",
		"https://me@example.com", "file://" + m.dir, m.dir, "ftp://example.com", "-o" + filepath.Join(m.dir, "get"), "--config=" + planted,
		"https://example.com\n::set-output name=program::/bin/true", "https://example.com/ -o x", "https://example.com/$(id)", "https://exämple.com",
	} {
		log := m.refuses("BITBUCKET_AUTH_DOWNLOAD_URL must be an https address without a user name", variable+base)
		if strings.Contains(log, "pa55word") || strings.Contains(log, "set-output") {
			t.Errorf("%q: it says %q", base, log)
		}
	}
	if asked := m.asked.Load(); asked != 4 {
		t.Errorf("the server got %d requests", asked)
	}
	m.released("http://127.0.0.1:" + port + "/releases/v1.2.3") // no release says this
	m.refuses("can't download")
	m.released("https://127.0.0.1:1/releases/v1.2.3")
	m.content = "another program"
	m.refuses("isn't what was released", variable+m.server.URL+"/releases")
}

// The budget is 30 ms, on a machine that does nothing else. This one may do a lot, so
// the time of its processors counts, and the best of ten.
func TestBinaryGetIsFast(t *testing.T) {
	m := newMachine(t)
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 7<<20)
	for i := range text {
		text[i] = byte(random.Uint32())
	}
	m.content = string(text)
	m.released(m.server.URL + "/releases/v1.2.3")
	m.gets()
	var times []time.Duration
	for range 10 {
		step := m.step()
		if log, err := step.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		times = append(times, step.ProcessState.UserTime()+step.ProcessState.SystemTime())
		os.RemoveAll(filepath.Dir(m.program(step)))
	}
	slices.Sort(times)
	t.Logf("measured: %v", times[0])
	if times[0] > 30*time.Millisecond {
		t.Errorf("it takes %v", times)
	}
	if asked := m.asked.Load(); asked != 1 {
		t.Errorf("the server got %d requests", asked)
	}
}
