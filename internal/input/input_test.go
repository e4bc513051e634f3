package input_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/gitconfig"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

// source has settings by their ids, under one name each.
func source(settings map[string]string) *input.Source {
	return &input.Source{
		Settings: contract.CredentialSettings,
		Host:     &host.Definition{Settings: host.Family{Spellings: []func(string) string{strings.ToLower}, ByID: true}},
		Lookup:   func(name string) (string, bool) { value, ok := settings[name]; return value, ok },
		Stdin:    strings.NewReader("from-stdin\n"),
	}
}

func read(t *testing.T, settings map[string]string) (*input.Settings, error) {
	t.Helper()
	text, err := input.ReadCredential(context.Background(), source(settings))
	if err != nil {
		return &input.Settings{}, err
	}
	s, _, err := text.Parse()
	return s, err
}

func TestDefaults(t *testing.T) {
	blank := map[string]string{}
	for _, setting := range contract.CredentialSettings {
		if setting.ID != "token-file" {
			blank[setting.ID] = " \t\n" // a blank value means that the setting isn't set
		}
	}
	for name, settings := range map[string]map[string]string{"nothing": nil, "blanks": blank} {
		s, err := read(t, settings)
		if err != nil {
			t.Fatal(name, err)
		}
		if !s.Token.IsEmpty() {
			t.Errorf("%s: there is a token", name)
		}
		s.Token, s.Repository = secret.String{}, secret.Address{}
		want := &input.Settings{
			Common: input.Common{
				Server:  server.Cloud,
				Summary: true,
				Timeout: 30 * time.Second,
			},
			Verify:    input.VerifyNone,
			ExportEnv: true,
			EnvPrefix: "BITBUCKET",
		}
		if !reflect.DeepEqual(s, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, s, want)
		}
	}
}

