//go:build linux

package documents

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// marker stands for every secret in a traced script.
const marker = "SECRETSECRETSECRET"

var (
	secretName = regexp.MustCompile(`(?i)\b\w*(token|secret|password|authorization|credential|avo-assure)\b`)
	// Expressions that a host replaces in the text of a script: GitHub's, Harness's,
	// and Azure's, which look like a shell's command substitution.
	expression = regexp.MustCompile(`\$\{\{.*?\}\}|<\+.*?>|\$\([A-Za-z_]\w*(\.\w+)*\)`)
	shellName  = regexp.MustCompile(`\$\{?(\w+)`)
)

// tracer makes bash trace a script without running any program: there is none in
// PATH. It runs a script twice, once with every program successful and once with
// every program failing, so that both branches of a condition are traced.
const tracer = `
command_not_found_handle() { return "$FOUND"; }
set() { :; }
exit() { :; }
sleep() { builtin exit; }
PS4='+ '
builtin set -x
`

// trace returns the commands that a script runs, as bash expands them.
func (s Script) trace(t *testing.T) (commands []string) {
	t.Helper()
	text := expression.ReplaceAllStringFunc(s.Text, func(e string) string {
		if secretName.MatchString(strings.ReplaceAll(e, "on_missing_token", "")) { // which isn't a token
			return marker
		}
		return "expression"
	})
	dir := t.TempDir()
	env := []string{"PATH=/nowhere", "PROGRAM=/nowhere/bitbucket-auth", "RUNNER_TEMP=" + dir, "GITHUB_ENV=" + filepath.Join(dir, "env")}
	for _, match := range shellName.FindAllStringSubmatch(text, -1) {
		if secretName.MatchString(match[1]) {
			env = append(env, match[1]+"="+marker)
		}
	}
	for _, found := range []string{"FOUND=0", "FOUND=1"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "bash", "-c", tracer+text)
		cmd.Dir, cmd.Env = dir, append(slices.Clone(env), found)
		out, _ := cmd.CombinedOutput() // it ends in any way
		if ctx.Err() != nil {
			t.Errorf("%s: the script doesn't end:\n%s", s.File, s.Text)
		}
		for line := range strings.Lines(string(out)) {
			// A plus for each level of command substitution.
			if words := strings.TrimLeft(line, "+"); words != line && strings.HasPrefix(words, " ") {
				commands = append(commands, strings.TrimSpace(words))
			}
		}
	}
	return commands
}

// shellsOwn are commands that start no program.
var shellsOwn = []string{"printf", "echo", "export", "read", ":", "[", "'['", "[[", "test", "eval", "cd", "return", "command_not_found_handle", "for", "case"}

// showsSecret is the first command whose arguments, which every process of the
// machine can read, hold a secret.
func (s Script) showsSecret(t *testing.T) string {
	t.Helper()
	for _, command := range s.trace(t) {
		first, _, _ := strings.Cut(command, " ")
		if strings.Contains(command, marker) && !slices.Contains(shellsOwn, first) && !assignment.MatchString(first) {
			return command
		}
	}
	return ""
}

var assignment = regexp.MustCompile(`^\w+=`)

// No sample puts a secret on a command line.
func TestSamplesHideSecrets(t *testing.T) {
	t.Parallel()
	for _, s := range Scripts(t) {
		if command := s.showsSecret(t); command != "" {
			t.Errorf("%s puts a secret on a command line: %s", s.File, command)
		}
	}
	for _, text := range []string{
		`curl -H "Authorization: $AUTHORIZATION" https://api.bitbucket.org/2.0/user`,
		`curl --fail --header "Authorization: Bearer ${BITBUCKET_TOKEN}" https://api.bitbucket.org/2.0/user`,
		`curl -u "me@example.com:$TOKEN" https://api.bitbucket.org/2.0/user`,
		`curl "https://me:${{ secrets.BITBUCKET_TOKEN }}@api.bitbucket.org/2.0/user"`,
		`wget -q --header="Authorization: $(login.authorization)" https://api.bitbucket.org/2.0/user`,
		`git -c "http.extraHeader=Authorization: $BITBUCKET_AUTHORIZATION" fetch`,
		`url=https://x-token-auth:$BITBUCKET_TOKEN@bitbucket.org/team/repo.git; git clone "$url"`,
		`if ! jq --version; then npm config set token "$NPM_TOKEN"; fi`,
		`x=$(curl -H "Authorization: <+secrets.getValue("bitbucket_token")>" https://api.bitbucket.org/2.0/user)`,
		"exec docker run -e BITBUCKET_AUTH_TOKEN=\"$BITBUCKET_AUTH_TOKEN\" \\\n  image",
		`exec env -i PATH="$PATH" BITBUCKET_AUTH_TOKEN="$BITBUCKET_AUTH_TOKEN" bitbucket-auth`,
	} {
		if (Script{File: "made up", Text: text}).showsSecret(t) == "" {
			t.Errorf("this isn't noticed: %s", text)
		}
	}
	for _, text := range []string{
		`curl -H @- https://api.bitbucket.org/2.0/user <<<"Authorization: $AUTHORIZATION"`,
		`printf 'Authorization: %s' "$AUTHORIZATION" | curl -H @- https://api.bitbucket.org/2.0/user`,
		`export BITBUCKET_AUTH_TOKEN="$BITBUCKET_TOKEN"; BITBUCKET_AUTH_TOKEN=$TOKEN bitbucket-auth`,
		`exec docker run -e BITBUCKET_AUTH_TOKEN image`,
	} {
		if command := (Script{File: "made up", Text: text}).showsSecret(t); command != "" {
			t.Errorf("%s is taken for one that shows a secret: %s", text, command)
		}
	}
}

