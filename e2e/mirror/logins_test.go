//go:build linux

package mirror

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// ofSource and ofBitbucket match the commands that may hold a side's login. All
// others that the program starts may hold none.
var (
	ofSource    = regexp.MustCompile(`^(-c fetch\.negotiationAlgorithm=noop )?(ls-remote|fetch|lfs fetch) .*\bsource\b`)
	ofBitbucket = regexp.MustCompile(`^(ls-remote|push|lfs push) .*\bbitbucket\b`)
)

// checkLogins checks which logins the environments of all git processes of a run
// held. Those that git or git-lfs starts inherit the one of their parent.
func (m *mirroring) checkLogins(program int) {
	m.T.Helper()
	files, err := filepath.Glob(filepath.Join(m.processes, "*"))
	if err != nil || len(files) == 0 {
		return // ended before git was needed
	}
	for _, file := range files {
		parent, rest, _ := strings.Cut(e2etest.Content(file), "\n")
		args, env, _ := strings.Cut(rest, "\n")
		var got string
		if m.givenSourceToken != "" && strings.Contains(env, m.givenSourceToken) {
			got += "source "
		}
		for line := range strings.Lines(env) {
			// A minted token isn't known here.
			value, isPassword := strings.CutPrefix(line, "export BITBUCKET_AUTH_MIRROR_GIT_0_PASSWORD=")
			if isPassword && strings.Trim(value, "'\n") != m.givenSourceToken || strings.Contains(line, "Authorization: Bearer") && !strings.Contains(line, m.givenSourceToken) || strings.Contains(line, m.token.Secret) {
				got += "Bitbucket "
				break
			}
		}
		want := ""
		switch {
		case ofSource.MatchString(args):
			want = "source "
		case ofBitbucket.MatchString(args):
			want = "Bitbucket "
		case parent != strconv.Itoa(program):
			want = strings.TrimSuffix(got, "source Bitbucket ") // one of the two, or none
		}
		if got != want && (want != "source " || got != "") { // a path, or a public source
			m.T.Errorf("git %s holds the logins %q, want %q", args, got, want)
		}
		if err := os.Remove(file); err != nil {
			m.T.Error(err)
		}
	}
}

