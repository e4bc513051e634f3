package mirror_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// A pattern is a fault if git allows no name that it matches.
func TestPatternsAgainstGit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	matching := map[string][]string{} // names, by the pattern that matches them
	for len(matching) < 1_500 {
		pattern := randomPattern(random)
		// A letter for each star breaks no rule; the other names are there to find one
		// that git allows although it refuses this.
		names := []string{"refs/heads/" + strings.ReplaceAll(pattern, "*", "y")}
		for range min(strings.Count(pattern, "*"), 2) {
			names = append(names, "refs/heads/"+filled(random, pattern))
		}
		matching[pattern] = names
	}
	allowed := allowedByGit(t, slices.Concat(slices.Collect(maps.Values(matching))...))
	accepted := 0
	for pattern, names := range matching {
		_, err := mirror.ParsePatterns("branches", pattern)
		if err == nil {
			accepted++
		} else if fault.From(err).Code != fault.Pattern {
			t.Fatalf("%q: %v", pattern, err)
		}
		if possible := slices.ContainsFunc(names, func(name string) bool { return allowed[name] }); possible != (err == nil) {
			t.Fatalf("%q: git allows a name that it matches: %v; the fault is %v", pattern, possible, err)
		}
	}
	if refused := len(matching) - accepted; accepted < 250 || refused < 250 {
		t.Errorf("%d were accepted and %d refused, which are too few to compare", accepted, refused)
	}
}

// refPieces are the texts that the rules for names mention (git-check-ref-format(1)), and
// parts of other tools' patterns.
var refPieces = []string{
	"a", "b", "v1", "main", "é", "日", "*", "*", "*", "/", "/", ".", "..", ".lock", "lock", "@", "@{", "{", "}", "-", "+", "(", ")", "|", "$", "#", "\"",
	"~", "^", ":", "?", "[", "]", `\`, "[0-9]", "\x7f", "HEAD", "refs/",
}

func randomPattern(random *rand.Rand) string {
	var b strings.Builder
	for range 1 + random.IntN(5) {
		b.WriteString(refPieces[random.IntN(len(refPieces))])
	}
	return b.String()
}

// filled is a pattern with random texts for its stars.
func filled(random *rand.Rand, pattern string) string {
	parts := strings.Split(pattern, "*")
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			for range random.IntN(3) {
				b.WriteString(strings.ReplaceAll(refPieces[random.IntN(len(refPieces))], "*", ""))
			}
		}
		b.WriteString(part)
	}
	return b.String()
}

// allowedByGit reports which names git allows. As git check-ref-format accepts one at
// a time, git receive-pack is asked to delete them all, which checks each by the same
// function (gitprotocol-pack(5)). Both are asked about some names, and must agree.
func allowedByGit(t *testing.T, names []string) map[string]bool {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git isn't installed")
	}
	repository := t.TempDir()
	if out, err := exec.Command(git, "init", "--quiet", "--bare", repository).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	none := strings.Repeat("0", 40)
	var request strings.Builder
	for i, name := range names {
		line := none + " " + none + " " + name
		if i == 0 {
			line += "\x00report-status"
		}
		fmt.Fprintf(&request, "%04x%s", len(line)+4, line)
	}
	request.WriteString("0000")
	receive := exec.Command(git, "receive-pack", "--stateless-rpc", repository)
	receive.Stdin = strings.NewReader(request.String())
	report, err := receive.Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	for _, name := range names {
		allowed[name] = true
	}
	reported := 0
	for len(report) >= 4 {
		length, err := strconv.ParseUint(string(report[:4]), 16, 16)
		if err != nil || length < 4 || int(length) > len(report) {
			break
		}
		line := string(report[4:length])
		report = report[length:]
		if name, isFunny := strings.CutSuffix(strings.TrimPrefix(line, "ng "), " funny refname\n"); isFunny {
			allowed[name] = false
		}
		if strings.HasPrefix(line, "ng ") || strings.HasPrefix(line, "ok ") {
			reported++
		}
	}
	if reported != len(names) {
		t.Fatalf("git reports %d names of %d", reported, len(names))
	}
	for _, name := range names[:20] {
		if err := exec.Command(git, "check-ref-format", name).Run(); (err == nil) != allowed[name] {
			t.Fatalf("%q: git check-ref-format says %v", name, err)
		}
	}
	return allowed
}
