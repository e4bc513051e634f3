package main_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

// GitLab's jobs hand a token to the program, also one in a file, without showing it in a
// traced log. The credential's results reach the job, and nothing is left on disk.
func TestGitLabTemplates(t *testing.T) {
	t.Parallel()
	const program = `#!/bin/sh
echo "$*|$BITBUCKET_AUTH_TOKEN|${1:+$BITBUCKET_AUTH_SOURCE_TOKEN}"
[ -z "${BITBUCKET_AUTH_ENV_FILE-}" ] || [ ! -f "$BITBUCKET_AUTH_ENV_FILE" ] || echo "RESULT='the result'" >"$BITBUCKET_AUTH_ENV_FILE"
exit "${EXIT-0}"
`
	// The job's lines show no value, whatever the shell's options are.
	const job = "\ncase $- in *x*) echo 'traced job' ;; *) echo job ;; esac\n[ \"${RESULT-}\" != 'the result' ] || echo 'with result'\n"
	for name, test := range map[string]struct {
		template string
		options  string
		env      []string
		exit     int
		want     string // standard output
	}{
		"credential":                 {"credential", "-e", nil, 0, "|the token|\njob\nwith result\n"},
		"traced credential":          {"credential", "-ex", nil, 0, "|the token|\ntraced job\nwith result\n"},
		"credential of a file":       {"credential", "-e", []string{"BITBUCKET_AUTH_TOKEN=FILE"}, 0, "|of the file|\njob\nwith result\n"},
		"refused credential":         {"credential", "-e", []string{"EXIT=4"}, 4, "|the token|\n"},
		"traced, refused credential": {"credential", "-ex", []string{"EXIT=4"}, 4, "|the token|\n"},
		"credential without program": {"credential", "-e", []string{"PATH=/usr/bin:/bin"}, 1, "bitbucket-auth isn't in this job's image: leave out image, or add the program to that image.\n"},
		"credential without folder":  {"credential", "-u", []string{"TMPDIR=/nowhere"}, 1, ""},
		"mirror":                     {"mirror", "-e", nil, 0, "mirror|the token|of the source\njob\n"},
		"traced mirror":              {"mirror", "-ex", nil, 0, "mirror|the token|of the source\njob\n"},
		"mirror of files": {
			"mirror", "-e", []string{"BITBUCKET_AUTH_TOKEN=FILE", "BITBUCKET_AUTH_SOURCE_TOKEN=FILE"}, 0, "mirror|of the file|of the file\njob\n",
		},
		"incomplete mirror": {"mirror", "-e", []string{"EXIT=6"}, 6, "mirror|the token|of the source\n"},
		"mirror without program": {
			"mirror", "-e",
			[]string{"PATH=/usr/bin:/bin"},
			1,
			"This job needs a runner that starts the job's image, such as one with the executor docker or kubernetes.\n",
		},
	} {
		for _, shell := range []string{"sh", "bash"} {
			t.Run(name+" in "+shell, func(t *testing.T) {
				t.Parallel()
				dir := programs(t, map[string]string{"bitbucket-auth": program})
				file, temporary := filepath.Join(dir, "a file"), folderWithSpace(t)
				temptest.WriteProgram(t, file, "of the file\n")
				script := blockIn(t, "templates/"+test.template+".yml", map[string]string{"credential": "before_script:", "mirror": "\n  script:"}[test.template])
				cmd := exec.Command(shell, test.options, "-c", script+job)
				cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "TMPDIR=" + temporary, "BITBUCKET_AUTH_TOKEN=the token", "BITBUCKET_AUTH_SOURCE_TOKEN=of the source"}
				for _, variable := range test.env {
					cmd.Env = append(cmd.Env, strings.Replace(variable, "=FILE", "="+file, 1))
				}
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				stdout, _ := cmd.Output() // the exit code is compared below
				if exit := cmd.ProcessState.ExitCode(); exit != test.exit || string(stdout) != test.want {
					t.Errorf("the exit code is %d, want %d\n%s, want\n%s\n%s", exit, test.exit, stdout, test.want, &stderr)
				}
				for _, value := range []string{"the token", "of the source", "of the file", "='the result'"} {
					if strings.Contains(stderr.String(), value) {
						t.Errorf("it shows %q:\n%s", value, &stderr)
					}
				}
				if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
					t.Errorf("it leaves %v, %v", left, err)
				}
			})
		}
	}
}

