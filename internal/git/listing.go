package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// Limits of a listing. What is cut off would be taken for deleted, so one that
// exceeds them isn't used.
var (
	maxRefs    = 250_000
	maxListing = 64 << 20 // bytes
)

// ListSource lists what the source has of what is mirrored. With everything, it also
// lists its main branch, and what other refs it has; then the server can't leave out
// the rest, such as GitHub's refs of a hundred thousand pull requests.
func (g *Git) ListSource(ctx context.Context, everything bool) (mirror.Listing, error) {
	arguments := append(append([]string{"ls-remote"}, listOptions()...), string(source))
	if everything {
		arguments = []string{"ls-remote", "--symref", string(source)}
	}
	var read listingReader
	_, err := g.askSource(ctx, func() (output, error) {
		read = listingReader{}
		return g.runTo(ctx, source, nil, &read, arguments...)
	})
	if read.refused != nil {
		return mirror.Listing{}, read.fault(fault.SourceFailed, "the source")
	}
	return read.listing, g.explainSource(err)
}

// ListBitbucket lists what Bitbucket has of what is mirrored, and its main branch.
func (g *Git) ListBitbucket(ctx context.Context) (mirror.Listing, error) {
	arguments := []string{"ls-remote", "--symref", string(bitbucket), "HEAD"}
	for _, n := range mirror.Namespaces {
		arguments = append(arguments, n.Prefix+"*")
	}
	var read listingReader
	_, err := g.repeat(ctx, "Bitbucket", func() (output, error) {
		read = listingReader{}
		return g.runTo(ctx, bitbucket, nil, &read, arguments...)
	})
	if read.refused != nil {
		return mirror.Listing{}, read.fault(fault.BitbucketFailed, "Bitbucket's repository")
	}
	return read.listing, g.explainBitbucket(err)
}

// listOptions restrict a listing to what is mirrored, if git can do that: a server
// leaves out the rest.
func listOptions() []string {
	var options []string
	for _, n := range mirror.Namespaces {
		if n.Option == "" {
			return nil
		}
		options = append(options, n.Option)
	}
	return options
}

// Why a listing isn't used.
var (
	errTooLong = errors.New("the listing is too long")
	errSHA256  = errors.New("the object IDs are longer than Bitbucket's")
)

// listingReader reads the output of ls-remote (git-ls-remote(1), OUTPUT). After an
// error of Write, git ends.
type listingReader struct {
	listing mirror.Listing
	bytes   int
	rest    []byte // of a line that isn't complete yet
	refused error
}

func (r *listingReader) Write(p []byte) (int, error) {
	if r.listing.Refs == nil {
		r.listing.Refs, r.listing.Peeled = map[string]string{}, map[string]string{}
	}
	r.bytes += len(p)
	r.rest = append(r.rest, p...)
	for r.refused == nil {
		line, after, ok := bytes.Cut(r.rest, []byte("\n"))
		if !ok {
			break
		}
		r.readLine(string(line))
		r.rest = after
	}
	if r.bytes > maxListing || len(r.listing.Refs) > maxRefs {
		r.refused = errTooLong
	}
	return len(p), r.refused
}

func (r *listingReader) fault(code fault.Code, side string) *fault.Fault {
	if errors.Is(r.refused, errSHA256) {
		return fault.New(code, side+" uses SHA-256 object IDs, which Bitbucket doesn't support",
			"mirror it to a server that does, or convert the repository to SHA-1")
	}
	return fault.New(code, fmt.Sprintf("%s lists more than %d %s, or more than %d MiB of them, so nothing was changed", side, maxRefs, mirror.Names(), maxListing>>20),
		"delete those that aren't needed any more, in the source and in Bitbucket")
}

// sha1Length is how long object IDs are. Bitbucket has no repositories with
// longer ones.
const sha1Length = 40

func (r *listingReader) readLine(line string) {
	id, ref, ok := strings.Cut(line, "\t")
	target, symbolic := strings.CutPrefix(id, "ref: ")
	// The second line of an annotated tag says what it points to.
	tag, peeled := strings.CutSuffix(ref, "^{}")
	switch {
	case !ok:
	case symbolic && ref == "HEAD":
		r.listing.Head = target
	case symbolic:
	case len(id) != sha1Length:
		r.refused = errSHA256
	case ref == "HEAD":
		r.listing.HeadID = id
	case !mirror.IsMirrored(tag):
		r.listing.AddOther(ref)
	case peeled && mirror.IsMirrored(tag):
		r.listing.Peeled[r.listing.Refs[tag]] = id
	case mirror.IsMirrored(ref) && mirror.IsName(ref):
		r.listing.Refs[ref] = id
	}
}

var _ io.Writer = (*listingReader)(nil)
