package git

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repeat"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Limits of a push. Git names its refs on the command line of git send-pack, which Windows
// limits to 32,767 characters, and Linux to 2 MiB together with the environment.
const (
	maxArguments        = 200_000
	maxArgumentsWindows = 24_000
	maxBatch            = 1000 // refs: over HTTP, git compares each of them with each other one
	maxPushes           = 200  // of one call, however often a hook declines
	maxInARow           = 10   // refs that were declined: then no ref is likely to be accepted
)

// Pushed is the result of a push.
type Pushed struct {
	Results map[string]mirror.Result // by ref; one that wasn't reached has none
	Sent    int64                    // bytes
}

// Raced reports whether a later listing is needed to find out the result of a ref.
func (p Pushed) Raced() bool {
	for _, result := range p.Results {
		if result.Outcome == mirror.Raced {
			return true
		}
	}
	return false
}

// Push makes changes in Bitbucket, part by part. A ref that is declined, or has changed
// since it was listed, doesn't keep the others from being pushed. The results are
// returned even with an error. Has are the commits of listed refs, which Bitbucket has:
// their objects aren't sent. At the end, last gets the results so far and returns further
// changes to push; it may be nil.
func (g *Git) Push(ctx context.Context, parts [][]mirror.Change, has []string, last func(map[string]mirror.Result) ([]mirror.Change, error)) (Pushed, error) {
	p := pushing{git: g, push: g.pushOrRefetch, has: has, done: Pushed{Results: map[string]mirror.Result{}}}
	err := p.all(ctx, parts, last)
	return p.done, err
}

// pushing is the state of [Git.Push].
type pushing struct {
	git            *Git
	push           func(ctx context.Context, batch []mirror.Change, has []string) (pushed, error)
	batches        [][]mirror.Change // that are left
	has            []string          // objects that Bitbucket has
	replaced       bool              // it no longer has some that it had
	done           Pushed
	pushes         int
	declinedInARow int

	// A push is refused as a whole if every ref was, and if Bitbucket's words were never
	// about a single one.
	single  bool         // a ref was accepted, or refused by itself
	refusal *fault.Fault // that Bitbucket's words mean; nil if they aren't about a whole push
}

// all pushes all parts, and what last returns after them.
func (p *pushing) all(ctx context.Context, parts [][]mirror.Change, last func(map[string]mirror.Result) ([]mirror.Change, error)) error {
	for _, part := range parts {
		if err := p.part(ctx, part); err != nil {
			return err
		}
	}
	if last != nil {
		part, err := last(p.done.Results)
		if err == nil {
			err = p.part(ctx, part)
		}
		if err != nil {
			return err
		}
	}
	if p.refusal != nil && !p.single {
		return p.refusal
	}
	return nil
}