// Azure's steps start the image with the token, and with the job's own token only if the
// source is the repository in Azure Repos that the pipeline builds.
func TestAzureTemplates(t *testing.T) {
	t.Parallel()
	// Docker takes the place of the shell, so that it gets the signals of the agent.
	docker := map[string]string{"docker": `#!/bin/sh
printf '%s: ' "$$"
for word; do case $word in *' '*) printf '[%s] ' "$word" ;; *) printf '%s ' "$word" ;; esac; done
echo "|$BITBUCKET_AUTH_TOKEN|${BITBUCKET_AUTH_SOURCE_TOKEN-none}"
exit 5
`}
	for name, test := range map[string]struct {
		template, tokenVariable, provider, source string
		begins, ends                              string
	}{
		"credential":     {"credential", "", "", "", "run --rm -e TF_BUILD=True -e BITBUCKET_AUTH_TOKEN -e [BITBUCKET_AUTH_IDENTITY=it's me] ", "bitbucket-auth:v1.0.0 |the token|of the job\n"},
		"own source":     {"mirror", "System.AccessToken", "TfsGit", "", beginsMirror, "bitbucket-auth-mirror:v1.0.0 |the token|of the job\n"},
		"from GitHub":    {"mirror", "System.AccessToken", "GitHub", "", beginsMirror, "bitbucket-auth-mirror:v1.0.0 |the token|none\n"},
		"another source": {"mirror", "System.AccessToken", "TfsGit", "https://git.example.com/a project/x", beginsMirror, "bitbucket-auth-mirror:v1.0.0 |the token|none\n"},
		"another token":  {"mirror", "SOURCE_TOKEN", "GitHub", "https://git.example.com/x", beginsMirror, "bitbucket-auth-mirror:v1.0.0 |the token|of the job\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := map[string]string{"identity": "it's me", "source": test.source, "source_token_variable": test.tokenVariable}
			script := blockIn(t, "hosts/azure-pipelines/"+test.template+".yml", "steps:")
			script = azureParameter.ReplaceAllStringFunc(script, func(text string) string {
				part := azureParameter.FindStringSubmatch(text)
				if value := values[part[2]]; part[1] != "" {
					return strings.ReplaceAll(value, "'", `'\''`)
				}
				return values[part[2]]
			})
			script = strings.NewReplacer("$(Build.Repository.Provider)", test.provider, "$(Build.Repository.Uri)", "https://dev.azure.com/me").Replace(script)
			dir := programs(t, docker)
			temptest.WriteProgram(t, filepath.Join(dir, "script.sh"), script)
			cmd := exec.Command("bash", "--noprofile", "--norc", filepath.Join(dir, "script.sh"))
			cmd.Env = []string{
				"PATH=" + dir + ":/usr/bin:/bin", "BITBUCKET_AUTH_TOKEN=the token", "BITBUCKET_AUTH_SOURCE_TOKEN=of the job",
			}
			said, _ := cmd.CombinedOutput() // the exit code is compared below
			if exit := cmd.ProcessState.ExitCode(); exit != 5 || !strings.HasPrefix(string(said), strconv.Itoa(cmd.Process.Pid)+": "+test.begins) || !strings.HasSuffix(string(said), test.ends) {
				t.Errorf("the exit code is %d, and docker got %s", exit, said)
			}
		})
	}
}

// azureParameter is a parameter in the text of a script, which may be within single quotes.
var azureParameter = regexp.MustCompile(`\$\{\{ (replace\()?parameters\.(\w+)(?:, '{4}, '{3}\\'{5}\))? \}\}`)

const beginsMirror = "run --rm -e TF_BUILD=True -e BUILD_REPOSITORY_URI=https://dev.azure.com/me -e BITBUCKET_AUTH_TOKEN -e BITBUCKET_AUTH_SOURCE_TOKEN " +
	"-e [BITBUCKET_AUTH_IDENTITY=it's me] "

