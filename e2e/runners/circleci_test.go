//go:build linux

package runners

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

const orbFile = "hosts/circleci/src/@orb.yml"

// orb is what the tests need of CircleCI's orb.
type orb struct {
	Commands map[string]struct {
		Parameters map[string]struct {
			Type    string
			Default any
		}
		Steps []struct {
			Run struct {
				Name, Command string
				Environment   map[string]string
			}
		}
	}
	Examples map[string]struct {
		Usage struct {
			Jobs map[string]struct{ Steps []any }
		}
	}
}

// readOrb reads the orb as a release has it: with the address and the checksum of the
// program.
func readOrb(t *testing.T, url, checksum string) orb {
	t.Helper()
	text := edit(t, read(t, filepath.Join(root, orbFile)), "            RELEASE\n", "            "+url+"\n            "+checksum+"\n            RELEASE\n")
	var o orb
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// reference is a parameter in a configuration (circleci.com/docs, reusing configuration).
var reference = regexp.MustCompile(`<<\s*parameters\.([a-z-]+)\s*>>`)

// job runs the scripts of commands and of later steps one after the other, as CircleCI
// does: each in a bash that first reads the file that BASH_ENV names.
type circleJob struct {
	orb
	dir, home string
	env       map[string]string // of the project and its context
	log       string
}

// use runs a command with arguments.
func (j *circleJob) use(t *testing.T, command string, arguments map[string]string) error {
	t.Helper()
	declared := j.Commands[command].Parameters
	for name := range arguments {
		if _, is := declared[name]; !is {
			t.Fatalf("the command %s has no parameter %s", command, name)
		}
	}
	// Under environment, a parameter that is the whole value keeps its type, and CircleCI
	// turns booleans into numbers.
	resolve := func(text string, environment bool) string {
		return reference.ReplaceAllStringFunc(text, func(whole string) string {
			name := reference.FindStringSubmatch(whole)[1]
			value, given := arguments[name]
			if !given {
				if declared[name].Type == "" || declared[name].Default == nil {
					t.Fatalf("the command %s has no value for %s", command, name)
				}
				value = fmt.Sprint(declared[name].Default)
			}
			if environment && declared[name].Type == "boolean" {
				return map[string]string{"true": "1", "false": "0"}[value]
			}
			return value
		})
	}
	for _, step := range j.Commands[command].Steps {
		env := maps.Clone(j.env)
		for name, value := range step.Run.Environment {
			env[name] = resolve(value, true)
		}
		script := strings.ReplaceAll(resolve(step.Run.Command, false), `\<<`, "<<")
		if err := j.run(t, script, env); err != nil {
			return fmt.Errorf("%s: %w", step.Run.Name, err)
		}
	}
	return nil
}

// run runs a step's script.
func (j *circleJob) run(t *testing.T, script string, env map[string]string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "step.sh")
	write(t, file, script, 0o600)
	cmd := exec.Command("/bin/bash", "-eo", "pipefail", file)
	cmd.Dir = j.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + j.home, "CIRCLECI=true", "CI=true", "BASH_ENV=" + filepath.Join(j.home, "bash_env")}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	text, err := cmd.CombinedOutput()
	j.log += string(text)
	return err
}

// newCircleJob starts a job with a released program, and a private repository on the
// server that started it.
func newCircleJob(t *testing.T) (*circleJob, privateRepository) {
	t.Helper()
	program := product(t)
	url, authorities := release(t, program)
	repository, home := privateSource(t), t.TempDir()
	write(t, filepath.Join(home, "bash_env"), "", 0o644)
	write(t, filepath.Join(home, "authorities.pem"), authorities, 0o644)
	j := &circleJob{
		orb: readOrb(t, url, fmt.Sprintf("%x  %s", sha256.Sum256([]byte(read(t, program))), released())), dir: t.TempDir(), home: home,
		env: map[string]string{
			"CURL_CA_BUNDLE": filepath.Join(home, "authorities.pem"), "SOURCE_TOKEN": repository.token,
			"CIRCLE_REPOSITORY_URL": repository.url,
		},
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(j.log)
		}
	})
	return j, repository
}

