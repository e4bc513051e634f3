package main_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

// The hook of Buildkite's plugin starts the program with the settings of the plugin's
// configuration, and ends as the program does. A secret that doesn't exist is an empty
// token, about which the program decides.
func TestBuildkiteHook(t *testing.T) {
	t.Parallel()
	const prefix = "BUILDKITE_PLUGIN_BITBUCKET_AUTH_"
	for name, test := range map[string]struct {
		env  []string
		exit int
		want string // the program's arguments and settings, or a part of what the hook says
	}{
		"of the agent": {[]string{prefix + "TOKEN_SECRET=KNOWN"}, 0, "|TOKEN=of the agent"},
		"of a hook":    {[]string{prefix + "TOKEN_SECRET=_my_Token2", "_my_Token2=100%s \\n"}, 0, `|TOKEN=100%s \n`},
		"missing":      {[]string{prefix + "TOKEN_SECRET=MISSING", prefix + "ON_MISSING_TOKEN=skip"}, 0, "|ON_MISSING_TOKEN=skip|TOKEN="},
		"no source": {
			[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "SOURCE_TOKEN_SECRET=MISSING", prefix + "COMMAND=mirror"},
			0,
			"mirror|SOURCE_TOKEN=|TOKEN=of the agent",
		},
		"a source": {
			[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "SOURCE_TOKEN_SECRET=SOURCE", "SOURCE=of a hook", prefix + "COMMAND=mirror"},
			0,
			"mirror|SOURCE_TOKEN=of a hook|TOKEN=of the agent",
		},
		"a list": {
			[]string{
				prefix + "TOKEN_SECRET=KNOWN", prefix + "BRANCHES_0=main", prefix + "BRANCHES_9=topic", prefix + "BRANCHES_19=dev", prefix + "BRANCHES_90=old",
				prefix + "BRANCHES_100=next", prefix + "BRANCHES_199=v one", prefix + "BRANCHES_909=a", prefix + "BRANCHES_990=b",
			},
			0,
			"|BRANCHES=|TOKEN=of the agent|a|b|dev|main|next|old|topic|v one",
		},
		"a list of a setting with a hyphen": {
			[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "REQUIRED_SCOPES_0=repository", prefix + "REQUIRED_SCOPES_1=webhook"},
			0,
			"|REQUIRED_SCOPES=|TOKEN=of the agent|repository|webhook",
		},
		"another name": {[]string{"BUILDKITE_PLUGIN_NAME=MY_FORK", "BUILDKITE_PLUGIN_MY_FORK_TOKEN_SECRET=KNOWN", prefix + "GIT=host"}, 0, "|TOKEN=of the agent"},
		"no plugin":    {[]string{"BUILDKITE_PLUGIN_NAME=", prefix + "TOKEN_SECRET=KNOWN"}, 0, "|TOKEN=of the agent"},
		"set before":   {[]string{prefix + "TOKEN_SECRET=KNOWN", "BITBUCKET_AUTH_SERVER_URL=https://git.example.com"}, 0, "|TOKEN=of the agent"},
		"a fault":      {[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "KIND=wrong"}, 4, "|KIND=wrong|TOKEN=of the agent"},
		"no secret":    {nil, 2, "token-secret is missing"},
		"a token":      {[]string{prefix + "TOKEN=visible"}, 2, ": token isn't an option, because everyone can read a pipeline: make a new token, and name its secret or variable in token-secret"},
		"a source's":   {[]string{prefix + "SOURCE_TOKEN=visible"}, 2, ": source-token isn't an option"},
		"no name":      {[]string{prefix + "TOKEN_SECRET=$(id)"}, 2, "token-secret must be the name"},
		"two names":    {[]string{prefix + "TOKEN_SECRET=KNOWN OTHER"}, 2, "token-secret must be the name"},
		"no source's":  {[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "SOURCE_TOKEN_SECRET=KNOWN OTHER"}, 2, "source-token-secret must be the name"},
		"no variable":  {[]string{prefix + "TOKEN_SECRET=MY-TOKEN"}, 2, "token-secret must be the name"},
		"no command":   {[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "COMMAND=push"}, 2, "command must be credential or mirror"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plugin := buildkitePlugin(t, "#!/bin/sh\nenv | grep -e '^BITBUCKET_AUTH_' -e '^[a-z ]*$' | sed 's/^BITBUCKET_AUTH_//' | LC_ALL=C sort >\"$LOG\"\necho \"$*\" >\"$LOG.args\"\n[ \"$BITBUCKET_AUTH_KIND\" != wrong ] || exit 4\n")
			log := filepath.Join(plugin, "log")
			cmd := exec.Command("bash", "-c", agentsShell, filepath.Join(plugin, "hooks/pre-command"))
			cmd.Env = append([]string{"PATH=" + filepath.Join(plugin, "bin") + ":" + os.Getenv("PATH"), "LOG=" + log}, test.env...)
			said, _ := cmd.CombinedOutput() // the exit code is compared below
			if exit := cmd.ProcessState.ExitCode(); exit != test.exit {
				t.Errorf("the exit code is %d, want %d\n%s", exit, test.exit, said)
			}
			got := string(said)
			if args, err := os.ReadFile(log + ".args"); err == nil {
				settings, _ := os.ReadFile(log) // empty without any
				got = strings.TrimSpace(string(args)) + "|" + strings.ReplaceAll(strings.TrimSpace(string(settings)), "\n", "|")
				if got != test.want {
					t.Errorf("the program got %q, want %q\n%s", got, test.want, said)
				}
			} else if test.exit != 2 || !strings.Contains(got, test.want) {
				t.Errorf("the hook says %q, want %q", got, test.want)
			}
			if strings.Contains(got, "visible") {
				t.Errorf("the hook shows the token: %q", got)
			}
			for name, what := range map[string]string{"binary/get.copy": "the program is left behind", "log.shell": "the agent's shell is changed"} {
				if text, err := os.ReadFile(filepath.Join(plugin, name)); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: %s", what, text)
				}
			}
		})
	}
}