// The orb's commands get the program, and start it with the tokens of the variables that
// their parameters name.
func TestOrb(t *testing.T) {
	t.Parallel()
	const file = "hosts/circleci/src/@orb.yml"
	dir := folderWithSpace(t)
	// The program takes the place of the shell, so that it gets the signals of the host.
	temptest.WriteProgram(t, filepath.Join(dir, "program"), "#!/bin/sh\necho \"$$: $*|$BITBUCKET_AUTH_TOKEN|${BITBUCKET_AUTH_SOURCE_TOKEN-none}|$BITBUCKET_AUTH_ENV_FILE|$(env | grep =flag | sort | tr '\\n' ' ')\"\nexit 5\n")
	bashEnv, temporary := filepath.Join(dir, "bash-env"), folderWithSpace(t)
	run := func(script string, env ...string) (said string, exit int) {
		temptest.WriteProgram(t, filepath.Join(dir, "script.sh"), regexp.MustCompile(`<< parameters\.(\S+) >>`).ReplaceAllStringFunc(script, func(parameter string) string {
			switch name := strings.Fields(parameter)[1]; name {
			case "parameters.token-variable":
				return "MY_TOKEN"
			case "parameters.source-token-variable":
				return "MY_SOURCE"
			}
			return "flag"
		}))
		cmd := exec.Command("bash", "-eo", "pipefail", filepath.Join(dir, "script.sh"))
		cmd.Env = append([]string{"PATH=/usr/bin:/bin", "TMPDIR=" + temporary, "BASH_ENV=" + bashEnv}, env...)
		text, _ := cmd.CombinedOutput() // the exit code is compared below
		return strings.Replace(string(text), strconv.Itoa(cmd.Process.Pid)+": ", "", 1), cmd.ProcessState.ExitCode()
	}
	get := strings.ReplaceAll(blockIn(t, file, "name: Get bitbucket-auth"), `\<<`, "<<")
	if said, exit := run(get); exit != 1 || said != "bitbucket-auth: this commit isn't a release, so it has no program to download; use a released version\n" {
		t.Errorf("without a release: %d\n%s", exit, said)
	}
	os.RemoveAll(temporary)
	if err := os.Mkdir(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bashEnv, []byte("export MY_TOKEN='the token'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(get, "# get: written")
	_, after, found := strings.Cut(rest, "# end\n")
	if said, exit := run(strings.Replace(before, "'RELEASE'\n", "'RELEASE'\nthe release\n", 1) +
		"grep -qx 'the release' \"${0%/*}/release\" || exit 3\necho '" + dir + "/program'\n" + after); !found || exit != 0 || said != "" {
		t.Errorf("get: %d\n%s", exit, said)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
	for name, test := range map[string]struct {
		env  []string
		want string
	}{
		"Bitbucket credential": {nil, "|the token|none|" + bashEnv + "|BITBUCKET_AUTH_REWRITE_SSH=flag \n"},
		"Mirror to Bitbucket": {
			[]string{"MY_SOURCE=of the source"},
			"mirror|the token|of the source|" + bashEnv + "|BITBUCKET_AUTH_DRY_RUN=flag BITBUCKET_AUTH_OVERWRITE=flag BITBUCKET_AUTH_PRUNE=flag \n",
		},
	} {
		if said, exit := run(blockIn(t, file, "name: "+name), test.env...); exit != 5 || said != test.want {
			t.Errorf("%s: %d\n%s, want\n%s", name, exit, said, test.want)
		}
	}
}

// The script of the actions without a container downloads the program for the machine,
// with the protection that curl's options give.
func TestGet(t *testing.T) {
	t.Parallel()
	const options = "-q --globoff --fail --silent --show-error --location --proto =https --retry 3 --connect-timeout 15 --max-time 120 --output PROGRAM.gz "
	const released = "https://example.com/releases/v1.2.3/bitbucket-auth_"
	for name, test := range map[string]struct {
		env  []string
		want string // the arguments of curl
		says string // what it says instead
	}{
		"of uname":          {[]string{"RUNNER_OS=", "RUNNER_ARCH="}, options + released + "linux_amd64.gz", ""},
		"64-bit Arm":        {[]string{"UNAME_M=aarch64"}, options + released + "linux_arm64.gz", ""},
		"macOS":             {[]string{"UNAME_S=Darwin", "UNAME_M=arm64"}, options + released + "darwin_arm64.gz", ""},
		"Git for Windows":   {[]string{"UNAME_S=MINGW64_NT-10.0-26100"}, options + released + "windows_amd64.exe.gz", ""},
		"MSYS2":             {[]string{"UNAME_S=MSYS_NT-10.0-26100"}, options + released + "windows_amd64.exe.gz", ""},
		"Cygwin":            {[]string{"UNAME_S=CYGWIN_NT-10.0"}, options + released + "windows_amd64.exe.gz", ""},
		"of GitHub":         {[]string{"RUNNER_OS=macOS", "RUNNER_ARCH=X64"}, options + released + "darwin_amd64.gz", ""},
		"of Gitea":          {[]string{"RUNNER_OS=linux", "RUNNER_ARCH=arm64"}, options + released + "linux_arm64.gz", ""},
		"from elsewhere":    {[]string{elsewhere + "https://example.org/a"}, options + "https://example.org/a/v1.2.3/bitbucket-auth_linux_amd64.gz", ""},
		"from this machine": {[]string{elsewhere + "http://localhost:8080/"}, strings.Replace(options, "=https", "=http", 1) + "http://localhost:8080/v1.2.3/bitbucket-auth_linux_amd64.gz", ""},
		"over IPv6":         {[]string{elsewhere + "http://[::1]:80/a"}, strings.Replace(options, "=https", "=http", 1) + "http://[::1]:80/a/v1.2.3/bitbucket-auth_linux_amd64.gz", ""},
		"without a port":    {[]string{elsewhere + "http://127.0.0.1/a"}, strings.Replace(options, "=https", "=http", 1) + "http://127.0.0.1/a/v1.2.3/bitbucket-auth_linux_amd64.gz", ""},
		"localhost alone":   {[]string{elsewhere + "http://localhost/a"}, strings.Replace(options, "=https", "=http", 1) + "http://localhost/a/v1.2.3/bitbucket-auth_linux_amd64.gz", ""},
		"IPv6 alone":        {[]string{elsewhere + "http://[::1]/a"}, strings.Replace(options, "=https", "=http", 1) + "http://[::1]/a/v1.2.3/bitbucket-auth_linux_amd64.gz", ""},
		"an @ in the path":  {[]string{elsewhere + "https://example.com/a@b/c"}, options + "https://example.com/a@b/c/v1.2.3/bitbucket-auth_linux_amd64.gz", ""},
		"a user before":     {[]string{elsewhere + "https://me@example.com/https://example.org"}, "", "must be an https address without a user name"},
		"a command":         {[]string{elsewhere + "https://example.com/$(id)"}, "", "must be an https address without a user name"},
		"a user":            {[]string{elsewhere + "https://me@example.com"}, "", "must be an https address without a user name"},
		"http":              {[]string{elsewhere + "http://example.com"}, "", "must be an https address without a user name"},
		"another system":    {[]string{"UNAME_S=FreeBSD"}, "", "FreeBSD runners aren't supported; use Linux, macOS or Windows"},
		"another machine":   {[]string{"UNAME_M=i686"}, "", "i686 runners aren't supported; use X64 or ARM64"},
		"no server":         {[]string{"CURL_EXIT=22"}, "", "can't download " + released + "linux_amd64.gz"},
		"damaged":           {[]string{"CONTENT=README.md"}, "", "can't unpack " + released + "linux_amd64.gz"},
		"another program":   {[]string{"UNAME_S=Linux", "CONTENT=another.gz"}, "", "isn't what was released: its checksum is "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGetter(t)
			if test.says != "" {
				g.refuses(t, test.says, test.env...)
				return
			}
			platform := regexp.MustCompile(`bitbucket-auth_(\S+)\.gz$`).FindStringSubmatch(test.want)[1]
			program := g.gets(t, platform, test.env...)
			asked, _ := os.ReadFile(g.log) // empty if curl wasn't started
			if got := strings.ReplaceAll(strings.TrimSpace(string(asked)), program, "PROGRAM"); got != test.want {
				t.Errorf("curl got\n%q, want\n%q", got, test.want)
			}
		})
	}
}

// The program is kept for later jobs, in the first of these folders that a machine has.
func TestGetKeeps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  []string // DIR is the folder of the script
		kept string   // the folder of the cache
	}{
		"tool cache": {[]string{"RUNNER_TOOL_CACHE=DIR/the tools/cache", "XDG_CACHE_HOME=DIR/xdg", "HOME=DIR/home"}, "the tools/cache"},
		"XDG":        {[]string{"RUNNER_TOOL_CACHE=", "XDG_CACHE_HOME=DIR/xdg", "HOME=DIR/home"}, "xdg"},
		"home":       {[]string{"RUNNER_TOOL_CACHE=", "XDG_CACHE_HOME=", "HOME=DIR/home"}, "home/.cache"},
		"Windows":    {[]string{"RUNNER_TOOL_CACHE=d:/tools"}, "d:/tools"},
		"no home":    {[]string{"HOME="}, ""},
		"relative":   {[]string{"XDG_CACHE_HOME=xdg"}, ""},
		"no cache":   {[]string{"XDG_CACHE_HOME=DIR/README.md"}, ""},
		"planted":    {[]string{"XDG_CACHE_HOME=DIR/planted"}, "planted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGetter(t)
			for i := range test.env {
				test.env[i] = strings.ReplaceAll(test.env[i], "DIR", g.dir)
			}
			kept := filepath.Join(g.dir, test.kept, "bitbucket-auth/v1.2.3")
			if name == "planted" {
				if err := os.MkdirAll(kept, 0o700); err != nil {
					t.Fatal(err)
				}
				temptest.WriteProgram(t, filepath.Join(kept, "bitbucket-auth_linux_amd64"), "#!/bin/sh\necho planted\n")
				// It copies no more than 32 MiB of whatever is there.
				temptest.WriteProgram(t, filepath.Join(g.dir, "dd"), "#!/bin/sh\ncase $* in *' bs=1048576 count=32') ;; *) echo \"dd $*\" >\"$LOG\" ;; esac\nPATH=/usr/bin:/bin exec dd \"$@\"\n")
			}
			g.gets(t, "linux_amd64", test.env...)
			offline := append(test.env, "CURL_EXIT=22")
			if test.kept == "" {
				g.refuses(t, "can't download ", offline...)
				return
			}
			entries, err := os.ReadDir(kept)
			if err != nil || len(entries) != 1 || readFile(t, filepath.Join(kept, "bitbucket-auth_linux_amd64")) != "the program for linux_amd64" {
				t.Errorf("the cache has %v, %v", entries, err)
			}
			g.gets(t, "linux_amd64", offline...)
			if asked := readFile(t, g.log); strings.HasPrefix(asked, "dd ") {
				t.Errorf("it copies the cached program with %s", asked)
			}
		})
	}
}

