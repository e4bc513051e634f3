package hosttest_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// The leak test must be able to fail: a leak of each form is planted.
func TestLeaksFindsEveryForm(t *testing.T) {
	secret := credentialtest.APIToken()
	encode := base64.StdEncoding.EncodeToString
	wrapped := encode([]byte("me@example.com:" + secret))
	for name, planted := range map[string]string{
		"raw":               secret,
		"ten characters":    "..." + secret[40:50] + "...",
		"base64":            encode([]byte(secret)),
		"base64, shifted 1": encode([]byte("x" + secret)),
		"base64, shifted 2": encode([]byte("xx" + secret)),
		"base64url":         base64.RawURLEncoding.EncodeToString([]byte("me:" + secret)),
		"hex":               hex.EncodeToString([]byte(secret)),
		"upper-case hex":    strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"percent":           url.QueryEscape(secret[180:]),
		"wrapped":           wrapped[:76] + "\n" + wrapped[76:152] + "\n" + wrapped[152:],
		"wrapped raw":       secret[:50] + "\r\n" + secret[50:],
	} {
		if len(hosttest.Leaks("log: "+planted+" end", secret)) == 0 {
			t.Errorf("a leak isn't found: %s", name)
		}
	}
	if leaks := hosttest.Leaks("log: "+credentialtest.ConsumerSecret(), secret); len(leaks) > 0 {
		t.Errorf("another secret counts as a leak: %v", leaks)
	}
}

func TestRunnersMask(t *testing.T) {
	const output = "before s3cret-value\n::add-mask::s3cret-value\nafter s3cret-value\n" +
		"::error title=a%3Ab::shown s3cret-value%0Anext\n::unknown::x\nline ##[warning]old form\n"
	for _, runner := range hosttest.Runners {
		log := runner.Show(output)
		if !strings.Contains(log.Lines[0], "s3cret") || strings.Contains(strings.Join(log.Lines[1:], "\n"), "s3cret") {
			t.Errorf("%s: %q", runner.Name, log.Lines)
		}
		if len(log.Annotations) == 0 || log.Annotations[0] != (hosttest.Annotation{Level: "error", Title: "a:b", Message: "shown ***\nnext"}) {
			t.Errorf("%s: %q", runner.Name, log.Annotations)
		}
		if old := len(log.Annotations) == 2; old != (runner.Name == "GitHub") {
			t.Errorf("%s: the old form of commands: %q", runner.Name, log.Annotations)
		}
	}
	if got := hosttest.Forgejo.Show("::add-mask::100%25-secret\n100%-secret\n").Text(); !strings.Contains(got, "100%-secret") {
		t.Errorf("Forgejo undoes escapes: %q", got)
	}
}
