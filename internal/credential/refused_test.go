package credential_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// A login that may not write is refused with the scopes that it needs.
func TestWriteRefused(t *testing.T) {
	f := credential.WriteRefused()
	if hints := strings.Join(f.Hints, "\n"); f.Code != fault.WriteRefused || !strings.Contains(hints, "write:repository:bitbucket") || !strings.Contains(hints, "Repositories: Write") {
		t.Errorf("got %v, hints %q", f, f.Hints)
	}
}
