package input_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

func readMirror(t *testing.T, settings map[string]string) (*input.MirrorSettings, error) {
	t.Helper()
	s, _, err := parseMirror(t, settings)
	return s, err
}

func parseMirror(t *testing.T, settings map[string]string) (*input.MirrorSettings, []fault.Remark, error) {
	t.Helper()
	from := source(settings)
	from.Settings = contract.MirrorSettings
	text, err := input.ReadMirror(context.Background(), from)
	if err != nil {
		return &input.MirrorSettings{}, nil, err
	}
	return text.Parse()
}

func TestMirrorDefaults(t *testing.T) {
	got, err := readMirror(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	got.Token, got.Repository, got.Source, got.SourceToken = secret.String{}, secret.Address{}, secret.Address{}, secret.String{}
	want := &input.MirrorSettings{
		Common: input.Common{
			Server:  server.Cloud,
			Summary: true,
			Timeout: 30 * time.Minute,
		},
		MaxDeletions: 10,
		LFS:          input.LFSAuto,
		Create:       input.CreateNone,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestMirrorSettings(t *testing.T) {
	got, err := readMirror(t, map[string]string{
		"source": " https://me:pw@example.com/a/b ", "source-token": " source-secret\n", "source-username": " gitlab-ci-token ",
		"branches": " main, release/*\n", "tags": "!*", "prune": "true", "overwrite": "True", "max-deletions": " 0 ",
		"lfs": "false", "main-branch": "follow", "create": "private", "project": " TEAM ", "dry-run": "TRUE",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Source.Clean() != "https://example.com/a/b" || len(got.Source.Secrets()) == 0 || got.SourceToken.Reveal() != "source-secret" {
		t.Error("source or source-token isn't what was set")
	}
	got.Common, got.Source, got.SourceToken = input.Common{}, secret.Address{}, secret.String{}
	want := &input.MirrorSettings{
		SourceUsername: "gitlab-ci-token",
		Branches:       "main, release/*",
		Tags:           "!*",
		Prune:          true,
		Overwrite:      true,
		LFS:            input.LFSNone,
		FollowMain:     true,
		Create:         input.CreatePrivate,
		Project:        "TEAM",
		DryRun:         true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestMirrorFaults(t *testing.T) {
	for _, test := range []struct {
		settings map[string]string
		want     fault.Code
	}{
		{map[string]string{"max-deletions": "ten"}, fault.NotNumber},
		{map[string]string{"max-deletions": "-1"}, fault.NotNumber},
		{map[string]string{"lfs": "true"}, fault.NotAllowed},
		{map[string]string{"create": "yes"}, fault.NotAllowed},
		{map[string]string{"main-branch": "true"}, fault.NotAllowed},
		{map[string]string{"project": "TEAM"}, fault.SettingAlone},
		{map[string]string{"source-token": "source-secret", "branches": "source-secret"}, fault.TokenShown},
		{map[string]string{"token": "the-token", "source-username": "the-token"}, fault.TokenShown},
	} {
		if _, err := readMirror(t, test.settings); fault.From(err).Code != test.want {
			t.Errorf("%v: got %v, want %s", test.settings, err, test.want.ID)
		}
	}
}

// The source's token has to be one that can be masked, and handed to a process.
func TestMirrorSourceTokenLength(t *testing.T) {
	for token, want := range map[string]fault.Code{
		"":                            {},
		"1234567":                     fault.TokenShort,
		" 1234567 ":                   fault.TokenShort,
		"12345678":                    {},
		strings.Repeat("y", 64<<10+1): fault.TokenLong,
	} {
		_, err := readMirror(t, map[string]string{"source-token": token})
		code := fault.Code{}
		if err != nil {
			code = fault.From(err).Code
		}
		if code != want || err != nil && !strings.Contains(err.Error(), "source-token") {
			t.Errorf("%d characters: got %v", len(token), err)
		}
	}
}

// Each token may be in a file, or in standard input, but only one of them there.
func TestMirrorTokenFiles(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	both := file("a-token")
	for _, test := range []struct {
		name          string
		settings      map[string]string
		token, source string
		code          fault.Code
	}{
		{"files", map[string]string{"token-file": file("bitbucket's\n"), "source-token-file": file("the-source's\r\n")}, "bitbucket's", "the-source's", fault.Code{}},
		{"one from standard input", map[string]string{"token-file": file("bitbucket's"), "source-token-file": " - "}, "bitbucket's", "from-stdin", fault.Code{}},
		{"the other", map[string]string{"token-file": "-", "source-token": "the-source's"}, "from-stdin", "the-source's", fault.Code{}},
		{"both from standard input", map[string]string{"token-file": "-", "source-token-file": "-"}, "", "", fault.TokenFile},
		{"set twice", map[string]string{"token-file": file("bitbucket's"), "source-token": "the-source's", "source-token-file": "/nowhere"}, "", "the-source's", fault.TokenFile},
		{"empty", map[string]string{"token-file": file("bitbucket's"), "source-token-file": file("")}, "bitbucket's", "", fault.TokenFile},
		{"blank", map[string]string{"token-file": file("bitbucket's"), "source-token-file": file(" \n\n")}, "bitbucket's", "", fault.TokenFile},
		{"the same file", map[string]string{"token-file": both, "source-token-file": both}, "a-token", "a-token", fault.Code{}},
		{"missing", map[string]string{"token-file": file("bitbucket's"), "source-token-file": "/nowhere"}, "bitbucket's", "", fault.TokenFile},
		{"too large", map[string]string{"source-token-file": file(strings.Repeat("x", 64<<10+1))}, "", strings.Repeat("x", 64<<10+1), fault.TokenFile},
	} {
		t.Run(test.name, func(t *testing.T) {
			from := source(test.settings)
			from.Settings = contract.MirrorSettings
			text, err := input.ReadMirror(context.Background(), from)
			code := fault.Code{}
			if err != nil {
				code = fault.From(err).Code
			}
			if code != test.code || text.Token.Reveal() != test.token || text.SourceToken.Reveal() != test.source {
				t.Errorf("got %q, %q, %v", text.Token.Reveal(), text.SourceToken.Reveal(), err)
			}
			if err != nil && test.name != "both from standard input" && !strings.Contains(err.Error(), "source-token-file") {
				t.Errorf("it doesn't name the setting: %v", err)
			}
		})
	}
}