// On GitHub, the path is an output, and a fault is an annotation. The runner's own folder
// for temporary files comes first.
func TestGetOnGitHub(t *testing.T) {
	t.Parallel()
	g := newGetter(t)
	output, temporary := filepath.Join(g.dir, "the output"), filepath.Join(folderWithSpace(t), "job")
	temptest.WriteProgram(t, output, "before=1\n")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{"GITHUB_OUTPUT=" + output, "RUNNER_TEMP=" + temporary}
	stdout, stderr, err := g.run(env...)
	program, found := strings.CutPrefix(readFile(t, output), "before=1\nprogram="+temporary+"/")
	if program, err := os.ReadFile(filepath.Join(temporary, strings.TrimSuffix(program, "\n"))); !found || string(program) != "the program for linux_amd64" {
		t.Errorf("the output is %q, and the program %q, %v", readFile(t, output), program, err)
	}
	if stdout+stderr != "" || err != nil {
		t.Errorf("it says %q, %q, %v", stdout, stderr, err)
	}
	if stdout, _, err := g.run(append(env, "UNAME_S=FreeBSD")...); err == nil || stdout != "::error title=bitbucket-auth::FreeBSD runners aren't supported; use Linux, macOS or Windows\n" {
		t.Errorf("a fault: %v, %q", err, stdout)
	}
	if err := os.Remove(filepath.Join(g.dir, "release")); err != nil {
		t.Fatal(err)
	}
	const noRelease = "::error title=bitbucket-auth::this commit isn't a release, so it has no program to download; use a released version\n"
	if stdout, stderr, err := g.run(env...); err == nil || stdout != noRelease || stderr != "" {
		t.Errorf("without a release: %v, %q, %q", err, stdout, stderr)
	}
}

