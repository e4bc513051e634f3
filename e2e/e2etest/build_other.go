//go:build !linux

package e2etest

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// build only checks that the program is there: these systems may lack make, and
// wine even Go. `go build -o .bin/ .` builds it.
func build() error {
	if _, err := exec.LookPath(filepath.Join(Root(), ".bin", "bitbucket-auth")); err != nil {
		return fmt.Errorf("the program must be built first: %w", err)
	}
	return nil
}
