package git

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// answer is what the server wrote during a push, without its progress.
type answer struct {
	lines  []string
	naming map[string][]int // indexes of the lines that contain a word
}

// answer reads what the server wrote, without the lines that contain a piece of a
// token: it may send back what it was sent.
func (g *Git) answer(stderr []byte) answer {
	var lines []string
	for _, line := range remoteLines(stderr) {
		if line = g.scrub(line); !g.isSecret(line) {
			lines = append(lines, line)
		}
	}
	return readAnswer(lines)
}

func readAnswer(lines []string) answer {
	a := answer{lines, map[string][]int{}}
	for i, line := range a.lines {
		for word := range words(line) {
			a.naming[word] = append(a.naming[word], i)
		}
	}
	return a
}

// namingRef returns the indexes of the lines that name a ref.
func (a answer) namingRef(ref string) []int {
	list := a.naming[ref]
	if short := mirror.ShortName(ref); short != ref {
		list = append(slices.Clone(list), a.naming[short]...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// about returns what the server wrote about a ref: the lines that name it, or else
// all lines.
func (a answer) about(ref string) string {
	naming := a.namingRef(ref)
	if len(naming) == 0 {
		return strings.Join(a.lines, " ")
	}
	var lines []string
	for _, i := range naming {
		lines = append(lines, a.lines[i])
	}
	return strings.Join(lines, " ")
}

// aboutNone returns the lines that name none of some refs.
func (a answer) aboutNone(changes []mirror.Change) string {
	naming := map[int]bool{}
	for _, c := range changes {
		for _, i := range a.namingRef(c.Ref) {
			naming[i] = true
		}
	}
	var lines []string
	for i, line := range a.lines {
		if !naming[i] {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// words yields the words of a line, without the punctuation around them, some of
// which is allowed in names of refs.
func words(line string) iter.Seq[string] {
	const punctuation = ".,:;!?'\"()[]<>`"
	return func(yield func(string) bool) {
		for field := range strings.FieldsSeq(line) {
			whole := strings.Trim(field, punctuation)
			if !yield(whole) {
				return
			}
			for part := range strings.FieldsFuncSeq(whole, func(r rune) bool { return r != '.' && strings.ContainsRune(punctuation, r) }) {
				if part != whole && !yield(part) {
					return
				}
			}
		}
	}
}

// remoteLines are the lines that the server wrote, without its progress, and
// without git's own line there, which only says that a hook has said something.
func remoteLines(stderr []byte) []string {
	var lines []string
	for line := range bytes.FieldsFuncSeq(stderr, func(r rune) bool { return r == '\n' || r == '\r' }) {
		text, ok := strings.CutPrefix(string(line), "remote:")
		text = strings.TrimSpace(text)
		progress := strings.Contains(text, "% (") || strings.HasSuffix(text, ", done.")
		if ok && text != "" && !progress && !strings.HasPrefix(text, "error: hook declined to update ") {
			lines = append(lines, text)
		}
	}
	return lines
}

// ownLines are the lines that git wrote, and not the server.
func ownLines(stderr []byte) string {
	var text strings.Builder
	for line := range strings.Lines(string(stderr)) {
		if !strings.HasPrefix(line, "remote:") {
			text.WriteString(line)
		}
	}
	return text.String()
}