// Without a folder for temporary files, nothing is downloaded.
func TestGetWithoutFolder(t *testing.T) {
	t.Parallel()
	g := newGetter(t)
	stdout, _, err := g.run("TMPDIR=/nowhere")
	if _, asked := os.Stat(g.log); err == nil || stdout != "" || asked == nil {
		t.Errorf("it prints %q, and ends with %v; curl's log: %v", stdout, err, asked)
	}
}

// The checksum is found by the first tool that works, and the system's own come before
// those that an earlier step added to PATH.
func TestGetVerifies(t *testing.T) {
	t.Parallel()
	const fails, good = "#!/bin/sh\nexit 1\n", "#!/bin/sh\n[ \"$OPENSSL_CONF $*\" = '%s' ] && PATH=/usr/bin:/bin exec sha256sum\n"
	openssl, sha256sum, shasum := fmt.Sprintf(good, "/dev/null dgst -sha256 -r"), fmt.Sprintf(good, " "), fmt.Sprintf(good, " -a 256")
	lies := fmt.Sprintf("#!/bin/sh\necho %x\n", sha256.Sum256([]byte("the program for linux_amd64")))
	for name, test := range map[string]struct {
		system, added [3]string // openssl, sha256sum, shasum
		content       string
		says          string
	}{
		"openssl":   {[3]string{openssl, fails, fails}, [3]string{}, "", ""},
		"sha256sum": {[3]string{"", sha256sum, fails}, [3]string{}, "", ""},
		"shasum":    {[3]string{fails, "", shasum}, [3]string{}, "", ""},
		"added":     {[3]string{}, [3]string{fails, sha256sum, fails}, "", ""},
		"none":      {[3]string{}, [3]string{fails, fails, fails}, "", "this machine has none of openssl, sha256sum and shasum"},
		"lies":      {[3]string{fails, fails, shasum}, [3]string{lies, lies, lies}, "another.gz", "isn't what was released"},
		"only one":  {[3]string{"", "", shasum}, [3]string{lies, lies, lies}, "another.gz", "isn't what was released"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGetter(t)
			added := folderWithSpace(t)
			for i, tool := range []string{"openssl", "sha256sum", "shasum"} {
				for folder, text := range map[string]string{g.dir: test.system[i], added: test.added[i]} {
					if text != "" {
						temptest.WriteProgram(t, filepath.Join(folder, tool), text)
					}
				}
			}
			// The system's are those of the script's folder only.
			temptest.WriteProgram(t, filepath.Join(g.dir, "get"), strings.Replace(readFile(t, "binary/get"), "\nsystem_path=", "\nsystem_path=${0%/*} #", 1))
			env := []string{"PATH=" + added + ":/usr/bin:/bin", "CONTENT=" + test.content}
			if test.says != "" {
				g.refuses(t, test.says, env...)
			} else {
				g.gets(t, "linux_amd64", env...)
			}
		})
	}
}

