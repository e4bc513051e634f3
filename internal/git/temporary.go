package git

import (
	"os"
	"path/filepath"
	"strings"
)

// temporaryVariables name the folder for temporary files: that of the step, or else the
// one that the host empties after a job (GitHub Actions, Azure Pipelines, Jenkins).
var temporaryVariables = []string{"TMPDIR", "RUNNER_TEMP", "AGENT_TEMPDIRECTORY", "WORKSPACE_TMP"}

// temporaryName begins the name of the temporary directory.
const temporaryName = "bitbucket-auth-mirror-"

// lockName is the file in the temporary directory that is locked during its run.
const lockName = "lock"

// makeTemp makes the temporary directory, and locks it. Its path is absolute, since
// git doesn't find its configuration by a relative one. Directories of runs that
// were killed are removed.
func makeTemp(lookup func(string) (string, bool)) (root string, lock *os.File, err error) {
	for _, name := range temporaryVariables {
		folder, _ := lookup(name)
		if folder == "" {
			continue
		}
		if folder, err = filepath.Abs(folder); err != nil {
			return "", nil, err
		}
		root, lock, err = makeTempIn(folder)
		if err == nil || name == "TMPDIR" {
			return root, lock, err
		}
	}
	return makeTempIn(os.TempDir())
}

func makeTempIn(folder string) (root string, lock *os.File, err error) {
	removeLeftovers(folder)
	root, err = os.MkdirTemp(folder, temporaryName)
	if err != nil {
		return "", nil, err
	}
	if lock, err = createLock(root); err != nil {
		_ = os.RemoveAll(root)
		return "", nil, err
	}
	return root, lock, nil
}

// removeLeftovers removes the directories of runs that were killed: real directories of
// this user that aren't locked. It may fail.
func removeLeftovers(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), temporaryName) {
			continue
		}
		root := filepath.Join(folder, entry.Name())
		info, err := os.Lstat(root)
		if err == nil && info.IsDir() && isOwn(info) && isUnlocked(filepath.Join(root, lockName)) {
			_ = os.RemoveAll(root)
		}
	}
}
