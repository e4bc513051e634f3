package input_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

func readMirror(t *testing.T, settings map[string]string) (input.MirrorSettings, error) {
	t.Helper()
	from := source(settings)
	from.Settings = contract.MirrorSettings
	text, err := input.ReadMirror(context.Background(), from)
	if err != nil {
		return input.MirrorSettings{}, err
	}
	s, _, err := text.Parse()
	return s, err
}

func TestMirrorDefaults(t *testing.T) {
	got, err := readMirror(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	got.Token, got.Repository, got.Source, got.SourceToken = secret.String{}, secret.Address{}, secret.Address{}, secret.String{}
	want := input.MirrorSettings{
		Common: input.Common{
			Server:         server.Cloud,
			OnMissingToken: input.Fail,
			Summary:        true,
			Timeout:        30 * time.Minute,
		},
		SourceUsername: "x-access-token",
		MaxDeletions:   10,
		LFS:            true,
		Create:         input.CreateNone,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestMirrorSettings(t *testing.T) {
	got, err := readMirror(t, map[string]string{
		"source": " https://me:pw@example.com/a/b ", "source-token": " source-secret\n", "source-username": " gitlab-ci-token ",
		"branches": " main, release/*\n", "tags": "!*", "prune": "true", "overwrite": "True", "max-deletions": " 0 ",
		"lfs": "false", "create": "private", "project": " TEAM ", "dry-run": "TRUE",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Source.Clean() != "https://example.com/a/b" || len(got.Source.Secrets()) == 0 || got.SourceToken.Reveal() != "source-secret" {
		t.Error("source or source-token isn't what was set")
	}
	got.Common, got.Source, got.SourceToken = input.Common{}, secret.Address{}, secret.String{}
	want := input.MirrorSettings{
		SourceUsername: "gitlab-ci-token",
		Branches:       "main, release/*",
		Tags:           "!*",
		Prune:          true,
		Overwrite:      true,
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
		{map[string]string{"project": "TEAM"}, fault.SettingAlone},
		{map[string]string{"source-token": "source-secret", "branches": "source-secret"}, fault.TokenShown},
		{map[string]string{"token": "the-token", "source-username": "the-token"}, fault.TokenShown},
	} {
		if _, err := readMirror(t, test.settings); fault.From(err).Code != test.want {
			t.Errorf("%v: got %v, want %s", test.settings, err, test.want.ID)
		}
	}
}
