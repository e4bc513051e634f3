package git

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// Exported for the tests of how git's output is read.
var (
	SentSize      = sentSize
	ResultsOf     = resultsOf
	Split         = split
	ParsePointer  = parsePointer
	PassingReason = passingReason
	BatchesOf     = batchesOf
	ReadAnswer    = func(stderr []byte) answer { return readAnswer(remoteLines(stderr)) }
)

// ParseListing reads a listing that arrives in parts of this size.
func ParseListing(text string, size int) (mirror.Listing, error) {
	var r listingReader
	for len(text) > 0 {
		n := min(size, len(text))
		if _, err := r.Write([]byte(text[:n])); err != nil {
			return mirror.Listing{}, r.fault(fault.SourceFailed, "the source")
		}
		text = text[n:]
	}
	return r.listing, nil
}

// LimitListings sets how many refs and bytes a listing may have, and returns what
// undoes that.
func LimitListings(refs, size int) (undo func()) {
	savedRefs, savedSize := maxRefs, maxListing
	maxRefs, maxListing = refs, size
	return func() { maxRefs, maxListing = savedRefs, savedSize }
}

// Explain returns what a failed command with these messages means.
func Explain(remotes Remotes, side, stderr string) error {
	return explain(remotes, side, &failure{output: output{stderr: []byte(stderr)}})
}

// ExplainSignal returns what it means that a signal ended a command.
func ExplainSignal(side string, signal int) error {
	return explain(Remotes{}, side, &failure{signal: signal})
}

func explain(remotes Remotes, side string, failed *failure) error {
	g := &Git{remotes: remotes, scrub: func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }, isSecret: func(text string) bool { return strings.Contains(text, "half-a-t0ken") }}
	switch side {
	case "source":
		return g.explainSource(failed)
	case "bitbucket":
		return g.explainBitbucket(failed)
	case "lfs source":
		return g.explainLFS(failed, true)
	case "lfs":
		return g.explainLFS(failed, false)
	case "machine":
		return g.local(failed)
	}
	return g.explainPush(failed, nil)
}

// Pointers returns the pointers in the output of cat-file, which arrives in
// parts of this size.
func Pointers(output string, size int) ([]Pointer, error) {
	var r pointerReader
	for len(output) > 0 {
		part := output[:min(size, len(output))]
		output = output[len(part):]
		if _, err := r.Write([]byte(part)); err != nil {
			return nil, err
		}
	}
	return r.found, nil
}

// ShortDelays makes a test's commands repeat at once.
func ShortDelays(t *testing.T) {
	t.Helper()
	before := delays
	delays = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
	t.Cleanup(func() { delays = before })
}

// SmallParts limits a push to a number of bytes.
func SmallParts(t *testing.T, size int64) {
	t.Helper()
	before := maxPart
	maxPart = size
	t.Cleanup(func() { maxPart = before })
}
