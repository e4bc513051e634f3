package secret_test

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

func TestForms(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"a password", "abc?defg", []string{"abc%3Fdefg", "abc?defg"}},
		{"too short", "abcdefg", nil},
		{"too short, but for its escapes", "abcde?g", nil},
		{"a space", "pass word", []string{"pass%20word", "pass word", "pass+word"}},
		{"empty", "", nil},
		{"lines", "first?line\r\n  second?line \nshort\n", []string{"second%3Fline", "first%3Fline", "second?line", "first?line"}},
		{"lines of an old Mac", "first?line\rsecond?line", []string{"second%3Fline", "first%3Fline", "second?line", "first?line"}},
		{"percent", "abc+d/e=f@", []string{"abc%2Bd%2Fe%3Df%40", "abc+d%2Fe=f@", "abc+d/e=f@"}},
		{"JSON, of what a path leaves alone", "abc&defg", []string{`abc\u0026defg`, "abc%26defg", "abc&defg"}},
		{"JSON", `quote"<here`, []string{`quote\"\u003chere`, "quote%22%3Chere", `quote\"<here`, `quote"<here`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := secret.Forms(secret.New(test.text))
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// Parts of a token are masked where they are long enough not to hide innocent
// text, and only in what can be a token.
func TestFormsOfParts(t *testing.T) {
	for text, want := range map[string][]string{
		"twelve-chars=11-chars-xx/thirteen_char": {"twelve-chars", "thirteen_char"},
		"someone.with.twelve-chars@example.com":  nil,
		"Authorization: twelve-chars":            nil,
	} {
		forms := secret.Forms(secret.New(text))
		var parts []string
		for _, form := range forms {
			if form != text && strings.Contains(text, form) {
				parts = append(parts, form)
			}
		}
		slices.Sort(parts)
		slices.Sort(want)
		if !slices.Equal(parts, want) {
			t.Errorf("%s: got %q", text, parts)
		}
	}
}

// allForms returns the forms of a token that a run masks, in that order.
func allForms(token string, users ...string) []string {
	return append(secret.Forms(secret.New(token)), secret.LoginForms(secret.New(token), users...)...)
}

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// Maskers that know no encoding hide a token however a tool has printed it.
func TestTokenFormsHideWhatToolsEscape(t *testing.T) {
	broken := []byte(credentialtest.OldHTTPAccessToken()) // no part of it is long enough to be masked by itself
	for i := 10; i < len(broken); i += 11 {
		broken[i] = "+/"[i%2]
	}
	tokens := map[string]string{
		"API token":                credentialtest.APIToken(),
		"Data Center":              credentialtest.HTTPAccessToken(),
		"Data Center, short parts": string(broken),
		"Data Center, padded":      string(broken[:len(broken)-1]) + "=",
		"JWT":                      base64Of(`{"alg":"HS256"}`) + "." + credentialtest.ConsumerSecret() + "." + credentialtest.ConsumerSecret(),
	}
	tools := map[string]func(string) string{
		"git's credential store":   strings.NewReplacer("+", "%2b", "/", "%2f", "=", "%3d").Replace,
		"encodeURIComponent":       strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace,
		"Python's quote":           strings.NewReplacer("+", "%2B", "=", "%3D").Replace,
		"PHP's json_encode":        strings.NewReplacer("/", `\/`).Replace,
		"Gson":                     strings.NewReplacer("=", `\u003d`).Replace,
		"System.Text.Json":         strings.NewReplacer("+", `\u002B`).Replace,
		"JavaScript's escape":      strings.NewReplacer("=", "%3D").Replace,
		"Handlebars":               strings.NewReplacer("=", "&#x3D;").Replace,
		"Mustache":                 strings.NewReplacer("/", "&#x2F;", "=", "&#x3D;").Replace,
		"HTML, by decimal numbers": strings.NewReplacer("+", "&#43;", "/", "&#47;", "=", "&#61;").Replace,
		"Go's html/template":       strings.NewReplacer("+", "&#43;").Replace,
		"quoted-printable":         strings.NewReplacer("=", "=3D").Replace,
		"base64":                   func(s string) string { return base64Lines(s, 76) },
		"base64, in some JSON":     func(s string) string { return base64Of(`{"a":"` + s + `"}`) },
		"base64, shifted":          func(s string) string { return base64Of(`{"ab":"` + s + `"}`) },
		"base64, shifted again":    func(s string) string { return base64Of(`{"abc":"` + s + `"}`) },
		"base64, for URLs":         func(s string) string { return base64.URLEncoding.EncodeToString([]byte("x:" + s + "\n")) },
	}
	for kind, token := range tokens {
		forms := allForms(token)
		for tool, print := range tools {
			masked := replaceAll("token: "+print(token)+"\n", forms)
			if leaks := hosttest.Leaks(masked, token); len(leaks) > 0 {
				t.Errorf("%s, printed by %s, shows: %s\n%s", kind, tool, leaks[0], masked)
			}
		}
	}
}

func TestLoginForms(t *testing.T) {
	got := secret.LoginForms(secret.New("abcdefgh"), "me")
	want := []string{"bWU6YWJjZGVmZ2g", "YWJjZGVmZ2g", "Y2RlZmdo", "YWJjZGVm", "YmNkZWZn"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Of a token's base64, no piece that is too short is masked at the end of the lines.
func TestNoShortForms(t *testing.T) {
	t.Parallel()
	for length := 8; length < 120; length++ {
		forms := secret.LoginForms(secret.New(strings.Repeat("x", length)), "me")
		if shortest := forms[len(forms)-1]; len(shortest) < 8 {
			t.Errorf("of %d characters, %q is masked", length, shortest)
		}
	}
}

func TestLongestFormFirst(t *testing.T) {
	forms := secret.LoginForms(secret.New(strings.Repeat("t0ken/+=", 24)), "someone@example.com")
	if !slices.IsSortedFunc(forms, func(a, b string) int { return len(b) - len(a) }) {
		t.Errorf("not sorted by length: %q", forms)
	}
}

// replaceAll masks as act and Forgejo do: one form after the other.
func replaceAll(text string, forms []string) string {
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, "***")
	}
	return text
}

func TestLoginFormsHideEncodedPairs(t *testing.T) {
	for padding := range 3 { // each alignment of the pair's end
		// In base64, a pair can also contain + and /, and - and _ for URLs.
		user, token := "me@example.com", strings.Repeat("Ab3_-", 30)+strings.Repeat("~?>o~?", 20)+strings.Repeat("x", padding)
		pair := user + ":" + token
		forms := allForms(token, user)
		std := base64.StdEncoding
		for name, shown := range map[string]string{
			"token":           token,
			"padded":          std.EncodeToString([]byte(pair)),
			"line break":      std.EncodeToString([]byte(pair + "\n")),
			"CR and LF":       std.EncodeToString([]byte(pair + "\r\n")),
			"URL-safe":        base64.URLEncoding.EncodeToString([]byte(pair)),
			"percent-encoded": url.QueryEscape(std.EncodeToString([]byte(pair))),
			"in a path":       strings.ReplaceAll(std.EncodeToString([]byte(pair)), "/", "%2F"),
			"basenc(1)":       strings.NewReplacer("+", "-", "/", "_").Replace(base64Lines(pair, 76)),
			"in other text":   strings.TrimPrefix(base64.URLEncoding.EncodeToString([]byte("a:"+token+"\n")), "YTp"),
			"base64(1)":       base64Lines(pair, 76),
			"base64 -w64":     base64Lines(pair, 64),
			"Ruby":            base64Lines(pair, 60),
		} {
			masked := strings.ReplaceAll(replaceAll(shown, forms), "%3D", "")
			for line := range strings.Lines(masked) {
				if rest := strings.TrimSpace(strings.ReplaceAll(line, "***", "")); len(rest) >= secret.MinMask {
					t.Errorf("%s, padding %d: %q is left", name, padding, rest)
				}
			}
		}
	}
}

// base64Lines returns the output of base64(1), in lines of that width.
func base64Lines(text string, width int) string {
	var b strings.Builder
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString([]byte(text))), width) {
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}
