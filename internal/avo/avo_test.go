package avo_test

import (
	"encoding/json"
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
	for name, change := range map[string]func(*avo.Connection){
		"repository":      func(c *avo.Connection) { c.RepositoryURL = "" },
		"username":        func(c *avo.Connection) { c.Username = "" },
		"connection name": func(c *avo.Connection) { c.Name = "a\nb" },
		"odd username":    func(c *avo.Connection) { c.Username = "a\xffb" },
	} {
		c := connection
		change(&c)
		if f := fault.From(c.Check()); f.Code != fault.AvoField || len(f.Hints) == 0 {
			t.Errorf("%s: got %v", name, f)
		}
	}
}

func TestFieldsAreTheFormsInItsOrder(t *testing.T) {
	var labels []string
	for _, field := range connection.Fields() {
		labels = append(labels, field.Label)
		if strings.Contains(field.Value, "t0ken") {
			t.Errorf("%s holds the token", field.Label)
		}
	}
	if got := strings.Join(labels, ", "); got != "Connection Name, Access Token, Personal access token (PAT), Repository URL, Username" {
		t.Errorf("got %s", got)
	}
	other := connection
	other.Personal = false
	if ticked, unticked := connection.Fields()[2].Value, other.Fields()[2].Value; ticked != "tick" || unticked != "leave unticked" {
		t.Errorf("the check-box says %q, and %q", ticked, unticked)
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
