package avo_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/avo"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

var connection = avo.Connection{
	Name: "Team \"A\" <1> \\ é", AccessToken: secret.New("t0ken+/="), Personal: true,
	RepositoryURL: "https://bitbucket.org/team/repo.git", Username: "some'one",
}

func TestJSON(t *testing.T) {
	text := connection.JSON().Reveal()
	want := `{"connectionName":"Team \"A\" <1> \\ é","accessToken":"t0ken+/=","personalAccessToken":true,"repositoryUrl":"https://bitbucket.org/team/repo.git","username":"some'one"}`
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestCheck(t *testing.T) {
	if err := connection.Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*avo.Connection){
		"repository isn't set":            func(c *avo.Connection) { c.RepositoryURL = "" },
		"neither avo-username nor":        func(c *avo.Connection) { c.Username = "" },
		"avo-connection-name contains a ": func(c *avo.Connection) { c.Name = "a\nb" },
		"avo-username contains a ":        func(c *avo.Connection) { c.Username = "a\xffb" },
	} {
		c := connection
		change(&c)
		if f := fault.From(c.Check()); f.Code != fault.AvoField || !strings.Contains(f.What, want) || len(f.Hints) == 0 {
			t.Errorf("%s: got %v", want, f)
		}
	}
}

// A username is none of the other names that Bitbucket shows.
func TestCheckUsername(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"some-one_1": "", "some'one": "", "": "",
		"me@example.com": "an e-mail address", "@": "an e-mail address", "Me <me@example.com>": "an e-mail address",
		"Some One": "a space", "some\u00a0one": "a space",
	} {
		f := avo.CheckUsername(name)
		if want == "" && f != nil || want != "" && (f == nil || f.Code != fault.AvoField || !strings.Contains(f.What, want) || len(f.Hints) != 1 || !strings.Contains(f.Hints[0], "set avo-username")) {
			t.Errorf("%q: got %v", name, f)
		}
	}
}

func TestFields(t *testing.T) {
	const pasted = "paste it from your password manager"
	for personal, tick := range map[bool]string{true: "tick", false: "leave unticked"} {
		c := connection
		c.Personal = personal
		want := []avo.Field{
			{Label: "Connection Name", Value: c.Name},
			{Label: "Access Token", Value: pasted, Secret: true},
			{Label: "Personal access token (PAT)", Value: tick},
			{Label: "Repository URL", Value: c.RepositoryURL},
			{Label: "Username", Value: c.Username},
		}
		if got := c.Fields(); !slices.Equal(got, want) {
			t.Errorf("got %+v", got)
		}
	}
}

// Valid JSON on one line for every input that is accepted.
func FuzzJSON(f *testing.F) {
	f.Add("name", "user")
	f.Add("\u2028", `"\`)
	f.Fuzz(func(t *testing.T, name, user string) {
		c := connection
		c.Name, c.Username = name, user
		if c.Check() != nil {
			return
		}
		text := c.JSON().Reveal()
		var fields struct{ ConnectionName, Username string }
		if err := json.Unmarshal([]byte(text), &fields); err != nil || fields.ConnectionName != name || fields.Username != user || strings.Contains(text, "\n") {
			t.Fatalf("%q, %q give %s: %v", name, user, text, err)
		}
	})
}
