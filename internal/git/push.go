package git

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// Limits of a push. The names of its refs stand on the command line, which
// Windows limits to 32,767 characters, and Linux to 2 MiB together with the
// environment.
const (
	maxArguments        = 200_000
	maxArgumentsWindows = 24_000
	maxPushes           = 200 // of one call, however often a hook declines
	maxInARow           = 10  // refs that were declined: then no ref is likely to be accepted
)

// Push makes changes in Bitbucket. A ref that was declined, or that has changed
// since it was listed, is refused, and the others are pushed. It returns
// how many bytes were sent. After an error, changes for which done isn't set
// weren't made.
func (g *Git) Push(ctx context.Context, changes []*mirror.Change, done func(*mirror.Change)) (sent int64, err error) {
	batches := batchesOf(changes)
	declinedInARow := 0
	for pushes := 1; len(batches) > 0; pushes++ {
		batch := batches[0]
		batches = batches[1:]
		p, err := g.pushOrRefetch(ctx, batch)
		if err != nil {
			return sent, err
		}
		sent += p.sent
		var declined, shallow []*mirror.Change
		for _, c := range batch {
			switch why := p.reasons[c.Ref]; {
			case why == "":
				declinedInARow = 0
				done(c)
			case why == "stale info":
				c.Refuse("it changed in Bitbucket during this run")
			case why == "shallow update not allowed" && g.isShallow():
				shallow = append(shallow, c)
			case wholePush[why] && len(batch) > 1 && pushes < maxPushes && declinedInARow < maxInARow:
				declined = append(declined, c)
			default:
				declinedInARow++
				c.Refuse("Bitbucket declined it: " + g.said(p.stderr, c.Ref, why))
			}
		}
		if len(shallow) > 0 {
			if err := g.completeHistory(ctx, shallow); err != nil {
				return sent, err
			}
			batches = slices.Insert(batches, 0, shallow)
		}
		batches = slices.Insert(batches, 0, split(declined, p.stderr)...)
	}
	return sent, nil
}

// wholePush are the reasons that concern a push as a whole, although one ref may
// have caused them.
var wholePush = map[string]bool{
	"pre-receive hook declined": true,
	"unpacker error":            true, // too large, for instance
}

// batchesOf splits changes so that each part fits on a command line, and a ref
// with an ambiguous name is by itself.
func batchesOf(changes []*mirror.Change) [][]*mirror.Change {
	limit := maxArguments
	if isWindows {
		limit = maxArgumentsWindows
	}
	var batches, single [][]*mirror.Change
	size := limit
	for _, c := range changes {
		if c.Ambiguous {
			single = append(single, []*mirror.Change{c})
			continue
		}
		length := 0
		for _, argument := range arguments(c) {
			length += len(argument) + 3 // a space, or quotes
		}
		if size += length; size > limit {
			batches = append(batches, nil)
			size = length
		}
		last := len(batches) - 1
		batches[last] = append(batches[last], c)
	}
	return append(batches, single...)
}

// split divides the refs of a push that was declined as a whole: those that the
// hook names, one by one, and the others; or in two halves.
func split(changes []*mirror.Change, stderr []byte) [][]*mirror.Change {
	if len(changes) == 0 {
		return nil
	}
	words := map[string]bool{}
	for _, line := range remoteLines(stderr) {
		for word := range strings.FieldsSeq(line) {
			words[strings.Trim(word, `.,:;!?'"()[]`)] = true
		}
	}
	var parts [][]*mirror.Change
	var others []*mirror.Change
	for _, c := range changes {
		if words[c.Ref] || words[shortName(c.Ref)] {
			parts = append(parts, []*mirror.Change{c})
		} else {
			others = append(others, c)
		}
	}
	if len(parts) > 0 && len(others) > 0 {
		return append([][]*mirror.Change{others}, parts...)
	}
	half := (len(changes) + 1) / 2
	return [][]*mirror.Change{changes[:half], changes[half:]}
}

func shortName(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/")
}

// arguments returns a change's lease and refspec. Bitbucket refuses the change if
// the ref no longer has the value in the lease; an empty value means that the ref
// must not exist.
func arguments(c *mirror.Change) [2]string {
	return [2]string{"--force-with-lease=" + c.Ref + ":" + c.Old, c.New + ":" + c.Ref}
}

// pushed is the result of one push.
type pushed struct {
	reasons map[string]string // why a ref was rejected; empty: it wasn't
	stderr  []byte
	sent    int64
}

