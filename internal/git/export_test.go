package git

import (
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repeat"
)

// Exported for the tests of how git's output is read.
var (
	SentSize      = sentSize
	ResultsOf     = resultsOf
	Split         = split
	ParsePointer  = parsePointer
	PassingReason = passingReason
	BatchesOf     = batchesOf
	ListOptions   = listOptions
	MakeTemp      = makeTemp
	IsRedirect    = func(stderr string) bool { return isRedirect(&failure{output: output{stderr: []byte(stderr)}}) }
	LacksObjects  = lacksObjects

	IsRefusedAtOnce = isRefusedAtOnce

	ReadAnswer = (&Git{options: hiding(Options{})}).answer
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

// Cap returns what a command's standard output is if it writes these parts.
func Cap(limit int, parts ...string) (text string, dropped bool) {
	c := capped{limit: limit}
	for _, part := range parts {
		// As os/exec copies a pipe: from a reader that can't write by itself.
		_, _ = io.Copy(&c, struct{ io.Reader }{strings.NewReader(part)})
	}
	return string(c.text), c.dropped
}

// LastMessages returns what is kept of the standard error of a command.
func LastMessages(parts ...string) string {
	var t tail
	for _, part := range parts {
		_, _ = t.Write([]byte(part))
	}
	return string(t.text)
}

// UseCA returns the configuration by which git trusts certificates, and the file that it
// writes, both for a temporary directory.
func UseCA(root string, options Options) (entries [][2]string, file string, err error) {
	entries, err = (&Git{root: root, options: options}).useCA()
	text, _ := os.ReadFile(filepath.Join(root, "ca.pem"))
	return entries, string(text), err
}

// Lines returns what a server wrote.
func Lines(a answer) []string { return a.lines }

// SystemCA sets the files with the system's certificates, and returns what undoes that.
func SystemCA(places ...string) (undo func()) {
	saved := systemCA
	systemCA = places
	return func() { systemCA = saved }
}

// HasAfter returns what Bitbucket has after some changes.
func HasAfter(has []string, changes []mirror.Change) []string {
	p := pushing{has: has}
	for _, c := range changes {
		p.nowHas(c)
	}
	return p.has
}

// IsShallow reports whether the history in a repository's folder is shallow.
func IsShallow(repo string) bool { return (&Git{repo: repo}).isShallow() }

// Follow makes the address to which the source's server redirects the source's, and
// returns whether git logs in there with a variable.
func Follow(options Options, variable string) (url string, loggedIn bool, err error) {
	g := &Git{options: options, sourceURL: options.Source, env: map[side][]string{}}
	err = g.follow(context.Background())
	return g.SourceURL(), slices.Contains(g.env[source], variable), err
}

// LimitOutput sets how many bytes of a command's output are kept, for a test.
func LimitOutput(t *testing.T, size int) {
	t.Helper()
	before := maxOutput
	maxOutput = size
	t.Cleanup(func() { maxOutput = before })
}

// SystemCAs returns the files with the system's certificates.
func SystemCAs() []string { return systemCA }

// Trusts reports whether the commands of a side accept the certificates of a file.
func (g *Git) Trusts(of, file string) bool {
	return slices.Contains(g.env[side(of)], "GIT_CONFIG_KEY_3=http.sslCAInfo") && slices.Contains(g.env[side(of)], "GIT_CONFIG_VALUE_3="+file)
}

// ReadsFrom reports whether commands that read the source do so at an address.
func (g *Git) ReadsFrom(url string) bool {
	return slices.Contains(g.env[source], "GIT_CONFIG_VALUE_0="+url)
}

// MoveSource sets the address to which the source's server has redirected.
func (g *Git) MoveSource(to string) { g.sourceURL = to }

// Listen hands the lines of the log to a function.
func (g *Git) Listen(say func(line string)) { g.options.Say = say }

// Elsewhere returns the fault for a redirect of the source to another server.
func Elsewhere(source, to string) error {
	g := &Git{options: hiding(Options{}), sourceURL: source}
	return g.elsewhere(to)
}

// hiding adds to options what keeps a secret and a piece of a token out of texts.
func hiding(options Options) Options {
	options.Scrub = func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }
	options.IsSecret = func(text string) bool { return strings.Contains(text, "half-a-t0ken") }
	return options
}

// Server plays Bitbucket: it returns git's porcelain output and its messages for a push of
// some changes, and the error of git if the results aren't complete.
type Server func(changes []mirror.Change) (porcelain, stderr string, err error)