func TestSettings(t *testing.T) {
	authority := strings.TrimSpace(bitbuckettest.Certificate())
	s, err := read(t, map[string]string{
		"token": " t0ken-abc\n", "identity": "\"me@example.com\" ", "kind": " access-token ",
		"repository": "ws/repo", "workspace": " ws ", "server-url": "https://Git.Example.com:443/ctx/",
		"expires-on": "2027-01-31", "git": "workspace", "rewrite-ssh": "True", "export-env": "FALSE",
		"env-prefix": " MIRROR ", "on-missing-token": "skip",
		"avo-connection-name": " My team ", "avo-username": "someone", "summary": "false",
		"verify": "warn", "required-scopes": " repository\n", "timeout": "1m30s", "ca-certificate": "\n" + authority + "\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Token.Reveal() != "t0ken-abc" || s.Repository.Clean() != "ws/repo" {
		t.Error("token or repository isn't what was set")
	}
	s.Token, s.Repository = secret.String{}, secret.Address{}
	want := &input.Settings{
		Common: input.Common{
			Identity:    "me@example.com",
			Kind:        credential.AccessToken,
			Server:      servertest.At("https://git.example.com/ctx"),
			ExpiresOn:   time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
			SkipMissing: true,
			Timeout:     90 * time.Second,
			CA:          input.CA{PEM: []byte(authority)},
		},
		Workspace:         "ws",
		Verify:            input.VerifyWarn,
		RequiredScopes:    "repository",
		Git:               gitconfig.Workspace,
		RewriteSSH:        true,
		EnvPrefix:         "MIRROR",
		AvoConnectionName: "My team",
		AvoUsername:       "someone",
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func TestDates(t *testing.T) {
	want := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	for _, given := range []string{"2027-01-31", "2027-01-31T00:00:00Z", "2027-01-31T00:00:00.000Z", "2027-01-31T00:00:00+02:00"} {
		if s, err := read(t, map[string]string{"expires-on": given}); err != nil || !s.ExpiresOn.Equal(want) {
			t.Errorf("%s: got %v, %v", given, s.ExpiresOn, err)
		}
	}
}

func TestFaults(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		id, value string
		want      fault.Code
	}{
		{"kind", "api-tokn", fault.NotAllowed},
		{"kind", "s3cret-s3cret", fault.NotAllowed},
		{"git", "off", fault.NotAllowed},
		{"export-env", "yes", fault.NotAllowed},
		{"export-env", "1", fault.NotAllowed},
		{"log", "quiet", fault.NotAllowed},
		{"rewrite-ssh", "tRue", fault.NotAllowed},
		{"rewrite-ssh", "true", fault.SettingAlone},
		{"on-missing-token", "ignore", fault.NotAllowed},
		{"env-prefix", "mirror", fault.EnvPrefix},
		{"env-prefix", "M", fault.EnvPrefix},
		{"env-prefix", "MIRROR_", fault.EnvPrefix},
		{"env-prefix", "1MIRROR", fault.EnvPrefix},
		{"env-prefix", "MIR-ROR", fault.EnvPrefix},
		{"env-prefix", "MIR\nROR", fault.EnvPrefix},
		{"env-prefix", "GITHUB", fault.EnvPrefix},
		{"env-prefix", "BITBUCKET_AUTH", fault.EnvPrefix},
		{"env-prefix", "BITBUCKET_AUTH_X", fault.EnvPrefix},
		{"env-prefix", "CI_X", fault.EnvPrefix},
		{"env-prefix", "GIT", fault.EnvPrefix},
		{"expires-on", "31.01.2027", fault.ExpiresOn},
		{"expires-on", "2027-02-30", fault.ExpiresOn},
		{"expires-on", "2027-01-31T12:00:00Z", fault.ExpiresOn},
		{"expires-on", "2027-01-31T00:00:00.001Z", fault.ExpiresOn},
		{"expires-on", "s3cret-s3cret", fault.ExpiresOn},
		{"server-url", "bitbucket.example.com", fault.ServerURL},
		{"verify", "yes", fault.NotAllowed},
		{"summary", "no", fault.NotAllowed},
		{"avo-username", "someone", fault.SettingAlone},
		{"timeout", "30", fault.Timeout},
		{"timeout", "0s", fault.Timeout},
		{"timeout", "-1s", fault.Timeout},
		{"timeout", "s3cret-s3cret", fault.Timeout},
		{"ca-certificate", "/nowhere/s3cret-s3cret", fault.CACertificate},
		{"ca-certificate", "/dev/zero", fault.CACertificate},
		{"ca-certificate", "/", fault.CACertificate},
		{"ca-certificate", empty, fault.CACertificate},
		{"ca-certificate", "-----BEGIN CERTIFICATE-----\ns3cret-s3cret\n-----END CERTIFICATE-----", fault.CACertificate},
		{"token-file", "/nowhere/s3cret-s3cret", fault.TokenFile},
		{"token-file", "/", fault.TokenFile},
	} {
		_, err := read(t, map[string]string{test.id: test.value})
		if err == nil {
			t.Errorf("%s=%q: no fault", test.id, test.value)
			continue
		}
		f := fault.From(err)
		if f.Code != test.want || !strings.Contains(f.What, test.id) || len(f.Hints) == 0 {
			t.Errorf("%s=%q: got %v, want %s", test.id, test.value, f, test.want.ID)
		}
		if strings.Contains(f.What+strings.Join(f.Hints, ""), "s3cret") {
			t.Errorf("%s=%q is echoed", test.id, test.value)
		}
	}
}

// A reserved prefix reserves the names that begin with it and an underscore, and no others.
func TestEnvPrefixes(t *testing.T) {
	for prefix, accepted := range map[string]bool{
		"MIRROR": true, "AB": true, "A1": true, "MY_CI": true, "CIRCLE": true, "GITX": true, "GITHUBBER": true, "BITBUCKET": true, "BITBUCKET_AUTHOR": true,
		"CI": false, "CI_": false, "CI_X": false, "GIT": false, "GIT_X": false, "GITHUB_X": false, "BITBUCKET_AUTH_MIRROR": false,
		"A": false, "_A": false, "A_": false, "ä": false, "A B": false, "A-B": false,
	} {
		s, err := read(t, map[string]string{"env-prefix": prefix})
		switch {
		case accepted && (err != nil || s.EnvPrefix != prefix):
			t.Errorf("%s: got %q, %v", prefix, s.EnvPrefix, err)
		case !accepted && (err == nil || fault.From(err).Code != fault.EnvPrefix):
			t.Errorf("%s: got %v", prefix, err)
		}
	}
	// Without a token, a reference as env-prefix isn't the fault that is reported: the
	// result has the usual prefix.
	if s, err := read(t, map[string]string{"env-prefix": "$PREFIX"}); err == nil || s.EnvPrefix != "BITBUCKET" {
		t.Errorf("a reference: got %q, %v", s.EnvPrefix, err)
	}
}

// A wrong value doesn't keep its own fault from being shown.
func TestWrongValuesHideNothing(t *testing.T) {
	t.Parallel()
	for _, settings := range []map[string]string{{"summary": "no"}, {"log": "quiet"}} {
		if s, err := read(t, settings); err == nil || !s.Summary || s.OnlyErrors {
			t.Errorf("%v: summary %t, only errors %t, %v", settings, s.Summary, s.OnlyErrors, err)
		}
	}
}

// Whoever writes a word instead of a date is told what means none.
func TestNoExpiryDate(t *testing.T) {
	for _, text := range []string{"never", "none", "No", "n/a", "-", "unlimited", "0"} {
		_, err := read(t, map[string]string{"expires-on": text})
		if f := fault.From(err); f.Code != fault.ExpiresOn || !slices.Contains(f.Hints, "leave it empty if the token doesn't expire") {
			t.Errorf("%s: got %v, %q", text, err, f.Hints)
		}
	}
}

func TestTokenInAnotherInput(t *testing.T) {
	for _, settings := range []map[string]string{
		{"token": "T0KEN_ABC", "identity": "T0KEN_ABC"},
		{"token": "T0KEN_AB", "identity": "T0KEN_AB"}, // the shortest that is looked for
		{"token": "T0KEN_ABC", "workspace": "T0KEN_ABC"},
		{"token": "T0KEN_ABC", "repository": "ws/T0KEN_ABC"},
		{"token": "T0KEN_ABC", "env-prefix": "T0KEN_ABC"},
		{"token": "T0KEN_ABC", "env-file": "./T0KEN_ABC"},
		{"token": "T0KEN_ABC", "server-url": "https://git.example.com/T0KEN_ABC"},
		{"token": "T0KEN_ABC", "server-url": "https://git.example.com/T0KEN_ABC/projects/X"}, // a fault that quotes it
		{"token": "T0KEN_ABC", "avo-connection-name": "mine T0KEN_ABC"},
		{"token": "T0KEN_ABC", "avo-connection-name": "mine", "avo-username": "T0KEN_ABC"},
	} {
		shown := ""
		for id, text := range settings {
			if id != "token" && strings.Contains(text, settings["token"]) {
				shown = "setting " + id + ","
			}
		}
		if _, err := read(t, settings); fault.From(err).Code != fault.TokenShown || !strings.Contains(err.Error(), shown) {
			t.Errorf("%v: got %v", settings, err)
		}
	}
	if _, err := read(t, map[string]string{"token": "T0KEN_ABC", "identity": "T0KEN_ABC", "kind": "tokn"}); fault.From(err).Code != fault.NotAllowed {
		t.Errorf("after another fault, which quotes no token: %v", err)
	}
	if _, err := read(t, map[string]string{"token": "T0KEN_ABC", "repository": "https://me:T0KEN_ABC@bitbucket.org/ws/repo"}); err != nil {
		t.Errorf("in a URL's user-info, where it is dropped: %v", err)
	}
	if _, err := read(t, map[string]string{"token": "me", "identity": "me@example.com"}); err != nil {
		t.Errorf("too short to be a token, which is a separate fault: %v", err)
	}
}

func TestTokenFile(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct{ path, want string }{
		{file("in-a-file"), "in-a-file"},
		{file("in-a-file\r\n"), "in-a-file"},
		{file(strings.Repeat("x", 64<<10)), strings.Repeat("x", 64<<10)},
		{"-", "from-stdin"},
		{file(""), ""},
	} {
		s, waits := source(map[string]string{"token-file": test.path}), 0
		s.BeforeWaiting = func() { waits++ }
		text, err := input.ReadCredential(context.Background(), s)
		if err != nil || text.Token.Reveal() != test.want || waits != 1 {
			t.Errorf("got %q, %v, told of %d waits", text.Token.Reveal(), err, waits)
		}
	}
	for name, settings := range map[string]map[string]string{
		"too large":          {"token-file": file(strings.Repeat("x", 64<<10+1))},
		"both are given":     {"token-file": file("a-token"), "token": "another-token"},
		"both, and no token": {"token-file": "/nowhere", "token": "another-token"},
	} {
		text, err := input.ReadCredential(context.Background(), source(settings))
		if fault.From(err).Code != fault.TokenFile {
			t.Errorf("%s: got %v", name, err)
		}
		if len(text.Secrets()) == 0 {
			t.Errorf("%s: nothing to mask", name)
		}
	}
	// Without a file, nothing is waited for.
	s := source(map[string]string{"token": "a-token-x"})
	s.BeforeWaiting = func() { t.Error("told of a wait without a file") }
	if _, err := input.ReadCredential(context.Background(), s); err != nil {
		t.Error(err)
	}
	// No more is read than shows that it is too large.
	endless := strings.NewReader(strings.Repeat("x", 1<<20))
	s = source(map[string]string{"token-file": "-"})
	s.Stdin = endless
	if _, err := input.ReadCredential(context.Background(), s); fault.From(err).Code != fault.TokenFile || endless.Len() < 1<<20-65<<10 {
		t.Errorf("a stream of 1 MiB: %v, %d bytes are left", err, endless.Len())
	}
	// What was read until a stream broke is a secret, too.
	s = source(map[string]string{"token-file": "-"})
	s.Stdin = io.MultiReader(strings.NewReader("s3cret-s3cret"), iotest.ErrReader(errors.New("broken")))
	text, err := input.ReadCredential(context.Background(), s)
	if fault.From(err).Code != fault.TokenFile || !slices.ContainsFunc(text.Secrets(), func(s secret.String) bool { return s.Reveal() == "s3cret-s3cret" }) {
		t.Errorf("a broken stream: %v", err)
	}
}

func TestCertificateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca.pem")
	text := bitbuckettest.Certificate()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := read(t, map[string]string{"ca-certificate": path})
	if err != nil || string(s.CA.PEM) != text || s.CA.File != path {
		t.Errorf("got %q from %s, %v", s.CA.PEM, s.CA.File, err)
	}
	for size, allowed := range map[int64]bool{1 << 20: true, 1<<20 + 1: false} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		_, err := read(t, map[string]string{"ca-certificate": path})
		if refused := err != nil && fault.From(err).Code == fault.CACertificate; refused == allowed {
			t.Errorf("a file of %d bytes: %v", size, err)
		}
	}
}

