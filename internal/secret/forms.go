package secret

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// MinMask is the shortest text that may be masked, in characters. Anything
// shorter would also hide innocent text, and empties unrelated job outputs
// (actions/runner#2109).
const MinMask = 8

// Column widths at which base64(1), openssl and MIME encoders wrap.
var wrapWidths = []int{76, 64}

// Forms returns what a runner must mask so that secret text does not show in a
// log, the longest first: maskers that replace one string after the other
// (act, Forgejo) would otherwise cut a short form out of a long one and leave
// the rest visible. Every form is one line of at least [MinMask] characters.
//
// A runner sees single lines, so text with line breaks gives its lines.
func Forms(secrets ...String) []string {
	var forms []string
	for _, s := range secrets {
		for line := range strings.SplitSeq(strings.ReplaceAll(s.Reveal(), "\r", "\n"), "\n") {
			line = strings.TrimSpace(line)
			inPath := url.PathEscape(line)
			forms = append(forms, line, inPath, url.QueryEscape(line))
			// JSON takes as it is what a path does, but for &: most tokens.
			if inPath != line || strings.Contains(line, "&") {
				forms = append(forms, escapedJSON(line, true), escapedJSON(line, false))
			}
		}
	}
	return InOrder(forms)
}

// PairForms returns the forms of user:password as HTTP Basic encodes it
// (RFC 7617), beside those of the password itself, ordered like [Forms].
//
// The unpadded text is masked because it also stands inside the padded one and
// inside the encoding of the pair with a line break behind it. The runner's own
// encoders find less: encoding the token alone matches only the pair's tail
// (actions/runner, ValueEncoders.cs).
func PairForms(user string, password String) []string {
	pair := []byte(user + ":" + password.Reveal())
	forms := Forms(password)
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		encoded := encoding.EncodeToString(pair)
		forms = append(forms, encoded, url.QueryEscape(encoded), url.PathEscape(encoded))
		for _, width := range wrapWidths {
			forms = append(forms, pieces(encoded, width)...)
		}
	}
	return InOrder(forms)
}

// pieces cuts text into lines of width characters.
func pieces(text string, width int) []string {
	var lines []string
	for chunk := range slices.Chunk([]byte(text), width) {
		lines = append(lines, string(chunk))
	}
	return lines
}

// escapedJSON is text as it stands inside a JSON string.
func escapedJSON(text string, escapeHTML bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // a string always encodes, and a buffer takes it
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}

// InOrder sorts forms by length, the longest first, and drops doubles and what
// is too short to mask.
func InOrder(forms []string) []string {
	forms = slices.DeleteFunc(forms, func(f string) bool { return len(f) < MinMask })
	slices.SortStableFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(forms)
}
