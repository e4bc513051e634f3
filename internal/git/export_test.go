package git

import "strings"

// Exported for the tests of how git's output is read.
var (
	ParseListing = parseListing
	Transferred  = transferred
	ResultsOf    = resultsOf
	Split        = split
	BatchesOf    = batchesOf
	ReadAnswer   = readAnswer
)

// Explain returns what a failed command with these messages means.
func Explain(remotes Remotes, side, stderr string) error {
	g := &Git{remotes: remotes, scrub: func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }}
	switch side {
	case "source":
		return g.sourceFault(stderr)
	case "bitbucket":
		return g.bitbucketFault(stderr)
	case "machine":
		return g.local(&failure{output{stderr: []byte(stderr)}})
	}
	return g.explainPush([]byte(stderr), nil)
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
