package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
)

// MinMask is the length of the shortest text that may be masked, in characters.
// Anything shorter would also hide innocent text, and empties unrelated job
// outputs (actions/runner#2109).
const MinMask = 8

// minRun is the length of the shortest run of plain characters in a token that
// is masked by itself. Shorter ones may well be words.
const minRun = 12

// The characters of tokens (RFC 6750, b64token).
const (
	plain   = charset.Letters + charset.Digits + "_-" // no tool escapes these
	escaped = "+/=.~"                                 // some tools escape these
)

// Column widths at which encoders wrap base64: base64(1) and MIME, openssl, Ruby;
// and its URL-safe form, which only basenc(1) does.
var (
	widths    = []int{76, 64, 60}
	widthsURL = []int{76}
)

// Forms returns what a runner must mask so that secret text doesn't show in a
// log, the longest first: maskers that replace one string after the other
// (act, Forgejo) would otherwise cut a short form out of a long one and leave
// the rest visible. Every form is one line of at least [MinMask] characters.
//
// A runner sees single lines, so text with line breaks gives its lines.
func Forms(secrets ...String) []string {
	var forms, done []string
	for _, s := range secrets {
		for _, line := range strings.Split(strings.ReplaceAll(s.Reveal(), "\r", "\n"), "\n") {
			line = strings.TrimSpace(line)
			if len(line) < MinMask || slices.Contains(done, line) {
				continue
			}
			done = append(done, line)
			inPath := url.PathEscape(line)
			forms = append(forms, line, inPath, url.QueryEscape(line))
			// JSON leaves the same characters alone as a path does, but for &.
			if inPath != line || strings.Contains(line, "&") {
				forms = append(forms, escapedJSON(line, true), escapedJSON(line, false))
			}
			if charset.ContainsOnly(line, plain+escaped) {
				forms = append(forms, tokenForms(line)...)
			}
		}
	}
	return InOrder(forms)
}

// tokenForms returns further forms of a token, for maskers that know no encoding (act,
// Gitea's and Forgejo's runners, Buildkite, Azure Pipelines): its runs of characters
// that no tool escapes, and the whole token in the ways in which tools escape it.
func tokenForms(token string) []string {
	var forms []string
	for _, run := range strings.FieldsFunc(token, func(r rune) bool { return strings.ContainsRune(escaped, r) }) {
		if len(run) >= minRun {
			forms = append(forms, run)
		}
	}
	// Base64, of which Data Center's tokens consist, may have no long run. Its
	// padding is left out: tools print it in many ways, always at the end.
	if strings.ContainsAny(token, "+/") {
		unpadded := strings.TrimRight(token, "=")
		for _, by := range tokenEscapes {
			forms = append(forms, strings.NewReplacer("+", by.plus, "/", by.slash).Replace(unpadded))
		}
	}
	return forms
}

// tokenEscapes lists the ways in which tools escape the characters of a token.
var tokenEscapes = []struct{ plus, slash string }{
	{"+", "/"},         // Gson, Handlebars, JavaScript's escape, quoted-printable
	{"%2b", "%2f"},     // git's credential store
	{"%2B", "/"},       // Python's urllib.parse.quote
	{"+", `\/`},        // PHP's json_encode
	{`\u002B`, "/"},    // .NET's System.Text.Json
	{"+", "&#x2F;"},    // Mustache
	{"&#43;", "&#47;"}, // HTML sanitizers
	{"&#43;", "/"},     // Go's html/template
}

// LoginForms returns the base64 forms of a token that logs in, which [Forms] doesn't
// include: the token by itself, in the three alignments that it can have in a longer
// text, and as user:token for each user (HTTP Basic, RFC 7617). Mask them as one list:
// if a piece of the token's base64 were masked before a longer piece of a pair's, the
// rest of the pair would stay visible.
func LoginForms(token String, users ...string) []string {
	text := token.Reveal()
	forms := Base64Forms(text)
	for shift := range min(3, len(text)) {
		groups := []byte(text[shift : len(text)-(len(text)-shift)%3]) // of three bytes, so that no digit depends on what follows
		forms = append(forms, base64.StdEncoding.EncodeToString(groups), base64.URLEncoding.EncodeToString(groups))
	}
	for _, user := range users {
		forms = append(forms, Base64Forms(user+":"+text)...)
	}
	return InOrder(forms)
}

// Base64Forms returns base64 of text, on one line and as encoders wrap it.
//
// The unpadded form is masked because it is also part of the padded one, and of
// the encoding of text with a line break at its end. The runner's own
// encoders find less: base64 of just the token matches only the pair's tail
// (actions/runner, ValueEncoders.cs).
func Base64Forms(text string) []string {
	var forms []string
	add := func(encoding *base64.Encoding, widths []int) {
		encoded := encoding.EncodeToString([]byte(text))
		inPath := strings.ReplaceAll(encoded, "/", "%2F") // in base64, only / and + are escaped in URLs
		forms = append(forms, encoded, inPath, strings.ReplaceAll(inPath, "+", "%2B"))
		for _, width := range widths {
			forms = append(forms, pieces(encoded, width)...)
		}
	}
	add(base64.RawStdEncoding, widths)
	add(base64.RawURLEncoding, widthsURL)
	return forms
}

func pieces(text string, width int) []string {
	var lines []string
	for ; len(text) > width; text = text[width:] {
		lines = append(lines, text[:width])
	}
	return append(lines, text)
}

// escapedJSON returns text as JSON strings contain it.
func escapedJSON(text string, escapeHTML bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text) // neither a string nor a buffer can fail
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}

// InOrder sorts forms by length, the longest first, and drops duplicates and
// what is too short to mask.
func InOrder(forms []string) []string {
	forms = slices.DeleteFunc(forms, func(f string) bool { return len(f) < MinMask })
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(forms)
}
