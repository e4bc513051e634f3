package action

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Settings and the logins of proxies are masked together, the longest form first, and none
// twice. Passwords that are too short to be masked are hidden in the texts of others only.
func TestMasksOfSettings(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	m, site := reporting(t, &stdout)
	site.Env["HTTPS_PROXY"], site.Env["http_proxy"] = "http://corp:pw@127.0.0.1:1", "http://corp:pw-s3cret-word@127.0.0.1:1"
	token := credentialtest.AccessToken()
	if err := m.maskSettings([]secret.String{secret.New(token)}); err != nil {
		t.Fatal(err)
	}
	masks := slices.Clone(m.masked)
	if !slices.IsSortedFunc(masks, func(a, b string) int { return len(b) - len(a) }) || strings.Count(stdout.String(), "::add-mask::") != len(masks) {
		t.Errorf("the longest doesn't come first, or not all are masked: %q", masks)
	}
	for form, want := range map[string]bool{
		token: true, "pw-s3cret-word": true, "corp:pw-s3cret-word": true, "pw": false, "corp": false,
		base64.RawStdEncoding.EncodeToString([]byte("corp:pw-s3cret-word")): true,
		base64.RawStdEncoding.EncodeToString([]byte("pw-s3cret-word")):      true,
	} {
		if got := slices.Contains(masks, form); got != want {
			t.Errorf("%q is masked: %v", form, got)
		}
	}

	stdout.Reset()
	if err := m.mask([]string{"the first", token, "another"}); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); got != "::add-mask::the first\n::add-mask::another\n" {
		t.Errorf("then masked: %q", got)
	}
	text := "corp pw pw-s3cret-word, " + token + " another"
	if got, want := m.hide(text), "corp pw ***, *** ***"; got != want {
		t.Errorf("our own text: got %q, want %q", got, want)
	}
	if got, want := m.scrub(text), "corp *** ***, *** ***"; got != want {
		t.Errorf("a server's text: got %q, want %q", got, want)
	}
}

// A fault is shown without secrets in its sentence and in each of its hints, and stays what
// it is.
func TestHiddenFaults(t *testing.T) {
	t.Parallel()
	r := &run{masked: []string{"s3cret-word", "another"}}
	f := fault.New(fault.Refused, "s3cret-word in another", "the s3cret-word", "plain", "another s3cret-word")
	got := r.hidden(f)
	if got.Code != fault.Refused || got.What != "*** in ***" || !slices.Equal(got.Hints, []string{"the ***", "plain", "*** ***"}) {
		t.Errorf("got %v, %q", got, got.Hints)
	}
	if f.What != "s3cret-word in another" || f.Hints[0] != "the s3cret-word" {
		t.Errorf("it has changed to %v, %q", f, f.Hints)
	}
}

// A sentence of a server isn't shown if it has a piece of any of the run's tokens. What all
// tokens of a kind begin with isn't such a piece.
func TestQuotedSentences(t *testing.T) {
	t.Parallel()
	asked, minted := secret.New(credentialtest.APIToken()), secret.New(credentialtest.AccessToken())
	r := &run{tokens: []secret.String{secret.New(credentialtest.Letters(40)), minted}}
	for name, token := range map[string]secret.String{"the token": asked, "another": minted} {
		own := credential.OwnPart(token).Reveal()
		common := strings.TrimSuffix(token.Reveal(), own)
		if len(common) < 8 {
			t.Fatalf("%s: tokens of its kind have %q in common", name, common)
		}
		for text, want := range map[string]bool{common: true, own[:8]: false, own[len(own)-8:]: false, "plain words": true} {
			sentence := "no access with [" + text + "]"
			if got := r.quote(sentence, "https://bitbucket.org", asked); (got == sentence) != want || strings.Contains(got, text) != want {
				t.Errorf("%s: %q is shown: %v", name, text, !want)
			}
		}
	}
}