// A server can't get the login of the other side by what it answers about LFS:
// with the address of an object on the other server, or with one that makes an old
// git-lfs ask for another login (CVE-2024-53263).
func TestMirrorHostileLFS(t *testing.T) {
	for _, lfs := range []string{"git-lfs", "git-lfs-3.6.0"} {
		program, err := filepath.Abs(filepath.Join(e2etest.Root(), ".bin", lfs))
		if err != nil {
			t.Fatal(err)
		}
		for name, hostile := range map[string]struct {
			by func(m *mirroring) (liar, victim *front)
			// href is the address that the liar gives, of its own, the other server's,
			// or a third one's host and port.
			href string
		}{
			"the source names Bitbucket's server":    {sourceLies, "http://VICTIM/acme/site.git/info/lfs/stolen"},
			"Bitbucket names the source's server":    {bitbucketLies, "http://VICTIM/octo/site.git/info/lfs/stolen"},
			"the source asks for Bitbucket's login":  {sourceLies, "http://x%0ahost=ESCAPED%0apath=acme%2Fsite.git%2Finfo%2Flfs@THIRD/stolen"},
			"Bitbucket asks for the source's login":  {bitbucketLies, "http://x%0ahost=ESCAPED%0apath=octo%2Fsite.git%2Finfo%2Flfs@THIRD/stolen"},
			"the source redirects to Bitbucket":      {sourceLies, "http://LIAR/octo/site.git/info/lfs/redirected"},
			"Bitbucket redirects to the source":      {bitbucketLies, "http://LIAR/acme/site.git/info/lfs/redirected"},
			"the source verifies at Bitbucket":       {sourceLies, "http://VICTIM/acme/site.git/info/lfs/verify"},
			"Bitbucket verifies at the source's API": {bitbucketLies, "http://VICTIM/api/v3/repos/octo/site/merges"},
		} {
			t.Run(lfs+", "+name, func(t *testing.T) {
				t.Parallel()
				m := newMirroring(t)
				bin := t.TempDir()
				if err := os.Symlink(program, filepath.Join(bin, "git-lfs")); err != nil {
					t.Fatal(err)
				}
				wrapper, rest, _ := strings.Cut(m.Env["PATH"], string(filepath.ListSeparator))
				m.Env["PATH"] = strings.Join([]string{wrapper, bin, rest}, string(filepath.ListSeparator))
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "large"))
				liar, victim := hostile.by(m)
				third := newFront(t, http.NotFoundHandler())
				href := strings.NewReplacer("LIAR", liar.Listener.Addr().String(), "VICTIM", victim.Listener.Addr().String(),
					"THIRD", third.Listener.Addr().String(), "ESCAPED", url.QueryEscape(victim.Listener.Addr().String())).Replace(hostile.href)
				liar.intercept(func(w http.ResponseWriter, r *http.Request) bool { return lie(w, r, href, victim) })
				var stolen []string
				steal := func(w http.ResponseWriter, r *http.Request) bool {
					if !strings.Contains(r.URL.Path, "stolen") && !strings.Contains(r.URL.Path, "verify") && !strings.Contains(r.URL.Path, "/api/") {
						return false
					}
					if _, password, _ := r.BasicAuth(); password == m.token.Secret && liar == m.github || password == m.sourceToken && liar == m.bitbucket {
						stolen = append(stolen, r.Method+" "+r.URL.Path)
					}
					_, _ = io.Copy(io.Discard, r.Body)
					w.Header().Set("WWW-Authenticate", `Basic realm="Git"`)
					w.WriteHeader(http.StatusUnauthorized)
					return true
				}
				victim.intercept(steal)
				third.intercept(steal)
				before := m.mirror.refs()
				cmd, files := m.step("timeout", "5s")
				text, _ := cmd.CombinedOutput()
				// That no login reaches the other side is checked of every run.
				r := m.result(cmd, files, before, string(text))
				r.wants(5)
				if old := strings.Contains(r.log, "CVE-2024-53263"); old != (lfs == "git-lfs-3.6.0") {
					t.Errorf("%s is called old: %v\n%s", lfs, old, r.log)
				}
				if len(stolen) > 0 {
					t.Errorf("logged in: %q", stolen)
				}
			})
		}
	}
}

func sourceLies(m *mirroring) (liar, victim *front)    { return m.github, m.bitbucket }
func bitbucketLies(m *mirroring) (liar, victim *front) { return m.bitbucket, m.github }

// lie answers questions about LFS objects with an address.
func lie(w http.ResponseWriter, r *http.Request, href string, victim *front) bool {
	switch {
	case strings.HasSuffix(r.URL.Path, "/info/lfs/objects/batch"):
		var request struct {
			Operation string
			Objects   []map[string]any
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			return false
		}
		for _, object := range request.Objects {
			object["actions"] = map[string]any{request.Operation: map[string]any{"href": href}, "verify": map[string]any{"href": href}}
		}
		w.Header().Set("Content-Type", "application/vnd.git-lfs+json")
		_ = json.NewEncoder(w).Encode(map[string]any{"transfer": "basic", "objects": request.Objects})
	case strings.HasSuffix(r.URL.Path, "/redirected"):
		w.Header().Set("Location", victim.URL+strings.TrimSuffix(r.URL.Path, "/redirected")+"/stolen")
		w.WriteHeader(http.StatusTemporaryRedirect)
	default:
		return false
	}
	return true
}

