package git

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// Limits of a listing. A longer one isn't used: refs that are cut off would seem to be
// deleted.
var (
	maxRefs    = 250_000
	maxListing = 64 << 20 // bytes
)

// ListSource lists the source's refs in the mirrored namespaces. With everything, it also
// returns the main branch and the other namespaces; the server then can't leave out
// other refs, such as GitHub's for a hundred thousand pull requests.
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
	if read.problem != nil {
		return mirror.Listing{}, read.fault(fault.SourceFailed, "the source")
	}
	return read.listing, g.explainSource(err)
}

// ListBitbucket lists Bitbucket's refs in the mirrored namespaces, and its main branch.
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
	if read.problem != nil {
		return mirror.Listing{}, read.fault(fault.BitbucketFailed, "Bitbucket's repository")
	}
	return read.listing, g.explainBitbucket(err)
}

// listOptions restricts a listing to the mirrored namespaces, if git can do that: the
// server leaves out other refs.
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

// Reasons not to use a listing.
var (
	errTooLong = errors.New("the listing is too long")
	errSHA256  = errors.New("the object IDs are longer than Bitbucket's")
)

// listingReader reads the output of ls-remote (git-ls-remote(1), OUTPUT). An error of
// Write ends git.
type listingReader struct {
	listing mirror.Listing
	bytes   int
	lines   lineWriter
	problem error
}

func (r *listingReader) Write(p []byte) (int, error) {
	if r.listing.Refs == nil {
		r.listing.Refs, r.listing.Peeled = map[string]string{}, map[string]string{}
		r.lines.use = r.readLine
	}
	r.bytes += len(p)
	_, _ = r.lines.Write(p)
	if r.bytes > maxListing || len(r.listing.Refs) > maxRefs {
		r.problem = errTooLong
	}
	return len(p), r.problem
}

func (r *listingReader) fault(code fault.Code, side string) *fault.Fault {
	if errors.Is(r.problem, errSHA256) {
		return fault.New(code, side+" uses SHA-256 object IDs, which Bitbucket doesn't support",
			"mirror it to a server that does, or convert the repository to SHA-1")
	}
	return fault.New(code, fmt.Sprintf("%s lists more than %d %s, or more than %d MiB of them, so nothing was changed", side, maxRefs, mirror.Names(), maxListing>>20),
		"delete those that aren't needed any more, in the source and in Bitbucket")
}

// sha1Length is the length of object IDs. Bitbucket has no repositories with longer
// ones.
const sha1Length = 40

func (r *listingReader) readLine(line string) {
	id, ref, ok := strings.Cut(line, "\t")
	target, symbolic := strings.CutPrefix(id, "ref: ")
	// The second line of an annotated tag contains the object that it points to.
	tag, peeled := strings.CutSuffix(ref, "^{}")
	switch {
	case !ok:
	case symbolic && ref == "HEAD":
		r.listing.Head = target
	case symbolic:
	case len(id) != sha1Length:
		r.problem = errSHA256
	case ref == "HEAD":
		r.listing.HeadID = id
	case !mirror.IsMirrored(tag):
		r.listing.AddOther(ref)
	case peeled:
		r.listing.Peeled[r.listing.Refs[tag]] = id
	case mirror.IsName(ref):
		r.listing.Refs[ref] = id
	}
}
