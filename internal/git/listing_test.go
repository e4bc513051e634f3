package git_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
)

// A repository with too many refs isn't mirrored, since what is cut off would be
// taken for deleted.
// Not in parallel: it changes the limits.
func TestListingLimits(t *testing.T) {
	for name, limit := range map[string]struct{ refs, size int }{
		"refs":  {5, 1 << 20},
		"bytes": {1000, 200},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSides(t)
			defer git.LimitListings(limit.refs, limit.size)()
			listing, err := s.git.ListSource(t.Context(), false)
			if err == nil || fault.From(err).Code != fault.SourceFailed || len(listing.Refs) > 0 {
				t.Errorf("the source: %d refs, %v", len(listing.Refs), err)
			}
			s.run("--git-dir", s.bitbucket, "fetch", "--quiet", s.source, "refs/heads/*:refs/heads/*")
			listing, err = s.git.ListBitbucket(t.Context())
			if err == nil || fault.From(err).Code != fault.BitbucketFailed || len(listing.Refs) > 0 {
				t.Errorf("Bitbucket: %d refs, %v", len(listing.Refs), err)
			}
		})
	}
	t.Run("as many as are allowed", func(t *testing.T) {
		s := newSides(t)
		defer git.LimitListings(6, 1<<20)()
		if listing, err := s.git.ListSource(t.Context(), false); err != nil || len(listing.Refs) != 6 {
			t.Errorf("%d refs, %v", len(listing.Refs), err)
		}
	})
}

// A listing may have exactly as many refs and bytes as are allowed, in whatever parts it arrives.
// Not in parallel: it changes the limits.
func TestListingLimit(t *testing.T) {
	text := strings.Repeat("1", 40) + "\trefs/heads/main\n" + strings.Repeat("1", 40) + "\trefs/heads/next\n"
	for _, limit := range []struct {
		refs, size int
		isExceeded bool
	}{{2, len(text), false}, {2, len(text) - 1, true}, {1, len(text), true}} {
		undo := git.LimitListings(limit.refs, limit.size)
		for _, size := range []int{1, 7, len(text)} {
			listing, err := git.ParseListing(text, size)
			if isExceeded := err != nil && strings.Contains(err.Error(), "lists more than"); isExceeded != limit.isExceeded || !isExceeded && len(listing.Refs) != 2 {
				t.Errorf("%+v, in parts of %d: %d refs, %v", limit, size, len(listing.Refs), err)
			}
		}
		undo()
	}
}

// Where HEAD names no branch, Bitbucket's listing has its commit.
func TestListDetached(t *testing.T) {
	s := newSides(t)
	s.run("--git-dir", s.bitbucket, "fetch", "--quiet", s.source, "refs/heads/*:refs/heads/*")
	s.run("--git-dir", s.bitbucket, "update-ref", "--no-deref", "HEAD", s.commit)
	listing, err := s.git.ListBitbucket(t.Context())
	if err != nil || listing.Head != "" || listing.HeadID != s.commit {
		t.Errorf("got %q, %q, %v", listing.Head, listing.HeadID, err)
	}
}
