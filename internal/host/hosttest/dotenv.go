package hosttest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// harnessLine is what every version of the engine's dotenv reader reads
// unchanged: no quotes, no comment, no expansion, no space.
var harnessLine = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=([A-Za-z0-9_+/=.-]*)$`)

// ReadHarnessFile reads a file of Harness's engine (lite-engine,
// pipeline/runtime/common.go). It is stricter than the engine, which logs a
// whole file that it can't read.
func ReadHarnessFile(text string) ([]Record, error) {
	var records []Record
	for line := range strings.Lines(text) {
		whole := strings.TrimSuffix(line, "\n")
		match := harnessLine.FindStringSubmatch(whole)
		if match == nil || whole == line {
			return records, fmt.Errorf("%w: %q", ErrFormat, line)
		}
		value := match[2]
		if encoded, found := strings.CutPrefix(value, "__B64__"); found {
			decoded, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return records, err
			}
			value = string(decoded)
		}
		records = append(records, Record{match[1], value})
	}
	return records, nil
}

// GitLabEnv is how a version of GitLab's runner reads the file that GITLAB_ENV
// names, ahead of each stage of a job: up to 17.6 as a script, since 17.7 line by
// line (gitlab-runner, shells/bash.go, SourceEnv). It returns the environment of
// that stage, and all that the job's log shows.
func GitLabEnv(path string, byLine bool) (env map[string]string, log string) {
	script := `. "$1"`
	if byLine {
		script = `while read -r line; do export "$line"; done < "$1"`
	}
	cmd := exec.Command("sh", "-c", "set -a; "+script+"; exec env -0", "sh", path)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		stderr.WriteString(err.Error())
	}
	return environment(stdout.String()), stderr.String()
}