// A signal ends the script, after curl, and leaves nothing behind.
func TestASignalEndsGet(t *testing.T) {
	// A process in the background may ignore SIGINT, which its children would inherit
	// unless it handles the signal.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, syscall.SIGINT)
	t.Cleanup(func() { signal.Stop(interrupts) })
	for tool, text := range map[string]string{
		// It sends the signal when the script waits for it.
		"curl": `#!/bin/sh
trap 'sleep 0.1; echo ended >"$LOG"; exit 1' TERM
until grep -q '^State:.S' "/proc/$PPID/status"; do sleep 0.01; done
kill -s "$SIGNAL" "$PPID"
sleep 1 &
wait
`,
		// Its parent is a subshell of the script.
		"openssl": `#!/bin/sh
kill -s "$SIGNAL" "$(cut -d ' ' -f 4 "/proc/$PPID/stat")"
echo ended >"$LOG"
`,
	} {
		for _, name := range []string{"INT", "TERM"} {
			t.Run(tool+" "+name, func(t *testing.T) {
				t.Parallel()
				g := newGetter(t)
				temptest.WriteProgram(t, filepath.Join(g.dir, tool), text)
				var exit *exec.ExitError
				if stdout, stderr, err := g.run("SIGNAL=" + name); !errors.As(err, &exit) || exit.ExitCode() != 143 || stdout != "" {
					t.Errorf("%v, it prints %q, %q", err, stdout, stderr)
				}
				if got, err := os.ReadFile(g.log); string(got) != "ended\n" {
					t.Errorf("when the script has ended, %s has %q, %v", tool, got, err)
				}
				g.leavesNothing(t)
			})
		}
	}
}

// getter is the script in a folder with the release that it gets, and a curl and a uname
// that the variables of a test control.
type getter struct{ dir, temporary, log string }

func newGetter(t *testing.T) getter {
	t.Helper()
	g := getter{dir: folderWithSpace(t), temporary: folderWithSpace(t)}
	g.log = filepath.Join(g.dir, "log")
	files := map[string]string{
		// Its last argument is the address.
		"curl": `#!/bin/sh
echo "$*" >"$LOG"
for at; do
	[ "$before" != --output ] || output=$at
	before=$at
done
cp "${CONTENT:-${at##*/}}" "$output"
exit "${CURL_EXIT-0}"
`,
		"uname": "#!/bin/sh\n[ \"$1\" = -s ] && echo \"${UNAME_S-Linux}\" || echo \"${UNAME_M-x86_64}\"\n",
		// The script prefers the system's own programs, in these folders.
		"get":        strings.Replace(readFile(t, "binary/get"), "\nsystem_path=", "\nsystem_path=${0%/*}:", 1),
		"another.gz": gzipped(t, "another program"), "README.md": "no archive",
		"release": "https://example.com/releases/v1.2.3\n",
	}
	for _, platform := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64.exe"} {
		content := "the program for " + platform
		files["bitbucket-auth_"+platform+".gz"] = gzipped(t, content)
		files["release"] += fmt.Sprintf("%x  bitbucket-auth_%s\n", sha256.Sum256([]byte(content)), platform)
	}
	for name, text := range files {
		temptest.WriteProgram(t, filepath.Join(g.dir, name), text)
	}
	return g
}

func (g getter) run(env ...string) (stdout, stderr string, err error) {
	cmd := exec.Command("sh", filepath.Join(g.dir, "get"))
	cmd.Dir = g.dir
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "LOG=" + g.log, "TMPDIR=" + g.temporary}, env...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err = cmd.Run()
	return out.String(), log.String(), err
}

// gets wants the program for a platform, in a folder that is closed to others.
func (g getter) gets(t *testing.T, platform string, env ...string) (program string) {
	t.Helper()
	stdout, stderr, err := g.run(env...)
	program, ends := strings.CutSuffix(stdout, "\n")
	if err != nil || !ends || stderr != "" || !strings.HasPrefix(program, g.temporary+"/") {
		t.Fatalf("it prints %q, and says %q, %v", stdout, stderr, err)
	}
	if content, err := os.ReadFile(program); err != nil || string(content) != "the program for "+platform {
		t.Errorf("the program is %q, %v", content, err)
	}
	for _, path := range []string{program, filepath.Dir(program)} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o100 == 0 || path != program && info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if files, err := os.ReadDir(filepath.Dir(program)); err != nil || len(files) != 1 {
		t.Errorf("the program's folder has %v, %v", files, err)
	}
	if err := os.RemoveAll(filepath.Dir(program)); err != nil {
		t.Fatal(err)
	}
	return program
}