// A file that can't be read isn't one without a certificate.
func TestCertificateFileThatCantBeRead(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{filepath.Join(t.TempDir(), "none.pem"): "can't read the file", t.TempDir(): "must name a regular file"} {
		_, err := read(t, map[string]string{"ca-certificate": path})
		if f := fault.From(err); f.Code != fault.CACertificate || !strings.Contains(f.What, want) || !strings.Contains(strings.Join(f.Hints, ""), "/github/workspace") {
			t.Errorf("%s: got %v, %q", path, f, f.Hints)
		}
	}
}

// A relative path is kept as an absolute one: later steps may run elsewhere. It is no
// base64, even if it looks like that.
func TestRelativeCertificateFile(t *testing.T) {
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	text := bitbuckettest.Certificate()
	for _, path := range []string{"ca.pem", "certs/ca"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := read(t, map[string]string{"ca-certificate": path})
		if err != nil || string(s.CA.PEM) != text || s.CA.File != filepath.Join(folder, path) {
			t.Errorf("%s: got %q, %v", path, s.CA.File, err)
		}
	}
}

// The spellings of YAML 1.2, and no others, mean the same in each setting that is true or
// false.
func TestBooleans(t *testing.T) {
	t.Parallel()
	credential := map[string]func(*input.Settings) bool{
		"summary":     func(s *input.Settings) bool { return s.Summary },
		"export-env":  func(s *input.Settings) bool { return s.ExportEnv },
		"rewrite-ssh": func(s *input.Settings) bool { return s.RewriteSSH },
	}
	mirror := map[string]func(*input.MirrorSettings) bool{
		"summary":   func(s *input.MirrorSettings) bool { return s.Summary },
		"prune":     func(s *input.MirrorSettings) bool { return s.Prune },
		"overwrite": func(s *input.MirrorSettings) bool { return s.Overwrite },
		"dry-run":   func(s *input.MirrorSettings) bool { return s.DryRun },
	}
	for text, want := range map[string]bool{"true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false} {
		for id, get := range credential {
			if s, err := read(t, map[string]string{id: text, "git": "host"}); err != nil || get(s) != want {
				t.Errorf("%s: %s: got %t, %v", id, text, get(s), err)
			}
		}
		for id, get := range mirror {
			if s, err := readMirror(t, map[string]string{id: text}); err != nil || get(s) != want {
				t.Errorf("the mirror's %s: %s: got %t, %v", id, text, get(s), err)
			}
		}
	}
	for id := range mirror {
		for _, text := range []string{"yes", "1", "tRUE", "on", "t"} {
			if _, err := readMirror(t, map[string]string{id: text}); err == nil || fault.From(err).Code != fault.NotAllowed {
				t.Errorf("the mirror's %s: %s: got %v", id, text, err)
			}
		}
	}
}