// A source that redirects git elsewhere isn't read there, whatever is there and
// whenever it redirects, and the other server isn't even asked. A repository that was
// renamed is read.
func TestMirrorSourceRedirects(t *testing.T) {
	bitbuckets := func(m *mirroring) (*front, string) { return m.bitbucket, "/acme/site.git" }
	public := func(m *mirroring) (*front, string) { return newFront(m.T, publicGit(m)), "/octo/site" }
	missing := func(m *mirroring) (*front, string) { return newFront(m.T, http.NotFoundHandler()), "/octo/site" }
	renamed := func(m *mirroring) (*front, string) { return m.github, "/octo/renamed" }
	always := func(*http.Request, int) bool { return true }
	loggedIn := func(r *http.Request, _ int) bool { return r.Header.Get("Authorization") != "" }
	fetching := func(_ *http.Request, asked int) bool { return asked > 2 }
	for name, test := range map[string]struct {
		to   func(m *mirroring) (*front, string)
		when func(r *http.Request, asked int) bool
		code int
	}{
		"to Bitbucket's own repository":     {bitbuckets, always, 2},
		"to a public repository":            {public, always, 2},
		"to a public repository, logged in": {public, loggedIn, 2},
		"to a public repository, to fetch":  {public, fetching, 2},
		"to what isn't there":               {missing, always, 2},
		"to the new name":                   {renamed, always, 0},
		"to the new name, logged in":        {renamed, loggedIn, 0},
		"to the new name, to fetch":         {renamed, fetching, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			other, to := test.to(m)
			asked := 0
			m.github.intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if path, moved := strings.CutPrefix(r.URL.Path, "/octo/renamed"); moved {
					r.URL.Path = "/octo/site" + path
					return false
				}
				path, ok := strings.CutPrefix(r.URL.Path, "/octo/site")
				if !ok || r.Method != http.MethodGet {
					return false
				}
				if asked++; !test.when(r, asked) {
					return false
				}
				http.Redirect(w, r, other.URL+to+path+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
				return true
			})
			r := m.run()
			if test.code == 0 {
				r.wants(0, "updated refs/heads/main")
				return
			}
			r.wants(test.code)
			r.says("BBA415", other.URL)
			if requests := other.asked(""); len(requests) > 0 && other != m.bitbucket {
				t.Errorf("the other server was asked: %q", requests)
			}
		})
	}
}

// A list of branches without an end mark deletes nothing: git doesn't notice that it
// was cut.
func TestMirrorDumbSource(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.git("update-server-info")
	files := http.FileServer(http.Dir(filepath.Dir(m.source.dir)))
	dumb := newFront(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/info/refs") {
			files.ServeHTTP(w, r)
			return
		}
		lines := strings.SplitAfter(e2etest.Content(filepath.Join(m.source.dir, "info/refs")), "\n")
		_, _ = io.WriteString(w, strings.Join(lines[:1], "")) // the rest is lost
	}))
	address := dumb.URL + "/" + filepath.Base(m.source.dir)
	r := m.run("source", address, "source-token", "", "prune", "true")
	r.wants(2)
	r.says("BBA409")
	m.run("source", address, "source-token", "").wants(0)
}

// From https, no redirect to http is followed; from http to https, it is.
func TestMirrorSourceRedirectsToOtherScheme(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.commit("main", "four", "text")
	secure := httptest.NewTLSServer(publicGit(m))
	t.Cleanup(secure.Close)
	from, to := secure.URL, m.github.URL
	redirect := func(handler http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/octo/moved/") {
				http.Redirect(w, r, to+"/octo/site/"+strings.TrimPrefix(r.URL.RequestURI(), "/octo/moved/"), http.StatusFound)
				return
			}
			handler.ServeHTTP(w, r)
		})
	}
	secure.Config.Handler, m.github.Config.Handler = redirect(secure.Config.Handler), redirect(m.github.Config.Handler)
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	r := m.run("source", from+"/octo/moved", "ca-certificate", certificate)
	r.wants(2)
	r.says("BBA415", "http")
	from, to = to, from
	m.run("source", from+"/octo/moved", "ca-certificate", certificate).wants(0, "updated refs/heads/main")
}

// publicGit serves the source's repositories to everybody.
func publicGit(m *mirroring) http.Handler {
	token := m.hub.Add(e2etest.AccessToken.Reach(origin).Token)
	next := proxy(m.T, m.hub.URL)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.SetBasicAuth("x-token-auth", token.Secret)
		next.ServeHTTP(w, r)
	})
}

