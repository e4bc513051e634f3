package git_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
)

// Which failures pass by themselves, in the words of git 2.39 with GnuTLS, and of
// curl's sources.
func TestPassingReasons(t *testing.T) {
	const unable = "fatal: unable to access 'https://git.example.com/a/b/': "
	for stderr, want := range map[string]bool{
		unable + "The requested URL returned error: 429":                            true,
		unable + "The requested URL returned error: 500":                            true,
		unable + "The requested URL returned error: 503":                            true,
		"error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502": true,
		"error: RPC failed; curl 18 transfer closed with outstanding read data":     true,
		"error: RPC failed; curl 56 Recv failure: Connection reset by peer":         true,
		"error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly":         true,
		"fetch-pack: unexpected disconnect while reading sideband packet":           true,
		"fatal: the remote end hung up unexpectedly":                                true,
		"fatal: early EOF":                                                                    true,
		unable + "Empty reply from server":                                                    true,
		unable + "GnuTLS recv error (-54): Error in the pull function.":                       true,
		unable + "GnuTLS recv error (-110): The TLS connection was non-properly terminated.":  true,
		unable + "Operation too slow. Less than 1 bytes/sec transferred the last 120 seconds": true,

		unable + "Recv failure: Operation timed out":                                       true,
		unable + "OpenSSL SSL_read: recv failure: x":                                       true,
		unable + "recv failure":                                                            true,
		unable + "Send failure: Broken pipe":                                               true,
		unable + "Connection reset by peer":                                                true,
		unable + "Connection was reset":                                                    true,
		unable + "HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR":                  true,
		unable + "HTTP/3 stream was reset":                                                 true,
		unable + "SSL_read: unexpected eof while reading":                                  true,
		unable + "transfer closed with 5 bytes remaining to read":                          true,
		"fatal: expected flush after ref listing":                                          true,
		"fatal: unable to access 'https://x/': TLS connection was non-properly terminated": true,

		unable + "The requested URL returned error: 401":                                               false,
		unable + "The requested URL returned error: 403":                                               false,
		unable + "The requested URL returned error: 404":                                               false,
		unable + "Could not resolve host: git.example.com":                                             false,
		unable + "Failed to connect to git.example.com port 443: Connection refused":                   false,
		unable + "Connection timed out after 300000 milliseconds":                                      false,
		unable + "server certificate verification failed. CAfile: none CRLfile: none":                  false,
		"fatal: Authentication failed for 'https://git.example.com/a/b/'":                              false,
		"remote: aborting due to possible repository corruption on the remote side.\nfatal: early EOF": false,
		"remote: early EOF\nfatal: not our ref":                                                        false,
		"error: pack-objects died of signal 9\nfatal: the remote end hung up unexpectedly":             false,
		"remote: The requested URL returned error: 503\nfatal: something new":                          false,
		"fatal: remote error: no\nThe requested URL returned error: 503":                               false,
		"fatal: fetch-pack: invalid index-pack output":                                                 false,
		unable + "The requested URL returned error: ":                                                  false,
		unable + "The requested URL returned error: 50":                                                false,
		unable + "The requested URL returned error: none":                                              false,
		"": false,
	} {
		if got := git.PassingReason(stderr) != ""; got != want {
			t.Errorf("%s\ngot %v", stderr, got)
		}
	}
}

// A listing is repeated three times at most, and each time says so.
func TestRepeat(t *testing.T) {
	git.ShortDelays(t)
	for _, test := range []struct {
		failures, status int
		requests         int
		want             fault.Code
	}{
		{0, 0, 1, fault.SourceNotFound},
		{2, 503, 3, fault.SourceNotFound},
		{3, 429, 4, fault.SourceNotFound},
		{9, 500, 4, fault.SourceUnreachable},
		{9, 403, 1, fault.SourceRefused},
	} {
		requests := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests++
			if requests <= test.failures {
				w.WriteHeader(test.status)
				return
			}
			w.WriteHeader(http.StatusNotFound)
		}))
		var said []string
		g, err := git.Open(git.Options{
			Program: "git",
			Source:  server.URL + "/a/b", Bitbucket: server.URL + "/c/d",
			Lookup:   os.LookupEnv,
			Scrub:    func(text string) string { return text },
			IsSecret: func(string) bool { return false },
			Say:      func(line string) { said = append(said, line) },
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.ListSource(t.Context(), false)
		if got := fault.From(err).Code; got != test.want || requests != test.requests || len(said) != requests-1 {
			t.Errorf("%+v: got %v, %d requests, said %q", test, err, requests, said)
		}
		g.Close()
		server.Close()
	}
}

