package host

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// PowerShell runners, which are those on Windows, can't read GITLAB_ENV, whatever
// their version.
func TestGitLabEnvOnWindows(t *testing.T) {
	for _, version := range []string{"16.11.1", "17.7.0", "19.4.0"} {
		f := fault.From(gitLabEnvFault("windows", version))
		if f.Code != fault.EnvFile || !strings.Contains(f.What, "Windows") || strings.Contains(strings.Join(f.Hints, ""), "update") {
			t.Errorf("%s: got %v, %q", version, f, f.Hints)
		}
	}
	for _, system := range []string{"linux", "darwin"} {
		if err := gitLabEnvFault(system, "17.7.0"); err != nil {
			t.Errorf("%s: %v", system, err)
		}
		if f := fault.From(gitLabEnvFault(system, "17.6.0")); f.Code != fault.EnvFile || !strings.Contains(strings.Join(f.Hints, ""), "update") {
			t.Errorf("%s: %v", system, f)
		}
	}
}
