package git

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// answer contains the lines that the server wrote during a push, without its progress.
type answer struct {
	lines  []string
	naming map[string][]int // indexes of the lines that contain a word
}

// answer reads the lines that the server wrote. It drops those that contain a piece of a
// token, since a server may send back what it received.
func (g *Git) answer(stderr []byte) answer {
	a := answer{naming: map[string][]int{}}
	for _, line := range remoteLines(stderr) {
		if line = g.options.Scrub(line); g.options.IsSecret(line) {
			continue
		}
		for _, word := range words(line) {
			a.naming[word] = append(a.naming[word], len(a.lines))
		}
		a.lines = append(a.lines, line)
	}
	return a
}

// namingRef returns the indexes of the lines that name a ref.
func (a answer) namingRef(ref string) []int {
	list := slices.Concat(a.naming[ref], a.naming[mirror.ShortName(ref)])
	slices.Sort(list)
	return slices.Compact(list)
}

// about returns the lines that name a ref, or else all lines.
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

// punctuation can surround a name in a sentence. Some of it is allowed in names of refs.
const punctuation = ".,:;!?'\"()[]<>`"

// words returns the words of a line that can be names, without the punctuation around
// them. A word that consists of letters, such as "a" or "repository", may just belong to
// the sentence: it is a name only in quotes or brackets, before a colon, or after a word
// such as "branch".
func words(line string) []string {
	var names []string
	before := ""
	for _, field := range strings.Fields(line) {
		word := strings.Trim(field, punctuation)
		isMarked := introducesName[strings.ToLower(before)] || strings.HasSuffix(field, word+":") || isEnclosed(field)
		if isMarked || !isLetters(word) {
			names = append(names, word)
		}
		before = word
		for _, part := range strings.FieldsFunc(word, func(r rune) bool { return r != '.' && r != '\'' && strings.ContainsRune(punctuation, r) }) {
			part = strings.Trim(part, punctuation)
			// In "push(es)" no part is a name, in "branch:main" and "main,topic" they are.
			if part != word && (!isLetters(part) || !strings.ContainsAny(word, "()")) {
				names = append(names, part)
			}
		}
	}
	return names
}

// introducesName contains the words that precede a name.
var introducesName = map[string]bool{"branch": true, "branches": true, "tag": true, "tags": true, "ref": true, "refs": true, "reference": true}

// isEnclosed reports whether a word is in quotes or brackets.
func isEnclosed(field string) bool {
	closing := map[byte]string{'\'': "'", '"': "\"", '`': "`'", '(': ")", '[': "]", '<': ">"}
	return field != "" && closing[field[0]] != "" && strings.ContainsAny(field[1:], closing[field[0]])
}

func isLetters(word string) bool {
	return !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) })
}

// remoteLines returns the lines that the server wrote, without its progress, and without
// the line in which its git only says that a hook declined.
func remoteLines(stderr []byte) []string {
	var lines []string
	for _, line := range linesOf(string(stderr)) {
		text, ok := strings.CutPrefix(line, "remote:")
		text = strings.TrimSpace(text)
		if ok && text != "" && !isProgress(text) && !strings.HasPrefix(text, "error: hook declined to update ") {
			lines = append(lines, text)
		}
	}
	return append(lines, remoteError(stderr)...)
}

// progressTitles begin the lines in which a server's git shows its progress (of git:
// progress.c; of JGit: ProgressMonitor).
var progressTitles = []string{
	"Enumerating objects: ", "Counting objects: ", "Compressing objects: ", "Finding sources: ", "Getting sizes: ", "Writing objects: ",
	"Receiving objects: ", "Resolving deltas: ", "Updating references: ", "Checking connectivity: ", "Processing changes: ",
}

func isProgress(text string) bool {
	return strings.Contains(text, "% (") || strings.HasSuffix(text, ", done.") || beginsWith(text, progressTitles) ||
		strings.HasPrefix(text, "Total ") && strings.Contains(text, " (delta ")
}

// remoteErrorMark begins the error that a server sends in place of an answer
// (gitprotocol-pack(5), "error-line"). It can have several lines, which git writes as
// they came, before it ends.
const remoteErrorMark = "fatal: remote error: "

// remoteError returns the lines of the error that a server sent in place of an
// answer.
func remoteError(stderr []byte) []string {
	_, text, found := bytes.Cut(append([]byte("\n"), stderr...), []byte("\n"+remoteErrorMark))
	if !found {
		return nil
	}
	var lines []string
	for _, line := range linesOf(string(text)) {
		line = strings.TrimSpace(line)
		if len(lines) > 0 && (strings.HasPrefix(line, "fatal: ") || strings.HasPrefix(line, "error: ")) {
			break // by the process that started this one
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// ownLines returns the lines that git wrote itself, without the server's.
func ownLines(stderr []byte) string {
	var text strings.Builder
	for line := range strings.Lines(string(stderr)) {
		if strings.HasPrefix(line, remoteErrorMark) {
			break // what follows may be the server's
		}
		if !strings.HasPrefix(line, "remote:") {
			text.WriteString(line)
		}
	}
	return text.String()
}