// push pushes once.
func (g *Git) push(ctx context.Context, changes []*mirror.Change) (pushed, error) {
	options := []string{"push", "--porcelain", "--no-verify", "--progress"}
	var refspecs []string
	for _, c := range changes {
		both := arguments(c)
		options, refspecs = append(options, both[0]), append(refspecs, both[1])
	}
	if len(changes) == 1 && changes[0].Ambiguous {
		var err error
		if refspecs, err = g.byPattern(ctx, changes[0]); err != nil {
			return pushed{}, err
		}
	}
	out, err := g.run(ctx, bitbucket, nil, append(append(options, string(bitbucket)), refspecs...)...)
	p := pushed{stderr: out.stderr, sent: transferred(out.stderr)}
	if err == nil {
		return p, nil
	}
	if _, ok := asFailure(err); !ok {
		return p, err
	}
	p.reasons = rejections(out.stdout)
	if len(p.reasons) == 0 && !g.complete && lacksObjects(out.stderr) {
		return p, errIncomplete
	}
	if f := g.explainPush(out.stderr, len(p.reasons) > 0); f != nil {
		return p, f
	}
	return p, nil
}

// byPattern names a ref in a way that git doesn't complete: by a pattern that
// one local ref matches.
func (g *Git) byPattern(ctx context.Context, c *mirror.Change) ([]string, error) {
	const staging = "refs/push/"
	// Any earlier one must not match.
	if err := os.RemoveAll(filepath.Join(g.repo, staging)); err != nil {
		return nil, tempFault(err)
	}
	_, err := g.run(ctx, machine, nil, "update-ref", staging+strings.TrimPrefix(c.Ref, "refs/"), c.New)
	return []string{staging + "*:refs/*"}, g.local(err)
}

// rejections reads why refs were rejected, by name (git-push(1), OUTPUT).
func rejections(porcelain []byte) map[string]string {
	reasons := map[string]string{}
	for line := range strings.Lines(string(porcelain)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) != 3 || fields[0] != "!" {
			continue
		}
		_, ref, _ := strings.Cut(fields[1], ":")
		_, why, _ := strings.Cut(fields[2], "] (")
		reasons[ref] = strings.TrimSuffix(why, ")")
		if reasons[ref] == "" {
			reasons[ref] = "rejected"
		}
	}
	return reasons
}

// said returns what the server said about a ref: the lines that name it, or else
// all lines, or else git's own reason.
func (g *Git) said(stderr []byte, ref, why string) string {
	var naming []string
	lines := remoteLines(stderr)
	for _, line := range lines {
		if strings.Contains(line, shortName(ref)) {
			naming = append(naming, line)
		}
	}
	if len(naming) > 0 {
		lines = naming
	}
	text := strings.Join(lines, " ")
	if text == "" {
		text = why
	}
	return g.shown(text)
}

// maxSaid is how much of a server's text is shown, in characters.
const maxSaid = 300

// shown makes a server's text safe to show: short, and without the secrets that a
// server may send back.
func (g *Git) shown(text string) string {
	text = g.scrub(text)
	if runes := []rune(text); len(runes) > maxSaid {
		text = string(runes[:maxSaid]) + "…"
	}
	return text
}

// remoteLines are the lines that the server wrote, without its progress.
func remoteLines(stderr []byte) []string {
	var lines []string
	for line := range bytes.FieldsFuncSeq(stderr, func(r rune) bool { return r == '\n' || r == '\r' }) {
		text, ok := strings.CutPrefix(string(line), "remote:")
		text = strings.TrimSpace(text)
		progress := strings.Contains(text, "% (") || strings.HasSuffix(text, ", done.")
		if ok && text != "" && !progress {
			lines = append(lines, text)
		}
	}
	return lines
}

// pushOrRefetch pushes once. If objects turn out to be missing here, since
// Bitbucket lacks what it listed before, it fetches everything and pushes again.
func (g *Git) pushOrRefetch(ctx context.Context, changes []*mirror.Change) (pushed, error) {
	p, err := g.push(ctx, changes)
	if !errors.Is(err, errIncomplete) {
		return p, err
	}
	if _, err := g.refetch(ctx, newValues(changes)); err != nil {
		return p, err
	}
	return g.push(ctx, changes)
}

// errIncomplete is a push that needs objects which weren't fetched.
var errIncomplete = errors.New("the push needs objects that aren't here")

// lacksObjects recognises what git says about an object that isn't here, in any of
// its parts that read objects for a push.
func lacksObjects(stderr []byte) bool {
	return containsAny(string(stderr), "unable to read ", "could not read ", "bad object", "does not match any", "missing blob", "unable to parse object")
}

func newValues(changes []*mirror.Change) []string {
	var ids []string
	for _, c := range changes {
		if c.New != "" {
			ids = append(ids, c.New)
		}
	}
	return ids
}

// completeHistory fetches all history of the refs that Bitbucket doesn't accept
// from a shallow repository.
func (g *Git) completeHistory(ctx context.Context, changes []*mirror.Change) error {
	_, err := g.Fetch(ctx, newValues(changes), All, true)
	return err
}