// refuses wants a fault with these words, and no program.
func (g getter) refuses(t *testing.T, says string, env ...string) {
	t.Helper()
	stdout, stderr, err := g.run(env...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || stdout != "" || !strings.Contains(stderr, "bitbucket-auth: ") || !strings.Contains(stderr, says) {
		t.Errorf("%v, it prints %q, and says %q, want %q", err, stdout, stderr, says)
	}
	g.leavesNothing(t)
}

func (g getter) leavesNothing(t *testing.T) {
	t.Helper()
	if left, err := os.ReadDir(g.temporary); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
}

// The program for a machine is chosen by the names that its runner, or uname, has for the
// system and the processor.
func TestGetKnowsTheMachine(t *testing.T) {
	t.Parallel()
	folder := programs(t, map[string]string{"get": readFile(t, "binary/get"), "release": "https://example.com/v1.0.0\n"})
	for _, test := range []struct{ systems, machines, want string }{
		{"Linux linux", "X64 x64 amd64 AMD64 x86_64 x86-64", "the release has no bitbucket-auth_linux_amd64"},
		{"Linux", "arm64 ARM64 aarch64", "the release has no bitbucket-auth_linux_arm64"},
		{"macOS macos Darwin darwin", "X64 arm64", "the release has no bitbucket-auth_darwin_"},
		{"Windows windows Windows_NT MINGW64_NT-10.0 MSYS_NT-10.0 CYGWIN_NT-10.0", "X64", "the release has no bitbucket-auth_windows_amd64.exe"},
		{"Linux", "ARM X86 armv7l riscv64", " runners aren't supported; use X64 or ARM64"},
		{"FreeBSD", "X64", "FreeBSD runners aren't supported; use Linux, macOS or Windows"},
	} {
		for _, system := range strings.Fields(test.systems) {
			for _, machine := range strings.Fields(test.machines) {
				cmd := exec.Command("sh", "get") // without a folder
				cmd.Dir = folder
				cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "RUNNER_OS=" + system, "RUNNER_ARCH=" + machine}
				if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), test.want) {
					t.Errorf("%s, %s: %v, %s; want %s", system, machine, err, out, test.want)
				}
			}
		}
	}
}

const elsewhere = "BITBUCKET_AUTH_DOWNLOAD_URL="

// The actions without a container get the program by a step of its own, which has no
// secret, and start it in the next one. Both paths may contain spaces.
func TestCompositeActions(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "an action")
	for file, text := range map[string]string{
		"binary/get": "#!/bin/sh\necho \"get $#\"\nexit 5\n", "bin/program": "#!/bin/sh\necho \"program $*\"\nexit 5\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(file)), 0o700); err != nil {
			t.Fatal(err)
		}
		temptest.WriteProgram(t, filepath.Join(dir, file), text)
	}
	if err := os.Mkdir(filepath.Join(dir, "mirror"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"binary": "get 0\nprogram \n", "mirror": "get 0\nprogram mirror\n"} {
		_, steps, _ := strings.Cut(readFile(t, name+"/action.yml"), "\n  steps:\n")
		var said string
		for line := range strings.Lines(steps) {
			line = strings.TrimSpace(line)
			if script, found := strings.CutPrefix(line, "run: "); found {
				cmd := exec.Command("bash", "-c", script)
				cmd.Env = []string{"PATH=/usr/bin:/bin", "GITHUB_ACTION_PATH=" + filepath.Join(dir, name), "PROGRAM=" + filepath.Join(dir, "bin/program")}
				text, _ := cmd.CombinedOutput() // the exit code is compared below
				if said += string(text); cmd.ProcessState.ExitCode() != 5 {
					t.Errorf("%s: %s ends with %d", name, script, cmd.ProcessState.ExitCode())
				}
			}
		}
		if said != want {
			t.Errorf("%s: the steps say %q, want %q", name, said, want)
		}
	}
}

// The Dockerfile builds the program for the platform that is asked for, and puts it into the
// image with the CA certificates, and nothing else. TestBuildFlags compares its flags.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	const build = "RUN CGO_ENABLED"
	var steps, script string
	for line := range strings.Lines(strings.ReplaceAll(readFile(t, "Dockerfile"), "\\\n", "")) {
		if strings.HasPrefix(line, build) {
			script, line = strings.TrimPrefix(line, "RUN "), build+"\n"
		}
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			steps += regexp.MustCompile(`golang:[0-9.]+-`).ReplaceAllString(line, "golang:VERSION-")
		}
	}
	const want = `ARG BUILDPLATFORM=linux
FROM --platform=$BUILDPLATFORM golang:VERSION-bookworm AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go ./
COPY internal ./internal
` + build + `
FROM scratch
COPY --from=build /out /
ENTRYPOINT ["/bitbucket-auth"]
`
	if steps != want {
		t.Errorf("the steps are\n%s, want\n%s", steps, want)
	}
	dir := programs(t, map[string]string{"go": "#!/bin/sh\necho \"$CGO_ENABLED $GOOS $GOARCH $*\"\n", "authorities.pem": "the authorities"})
	cmd := exec.Command("sh", "-ec", strings.NewReplacer("/out", dir+"/out", "/etc/ssl/certs/ca-certificates.crt", dir+"/authorities.pem").Replace(script))
	cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "TARGETOS=linux", "TARGETARCH=arm64", "VERSION=v1.2.3"}
	said, err := cmd.CombinedOutput()
	if got := string(said); err != nil || !strings.HasPrefix(got, "0 linux arm64 build ") || !strings.HasSuffix(got, " -X main.version=v1.2.3 -o "+dir+"/out/bitbucket-auth .\n") {
		t.Errorf("%v, go got %s", err, got)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "out/etc/ssl/cert.pem")); string(got) != "the authorities" {
		t.Errorf("the CA certificates are %q, %v", got, err)
	}
}

