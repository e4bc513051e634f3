package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
		"of a hook":    {[]string{prefix + "TOKEN_SECRET=KNOWN", "KNOWN=of a hook"}, 0, "|TOKEN=of a hook"},
		"missing":      {[]string{prefix + "TOKEN_SECRET=MISSING", prefix + "ON_MISSING_TOKEN=skip"}, 0, "|ON_MISSING_TOKEN=skip|TOKEN="},
		"no source": {
			[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "SOURCE_TOKEN_SECRET=MISSING", prefix + "COMMAND=mirror"},
			0,
			"mirror|SOURCE_TOKEN=|TOKEN=of the agent",
		},
		"a list": {
			[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "BRANCHES_0=main", prefix + "BRANCHES_10=dev", prefix + "BRANCHES_100=next"},
			0,
			"|BRANCHES=|TOKEN=of the agent|dev|main|next",
		},
		"a list of a setting with a hyphen": {
			[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "REQUIRED_SCOPES_0=repository", prefix + "REQUIRED_SCOPES_1=webhook"},
			0,
			"|REQUIRED_SCOPES=|TOKEN=of the agent|repository|webhook",
		},
		"another name": {[]string{"BUILDKITE_PLUGIN_NAME=MY_FORK", "BUILDKITE_PLUGIN_MY_FORK_TOKEN_SECRET=KNOWN", prefix + "GIT=host"}, 0, "|TOKEN=of the agent"},
		"set before":   {[]string{prefix + "TOKEN_SECRET=KNOWN", "BITBUCKET_AUTH_SERVER_URL=https://git.example.com"}, 0, "|TOKEN=of the agent"},
		"a fault":      {[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "KIND=wrong"}, 4, "|KIND=wrong|TOKEN=of the agent"},
		"no secret":    {nil, 2, "token-secret is missing"},
		"a token":      {[]string{prefix + "SOURCE_TOKEN=visible"}, 2, "source-token isn't an option"},
		"no name":      {[]string{prefix + "TOKEN_SECRET=$(id)"}, 2, "token-secret must be the name"},
		"no variable":  {[]string{prefix + "TOKEN_SECRET=MY-TOKEN"}, 2, "token-secret must be the name"},
		"no command":   {[]string{prefix + "TOKEN_SECRET=KNOWN", prefix + "COMMAND=push"}, 2, "command must be credential or mirror"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plugin := t.TempDir()
			hook, err := os.ReadFile("hooks/pre-command")
			if err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{
				"hooks/pre-command":   string(hook),
				"binary/get":          `mkdir "$0.copy" && cp "${0%/*}/program" "$0.copy/program" && echo "$0.copy/program"`,
				"binary/program":      "#!/bin/sh\nenv | grep -e '^BITBUCKET_AUTH_' -e '^[a-z]*$' | sed 's/^BITBUCKET_AUTH_//' | LC_ALL=C sort >\"$LOG\"\necho \"$*\" >\"$LOG.args\"\n[ \"$BITBUCKET_AUTH_KIND\" != wrong ] || exit 4\n",
				"bin/buildkite-agent": "#!/bin/sh\n[ \"$*\" = 'secret get KNOWN' ] && echo 'of the agent'\n",
			} {
				path := filepath.Join(plugin, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // programs
					t.Fatal(err)
				}
			}
			log := filepath.Join(plugin, "log")
			cmd := exec.Command("bash", "-c", `. "$0"`, filepath.Join(plugin, "hooks/pre-command"))
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
			if _, err := os.Stat(filepath.Join(plugin, "binary/get.copy")); err == nil {
				t.Error("the program is left behind")
			}
		})
	}
}