// The temporary directory is in the first folder that a variable names and that can be
// used. TMPDIR is the user's own choice, so no other one is tried after it.
func TestTemporaryFolders(t *testing.T) {
	t.Parallel()
	folder, missing := t.TempDir(), filepath.Join(t.TempDir(), "missing")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, folder)
	if err != nil {
		t.Skip(err) // on Windows, it can be on another drive
	}
	for _, test := range []struct {
		variables map[string]string
		fails     bool
	}{
		{map[string]string{"TMPDIR": folder, "RUNNER_TEMP": missing}, false},
		{map[string]string{"RUNNER_TEMP": folder, "AGENT_TEMPDIRECTORY": missing}, false},
		{map[string]string{"RUNNER_TEMP": missing, "AGENT_TEMPDIRECTORY": folder}, false},
		{map[string]string{"AGENT_TEMPDIRECTORY": folder, "WORKSPACE_TMP": missing}, false},
		{map[string]string{"AGENT_TEMPDIRECTORY": missing, "WORKSPACE_TMP": folder}, false},
		{map[string]string{"TMPDIR": missing, "RUNNER_TEMP": folder}, true},
		{map[string]string{"TMPDIR": "", "RUNNER_TEMP": folder}, false},
		{map[string]string{"TMPDIR": relative, "RUNNER_TEMP": missing}, false},
	} {
		root, lock, err := git.MakeTemp(func(name string) (string, bool) { value, ok := test.variables[name]; return value, ok })
		if test.fails != (err != nil) || err == nil && filepath.Dir(root) != folder {
			t.Errorf("%v: got %q, %v", test.variables, root, err)
		}
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, "lock")); err != nil {
			t.Errorf("%v: %v", test.variables, err)
		}
		if err := lock.Close(); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("left are %v, %v", entries, err)
	}
}

// Where no variable names a folder that can be used, it is in the system's.
func TestTemporaryFolderOfTheSystem(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	for _, variables := range []map[string]string{{}, {"RUNNER_TEMP": missing, "WORKSPACE_TMP": missing}} {
		root, lock, err := git.MakeTemp(func(name string) (string, bool) { value, ok := variables[name]; return value, ok })
		if err != nil || filepath.Dir(root) != filepath.Clean(os.TempDir()) {
			t.Fatalf("%v: got %q, %v", variables, root, err)
		}
		lock.Close()
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	}
}

// What a killed run left is removed by the next one, and nothing else.
func TestLeftovers(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	open := func() *git.Git {
		g, err := git.Open(git.Options{Program: "git", Lookup: os.LookupEnv})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	path := func(name string) string { return filepath.Join(folder, "bitbucket-auth-mirror-"+name) }
	make := func(name, file string) {
		t.Helper()
		if err := os.MkdirAll(path(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path(name), file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	living := open()
	make("killed", "lock")
	make("starting", "new")
	target := filepath.Join(folder, "target")
	if err := os.Mkdir(target, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(target, "lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path("link")); err != nil {
		t.Skip("no symbolic links here")
	}
	make("file", "lock")
	if err := os.RemoveAll(path("file")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path("file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open().Close()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, strings.TrimPrefix(entry.Name(), "bitbucket-auth-mirror-"))
	}
	if got := strings.Join(left, " "); len(left) != 5 || strings.Contains(got, "killed") || !strings.Contains(got, "starting") || !strings.Contains(got, "link") || !strings.Contains(got, "target") {
		t.Errorf("left are %q", left)
	}
	living.Close()
}
