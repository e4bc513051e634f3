package input_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
		id, text string
		want     fault.Code
		allowed  string
	}{
		{"max-deletions", "ten", fault.NotNumber, ""},
		{"max-deletions", "-1", fault.NotNumber, ""},
		{"max-deletions", "10.0", fault.NotNumber, ""},
		{"lfs", "true", fault.NotAllowed, "auto, available or false"},
		{"create", "yes", fault.NotAllowed, "private, public or none"},
		{"main-branch", "true", fault.NotAllowed, "keep or follow"},
		{"prune", "yes", fault.NotAllowed, "true or false"},
		{"overwrite", "yes", fault.NotAllowed, "true or false"},
		{"dry-run", "yes", fault.NotAllowed, "true or false"},
		{"summary", "yes", fault.NotAllowed, "true or false"},
		{"on-missing-token", "warn", fault.NotAllowed, "fail or skip"},
		{"project", "TEAM", fault.SettingAlone, ""},
	} {
		_, err := readMirror(t, map[string]string{test.id: test.text})
		if f := fault.From(err); err == nil || f.Code != test.want || !strings.Contains(f.What, test.id) || !strings.Contains(f.What, test.allowed) {
			t.Errorf("%s=%s: got %v, want %s", test.id, test.text, err, test.want.ID)
		}
	}
}

// Neither token may be a part of a setting that isn't secret.
func TestMirrorTokenInAnotherSetting(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"token", "source-token"} {
		for id, text := range map[string]string{
			"identity": "T0KEN_ABC", "repository": "ws/T0KEN_ABC", "server-url": "https://git.example.com/T0KEN_ABC", "env-file": "./T0KEN_ABC",
			"source": "https://git.example.com/a/T0KEN_ABC", "source-username": "T0KEN_ABC", "branches": "main, T0KEN_ABC", "tags": "T0KEN_ABC/*", "project": "T0KEN_ABC",
		} {
			_, err := readMirror(t, map[string]string{token: "T0KEN_ABC", "create": "private", id: text})
			if f := fault.From(err); err == nil || f.Code != fault.TokenShown || !strings.Contains(f.What, "setting "+id+",") {
				t.Errorf("%s in %s: got %v", token, id, err)
			}
		}
		for id, text := range map[string]string{"source": "https://me:T0KEN_ABC@git.example.com/a/b", "repository": "https://me:T0KEN_ABC@bitbucket.org/ws/repo"} {
			if _, err := readMirror(t, map[string]string{token: "T0KEN_ABC", id: text}); err != nil {
				t.Errorf("%s as the password in %s: %v", token, id, err)
			}
		}
	}
}

// Each value that a setting of the mirror accepts, and what it means.
func TestMirrorChoices(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		id, text string
		got      func(*input.MirrorSettings) any
		want     any
	}{
		{"lfs", "auto", func(s *input.MirrorSettings) any { return s.LFS }, input.LFSAuto},
		{"lfs", "available", func(s *input.MirrorSettings) any { return s.LFS }, input.LFSAvailable},
		{"lfs", "false", func(s *input.MirrorSettings) any { return s.LFS }, input.LFSNone},
		{"create", "none", func(s *input.MirrorSettings) any { return s.Create }, input.CreateNone},
		{"create", "private", func(s *input.MirrorSettings) any { return s.Create }, input.CreatePrivate},
		{"create", "public", func(s *input.MirrorSettings) any { return s.Create }, input.CreatePublic},
		{"main-branch", "keep", func(s *input.MirrorSettings) any { return s.FollowMain }, false},
		{"main-branch", "follow", func(s *input.MirrorSettings) any { return s.FollowMain }, true},
		{"max-deletions", "0", func(s *input.MirrorSettings) any { return s.MaxDeletions }, 0},
		{"max-deletions", "250", func(s *input.MirrorSettings) any { return s.MaxDeletions }, 250},
	} {
		if s, err := readMirror(t, map[string]string{test.id: test.text}); err != nil || test.got(s) != test.want {
			t.Errorf("%s: %s: got %v, %v", test.id, test.text, test.got(s), err)
		}
	}
}

// What is removed around a token in a file is said, by the token's name.
func TestRemovedFromTokenFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(" \"a-token-x\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for setting, name := range map[string]string{"token-file": "the token", "source-token-file": "source-token"} {
		s, remarks, err := parseMirror(t, map[string]string{setting: path})
		var said []string
		for _, remark := range remarks {
			said = append(said, remark.What)
		}
		want := []string{"white space around " + name + " was removed", "quotes around " + name + " were removed"}
		if err != nil || !slices.Equal(said, want) || s.Token.Reveal()+s.SourceToken.Reveal() != "a-token-x" {
			t.Errorf("%s: said %q, %v", setting, said, err)
		}
	}
	// The end of a line isn't worth a remark.
	for _, end := range []string{"\n", "\r\n"} {
		if err := os.WriteFile(path, []byte("a-token-x"+end), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, remarks, err := parseMirror(t, map[string]string{"token-file": path}); err != nil || len(remarks) > 0 || s.Token.Reveal() != "a-token-x" {
			t.Errorf("%q at the end: said %v, %v", end, remarks, err)
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