// part pushes one part.
func (p *pushing) part(ctx context.Context, part []mirror.Change) error {
	if len(part) == 0 {
		return nil
	}
	pieces, err := p.pushOlder(ctx, part)
	if err != nil {
		return err
	}
	for _, piece := range pieces {
		p.batches = append(p.batches, batchesOf(piece)...)
	}
	for len(p.batches) > 0 {
		if err := p.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// next pushes one batch.
func (p *pushing) next(ctx context.Context) error {
	if ctx.Err() != nil {
		return fault.From(context.Cause(ctx))
	}
	batch := p.batches[0]
	p.batches = p.batches[1:]
	p.pushes++
	if p.replaced {
		if err := p.git.FetchFiles(ctx, mirror.NewValues(batch), p.has); err != nil {
			return err
		}
	}
	once, err := p.push(ctx, batch, p.has)
	p.done.Sent += once.sent
	reply := p.git.answer(once.stderr)
	declinedBefore := p.declinedInARow
	var again, shallow []mirror.Change
	for _, c := range batch {
		switch result, ok := once.results[c.Ref]; {
		case !ok:
			// The error came first.
		case result.Outcome == mirror.Declined && result.Reason == "shallow update not allowed" && p.git.isShallow():
			shallow = append(shallow, c)
		case result.Outcome == mirror.Declined && wholePush[result.Reason] && len(batch) > 1 && p.pushes < maxPushes && declinedBefore < maxInARow:
			again = append(again, c)
		default:
			p.record(c, result, reply)
		}
	}
	if err != nil {
		return err
	}
	if p.declinedInARow > declinedBefore {
		p.refusal = p.git.explainRefusal(reply, batch)
		p.single = p.single || p.refusal == nil
	}
	next := split(again, reply)
	if len(shallow) > 0 {
		// Bitbucket doesn't accept these refs from a shallow repository.
		if err := p.git.Fetch(ctx, mirror.NewValues(shallow), All, true); err != nil {
			return err
		}
		next = append(next, shallow)
	}
	p.batches = append(next, p.batches...)
	return nil
}

// record keeps the final result of a ref.
func (p *pushing) record(c mirror.Change, result mirror.Result, reply answer) {
	switch result.Outcome {
	case mirror.Pushed, mirror.Present:
		p.single = true
		p.declinedInARow = 0
		p.nowHas(c)
	case mirror.Declined, mirror.Raced:
		result.Reason = p.git.serverReason(cmp.Or(reply.about(c.Ref), result.Reason), p.git.options.Bitbucket)
	}
	if result.Outcome == mirror.Declined {
		p.declinedInARow++
	}
	p.done.Results[c.Ref] = result
}

// nowHas keeps track of the objects that Bitbucket has. What a ref no longer leads to may
// be gone for the next push, which then needs files that weren't fetched.
func (p *pushing) nowHas(c mirror.Change) {
	if c.Action == mirror.Overwritten || c.Action == mirror.Deleted {
		if i := slices.Index(p.has, c.Old); i >= 0 {
			p.has = slices.Delete(slices.Clone(p.has), i, i+1)
			p.replaced = true
		}
	}
	if c.New != "" {
		p.has = append(p.has, c.New)
	}
}

// wholePush are the reasons that concern a push as a whole, although one ref may
// have caused them.
var wholePush = map[string]bool{
	"pre-receive hook declined": true,
	"unpacker error":            true, // too large, for instance
}

// batchesOf splits changes so that each part fits on a command line, and isn't too
// much for a server at once.
func batchesOf(changes []mirror.Change) [][]mirror.Change {
	limit := maxArguments
	if isWindows {
		limit = maxArgumentsWindows
	}
	var batches [][]mirror.Change
	size, count := 0, maxBatch
	for _, c := range changes {
		// Git adds a lease for a new ref (transport-helper.c, push_refs_with_push).
		length := len(lease+"=:") + len(c.Ref) + sha1Length + separator
		if c.New == "" {
			length += len(":") + len(c.Ref) + separator
		}
		if size, count = size+length, count+1; size > limit || count > maxBatch {
			batches = append(batches, nil)
			size, count = length, 1
		}
		last := len(batches) - 1
		batches[last] = append(batches[last], c)
	}
	return batches
}

// split divides the refs of a push that was declined as a whole: those that the
// hook names, one by one, and the others; or in two halves.
func split(changes []mirror.Change, reply answer) [][]mirror.Change {
	if len(changes) == 0 {
		return nil
	}
	var parts [][]mirror.Change
	var others []mirror.Change
	for _, c := range changes {
		if len(reply.namingRef(c.Ref)) > 0 {
			parts = append(parts, []mirror.Change{c})
		} else {
			others = append(others, c)
		}
	}
	if len(parts) > 0 && len(others) > 0 {
		return append([][]mirror.Change{others}, parts...)
	}
	half := (len(changes) + 1) / 2
	return [][]mirror.Change{changes[:half], changes[half:]}
}

// separator is a space and quotes between two arguments of a command.
const separator = 3

// lease is the option that names the value that a ref must have: Bitbucket refuses a
// change if the ref has another one. By itself, it means that refs without a value must
// not exist, since this repository tracks none (git-push(1)).
const lease = "--force-with-lease"

// pushed is the result of one push.
type pushed struct {
	results map[string]mirror.Result // by ref, with git's own reasons
	stderr  []byte
	sent    int64
}

// push pushes once.
func (g *Git) push(ctx context.Context, changes []mirror.Change) (pushed, error) {
	if err := g.stage(ctx, changes); err != nil {
		return pushed{}, err
	}
	options := []string{"push", "--porcelain", "--no-verify", "--progress", lease}
	refspecs := []string{string(bitbucket)}
	for _, c := range changes {
		if c.Old != "" {
			options = append(options, lease+"="+c.Ref+":"+c.Old)
		}
		if c.New == "" {
			refspecs = append(refspecs, ":"+c.Ref)
		}
	}
	if len(mirror.NewValues(changes)) > 0 {
		// One pattern for all: git would compare explicit names with each local ref,
		// of which this repository has none but those to push.
		refspecs = append(refspecs, staging+"*:refs/*")
	}
	out, err := g.run(ctx, staged, nil, append(options, refspecs...)...)
	p := pushed{results: resultsOf(out.stdout), stderr: out.stderr, sent: sentSize(out.stderr)}
	failed, ok := asFailure(err)
	switch {
	case err == nil:
		return p, nil
	case ok && len(p.results) == 0 && !g.complete && lacksObjects(failed.stderr):
		return p, errIncomplete
	case ok && !p.lacks(changes):
		return p, nil
	case ok:
		err = g.explainPush(err, changes)
	}
	if !ok || !isRefusedAtOnce(failed.stderr) {
		p.markInFlight(changes)
	}
	return p, err
}

// CheckPush asks Bitbucket's push service for its refs, as each push does first: a
// login that may not write is refused there, before anything was fetched.
func (g *Git) CheckPush(ctx context.Context) error {
	_, err := g.repeat(ctx, "Bitbucket", func() (output, error) {
		// No ref matches the pattern, so that there is nothing to push.
		out, err := g.run(ctx, bitbucket, nil, "push", "--dry-run", "--no-verify", string(bitbucket), "refs/none/*:refs/none/*")
		if strings.Contains(ownLines(out.stderr), "No refs in common") {
			err = nil // an empty repository
		}
		return out, err
	})
	return g.explainPush(err, nil)
}

// lacks reports whether the result of a ref isn't known.
func (p pushed) lacks(changes []mirror.Change) bool {
	return slices.ContainsFunc(changes, func(c mirror.Change) bool {
		result, ok := p.results[c.Ref]
		return !ok || result.Outcome == mirror.InFlight
	})
}

func (p pushed) markInFlight(changes []mirror.Change) {
	for _, c := range changes {
		if _, ok := p.results[c.Ref]; !ok {
			p.results[c.Ref] = mirror.Result{Outcome: mirror.InFlight}
		}
	}
}

// staging is the namespace of the refs to push, in a repository of their own that uses
// the objects of the other one. So one pattern can name them, and nothing else.
const staging = "refs/push/"

func (g *Git) stagingRepo() string { return filepath.Join(g.root, "push.git") }

// stage sets the refs to push to their new values.
func (g *Git) stage(ctx context.Context, changes []mirror.Change) error {
	repo := g.stagingRepo()
	if _, err := os.Stat(repo); err != nil {
		if _, err := g.run(ctx, machine, nil, "init", "--quiet", "--bare", "--template=", repo); err != nil {
			return g.local(err)
		}
	}
	// In one file, since a name can be too long for a file of its own, or differ from
	// another one only by letter case (gitrepository-layout(5), packed-refs).
	var refs strings.Builder
	for _, c := range changes {
		if c.New != "" {
			refs.WriteString(c.New + " " + staging + strings.TrimPrefix(c.Ref, "refs/") + "\n")
		}
	}
	if err := os.WriteFile(filepath.Join(repo, "packed-refs"), []byte(refs.String()), 0o600); err != nil {
		return tempFault(err)
	}
	if err := os.WriteFile(filepath.Join(repo, "shallow"), g.shallow(), 0o600); err != nil { //nolint:gosec // a path of our own
		return tempFault(err)
	}
	return nil
}

// resultsOf reads what happened to each ref (git-push(1), OUTPUT).
func resultsOf(porcelain []byte) map[string]mirror.Result {
	results := map[string]mirror.Result{}
	for line := range strings.Lines(string(porcelain)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) != 3 {
			continue
		}
		_, ref, _ := strings.Cut(fields[1], ":")
		switch fields[0] {
		case " ", "+", "-", "*":
			results[ref] = mirror.Result{Outcome: mirror.Pushed}
		case "=":
			results[ref] = mirror.Result{Outcome: mirror.Present}
		case "!":
			results[ref] = rejection(fields[2])
		}
	}
	return results
}

// rejection reads the summary of a rejected ref.
func rejection(summary string) mirror.Result {
	_, why, _ := strings.Cut(summary, "] (")
	why = cmp.Or(strings.TrimSuffix(why, ")"), "rejected")
	switch {
	case strings.HasPrefix(summary, "[remote failure]"):
		return mirror.Result{Outcome: mirror.InFlight}
	case containsAny(why, lostRace...):
		return mirror.Result{Outcome: mirror.Raced, Reason: why}
	}
	return mirror.Result{Outcome: mirror.Declined, Reason: why}
}

// lostRace are git's reasons if a ref no longer has the value that was listed, but also
// if it can't be changed for another reason. The first is given by git push itself, the
// others by the server (of git: refs.c and builtin/receive-pack.c).
var lostRace = []string{
	"stale info",
	"failed to update ref",
	"failed to lock",
	"cannot lock ref",
	"reference already exists",
	"reference does not exist",
	"incorrect old value provided",
}

// safeText makes a line of git, git-lfs or curl safe to show.
func (g *Git) safeText(line string) string { return g.serverReason(line, "") }

// serverReason makes a sentence of a server safe to show. URLs on the server of asked
// stay complete.
func (g *Git) serverReason(sentence, asked string) string {
	return secret.Quoter{Scrub: g.options.Scrub, IsSecret: g.options.IsSecret}.Quote(sentence, asked)
}

// pushOrRefetch pushes. If objects are missing here, since Bitbucket lacks objects that it
// listed before, it fetches everything and pushes again.
func (g *Git) pushOrRefetch(ctx context.Context, changes []mirror.Change, has []string) (pushed, error) {
	p, err := g.pushTwice(ctx, changes)
	if !errors.Is(err, errIncomplete) {
		return p, err
	}
	// Bitbucket may name commits of other repositories, such as a fork's parent, next to
	// which other files are missing: then all files of the new commits are enough.
	if err := g.fetchAllFiles(ctx, mirror.NewValues(changes), has); err != nil {
		return p, err
	}
	if p, err = g.pushTwice(ctx, changes); !errors.Is(err, errIncomplete) {
		return p, err
	}
	if err := g.refetch(ctx, mirror.NewValues(changes)); err != nil {
		return p, err
	}
	return g.pushTwice(ctx, changes)
}

// pushTwice pushes, and pushes again if that failed for a temporary reason and changed
// nothing.
func (g *Git) pushTwice(ctx context.Context, changes []mirror.Change) (pushed, error) {
	p, err := g.push(ctx, changes)
	reason := passingReason(string(p.stderr))
	if err == nil || errors.Is(err, errIncomplete) || reason == "" || !repeat.Wait(ctx, "Bitbucket", g.say, repeat.Failure{Reason: reason}) {
		return p, err
	}
	now, listErr := g.ListBitbucket(ctx)
	changed := func(c mirror.Change) bool { return now.Refs[c.Ref] != c.Old }
	if listErr != nil || slices.ContainsFunc(changes, changed) {
		return p, err
	}
	again, err := g.push(ctx, changes)
	again.sent += p.sent
	return again, err
}

// errIncomplete is the error of a push that needs objects which weren't fetched.
var errIncomplete = errors.New("the push needs objects that aren't here")

// lacksObjects recognises git's messages about a missing object, from all of its parts
// that read objects for a push.
func lacksObjects(stderr []byte) bool {
	return !isRefusedAtOnce(stderr) && containsAny(string(stderr), "unable to read ", "could not read ", "bad object", "does not match any", "missing blob", "unable to parse object")
}

// sentSize returns the size in git's progress of a push, such as "Writing objects:
// 100% (3/3), 1.20 MiB | 3.00 MiB/s, done.", in bytes.
func sentSize(stderr []byte) int64 {
	var size float64
	for _, line := range linesOf(string(stderr)) {
		if strings.HasPrefix(line, "Writing objects: 100% (") && strings.HasSuffix(line, ", done.") {
			_, text, _ := strings.Cut(line, "), ")
			number, unit, _ := strings.Cut(text, " ")
			unit, _, _ = strings.Cut(unit, " ")
			value, _ := strconv.ParseFloat(number, 64) // 0 if git says something else
			size = value * map[string]float64{"byte": 1, "bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}[strings.TrimSuffix(unit, ",")]
		}
	}
	return int64(size)
}
