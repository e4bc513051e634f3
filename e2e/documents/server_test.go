//go:build linux

package documents

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// ownServer is a server on which the samples of docs/server.md run.
type ownServer struct {
	*e2etest.Job
	bitbucket *bitbuckettest.Server
	tokens    map[string]string // by the file that holds one
	blocks    map[string]string // the page's samples, by heading and language
	program   string
}

const etc = "/etc/bitbucket-mirror"

func newOwnServer(t *testing.T) *ownServer {
	t.Helper()
	s := &ownServer{
		Job: e2etest.NewJob(t), tokens: map[string]string{}, blocks: map[string]string{}, program: e2etest.Program(t),
		bitbucket: bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{myRepo, "my-team/source"}}),
	}
	writes := bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket"}}
	reads := bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket"}}
	s.tokens["token"], s.tokens["source-token"] = s.bitbucket.Add(writes).Secret, s.bitbucket.Add(reads).Secret
	s.Run("git", "init", "--quiet", "--template=")
	s.Run("git", "commit", "--quiet", "--allow-empty", "--message", "one")
	s.Run("git", "push", "--quiet", s.bitbucket.Dir("my-team/source"), "HEAD:refs/heads/main")

	page := e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/server.md"))
	for _, section := range strings.Split(page, "\n## ")[1:] {
		title, _, _ := strings.Cut(section, "\n")
		for _, block := range codeBlock.FindAllStringSubmatch(section, -1) {
			s.blocks[title+" "+block[1]] += block[2] + "\n"
		}
	}
	if len(s.blocks) != 5 { // e2e/runners runs the one for Docker
		t.Fatalf("the page has %d kinds of samples, and not five", len(s.blocks))
	}
	return s
}

// here replaces what this machine doesn't have.
func (s *ownServer) here(text string) string {
	return strings.NewReplacer(
		etc, s.Path("etc"), "/usr/local/bin/bitbucket-auth", s.program,
		"https://git.example.com/my-team/my-repo.git", s.bitbucket.URL+"/my-team/source.git",
	).Replace(text)
}

// store runs the commands of the page that store the tokens.
func (s *ownServer) store() {
	s.T.Helper()
	commands := strings.Split(strings.TrimSpace(s.blocks["Store the tokens sh"]), "\n")
	for _, command := range commands[1:] { // after the one that creates a user
		command = strings.NewReplacer("sudo ", "", " -o mirror", "").Replace(s.here(command))
		cmd := s.Command(nil, "sh", "-c", command)
		if strings.Contains(command, "/dev/stdin") {
			cmd.Stdin = strings.NewReader(s.tokens[filepath.Base(command)] + "\n")
		}
		if text, err := cmd.CombinedOutput(); err != nil {
			s.T.Fatalf("%s: %v\n%s", command, err, text)
		}
	}
	for name, token := range s.tokens {
		if info, err := os.Stat(s.Path("etc/" + name)); err != nil || info.Mode() != 0o600 || e2etest.Content(s.Path("etc/"+name)) != token+"\n" {
			s.T.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// mirrors wants a command to mirror without a word if it succeeds and quiet is set, and
// to say what is wrong if the source's repository isn't there any more.
func (s *ownServer) mirrors(quiet bool, env []string, args ...string) {
	s.T.Helper()
	run := func() (string, error) {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = "/", append([]string{"PATH=" + os.Getenv("PATH"), "BITBUCKET_AUTH_SERVER_URL=" + s.bitbucket.URL}, env...)
		text, err := cmd.CombinedOutput()
		for _, token := range s.tokens {
			e2etest.CheckNoSecret(s.T, string(text), token)
		}
		return string(text), err
	}
	if text, err := run(); err != nil || quiet && text != "" {
		s.T.Errorf("%v\n%s", err, text)
	}
	s.CheckRefs(s.bitbucket, myRepo, "refs/heads/main")
	if err := os.Rename(s.bitbucket.Dir("my-team/source"), s.Path("gone")); err != nil {
		s.T.Fatal(err)
	}
	if text, err := run(); err == nil || !strings.Contains(text, "BBA4") {
		s.T.Errorf("without the source: %v\n%s", err, text)
	}
}

func TestServerCron(t *testing.T) {
	t.Parallel()
	s := newOwnServer(t)
	s.store()
	lines := strings.Split(strings.TrimSpace(s.here(s.blocks["cron crontab"])), "\n")
	last := len(lines) - 1
	// crontab(5): five fields, the user, and the command, where % is a line's end.
	job := regexp.MustCompile(`^(\S+ ){5}mirror ([^%]+)$`).FindStringSubmatch(lines[last])
	if job == nil {
		t.Fatalf("no job: %s", lines[last])
	}
	s.mirrors(true, append(lines[:last:last], "HOME=/", "SHELL=/bin/sh"), "/bin/sh", "-c", job[2])
}

func TestServerSystemd(t *testing.T) {
	t.Parallel()
	s := newOwnServer(t)
	s.store()
	text := s.here(s.blocks["systemd ini"])
	service, timer, _ := strings.Cut(text, "\n\n[Unit]\nDescription=Mirror my-repo to Bitbucket every")
	timer = "[Unit]\nDescription=Mirror my-repo to Bitbucket every" + timer
	s.Write("bitbucket-mirror.service", service+"\n")
	s.Write("bitbucket-mirror.timer", timer)
	if path, err := exec.LookPath("systemd-analyze"); err == nil {
		cmd := exec.Command(path, "verify", "--man=no", "--recursive-errors=no", s.Path("bitbucket-mirror.service"), s.Path("bitbucket-mirror.timer"))
		if text, err := cmd.CombinedOutput(); err != nil || len(text) > 0 {
			t.Errorf("systemd-analyze: %v\n%s", err, text)
		}
	}

	// systemd.exec(5): %d is the folder of the credentials.
	credentials := t.TempDir()
	env := []string{"HOME=/", "CREDENTIALS_DIRECTORY=" + credentials}
	var start []string
	for line := range strings.Lines(service) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key {
		case "LoadCredential":
			name, from, _ := strings.Cut(value, ":")
			if err := os.WriteFile(filepath.Join(credentials, name), []byte(e2etest.ReadFile(t, from)), 0o400); err != nil {
				t.Fatal(err)
			}
		case "Environment":
			env = append(env, strings.ReplaceAll(value, "%d", credentials))
		case "ExecStart":
			start = strings.Fields(value)
		}
	}
	if start == nil {
		t.Fatal("the service starts nothing")
	}
	s.mirrors(true, env, start...)
}

func TestServerJenkins(t *testing.T) {
	t.Parallel()
	s := newOwnServer(t)
	text := s.here(s.blocks["Jenkins groovy"])
	env := []string{"HOME=" + s.Env["HOME"], "JENKINS_URL=http://jenkins.example.com/", "BUILD_ID=1"}
	for _, match := range regexp.MustCompile(`(?m)^ +([A-Z_]+) = '(.*)'$`).FindAllStringSubmatch(text, -1) {
		env = append(env, match[1]+"="+match[2])
	}
	for _, match := range regexp.MustCompile(`credentialsId: '(?:bitbucket-)?(\S+)', variable: '(\w+)'`).FindAllStringSubmatch(text, -1) {
		env = append(env, match[2]+"="+s.tokens[match[1]])
	}
	script := groovyScript.FindStringSubmatch(text)
	if script == nil {
		t.Fatal("the pipeline runs nothing")
	}
	s.mirrors(false, env, "sh", "-xe", "-c", script[1]+script[2])
}