// Each value that a setting accepts, and what it means.
func TestChoices(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		id, text string
		got      func(*input.Settings) any
		want     any
	}{
		{"verify", "none", func(s *input.Settings) any { return s.Verify }, input.VerifyNone},
		{"verify", "warn", func(s *input.Settings) any { return s.Verify }, input.VerifyWarn},
		{"verify", "strict", func(s *input.Settings) any { return s.Verify }, input.VerifyStrict},
		{"git", "none", func(s *input.Settings) any { return s.Git }, gitconfig.Reach("")},
		{"git", "repository", func(s *input.Settings) any { return s.Git }, gitconfig.RepositoryOnly},
		{"git", "workspace", func(s *input.Settings) any { return s.Git }, gitconfig.Workspace},
		{"git", "host", func(s *input.Settings) any { return s.Git }, gitconfig.Host},
		{"kind", "auto", func(s *input.Settings) any { return s.Kind }, credential.Kind("")},
		{"kind", "api-token", func(s *input.Settings) any { return s.Kind }, credential.APIToken},
		{"kind", "access-token", func(s *input.Settings) any { return s.Kind }, credential.AccessToken},
		{"kind", "app-password", func(s *input.Settings) any { return s.Kind }, credential.AppPassword},
		{"kind", "oauth-consumer", func(s *input.Settings) any { return s.Kind }, credential.OAuthConsumer},
		{"kind", "http-access-token", func(s *input.Settings) any { return s.Kind }, credential.HTTPAccessToken},
		{"on-missing-token", "fail", func(s *input.Settings) any { return s.SkipMissing }, false},
		{"on-missing-token", "skip", func(s *input.Settings) any { return s.SkipMissing }, true},
		{"timeout", "1ns", func(s *input.Settings) any { return s.Timeout }, time.Nanosecond},
		{"log", "normal", func(s *input.Settings) any { return s.OnlyErrors }, false},
		{"log", "errors", func(s *input.Settings) any { return s.OnlyErrors }, true},
	} {
		if s, err := read(t, map[string]string{test.id: test.text}); err != nil || test.got(s) != test.want {
			t.Errorf("%s: %s: got %v, %v", test.id, test.text, test.got(s), err)
		}
	}
}