// A source on Bitbucket's own server that redirects to the destination is the
// destination.
func TestMirrorSourceRedirectsToDestination(t *testing.T) {
	t.Parallel()
	const other = "acme/old-name"
	m := newMirroringTo(t, e2etest.AccessToken.Reach(copied))
	m.mirror.load(seed)
	m.source.dir = m.mirror.dir
	m.bitbucket.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if path, ok := strings.CutPrefix(r.URL.Path, "/"+other); ok {
			http.Redirect(w, r, m.bitbucket.URL+"/"+copied+path+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
			return true
		}
		return false
	})
	m.sourceToken = "nothing-like-it"
	reader := m.fake.Add(e2etest.AccessToken.Reach(copied).Token)
	m.KeepSecret(reader.Secret)
	r := m.run("source", m.bitbucket.URL+"/"+other, "source-username", "x-token-auth", "source-token", reader.Secret, "prune", "true")
	r.wants(2)
	r.says("BBA407")
}

// A partial clone as source is refused before anything reads it: getting what it
// lacks would run what its configuration says.
func TestMirrorPartialClone(t *testing.T) {
	hostile := func(trap string) string {
		return "[remote \"origin\"]\n\turl = \"ext::sh -c 'touch " + trap + "'\"\n\tpromisor = true\n[protocol]\n\tallow = always\n"
	}
	for name, prepare := range map[string]func(m *mirroring, trap string) (path string){
		"made with git": func(m *mirroring, _ string) string {
			m.Run("git", "-C", m.source.dir, "config", "uploadpack.allowFilter", "true")
			m.Run("git", "clone", "--quiet", "--filter=blob:none", "file://"+m.source.dir, "clone")
			return "clone"
		},
		"extensions.partialClone": func(m *mirroring, _ string) string {
			m.Run("git", "clone", "--quiet", "file://"+m.source.dir, "clone")
			m.Run("git", "-C", "clone", "config", "core.repositoryFormatVersion", "1")
			m.Run("git", "-C", "clone", "config", "extensions.partialClone", "origin")
			return "clone"
		},
		"a promisor without a value": func(m *mirroring, _ string) string {
			m.Run("git", "clone", "--quiet", "file://"+m.source.dir, "clone")
			m.append("clone/.git/config", "[remote \"x\"]\n\tpromisor\n")
			return "clone"
		},
		"in config.worktree": func(m *mirroring, trap string) string {
			m.Run("git", "clone", "--quiet", "file://"+m.source.dir, "clone")
			m.Run("git", "-C", "clone", "config", "extensions.worktreeConfig", "true")
			m.append("clone/.git/config.worktree", hostile(trap))
			return "clone"
		},
		"of a worktree's common directory": func(m *mirroring, trap string) string {
			m.Run("git", "clone", "--quiet", "file://"+m.source.dir, "clone")
			m.Run("git", "-C", "clone", "worktree", "add", "--quiet", "../tree")
			m.append("clone/.git/config", hostile(trap))
			return "tree"
		},
		"in an included file": func(m *mirroring, trap string) string {
			m.Run("git", "clone", "--quiet", "file://"+m.source.dir, "clone")
			m.append("clone/.git/config", "[includeIf \"gitdir:/\"]\n\tpath = more\n")
			m.append("clone/.git/more", hostile(trap))
			return "clone"
		},
		"bare, without its .git": func(m *mirroring, trap string) string {
			m.Run("git", "clone", "--quiet", "--mirror", "file://"+m.source.dir, "bare.git")
			m.append("bare.git/config", hostile(trap))
			return "bare"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			trap := m.Path("trapped")
			r := m.run("source", prepare(m, trap), "source-token", "")
			r.wants(2)
			r.says("BBA410")
			if e2etest.Content(trap) != "" || exists(trap) {
				t.Error("the source's configuration was run")
			}
		})
	}
	t.Run("no promisor", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.source.commit("main", "four", "text")
		m.Run("git", "clone", "--quiet", "file://"+m.source.dir, "clone")
		m.append("clone/.git/config", "[remote \"x\"]\n\tpromisor = no\n[include]\n\tpath = ../../nowhere\n")
		m.run("source", "clone", "source-token", "").wants(0, "updated refs/heads/main")
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (m *mirroring) append(name, text string) {
	m.T.Helper()
	file, err := os.OpenFile(m.Path(name), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		m.T.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		m.T.Fatal(err)
	}
}

// If the program is killed, no process that it started is alive for long.
func TestMirrorKilled(t *testing.T) {
	for name, stall := range map[string]func(m *mirroring) <-chan struct{}{
		"during a fetch":       func(m *mirroring) <-chan struct{} { return m.github.stall(m.T, "/git-upload-pack", 1) },
		"during a push":        func(m *mirroring) <-chan struct{} { return m.bitbucket.stall(m.T, "/git-receive-pack", 0) },
		"during an LFS fetch":  func(m *mirroring) <-chan struct{} { return m.github.stall(m.T, oid("large"), 0) },
		"during an LFS push":   func(m *mirroring) <-chan struct{} { return m.bitbucket.stall(m.T, oid("large"), 0) },
		"during both listings": func(m *mirroring) <-chan struct{} { m.github.stall(m.T, "", 0); return m.bitbucket.stall(m.T, "", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "large.bin", m.upload(m.hub, origin, "large"))
			arrived := stall(m)
			cmd, _ := m.step()
			log, err := os.Create(filepath.Join(t.TempDir(), "log"))
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			cmd.Stdout = log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-arrived:
			case <-time.After(patience):
				t.Error("the server isn't asked")
			}
			started := session(cmd.Process.Pid)
			_ = syscall.Kill(cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait()
			if len(started) < 3 {
				t.Errorf("there is nothing to end but %q", started)
			}
			var alive []string
			for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				if alive = session(cmd.Process.Pid); len(alive) == 0 {
					break
				}
			}
			if len(alive) > 0 {
				t.Errorf("still alive: %q", alive)
			}
			if err := os.RemoveAll(m.temporary); err != nil {
				t.Error(err)
			}
		})
	}
}