// agentsShell reads the hook as the agent's shell does. The hook leaves its options and
// variables alone.
const agentsShell = `exit= before=; before=$(set +o; compgen -v); . "$0"; exit=$?; after=$(set +o; compgen -v)
[ "$before" = "$after" ] || echo "$before; $after" >"$LOG.shell"; exit "$exit"`

// A signal ends the hook after the program, which says first what it has done.
func TestASignalEndsBuildkitesHook(t *testing.T) {
	// A process in the background may ignore SIGINT, which its children would inherit
	// unless it handles the signal.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, syscall.SIGINT)
	t.Cleanup(func() { signal.Stop(interrupts) })
	for _, name := range []string{"INT", "TERM"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The agent's signal is for all of its processes: kill(2), 0.
			plugin := buildkitePlugin(t, "#!/bin/sh\ntrap 'sleep 0.1; echo ended >\"$LOG\"; exit 1' INT TERM\nkill -s \"$SIGNAL\" 0\necho ignored >\"$LOG\"\n")
			log := filepath.Join(plugin, "log")
			cmd := exec.Command("bash", "-c", `trap : INT TERM; . "$0"`, filepath.Join(plugin, "hooks/pre-command"))
			cmd.Env = []string{
				"PATH=" + filepath.Join(plugin, "bin") + ":" + os.Getenv("PATH"), "LOG=" + log, "SIGNAL=" + name, "BUILDKITE_PLUGIN_BITBUCKET_AUTH_TOKEN_SECRET=KNOWN",
			}
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			_ = cmd.Run() // without its output, which the program may have open for longer; the exit code is compared below
			if exit := cmd.ProcessState.ExitCode(); exit != 143 {
				t.Errorf("the exit code is %d, want 143", exit)
			}
			if got, err := os.ReadFile(log); string(got) != "ended\n" {
				t.Errorf("when the hook has ended, the program has %q, %v", got, err)
			}
			if _, err := os.Stat(filepath.Join(plugin, "binary/get.copy")); err == nil {
				t.Error("the program is left behind")
			}
		})
	}
}

// buildkitePlugin returns a folder with the hook, the program that it gets, and an agent
// that has one secret. Its path contains a space.
func buildkitePlugin(t *testing.T, program string) (plugin string) {
	t.Helper()
	plugin = filepath.Join(t.TempDir(), "a plugin")
	for file, text := range map[string]string{
		"hooks/pre-command":   readFile(t, "hooks/pre-command"),
		"binary/get":          `mkdir "$0.copy" && cp "${0%/*}/program" "$0.copy/program" && echo "$0.copy/program"`,
		"binary/program":      program,
		"bin/buildkite-agent": "#!/bin/sh\n[ \"$*\" = 'secret get KNOWN' ] && echo 'of the agent'\n",
	} {
		path := filepath.Join(plugin, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		temptest.WriteProgram(t, path, text)
	}
	return plugin
}
