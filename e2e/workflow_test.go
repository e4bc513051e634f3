//go:build linux

package e2e

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// TestWorkflow runs workflows that say `uses: ./` under act, in containers.
func TestWorkflow(t *testing.T) {
	needAct(t)
	tree := copyTree(t)
	commit(t, tree)

	// Before the others, which then find what it built in Docker's cache.
	t.Run("CI's own job", func(t *testing.T) {
		s, err := documented("api-token")
		if err != nil {
			t.Fatal(err)
		}
		log := act{workflow: ".github/workflows/ci.yml", job: "action"}.run(t, tree)
		for _, secret := range []string{"credential", "authorization", "token"} {
			checkLine(t, log, `"`+secret+`": "(Basic )?\*\*\*",?`)
		}
		for _, secret := range []string{"BITBUCKET_CREDENTIAL", "BITBUCKET_AUTHORIZATION"} {
			checkLine(t, log, secret+`=(Basic )?\*\*\*`)
		}
		checkLine(t, log, `"kind": "`+s.Kind+`",?`)
		checkLine(t, log, `"identity": "`+regexp.QuoteMeta(s.Identity)+`",?`)
		checkLine(t, log, regexp.QuoteMeta(s.Identity)+`:\*\*\*`)
		checkNoSecret(t, log, s.Token)
	})

	t.Run("later steps", func(t *testing.T) {
		t.Parallel()
		token, access := credentialtest.APIToken(), credentialtest.AccessToken()
		server := listen(t)
		log := act{workflow: "e2e/testdata/workflows/e2e-later-steps.yml", vars: map[string]string{
			"TOKEN": token, "ACCESS_TOKEN": access, "SERVER": server.URL,
		}}.run(t, tree)

		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("me@example.com:"+token))
		bearer := "Bearer " + access
		for path, want := range map[string]string{
			"/one/variable": basic, "/one/output": basic, "/one/credential": basic,
			"/another/variable": bearer, "/another/output": bearer,
		} {
			if got := server.authorizations(path); !slices.Equal(got, []string{want}) {
				t.Errorf("the server got %q at %s, want %q", got, path, want)
			}
		}
		checkLine(t, log, `BITBUCKET_AUTHORIZATION=(Basic )?\*\*\*`)
		checkLine(t, log, `MIRROR_AUTHORIZATION=(Bearer )?\*\*\*`)
		checkLine(t, log, `me@example\.com:\*\*\*`)
		checkNoSecret(t, log, token)
		checkNoSecret(t, log, access)
	})

	t.Run("faults", func(t *testing.T) {
		t.Parallel()
		log := act{workflow: "e2e/testdata/workflows/e2e-faults.yml"}.run(t, tree)
		checkLine(t, log, `.*\(BBA101\).*`)
	})
}

// act is one run of act.
type act struct {
	workflow string
	event    string            // push, unless it says otherwise
	job      string            // one of its jobs, or empty: all
	vars     map[string]string // the workflow's variables
	args     []string          // more of act's own
}

// run runs a workflow of a tree, and returns its log. It fails the test where a
// job fails.
func (a act) run(t *testing.T, tree string) string {
	t.Helper()
	// With a unique name, two runs don't share containers; .ci/setup --stop finds
	// the volumes by the prefix.
	text, err := os.ReadFile(filepath.Join(tree, a.workflow))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`(?m)^name: .*$`)
	if !name.Match(text) {
		t.Fatalf("%s has no name", a.workflow)
	}
	text = name.ReplaceAll(text, []byte("name: "+newName("e2e")))
	// Beside the tree, not in it: then the runs of all tests have the same tree.
	home := t.TempDir()
	workflow := filepath.Join(home, "workflow.yml")
	if err := os.WriteFile(workflow, text, 0o600); err != nil {
		t.Fatal(err)
	}

	args := []string{
		cmp.Or(a.event, "push"), "--directory", tree, "--workflows", workflow, "--platform", "ubuntu-latest=" + jobImage,
		"--pull=false", "--no-cache-server", "--rm", "--container-options", "--label=" + label,
		"--env-file", os.DevNull, "--secret-file", os.DevNull, "--var-file", os.DevNull, "--input-file", os.DevNull,
	}
	args = append(args, a.args...)
	if a.job != "" {
		args = append(args, "--job", a.job)
	}
	env := append(clientEnvironment(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home)
	for name, value := range a.vars {
		args = append(args, "--var", name) // the value comes out of the environment
		env = append(env, name+"="+value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	binary, err := filepath.Abs(filepath.Join(root, ".bin/act"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = home, env
	// Asked to end, act removes its containers.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	log, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("act: %v\n%s", err, log)
	}
	return string(log)
}

// commit makes a repository of a tree, which act needs.
func commit(t *testing.T, tree string) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch", "main"},
		{"add", "--all"},
		{
			"-c", "user.name=e2e", "-c", "user.email=e2e@example.com", "-c", "core.hooksPath=" + os.DevNull,
			"commit", "--quiet", "--no-gpg-sign", "--message", "as it is now",
		},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = tree
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, text)
		}
	}
}

// checkLine wants a line of a job's output in act's log.
func checkLine(t *testing.T, log, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`(?m)^\[.*\] +[|❗🚧] +` + pattern + `\r?$`).MatchString(log) {
		t.Errorf("no line of the log is %s\n%s", pattern, log)
	}
}

// checkNoSecret wants nothing of a token, nor of its base64, in act's log.
func checkNoSecret(t *testing.T, log, token string) {
	t.Helper()
	if leaks := hosttest.Leaks(log, token); len(leaks) > 0 {
		t.Errorf("the token shows: %s", leaks[0])
	}
	// A wrapped text has act's prefix on each of its lines.
	bare := regexp.MustCompile(`(?m)^\[.*\] +\S+ *`).ReplaceAllString(log, "")
	if leaks := hosttest.Leaks(bare, token); len(leaks) > 0 {
		t.Errorf("the token shows: %s", leaks[0])
	}
}

// server keeps the Authorization headers that it gets.
type server struct {
	*httptest.Server
	mutex sync.Mutex
	got   map[string][]string // by path
}

// listen starts a server that containers on the host's network can reach.
func listen(t *testing.T) *server {
	t.Helper()
	s := &server{got: map[string][]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.got[r.URL.Path] = append(s.got[r.URL.Path], r.Header.Get("Authorization"))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) authorizations(path string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.got[path]
}