// PushTo is [Git.Push] to a server that is played, without git. It also returns how often
// it pushed.
func PushTo(t *testing.T, server Server, parts [][]mirror.Change, has []string) (result Pushed, pushes int, err error) {
	t.Helper()
	return PushThen(t, server, parts, has, nil)
}

// PushThen is [PushTo] with changes that depend on the results.
func PushThen(t *testing.T, server Server, parts [][]mirror.Change, has []string, last func(map[string]mirror.Result) ([]mirror.Change, error)) (result Pushed, pushes int, err error) {
	t.Helper()
	g := &Git{repo: t.TempDir(), complete: true, options: hiding(Options{})}
	p := pushing{git: g, has: has, done: Pushed{Results: map[string]mirror.Result{}}}
	p.push = func(_ context.Context, changes []mirror.Change, _ []string) (pushed, error) {
		pushes++
		porcelain, stderr, err := server(changes)
		return pushed{results: resultsOf([]byte(porcelain)), stderr: []byte(stderr)}, err
	}
	err = p.all(t.Context(), parts, last)
	return p.done, pushes, err
}

// Environment returns the environment of a side's processes, whose temporary directory is
// /tmp/run.
func Environment(options Options, of string) []string {
	return (&Git{root: "/tmp/run", repo: "/tmp/run/repository.git", options: options, sourceURL: options.Source}).environment(side(of))
}

// PointersWithoutObject is [Git.WithoutObject] of a repository in a folder.
func PointersWithoutObject(repo string, pointers []Pointer) []Pointer {
	return (&Git{repo: repo}).WithoutObject(pointers)
}

// LimitListings sets how many refs and bytes a listing may have, and returns what
// undoes that.
func LimitListings(refs, size int) (undo func()) {
	savedRefs, savedSize := maxRefs, maxListing
	maxRefs, maxListing = refs, size
	return func() { maxRefs, maxListing = savedRefs, savedSize }
}

// Explain returns what a failed command with these messages means.
func Explain(options Options, side, stderr string) error {
	return explainFor(options, side, &failure{output: output{stderr: []byte(stderr)}})
}

// ExplainSignal returns what it means that a signal ended a command.
func ExplainSignal(side string, signal int) error {
	return explainFor(Options{}, side, &failure{signal: signal})
}

func explainFor(options Options, side string, failed *failure) error {
	g := &Git{options: hiding(options)}
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
	r := pointerReader{seen: map[string]bool{}}
	for len(output) > 0 {
		part := output[:min(size, len(output))]
		output = output[len(part):]
		if _, err := r.Write([]byte(part)); err != nil {
			return nil, err
		}
	}
	return r.found, nil
}

// Refs returns what the refs of the temporary repository refer to, and how many of them
// are in a file of their own.
func (g *Git) Refs(ctx context.Context) (ids []string, files int, err error) {
	out, err := g.run(ctx, machine, nil, "for-each-ref", "--format=%(objectname)")
	_ = filepath.WalkDir(filepath.Join(g.repo, "refs"), func(_ string, entry fs.DirEntry, _ error) error {
		if entry != nil && !entry.IsDir() {
			files++
		}
		return nil
	})
	return strings.Fields(string(out.stdout)), files, err
}

// ShortDelays makes a test's commands repeat at once.
func ShortDelays(t *testing.T) {
	t.Helper()
	before := repeat.Delays
	repeat.Delays = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
	t.Cleanup(func() { repeat.Delays = before })
}

// SmallParts limits a push to a number of bytes.
func SmallParts(t *testing.T, size int64) {
	t.Helper()
	before := maxPart
	maxPart = size
	t.Cleanup(func() { maxPart = before })
}

// Root returns the temporary directory, in which git runs.
func (g *Git) Root() string { return g.root }

// Repeat repeats a command that ends a context by a fault, and then fails or succeeds.
func Repeat(ctx context.Context, end func(), fails bool) error {
	_, err := (&Git{}).repeat(ctx, "the source", func() (output, error) {
		end()
		if fails {
			return output{}, &failure{}
		}
		return output{}, nil
	})
	return err
}

// RunGuarded runs a command as those of git run.
func RunGuarded(cmd *exec.Cmd) error {
	guard := startGuard(os.LookupEnv)
	defer guard.close()
	return guard.run(cmd)
}