// The signature and the two attestations of each image, and the attestation of each program,
// are verified against the workflow that must have made them.
func TestReleaseSignatures(t *testing.T) {
	t.Parallel()
	script := blockIn(t, ".github/workflows/release.yml", "name: Signatures and attestations are valid")
	tool := "#!/bin/sh\necho \"${0##*/} $*\" >>\"$LOG\"\ncase \"${0##*/} $*\" in $FAILS) exit 1 ;; esac\n"
	want := "docker login ghcr.io --username actor --password-stdin\n"
	for _, image := range []string{"ghcr.io/me/project@sha256:1", "ghcr.io/me/project@sha256:2", "ghcr.io/me/project-mirror@sha256:3"} {
		attestation := "gh attestation verify oci://" + image + " --repo me/project --cert-identity the-signer"
		want += "cosign verify " + image + " --certificate-identity the-signer --certificate-oidc-issuer https://token.actions.githubusercontent.com\n" +
			attestation + "\n" + attestation + " --predicate-type https://spdx.dev/Document/v2.3\n"
	}
	for _, program := range []string{"bitbucket-auth_linux_amd64", "bitbucket-auth_windows_arm64.exe"} {
		want += "gh attestation verify TEMP/release/" + program + " --repo me/project --cert-identity the-signer\n"
	}
	for _, fails := range []string{"", "docker*", "cosign*:2*", "gh*oci://*:1*the-signer", "gh*:3*spdx*", "gh*_amd64*"} {
		t.Run(fails, func(t *testing.T) {
			t.Parallel()
			dir := programs(t, map[string]string{"docker": tool, "cosign": tool, "gh": tool, "script.sh": script})
			temporary := folderWithSpace(t)
			if err := os.Mkdir(filepath.Join(temporary, "release"), 0o700); err != nil {
				t.Fatal(err)
			}
			temptest.WriteProgram(t, filepath.Join(temporary, "release/SHA256SUMS"), strings.Repeat("a", 64)+"  bitbucket-auth_linux_amd64\n"+strings.Repeat("b", 64)+"  bitbucket-auth_windows_arm64.exe\n")
			cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", filepath.Join(dir, "script.sh"))
			cmd.Env = []string{
				"PATH=" + dir + ":/usr/bin:/bin", "LOG=" + dir + "/log", "FAILS=" + fails, "RUNNER_TEMP=" + temporary, "IMAGE=ghcr.io/me/project", "DIGEST=sha256:1", "SHELL_DIGEST=sha256:2",
				"MIRROR_DIGEST=sha256:3", "SIGNER=the-signer", "GH_REPO=me/project", "GH_TOKEN=x", "GITHUB_ACTOR=actor",
			}
			said, err := cmd.CombinedOutput()
			if (err != nil) != (fails != "") {
				t.Errorf("%v\n%s", err, said)
			}
			if got := strings.ReplaceAll(readFile(t, filepath.Join(dir, "log")), temporary, "TEMP"); fails == "" && got != want {
				t.Errorf("it runs\n%s, want\n%s", got, want)
			}
		})
	}
}

// blockIn returns the first block of text in a YAML file after a mark.
func blockIn(t *testing.T, file, mark string) string {
	t.Helper()
	_, text, found := strings.Cut(readFile(t, file), mark)
	_, text, foundBlock := strings.Cut(text, "|\n")
	if !found || !foundBlock {
		t.Fatalf("%s has no block after %q", file, mark)
	}
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	var block strings.Builder
	for line := range strings.Lines(text) {
		content, inside := strings.CutPrefix(line, indent)
		if !inside && strings.TrimSpace(line) != "" {
			break
		}
		block.WriteString(content)
	}
	return block.String()
}

// folderWithSpace returns a folder whose path contains a space, as a user's name may.
func folderWithSpace(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "a folder")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// programs returns a folder with these programs and files.
func programs(t *testing.T, texts map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range texts {
		temptest.WriteProgram(t, filepath.Join(dir, name), text)
	}
	return dir
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
