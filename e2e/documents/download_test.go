//go:build linux

package documents

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

var (
	// curl -H @- sends a header to the REST API, and gets no program.
	restCall = regexp.MustCompile(`\bcurl\b[^\n]* -H @-[^\n]*`)
	fetch    = regexp.MustCompile(`\b(curl|wget)\b`)
	getsCopy = regexp.MustCompile(`\bdocker (create|cp|pull|save)\b|\bgit clone\b.*seed-e1d06701/bitbucket-auth`)
)

// downloads reports whether a script gets a program: over the network itself, or by
// Docker or git, which verify what they get.
func (s Script) downloads() (itself, byTool bool) {
	text := restCall.ReplaceAllString(strings.ReplaceAll(s.Text, "\\\n", ""), "")
	return fetch.MatchString(text), getsCopy.MatchString(text)
}

// The commands of a sandbox, where each command of a script is recorded.
const (
	// recorder stands for a program that succeeds.
	recorder = "#!/bin/sh\necho \"${0##*/}\" >>\"$RAN\"\n"
	// releasedProgram is the program that the script gets.
	releasedProgram = "#!/bin/sh\necho program >>\"$RAN\"\n"
	// downloader stands for curl, wget, docker and git: it writes the program to the file
	// in the arguments, or to standard output.
	downloader = `#!/bin/sh
[ -z "$REFUSED" ] || exit 1
case ${0##*/} in
docker) [ "$1" != create ] || { echo container; exit; }
	[ "$1" = cp ] || exit 0
	eval "to=\${$#}"
	[ ! -d "$to" ] || to=$to/bitbucket-auth ;;
git) [ "$1" = clone ] || { echo git >>"$RAN"; exit; }
	rm -f bitbucket-auth
	exec mkdir bitbucket-auth ;;
*) to=/dev/stdout
	while [ $# -gt 0 ]; do
		case $1 in
		-o | -O | -qO | --output) to=$2 ;;
		esac
		shift
	done ;;
esac
printf '%s' "$PROGRAM_TEXT" >"$to"
[ "${0##*/}" != docker ] || chmod +x "$to"
`
)

// sandbox runs a sample that downloads in a shell, with or without set -e.
type sandbox struct {
	shell   []string
	sum     string // what SHA256 is set to
	refused bool   // the download fails, as Docker's does if the digest doesn't match
}

// run runs a script, and returns the names of the commands that it ran: "program" for
// the one that was downloaded, or that lay there from an earlier job.
func (b sandbox) run(t *testing.T, s Script) (ran []string, err error) {
	t.Helper()
	dir := t.TempDir()
	bin, log := filepath.Join(dir, "bin"), filepath.Join(dir, "ran")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"sha256sum", "chmod", "rm", "sed", "mkdir", "cat", "sh", "bash"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	stubs := map[string]string{"../bitbucket-auth": recorder}
	for _, name := range []string{"curl", "wget", "docker", "git"} {
		stubs[name] = downloader
	}
	for _, name := range []string{"make", "grep", "tar", "gzip", "sudo", "install"} {
		stubs[name] = recorder
	}
	for name, text := range stubs {
		temptest.WriteProgram(t, filepath.Join(bin, name), text)
	}
	text := writtenTo.ReplaceAllString(s.Text, "${1}"+dir+"/")
	text = strings.NewReplacer("set +x -eu", "set +x", "set -eu", ":").Replace(text) // the shell's own options decide
	text = regexp.MustCompile(`\bSHA256=\S*`).ReplaceAllLiteralString(text, "SHA256="+b.sum)
	cmd := exec.Command(b.shell[0], append(b.shell[1:], "-c", text)...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + bin + ":" + dir, "RAN=" + log, "PROGRAM_TEXT=" + releasedProgram, "WORKSPACE_TMP=" + dir,
		"VERSION=1.2.3", "SHA256=" + b.sum, "BITBUCKET_AUTH_ENV_FILE=/dev/null", "BASH_ENV=/dev/null",
	}
	if b.refused {
		cmd.Env = append(cmd.Env, "REFUSED=yes")
	}
	out, err := cmd.CombinedOutput()
	t.Logf("%q %+v: %v\n%s", s.File, b, err, out)
	return strings.Fields(e2etest.Content(log)), err
}

// writtenTo matches the folders that samples write to, which are another one here.
var writtenTo = regexp.MustCompile(`(^|[\s"'=])/(?:usr/local/bin|tmp)/`)

// unverified says why a sample that downloads isn't safe, or nothing.
func (s Script) unverified(t *testing.T) string {
	t.Helper()
	itself, _ := s.downloads()
	right := e2etest.Hash([]byte(releasedProgram))
	shells := [][]string{{"sh"}, {"sh", "-e"}, {"bash"}, {"bash", "-e"}, {"bash", "-eo", "pipefail"}}
	for _, shell := range shells {
		bad := []sandbox{{shell, right, true}}
		if itself {
			bad = append(bad, sandbox{shell, strings.Repeat("0", 64), false}, sandbox{shell, "", false})
		}
		for _, b := range bad {
			if ran, err := b.run(t, s); err == nil || len(ran) > 0 {
				return "in " + strings.Join(shell, " ") + " with the checksum '" + b.sum + "' it runs on: " + strings.Join(ran, " ")
			}
		}
		if ran, _ := (sandbox{shell, right, false}).run(t, s); !slices.Contains(ran, "program") && !slices.Contains(ran, "make") && !s.onlyFetches() {
			return "it doesn't run what it got: " + strings.Join(ran, " ")
		}
	}
	return ""
}

// onlyFetches is true for a sample that doesn't start the program itself.
func (s Script) onlyFetches() bool {
	return s.File == "docs/hosts.md" || s.File == "docs/install.md"
}

// Every sample that downloads a program stops before it runs anything, if what it
// gets is something else, or if the checksum wasn't filled in.
func TestSamplesDownload(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range Scripts(t) {
		itself, byTool := s.downloads()
		if !itself && !byTool {
			continue
		}
		if strings.Contains(s.Text, "gh attestation verify") {
			continue // this is the verification: nothing that it downloads is run
		}
		found++
		if fault := s.unverified(t); fault != "" {
			t.Errorf("%s: %s\n%s", s.File, fault, s.Text)
		}
	}
	if found < 6 {
		t.Errorf("%d samples that download were found", found)
	}
	const url = "https://github.com/seed-e1d06701/bitbucket-auth/releases/download/v1.0.0/bitbucket-auth_linux_amd64"
	for _, text := range []string{
		"wget -qO /usr/local/bin/bitbucket-auth " + url + "\necho \"$SHA256  /usr/local/bin/bitbucket-auth\" | sha256sum -c && chmod +x /usr/local/bin/bitbucket-auth\nbitbucket-auth",
		"curl -fsSL -o bitbucket-auth " + url + "\nchmod +x bitbucket-auth\n./bitbucket-auth",
		"curl -fsSL https://example.com/install.sh | sh",
		"curl -fsSL -o bitbucket-auth \\\n  " + url + "\n[ -z \"$SHA256\" ] || echo \"$SHA256  bitbucket-auth\" | sha256sum -c - || exit 1\nchmod +x bitbucket-auth && ./bitbucket-auth",
		"docker cp \"$(docker create image)\":/bitbucket-auth .\n./bitbucket-auth",
	} {
		s := Script{File: "made up", Text: text}
		itself, byTool := s.downloads()
		if !itself && !byTool || s.unverified(t) == "" {
			t.Errorf("this isn't noticed: %s", text)
		}
	}
}