// The temporary directory is where the step, or else the host, wants it.
func TestMirrorTemporary(t *testing.T) {
	for name, test := range map[string]struct {
		set  map[string]string // to folders below the workspace
		want string
	}{
		"a relative TMPDIR":    {map[string]string{"TMPDIR": "./relative"}, "relative"},
		"TMPDIR first":         {map[string]string{"TMPDIR": "/a", "RUNNER_TEMP": "/b"}, "a"},
		"the runner's":         {map[string]string{"TMPDIR": "", "RUNNER_TEMP": "/b"}, "b"},
		"the agent's":          {map[string]string{"TMPDIR": "", "AGENT_TEMPDIRECTORY": "/b"}, "b"},
		"one that isn't there": {map[string]string{"TMPDIR": "", "RUNNER_TEMP": "/missing", "AGENT_TEMPDIRECTORY": "/b"}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			for _, folder := range []string{"relative", "a", "b"} {
				if err := os.Mkdir(m.Path(folder), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for variable, folder := range test.set {
				if strings.HasPrefix(folder, "/") {
					folder = m.Dir + folder
				}
				m.Env[variable] = folder
			}
			var used []string
			m.github.onRequest("/git-upload-pack", func() {
				for _, folder := range []string{"relative", "a", "b"} {
					if found, _ := filepath.Glob(m.Path(folder) + "/bitbucket-auth-mirror-*"); len(found) > 0 {
						used = append(used, folder)
					}
				}
			})
			m.run().wants(0, "updated refs/heads/main")
			if !slices.Equal(used, []string{test.want}) {
				t.Errorf("used %q, want %q", used, test.want)
			}
		})
	}
}

// A run that nohup protects isn't ended by SIGHUP.
func TestMirrorUnderNohup(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.commit("main", "four", "text")
	before := m.mirror.refs()
	cmd, files := m.step()
	m.github.onRequest("/git-upload-pack", func() { _ = cmd.Process.Signal(syscall.SIGHUP) })
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Args = nohup, append([]string{nohup}, cmd.Args...)
	text, _ := cmd.CombinedOutput()
	m.result(cmd, files, before, string(text)).wants(0, "updated refs/heads/main")
}
