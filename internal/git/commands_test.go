package git_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Which git commands a mirror runs, with whose login and in which repository, and what
// they read. The page testdata/commands.md has them all; after a change, read the page
// that this writes:
//
//	go test ./internal/git -run TestCommands$ -update
//
// Not in parallel: it changes the size of a push.
func TestCommands(t *testing.T) {
	git.SmallParts(t, 100)
	login := func(name string) []secret.Value {
		return []secret.Value{{Name: "LOGIN", Text: secret.New(name + "'s login")}}
	}
	p := playScript(t, git.Options{Source: "https://git.example.com/a/b", SourceLogin: login("the source"), BitbucketLogin: login("Bitbucket")}, `#!/bin/sh
note() { while read -r line; do printf '        %s\n' "$line"; done; }
{
	printf '    %s, %s: git %s\n' "${GIT_DIR##*/}" "${LOGIN:-no login}" "$*"
	note
	case ${GIT_DIR##*/} in push.git) note <push.git/packed-refs; note <push.git/shallow ;; esac
} >>log
case $1 in
init) for repo; do :; done; mkdir -p "$repo"; : >"$repo/config" ;;
hash-object) echo a77b ;;
mktree) echo 78ee ;;
commit-tree | rev-parse) echo c0de ;;
lfs) echo "git-lfs/3.6.1 (GitHub; linux amd64)" ;;
cat-file) [ "$2" = --batch ] && printf 'b10b blob 127\nversion https://git-lfs.github.com/spec/v1\noid sha256:`+pointerOID+`\nsize 12\n\n' ;;
rev-list) case $* in
	*--missing=print*) printf 'c0de\n?f17e\n' ;;
	*combine*) echo b10b ;;
	*--disk-usage*) if [ -e large ]; then rm large; echo 150; else echo 50; fi ;;
	*--first-parent*) echo c0de ;;
	*--ignore-missing*) echo c0de ;;
	esac ;;
push) if [ -e lost ]; then rm lost; echo "fatal: unable to read 1" >&2; exit 128; fi ;;
esac
`)
	ctx := t.Context()
	var page strings.Builder
	page.WriteString("# The git commands of a mirror\n\nWritten by `go test ./internal/git -run TestCommands$ -update`.\n")
	log := filepath.Join(p.Root(), "log")
	note := func(what string, run func() error) {
		t.Helper()
		if err := run(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		text, _ := os.ReadFile(log)
		page.WriteString("\n## " + what + "\n\n" + strings.ReplaceAll(string(text), p.Root(), "TEMPORARY"))
		if err := os.Remove(log); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	change := func(action mirror.Action, ref, old, tip string) mirror.Change {
		return mirror.Change{Ref: ref, Action: action, Old: old, New: tip}
	}
	push := func(has []string, list ...mirror.Change) func() error {
		return func() error {
			_, err := p.Push(ctx, [][]mirror.Change{list}, has, nil)
			return err
		}
	}
	tips, known := []string{"1", "2"}, []string{"3", "4"}
	file := func(what, name string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(p.Root(), name))
		if err != nil {
			t.Error(err)
		}
		page.WriteString("\n## " + what + "\n\n    " + strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n    ") + "\n")
	}
	file("The configuration of each command", ".gitconfig")
	note("Making the repository", func() error { return nil })
	note("Listing the source", func() error { _, err := p.ListSource(ctx, false); return err })
	note("Listing everything of the source", func() error { _, err := p.ListSource(ctx, true); return err })
	note("Listing Bitbucket", func() error { _, err := p.ListBitbucket(ctx); return err })
	note("Checking the login to Bitbucket", func() error { return p.CheckPush(ctx) })
	p.LogInToBitbucket(login("another"))
	note("Checking another login to Bitbucket", func() error { return p.CheckPush(ctx) })
	note("Fetching a part", func() error { return p.Fetch(ctx, tips, 8, true) })
	note("Fetching what the source may not have", func() error { _, err := p.FetchOld(ctx, tips, 64); return err })
	note("Fetching files", func() error { return p.FetchFiles(ctx, tips, known) })
	note("Fetching everything at once", func() error { return p.FetchAll(ctx, tips) })
	file("The refs to what was fetched", "repository.git/packed-refs")
	note("Reading the history", func() error { _, err := p.History(ctx); return err })
	note("Finding LFS pointers", func() error {
		found, err := p.Pointers(ctx, tips, known)
		if want := []git.Pointer{{Blob: "b10b", OID: pointerOID, Size: 12}}; !slices.Equal(found, want) {
			t.Errorf("got %v, want %v", found, want)
		}
		return err
	})
	pointers := []git.Pointer{{Blob: "b1"}, {Blob: "b2"}}
	note("Naming LFS pointers", func() error { _, err := p.Paths(ctx, tips, known, pointers); return err })
	note("Preparing LFS", func() error { return p.PrepareLFS(ctx, pointers) })
	note("Transferring LFS objects", func() error {
		if version, err := p.CheckLFS(ctx); err != nil || version != "3.6.1" {
			t.Errorf("git-lfs %s, %v", version, err)
		}
		if _, err := p.FetchLFS(ctx); err != nil {
			return err
		}
		return p.PushLFS(ctx)
	})
	note("Looking for another LFS server", func() error { p.OtherLFSServer(ctx, tips[:1]); return nil })
	note("Pushing", push(nil, change(mirror.Created, "refs/heads/a", "", "1"), change(mirror.Updated, "refs/tags/b", "3", "2"),
		change(mirror.Deleted, "refs/heads/c", "4", "")))
	note("Deleting", push(nil, change(mirror.Deleted, "refs/heads/a", "3", "")))
	p.file("lost", "")
	note("Pushing next to objects that Bitbucket has lost", push(known, change(mirror.Created, "refs/heads/a", "", "1")))
	p.file("repository.git/shallow", "5\n")
	note("Pushing from a shallow repository", push(nil, change(mirror.Updated, "refs/heads/a", "3", "1")))
	note("Fetching files of a shallow history", func() error { return p.FetchFiles(ctx, tips, known) })
	note("Completing a shallow history", func() error { return p.Fetch(ctx, tips, git.All, true) })
	p.file("repository.git/objects/pack/x", strings.Repeat("x", 101))
	p.file("large", "")
	note("Pushing more than fits into one push", push(known, change(mirror.Created, "refs/heads/a", "", "1")))
	compareGolden(t, filepath.Join("testdata", "commands.md"), page.String())
}