// program matches a command that starts the program: by its name, or by that of an
// image with it.
var program = regexp.MustCompile(`^(exec )?(env .*)?(docker run .*\bbitbucket-(auth|mirror)\S*|\S*\bbitbucket-auth( mirror| --shell)?)$`)

// starts returns the commands by which a script starts the program.
func (s Script) starts(t *testing.T) []string {
	t.Helper()
	commands := slices.DeleteFunc(s.trace(t), func(command string) bool { return !program.MatchString(command) })
	slices.Sort(commands)
	return slices.Compact(commands)
}

// withoutExec are samples that can't replace their shell, each with the name under
// which docs/hosts.md gives the reason.
var withoutExec = map[string]string{
	"docs/hosts/buildkite-pre-command":   "**Buildkite**",
	"docs/hosts/gitlab-ci.yml":           "**GitLab, Bitbucket Pipelines**",
	"templates/credential.yml":           "**GitLab, Bitbucket Pipelines**",
	"templates/mirror.yml":               "**GitLab, Bitbucket Pipelines**",
	"docs/hosts/bitbucket-pipelines.yml": "**GitLab, Bitbucket Pipelines**",
}

// typedReason stands in docs/hosts.md for all scripts that people type.
const typedReason = "**A line that you type into a shell**"

// Hosts send the signal of a cancelled job to the shell: only a program that
// replaced it gets it.
func TestSamplesExec(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(e2etest.ReadFile(t, filepath.Join(e2etest.Root(), "docs/hosts.md")), "\n## Let a cancelled job reach the program\n")
	section, _, _ = strings.Cut(section, "\n## ")
	reasons := map[string]bool{}
	found := 0
	for _, s := range Scripts(t) {
		for _, command := range s.starts(t) {
			found++
			reason, except := withoutExec[s.File]
			if s.typed {
				reason, except = typedReason, true
			}
			switch {
			case except:
				reasons[reason] = true
			case !strings.HasPrefix(command, "exec "):
				t.Errorf("%s doesn't start the program by exec: %s", s.File, command)
			}
		}
	}
	for reason := range reasons {
		if !strings.Contains(section, "- "+reason+": ") {
			t.Errorf("docs/hosts.md doesn't say why %s can't use exec", reason)
		}
	}
	if found < 12 || len(reasons) != 3 {
		t.Errorf("%d starts and the reasons %v were found", found, reasons)
	}
	for text, starts := range map[string]int{
		`bitbucket-auth`: 1, `./bitbucket-auth mirror`: 1, `"$PROGRAM" mirror`: 1,
		`docker run -e A=1 ghcr.io/seed-e1d06701/bitbucket-auth:v1`: 1, `BITBUCKET_AUTH_GIT=host /tmp/bitbucket-auth; true`: 1,
		`docker create bitbucket-auth; chmod +x bitbucket-auth`: 0,
	} {
		if got := (Script{File: "made up", Text: text}).starts(t); len(got) != starts {
			t.Errorf("%s starts %q", text, got)
		}
	}
}

// The names of scripts' programs come from PATH, where this test has none.
func TestTraceRunsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	(Script{File: "made up", Text: "touch " + path}).trace(t)
	if _, err := os.Stat(path); err == nil {
		t.Error("a program ran")
	}
}
