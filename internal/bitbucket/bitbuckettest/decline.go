package bitbuckettest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Hook is a server-side hook of git that can decline a push.
type Hook string

// The hooks. PreReceive declines every ref of a push because of one: so do
// Bitbucket's branch restrictions and limits. Update declines refs one by one,
// as a Data Center's own hooks may.
const (
	PreReceive Hook = "pre-receive"
	Update     Hook = "update"
)

// What Bitbucket Cloud's pre-receive hook says, by its documentation and
// published logs.
const (
	BranchRestricted = "Permission denied to update branch main."
	OverSize         = "Repository is over the size limit (4 GB) and will not accept further additions.\n\n" +
		"Learn how to reduce your repository size: https://confluence.atlassian.com/x/xgMvEw."
	ReadOnly = "repository is in read only mode"
)

// UserLimit is Cloud's answer to a push if the plan's user limit is exceeded.
// It belongs to "GET /<owner>/<name>.git/info/refs?service=git-receive-pack".
func UserLimit() Reply {
	return textReply(402, "[ALERT] Your push failed because the account 'acme' has exceeded its\n"+
		"[ALERT] user limit and this repository is restricted to read-only access.")
}

// Decline lets a hook of a repository decline the refs that match a shell
// pattern, with a message for the user. It replaces what the hook declined
// before; without any pattern, it declines nothing any more.
func (s *Server) Decline(t testing.TB, name string, hook Hook, message string, patterns ...string) {
	t.Helper()
	var clauses []string
	for _, pattern := range patterns {
		clauses = append(clauses, pattern+") echo "+quote(message)+" >&2; exit 1 ;;")
	}
	if err := s.writeHook(name, hook, clauses); err != nil {
		t.Fatal(err)
	}
}

// writeHook writes a hook out of clauses of a shell's case. Bitbucket accepts
// only branches and tags.
func (s *Server) writeHook(name string, hook Hook, clauses []string) error {
	text := "#!/bin/sh\ncase $1 in\n" + strings.Join(clauses, "\n") + "\nesac\n"
	if hook == PreReceive {
		clauses = append(clauses, "refs/heads/* | refs/tags/*) ;;", `*) echo "$ref is neither a branch nor a tag" >&2; exit 1 ;;`)
		text = "#!/bin/sh\nwhile read -r old new ref; do\ncase $ref in\n" + strings.Join(clauses, "\n") + "\nesac\ndone\n"
	}
	return os.WriteFile(filepath.Join(s.Dir(name), "hooks", string(hook)), []byte(text), 0o700)
}

// quote makes a text one word of a shell.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