// A certificate whose lines were joined or decorated on the way is restored.
func TestPastedCertificates(t *testing.T) {
	one := bitbuckettest.Certificate()
	lines := strings.Split(strings.TrimSpace(one), "\n")
	for name, text := range map[string]string{
		"as it is":        one,
		`\n in one line`:  strings.ReplaceAll(one, "\n", `\n`),
		`\r\n`:            strings.ReplaceAll(one, "\n", `\r\n`),
		`\\n`:             strings.ReplaceAll(one, "\n", `\\n`),
		"spaces":          strings.Join(lines, " "),
		"nothing between": strings.Join(lines, ""),
		"quoted lines":    "'" + strings.Join(lines, "'\n'") + "'",
		"in two quotes":   `"` + strings.Join(lines, "\"\n\"") + `"`,
		"indented":        "  " + strings.Join(lines, "\n  "),
		"two, glued":      strings.TrimSpace(one) + strings.TrimSpace(one),
		"base64":          base64.StdEncoding.EncodeToString([]byte(one)),
		"base64, comment": base64.StdEncoding.EncodeToString([]byte("# our CA\n" + one)),
		"after a comment": "# our CA\n" + one,
		"two, one joined": one + strings.ReplaceAll(one, "\n", `\n`),
	} {
		s, err := read(t, map[string]string{"ca-certificate": text})
		want := 1
		if strings.HasPrefix(name, "two") {
			want = 2
		}
		got := 0
		for block, rest := pem.Decode(s.CA.PEM); block != nil; block, rest = pem.Decode(rest) {
			got++
		}
		if err != nil || got != want {
			t.Errorf("%s: got %d certificates, %v", name, got, err)
		}
	}
	for _, text := range []string{
		lines[0] + `\n` + lines[1], `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`,
		strings.Join(lines[:len(lines)-1], "\n"),                                // its end is missing
		base64.StdEncoding.EncodeToString([]byte(one + one))[:len(one)*2] + "*", // only the first one is whole
	} {
		if _, err := read(t, map[string]string{"ca-certificate": text}); fault.From(err).Code != fault.CACertificate {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestRequiredScopesAskForACheck(t *testing.T) {
	for verify, want := range map[string]string{"": input.VerifyStrict, "none": input.VerifyStrict, "warn": input.VerifyWarn, "strict": input.VerifyStrict} {
		if s, err := read(t, map[string]string{"required-scopes": "repository", "verify": verify}); err != nil || s.Verify != want {
			t.Errorf("%q: got %s, %v", verify, s.Verify, err)
		}
	}
}

// About an empty file, on-missing-token decides, as about an empty secret. It is said
// that it was the file.
func TestEmptyTokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := input.ReadCredential(context.Background(), source(map[string]string{"token-file": path}))
	if err != nil {
		t.Fatal(err)
	}
	_, remarks, err := text.Parse()
	if slices.ContainsFunc(remarks, func(r fault.Remark) bool { return r.Level >= fault.Warning }) {
		t.Errorf("it's more than a notice: %v", remarks)
	}
	isSaid := slices.ContainsFunc(remarks, func(r fault.Remark) bool { return r.What == "the file that token-file names is empty" })
	if err != nil || !text.Token.IsEmpty() || !isSaid {
		t.Errorf("got %v, %v", remarks, err)
	}
}

// A token may come through a pipe that never ends: a signal still ends the run.
func TestTokenFileGivesUpWithTheContext(t *testing.T) {
	never, writer := io.Pipe()
	defer writer.Close()
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(fault.New(fault.Terminated, "terminated"))
	s := source(map[string]string{"token-file": "-"})
	s.Stdin = never
	if _, err := input.ReadCredential(ctx, s); fault.From(err).Code != fault.Terminated {
		t.Errorf("got %v", err)
	}
}

// A name that is present ends the search, even when its value is empty.
func TestThePresentNameEndsTheSearch(t *testing.T) {
	env := map[string]string{"A_kind": "", "B_kind": "access-token", "B_identity": "me"}
	text, err := input.ReadCredential(context.Background(), &input.Source{
		Settings: contract.CredentialSettings,
		Host: &host.Definition{Settings: host.Family{Spellings: []func(string) string{
			func(id string) string { return "A_" + id },
			func(id string) string { return "B_" + id },
		}}},
		Lookup: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
	})
	if err != nil || text.Kind != "auto" || text.Identity != "me" {
		t.Errorf("got kind %q, identity %q, %v", text.Kind, text.Identity, err)
	}
}

// Variables of the host's family that no setting is read from.
func TestUnknown(t *testing.T) {
	const remove = "remove it, or look for its name in the list of settings"
	onlyIfCaseCounts := func(said string) string {
		if runtime.GOOS == "windows" {
			return ""
		}
		return said
	}
	for _, test := range []struct {
		variable string
		inputs   string // what is said where a step is handed an action's inputs
		other    string // and elsewhere
	}{
		{"X_TOKEN=x", "", ""},
		{"X_verify=off", onlyIfCaseCounts("error: the input verify doesn't exist, did you mean verify?"), onlyIfCaseCounts("error: the setting verify doesn't exist, did you mean verify?")},
		{"X_EXPORT_ENV=false", "error: the input export_env doesn't exist, did you mean export-env?", "error: the setting export_env doesn't exist, did you mean export-env?"},
		{"X_EXPORTENV=false", "error: the input exportenv doesn't exist, did you mean export-env?", "error: the setting exportenv doesn't exist, did you mean export-env?"},
		{"X_EXPORT-EVN=x", "warning: the input export-evn doesn't exist, did you mean export-env?", "warning: the setting export-evn doesn't exist, did you mean export-env?"},
		{"X_TOKNE=s3cret", "warning: the input tokne doesn't exist, did you mean token?", "warning: the setting tokne doesn't exist, did you mean token?"},
		{"X_REPOSITRY=x", "warning: the input repositry doesn't exist, did you mean repository?", "warning: the setting repositry doesn't exist, did you mean repository?"},
		{"X_QUIET=s3c=ret", "warning: the input quiet doesn't exist, " + remove, "warning: the setting quiet doesn't exist, " + remove},
		{"X_QUIET=true", "warning: the input quiet doesn't exist, " + remove, "warning: the setting quiet doesn't exist, " + remove},
		{"X_MIRROR_DRY_RUN=x", "warning: the input mirror_dry_run doesn't exist, " + remove, "warning: the setting mirror_dry_run doesn't exist, " + remove},
		{"X_FORCE=true", "warning: the input force doesn't exist, " + remove, "warning: the setting force doesn't exist, " + remove}, // the mirror's overwrite
		{"X_USERNAME=x", "warning: the input username doesn't exist; it is called identity here, rename username to identity", "warning: the setting username doesn't exist; it is called identity here, rename username to identity"},
		{"X_APP_PASSWORD=x", "warning: the input app_password doesn't exist; it is called token here, remove app_password: token is set", "warning: the setting app_password doesn't exist; it is called token here, remove app_password: token is set"},
		{"X_=x", "", ""},
		{"Y_TOKNE=x", "", ""},
		{"X_DRY_RUN=x", "", ""}, // the other command's
		{"X_OF-THE-HOST=x", "", ""},
		{"X_HOST=x", "warning: host has no effect on this host, remove it: action.yml has no input host", "warning: host has no effect on this host, set BITBUCKET_AUTH_HOST instead"},
		{"X_HOSTT=x", "warning: the input hostt doesn't exist, " + remove, "warning: the setting hostt doesn't exist, " + remove},
		{"X_ENV-FILE=x", "warning: env-file has no effect on this host, remove it: action.yml has no input env-file", ""},
		{"X_TOKEN-FILE=x", "warning: token-file has no effect on this host, remove it: action.yml has no input token-file", ""},
		{"X_TOKEN-FILES=x", "warning: the input token-files doesn't exist, " + remove, "warning: the setting token-files doesn't exist, did you mean token-file?"},
		{"X_LOG=errors", "warning: the input log doesn't exist, remove it: only hosts without masks at run time have the setting log", ""},
	} {
		for inputsOnly, want := range map[bool]string{true: test.inputs, false: test.other} {
			s := &input.Source{
				Settings: contract.CredentialSettings,
				Host: &host.Definition{
					Settings:      host.Family{Prefix: "X_", Spellings: []func(string) string{strings.ToUpper}, ByID: true, InputsOnly: inputsOnly},
					HasMasks:      inputsOnly,
					HostVariables: []string{"X_OF-THE-HOST"},
				},
				Lookup: func(name string) (string, bool) {
					value, ok := map[string]string{"X_TOKEN": "t0ken"}[name]
					return value, ok
				},
			}
			found, err := s.Unknown([]string{test.variable})
			var got string
			for _, remark := range found.Remarks {
				got = remark.Level.String() + ": " + remark.What + ", " + strings.Join(remark.Hints, ", ")
			}
			if err != nil {
				got = "error: " + fault.From(err).What + ", " + strings.Join(fault.From(err).Hints, ", ")
			}
			if got != want {
				t.Errorf("%s, inputs only %t:\ngot  %q\nwant %q", test.variable, inputsOnly, got, want)
			}
		}
	}
}

// Of several names that can't be what was meant, the first is reported, and all others are
// remarks.
func TestSeveralUnknown(t *testing.T) {
	t.Parallel()
	from := source(nil)
	from.Host.Settings = host.Family{Prefix: "X_", Spellings: []func(string) string{strings.ToUpper}, ByID: true}
	found, err := from.Unknown([]string{"X_QUIET=x", "X_EXPORT_ENV=x", "PATH=/bin", "X_ENVPREFIX=x", "X_TOKNE=x"})
	if f := fault.From(err); f.What != "the setting export_env doesn't exist" || len(found.Remarks) != 2 {
		t.Errorf("got %v, %v", f, found.Remarks)
	}
}

// What binary/get reads isn't reported as a setting that doesn't exist, and its like is.
func TestUnknownLeavesTheDownloadURL(t *testing.T) {
	from := source(nil)
	from.Host.Settings = host.Family{Prefix: "BITBUCKET_AUTH_", Spellings: []func(string) string{strings.ToUpper}}
	for variable, want := range map[string]int{"BITBUCKET_AUTH_DOWNLOAD_URL": 0, "BITBUCKET_AUTH_DOWNLOAD_URLS": 1, "BITBUCKET_AUTH_HOST": 0, "BITBUCKET_AUTH_HOSTS": 1} {
		found, err := from.Unknown([]string{variable + "=https://example.com"})
		if err != nil || len(found.Remarks) != want {
			t.Errorf("%s: got %+v, %v", variable, found.Remarks, err)
		}
	}
}

// Where people write the names of variables, all names in a message are theirs. A
// setting under another action's name is kept for the fault about what is missing.
func TestUnknownVariables(t *testing.T) {
	t.Parallel()
	const prefix = "BITBUCKET_AUTH_"
	values := map[string]string{prefix + "TOKEN": "t0ken-abc", prefix + "USERNAME": "me", prefix + "REPO": " "}
	for name, want := range map[string]struct {
		hint  string
		other *input.OtherName
	}{
		"EXPORTENV":  {"did you mean BITBUCKET_AUTH_EXPORT_ENV?", nil},
		"TOKNE":      {"did you mean BITBUCKET_AUTH_TOKEN?", nil},
		"PASSWORD":   {"remove BITBUCKET_AUTH_PASSWORD: BITBUCKET_AUTH_TOKEN is set", nil},
		"VERIFY_SSL": {"for a CA that this machine doesn't know, set BITBUCKET_AUTH_CA_CERTIFICATE", nil},
		"USERNAME": {"rename BITBUCKET_AUTH_USERNAME to BITBUCKET_AUTH_IDENTITY", &input.OtherName{
			Setting: "identity", Rename: "BITBUCKET_AUTH_USERNAME to BITBUCKET_AUTH_IDENTITY", Given: true,
		}},
		"REPO": {"rename BITBUCKET_AUTH_REPO to BITBUCKET_AUTH_REPOSITORY", &input.OtherName{
			Setting: "repository", Rename: "BITBUCKET_AUTH_REPO to BITBUCKET_AUTH_REPOSITORY",
		}},
	} {
		from := source(values)
		from.Host.Settings = host.Family{Prefix: prefix, Spellings: []func(string) string{func(id string) string { return strings.ToUpper(strings.ReplaceAll(id, "-", "_")) }}}
		found, err := from.Unknown([]string{prefix + name + "=x"})
		f := fault.From(err)
		if err == nil && len(found.Remarks) == 1 {
			f = found.Remarks[0].Fault
		}
		if (err != nil) != (name == "EXPORTENV") || f.Code != fault.SettingUnknown || !strings.Contains(f.What, prefix+name) || len(f.Hints) != 1 || !strings.Contains(f.Hints[0], want.hint) {
			t.Errorf("%s: got %v, %q", name, f, f.Hints)
		}
		if want.other != nil {
			want.other.Fault = f
			if !strings.Contains(f.What, "; it is called BITBUCKET_AUTH_"+strings.ToUpper(want.other.Setting)+" here") {
				t.Errorf("%s: got %v", name, f)
			}
		}
		if len(found.OtherNames) != 0 && want.other == nil || want.other != nil && (len(found.OtherNames) != 1 || found.OtherNames[0] != *want.other) {
			t.Errorf("%s: other names are %+v", name, found.OtherNames)
		}
	}
}

// Hosts with masks at run time that hand a step no inputs have the setting log
// neither.
func TestLogNeedsAHostWithoutMasks(t *testing.T) {
	from := source(map[string]string{"log": "errors"})
	for hasMasks, want := range map[bool]bool{true: false, false: true} {
		from.Host.HasMasks = hasMasks
		text, err := input.ReadCredential(context.Background(), from)
		if err != nil {
			t.Fatal(err)
		}
		if settings, _, err := text.Parse(); err != nil || settings.OnlyErrors != want {
			t.Errorf("with masks %t: got %t, %v", hasMasks, settings.OnlyErrors, err)
		}
	}
	from.Host.Settings = host.Family{Prefix: "X_", Spellings: []func(string) string{strings.ToUpper}}
	from.Host.HasMasks = true
	found, err := from.Unknown([]string{"X_LOG=errors"})
	if err != nil || len(found.Remarks) != 1 || found.Remarks[0].Code != fault.SettingUnknown || !strings.Contains(found.Remarks[0].What, "X_LOG") {
		t.Errorf("got %+v, %v", found.Remarks, err)
	}
}

// What a host doesn't declare isn't read.
func TestOnlyInputsAreRead(t *testing.T) {
	s := source(map[string]string{"token": "a-token", "token-file": "/nowhere", "env-file": "/elsewhere"})
	s.Host.Settings.InputsOnly = true
	text, err := input.ReadCredential(context.Background(), s)
	if err != nil || text.Token.Reveal() != "a-token" || text.EnvFile != "" {
		t.Errorf("got env-file %q, %v", text.EnvFile, err)
	}
}

func TestSecrets(t *testing.T) {
	from := source(map[string]string{
		"token": "the-token", "repository": "https://me:in-repository@bitbucket.org/ws/repo", "server-url": "https://me:in-server-url@example.com",
		"source": "https://me:in-source@example.com/a/b", "source-token": "source-secret\n",
	})
	credential, err := input.ReadCredential(context.Background(), from)
	if err != nil {
		t.Fatal(err)
	}
	from.Settings = contract.MirrorSettings
	mirror, err := input.ReadMirror(context.Background(), from)
	if err != nil {
		t.Fatal(err)
	}
	contains := func(secrets []secret.String, want string) bool {
		return slices.ContainsFunc(secrets, func(s secret.String) bool { return s.Reveal() == want })
	}
	for _, want := range []string{"the-token", "in-repository", "in-server-url", "in-source", "source-secret"} {
		if !strings.Contains(want, "source") && !contains(credential.Secrets(), want) || !contains(mirror.Secrets(), want) {
			t.Errorf("%s isn't among the secrets", want)
		}
	}
}

// The fields that are read are the settings of the contract, except host, which
// is read before anything else.
func TestFieldsAreTheContracts(t *testing.T) {
	for _, test := range []struct {
		text     any
		settings []contract.Setting
	}{
		{input.CredentialText{}, contract.CredentialSettings},
		{input.MirrorText{}, contract.MirrorSettings},
	} {
		var got, want []string
		for _, field := range reflect.VisibleFields(reflect.TypeOf(test.text)) {
			if name := field.Tag.Get("env"); name != "" {
				got = append(got, strings.ReplaceAll(strings.ToLower(name), "_", "-"))
			}
		}
		for _, setting := range test.settings {
			if setting.ID != "host" {
				want = append(want, setting.ID)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%T:\ngot  %v\nwant %v", test.text, got, want)
		}
	}
}

// No setting makes the program panic, or shows in a fault.
func FuzzSettings(f *testing.F) {
	f.Add("kind", "auto")
	f.Add("server-url", "https://user:pw@host:1/p?q#f")
	f.Add("expires-on", "2026-01-01T00:00:00Z")
	f.Add("repository", "https://a:b@c/d")
	f.Add("token", "\ufeff\"'x'\"")
	f.Fuzz(func(t *testing.T, id, value string) {
		text, err := input.ReadCredential(context.Background(), source(map[string]string{id: value, "token-file": ""}))
		if err != nil {
			t.Fatal(err)
		}
		text.Secrets()
		_, remarks, err := text.Parse()
		if err == nil {
			return
		}
		var f *fault.Fault
		if !errors.As(err, &f) {
			t.Fatalf("no fault: %v", err)
		}
		shown := f.What + strings.Join(f.Hints, " ")
		for _, remark := range remarks {
			shown += remark.What
		}
		if len(value) > 20 && strings.Contains(shown, value) {
			t.Fatalf("%q is echoed: %s", value, shown)
		}
	})
}
