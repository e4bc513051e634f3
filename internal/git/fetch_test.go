package git_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// A server of plain files can send neither a part of the history nor a part of
// the files: then everything is fetched.
func TestFetchFromPlainFiles(t *testing.T) {
	t.Parallel()
	s := newSides(t)
	s.run("--git-dir", s.source, "update-server-info")
	server := httptest.NewServer(http.FileServer(http.Dir(s.source)))
	t.Cleanup(server.Close)
	g, err := git.Open(git.Options{
		Program: "git",
		Source:  server.URL, Bitbucket: s.bitbucket,
		Lookup: os.LookupEnv,
		Scrub:  func(text string) string { return text },

		IsSecret: func(string) bool { return false },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	// Whatever git tries, it must not try for ever.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := g.Init(ctx); err != nil {
		t.Fatal(err)
	}
	if err := g.Fetch(ctx, []string{s.commit}, 64, true); err != nil {
		t.Fatal(err)
	}
	history, err := g.History(ctx)
	if err != nil || !history.Has(s.commit) {
		t.Errorf("the commit wasn't fetched: %v", err)
	}
	list := changes("b01")
	list[0].New = s.commit
	pushed, err := g.Push(ctx, [][]mirror.Change{list}, nil, nil)
	if want := map[string]mirror.Result{"refs/heads/b01": {Outcome: mirror.Pushed}}; err != nil || !maps.Equal(pushed.Results, want) {
		t.Errorf("got %v, %v", pushed.Results, err)
	}
}

// A source that lacks an object is damaged. The network has nothing to do with it.
func TestFetchFromDamaged(t *testing.T) {
	s := newSides(t)
	blob := filepath.Join(t.TempDir(), "blob")
	if err := os.WriteFile(blob, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	lost := s.run("--git-dir", s.source, "hash-object", "-w", blob)
	s.run("--git-dir", s.source, "update-index", "--add", "--cacheinfo", "100644,"+lost+",file")
	commit := s.run("--git-dir", s.source, "commit-tree", "-m", "two", s.run("--git-dir", s.source, "write-tree"))
	s.run("--git-dir", s.source, "update-ref", "refs/heads/main", commit)
	if err := os.Remove(filepath.Join(s.source, "objects", lost[:2], lost[2:])); err != nil {
		t.Fatal(err)
	}
	err := s.git.FetchAll(t.Context(), []string{commit})
	f := fault.From(err)
	if f.Code != fault.SourceFailed || !strings.Contains(f.What, "damaged") || !strings.Contains(f.Hints[0], lost) {
		t.Errorf("got %v, hints %q", f, f.Hints)
	}
}

// What was fetched has refs, so that it isn't fetched again, but not a file for each.
func TestFetchKeepsRefsInOneFile(t *testing.T) {
	t.Parallel()
	s := newSides(t)
	tree := s.run("--git-dir", s.source, "rev-parse", s.commit+"^{tree}")
	next := s.run("--git-dir", s.source, "commit-tree", "-p", s.commit, "-m", "two", tree)
	s.run("--git-dir", s.source, "update-ref", "refs/heads/main", next)
	for _, id := range []string{s.commit, next, s.commit} {
		if err := s.git.Fetch(t.Context(), []string{id}, git.All, false); err != nil {
			t.Fatal(err)
		}
	}
	refs, files, err := s.git.Refs(t.Context())
	if err != nil || files != 0 || !slices.Equal(refs, slices.Sorted(slices.Values([]string{s.commit, next}))) {
		t.Errorf("got refs to %q, %d files, %v", refs, files, err)
	}
}

// Commits that the source no longer has are left out, and named.
func TestFetchOld(t *testing.T) {
	t.Parallel()
	s := newSides(t)
	gone := []string{strings.Repeat("a", 40), strings.Repeat("b", 40)}
	lacking, err := s.git.FetchOld(t.Context(), []string{gone[0], s.commit, gone[1]}, 8)
	if err != nil || !slices.Equal(slices.Sorted(slices.Values(lacking)), gone) {
		t.Errorf("lacking are %q, %v", lacking, err)
	}
	if history, err := s.git.History(t.Context()); err != nil || !history.Has(s.commit) {
		t.Errorf("the commit wasn't fetched: %v", err)
	}
}

// A source that has moved within its server is found at its new address, by five redirects
// at most.
func TestMovedSource(t *testing.T) {
	t.Parallel()
	lost := errors.New("it can't be located")
	for _, test := range []struct {
		moves, located int
		locate         error
		want           fault.Code
	}{
		{0, 0, nil, fault.SourceNotFound},
		{1, 1, nil, fault.SourceNotFound},
		{5, 5, nil, fault.SourceNotFound},
		{9, 5, nil, fault.SourceFailed},
		{1, 1, lost, fault.Code{}},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := strconv.Atoi(strings.Split(r.URL.Path, "/")[1])
			if n < test.moves {
				http.Redirect(w, r, fmt.Sprintf("/%d/info/refs", n+1), http.StatusMovedPermanently)
				return
			}
			w.WriteHeader(http.StatusNotFound)
		}))
		located := 0
		g, err := git.Open(git.Options{
			Program: "git",
			Source:  server.URL + "/0", Bitbucket: server.URL + "/bitbucket",
			Lookup:   os.LookupEnv,
			Scrub:    func(text string) string { return text },
			IsSecret: func(string) bool { return false },
			Locate: func(context.Context, string) (string, error) {
				if located++; located > 9 {
					return "", lost
				}
				return fmt.Sprintf("%s/%d", server.URL, located), test.locate
			},
			LogIn: func(string) ([]secret.Value, error) { return nil, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = g.ListSource(t.Context(), false)
		if test.locate != nil && !errors.Is(err, test.locate) || test.locate == nil && fault.From(err).Code != test.want || located != test.located {
			t.Errorf("%d moves: located %d times, %v", test.moves, located, err)
		}
		g.Close()
		server.Close()
	}
}

// A history is shallow if the file that lists its ends has any (gitformat-shallow).
func TestIsShallow(t *testing.T) {
	t.Parallel()
	repo := t.TempDir()
	if git.IsShallow(repo) {
		t.Error("a history without the file is shallow")
	}
	for text, want := range map[string]bool{"": false, strings.Repeat("1", 40) + "\n": true} {
		if err := os.WriteFile(filepath.Join(repo, "shallow"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := git.IsShallow(repo); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

// Git shows no size for a small fetch.
func TestSizeOfASmallFetch(t *testing.T) {
	t.Parallel()
	s := newSides(t)
	before := s.git.Size()
	if err := s.git.Fetch(t.Context(), []string{s.commit}, 8, true); err != nil {
		t.Fatal(err)
	}
	if size := s.git.Size() - before; size < 100 || size > 10_000 {
		t.Errorf("a commit of %d bytes was fetched", size)
	}
}

// A git that something on this machine ended isn't a server that failed. Wrappers
// return the signal as a status.
func TestKilledGit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals")
	}
	for _, way := range []string{"kill -9 $$", "exit 137"} {
		t.Run(way, func(t *testing.T) {
			s := newSides(t)
			bin := t.TempDir()
			if err := os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\n"+way+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			_, listErr := s.git.ListSource(t.Context(), false)
			fetchErr := s.git.FetchAll(t.Context(), []string{s.commit})
			_, pushErr := s.git.Push(t.Context(), [][]mirror.Change{changes("main")}, nil, nil)
			for _, err := range []error{listErr, fetchErr, pushErr} {
				if f := fault.From(err); f.Code != fault.GitFailed || !strings.Contains(f.What, "signal 9") {
					t.Errorf("got %v", err)
				}
			}
		})
	}
}