// TestCircleCICredential runs the command's scripts, as they stand in the orb, and then
// the documented step and a push.
func TestCircleCICredential(t *testing.T) {
	t.Parallel()
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"team/repo"}})
	token := bitbucket.Add(readsAndWrites)
	j, _ := newCircleJob(t)
	arguments := exampleOf(t, j.orb, "credential")
	arguments["identity"], arguments["server-url"], arguments["rewrite-ssh"] = token.Email, bitbucket.URL, "true"
	if err := j.use(t, "credential", arguments); err == nil {
		t.Error("it succeeds without a token")
	}
	checkContains(t, j.log, "BBA101")
	j.env["BITBUCKET_TOKEN"] = token.Secret
	if err := j.use(t, "credential", arguments); err != nil {
		t.Fatal(err)
	}
	if err := j.run(t, `git ls-remote "$BITBUCKET_REPOSITORY_URL" HEAD
git init --quiet
git -c user.name=dev -c user.email=dev@example.com commit --quiet --allow-empty --message one
git push --quiet "git@127.0.0.1:team/repo.git" HEAD:refs/heads/main
`, nil); err != nil {
		t.Error(err)
	}
	checkPushed(t, bitbucket, "team/repo")
	checkHidden(t, j.log, token.Secret)
	if info, err := os.Stat(filepath.Join(j.home, "bash_env")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of BASH_ENV: %v %v", info.Mode(), err)
	}
}

// TestCircleCIMirror runs the command's scripts for a private repository.
func TestCircleCIMirror(t *testing.T) {
	t.Parallel()
	bitbucket := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"my-team/my-repo"}})
	token := bitbucket.Add(bitbuckettest.Token{
		Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository:write"}, Reach: []string{"my-team/my-repo"},
	})
	j, repository := newCircleJob(t)
	j.env["OTHER_NAME"] = token.Secret
	arguments := exampleOf(t, j.orb, "mirror")
	arguments["server-url"], arguments["prune"], arguments["token-variable"] = bitbucket.URL, "true", "OTHER_NAME"
	if err := j.use(t, "mirror", arguments); err != nil {
		t.Error(err)
	}
	repository.checkMirrored(t, bitbucket.Dir("my-team/my-repo"))
	checkHidden(t, j.log, token.Secret, j.env["SOURCE_TOKEN"])
}

// exampleOf returns the arguments of the command in its documented example.
func exampleOf(t *testing.T, o orb, command string) map[string]string {
	t.Helper()
	for _, job := range o.Examples[command].Usage.Jobs {
		for _, step := range job.Steps {
			if use, is := step.(map[string]any); is {
				if given, is := use["bitbucket-auth/"+command].(map[string]any); is {
					arguments := map[string]string{}
					for name, value := range given {
						arguments[name] = fmt.Sprint(value)
					}
					return arguments
				}
			}
		}
	}
	t.Fatalf("no example uses the command %s", command)
	return nil
}

// TestCircleCIUnreleased gets no program from an orb that isn't a release's.
func TestCircleCIUnreleased(t *testing.T) {
	t.Parallel()
	j, _ := newCircleJob(t)
	var o orb
	if err := yaml.Unmarshal([]byte(read(t, filepath.Join(root, orbFile))), &o); err != nil {
		t.Fatal(err)
	}
	j.orb = o
	if err := j.use(t, "credential", nil); err == nil {
		t.Error("it succeeds")
	}
	checkContains(t, j.log, "isn't a release")
}

// TestCircleCISchema has CircleCI's own parser read the orb.
func TestCircleCISchema(t *testing.T) {
	t.Parallel()
	text := read(t, filepath.Join(root, orbFile))
	found, err := parseOrb(t, text)
	want := []string{"command credential", "command mirror", "example credential report", "example mirror mirror"}
	for _, line := range want {
		if err != nil || !slices.ContainsFunc(strings.Split(found, "\n"), func(got string) bool { return strings.HasPrefix(got, line) }) {
			t.Errorf("%v: there is no %q:\n%s", err, line, found)
		}
	}
	if found, err := parseOrb(t, strings.Replace(text, "type: env_var_name", "type: variable", 1)); err == nil {
		t.Errorf("an unknown type is accepted:\n%s", found)
	}
}

func parseOrb(t *testing.T, text string) (string, error) {
	t.Helper()
	json, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	node, _ := npmProgram(t, "@circleci/circleci-config-parser", ".")
	cmd := exec.Command(node, "testdata/circleci.mjs")
	cmd.Stdin = bytes.NewReader(json)
	found, err := cmd.CombinedOutput()
	return string(found), err
}
