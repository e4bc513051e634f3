package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

const samples = "../../../credential/testdata/documented.json"

// githubLog is a log as GitHub's API gives it out.
func githubLog(lines ...string) string {
	log := "\ufeff2026-11-26T04:30:49.1234567Z ##[group]Run env | sort\n"
	for _, line := range append([]string{printed}, lines...) {
		log += "2026-11-26T04:30:49.1234568Z " + line + "\n"
	}
	return log
}

func TestHunt(t *testing.T) {
	token := credentialtest.APIToken()
	encoded := base64.StdEncoding.EncodeToString([]byte("me@example.com:" + token))
	for name, test := range map[string]struct {
		log   string
		found string // in the fault; empty if nothing shows
	}{
		"masked":            {githubLog("me@example.com:***", "BITBUCKET_AUTHORIZATION=Basic ***"), ""},
		"the common prefix": {githubLog("tokens begin with " + token[:common]), ""},
		"raw":               {githubLog("token " + token), "raw"},
		"ten characters":    {githubLog(token[60:70]), "raw"},
		"coloured":          {githubLog(token[60:65] + "\x1b[36;1m" + token[65:70]), "raw"},
		"base64":            {githubLog(encoded), "base64"},
		"wrapped": {
			githubLog(encoded[:24], encoded[24:30], encoded[30:36], encoded[36:42], encoded[42:48], encoded[48:54], encoded[54:60]), "base64",
		},
		"an empty log":    {"", "no line of the log"},
		"another job":     {"2026-11-26T04:30:49.1234567Z go test ./...\n", "no line of the log"},
		"an unmasked one": {strings.Replace(githubLog(), "***", encoded, 1), "no line of the log"},
	} {
		err := hunt(test.log, token)
		if (err == nil) != (test.found == "") || err != nil && !strings.Contains(err.Error(), test.found) {
			t.Errorf("%s: %v, want %q", name, err, test.found)
		}
		if err != nil && strings.Contains(err.Error(), token[60:70]) {
			t.Errorf("%s: the fault shows the token", name)
		}
	}
}

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run([]string{samples}, strings.NewReader(githubLog()), &out); err != nil || out.String() != "the token doesn't show in 2 lines\n" {
		t.Errorf("%v, %q", err, out.String())
	}
	none := filepath.Join(t.TempDir(), "none.json")
	if err := os.WriteFile(none, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {none}, {none + "x"}} {
		if err := run(args, strings.NewReader(githubLog()), &out); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
