//go:build linux

package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// gh answers as GitHub's command line does: the log, if there is one, comes at the
// second request, and --jq is jq.
const gh = `#!/usr/bin/env bash
set -euo pipefail
paths=() filter=.
while [ $# -gt 0 ]; do
	case $1 in
	api | --paginate) ;;
	--jq) filter=$2; shift ;;
	*) paths+=("$1") ;;
	esac
	shift
done
case ${paths[*]} in
repos/owner/project/actions/runs/7/jobs)
	echo '{"jobs": [{"id": 41, "name": "test"}, {"id": 42, "name": "action"}, {"id": 43, "name": "systems (a)"}, {"id": 44, "name": "systems (a)"}]}' | jq -r "$filter" ;;
repos/owner/project/actions/jobs/42/logs)
	if [ -e "$GH_DIR/asked" ]; then cat "$GH_DIR/log"; else touch "$GH_DIR/asked"; echo "gh: Not Found (HTTP 404)" >&2; exit 1; fi ;;
repos/owner/project/check-runs/42/annotations)
	jq -r "$filter" "$GH_DIR/annotations" ;;
*) echo "gh: ${paths[*]}" >&2; exit 64 ;;
esac
`

// TestHuntLog runs the script that hunts for the token in what GitHub shows.
func TestHuntLog(t *testing.T) {
	t.Parallel()
	s, err := e2etest.Documented("api-token")
	if err != nil {
		t.Fatal(err)
	}
	log := "2026-11-26T04:30:49.1234567Z ##[group]Run env | sort\n2026-11-26T04:30:49.1234568Z BITBUCKET_CREDENTIAL=***\n"
	for name, test := range map[string]struct {
		job, log, annotation string
		says                 string
	}{
		"nothing":          {"action", log, "a notice", "the token doesn't show"},
		"in the log":       {"action", log + "2026-11-26T04:30:49.1234568Z " + s.Credential + "\n", "a notice", "the first as base64"},
		"in an annotation": {"action", log, s.Token[50:70], "the first as raw"},
		"no such job":      {"actions", log, "a notice", "no job called actions"},
		"two such jobs":    {"systems (a)", log, "a notice", "or more than one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range map[string]string{
				"gh": gh, "log": test.log, "annotations": `[{"title": "bitbucket-auth", "message": "` + test.annotation + `", "raw_details": null}]`,
			} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(filepath.Join(e2etest.Root(), "scripts/hunt-log"), test.job)
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "GH_DIR="+dir, "GITHUB_REPOSITORY=owner/project", "GITHUB_RUN_ID=7")
			text, err := cmd.CombinedOutput()
			if found := name == "nothing"; (err == nil) != found || !strings.Contains(string(text), test.says) {
				t.Errorf("%v, want %q\n%s", err, test.says, text)
			}
		})
	}
}
