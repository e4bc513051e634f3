// Package avo prepares the fields of Avo Assure's Bitbucket connection form.
//
// The form is in a project's Settings → Manage Integration → Versioning →
// Bitbucket (docs.avoautomation.com, "Setting up Bitbucket in Avo Assure"). It
// has no public API, so the fields are handed over for somebody to fill it in.
package avo

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Connection is the form, field by field, in its order.
type Connection struct {
	Name          string
	AccessToken   secret.String
	Personal      bool // the checkbox "Personal access token (PAT)"
	RepositoryURL string
	Username      string
}

// Check reports a field that is missing or can't be printed. The error is a
// [*fault.Fault] that says where Bitbucket shows the value.
func (c Connection) Check() error {
	switch {
	case !secret.OneLine(c.Name):
		return fault.New(fault.AvoField, "avo-connection-name contains a character that can't be printed", "type the name, on one line")
	case !secret.OneLine(c.Username):
		return fault.New(fault.AvoField, "avo-username contains a character that can't be printed", "type the name, on one line")
	case c.RepositoryURL == "":
		return fault.New(fault.AvoField, "Avo Assure asks for the URL of the repository, but repository isn't set",
			"set repository to what Bitbucket copies under Repositories → the repository → Source → Clone")
	case c.Username == "":
		return fault.New(fault.AvoField, "Avo Assure asks for the Bitbucket username, but neither avo-username nor identity is one",
			whereUsername)
	}
	return nil
}

const whereUsername = "set avo-username to the username that Bitbucket shows under Settings → Personal Bitbucket settings → Account settings"

// CheckUsername returns a fault if a username looks like something that Bitbucket
// shows next to it: an e-mail address, or a display name.
func CheckUsername(name string) *fault.Fault {
	switch {
	case strings.Contains(name, "@"):
		return fault.New(fault.AvoField, "avo-username is an e-mail address, but Avo Assure asks for the Bitbucket username", whereUsername)
	case strings.ContainsFunc(name, unicode.IsSpace):
		return fault.New(fault.AvoField, "avo-username contains a space, like a display name; a Bitbucket username has none", whereUsername)
	}
	return nil
}

// JSON returns the form as one line of JSON. Its accessToken is the secret.
func (c Connection) JSON() secret.String {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // it isn't for a web page
	_ = encoder.Encode(struct {  // plain fields always encode
		ConnectionName      string `json:"connectionName"`
		AccessToken         string `json:"accessToken"`
		PersonalAccessToken bool   `json:"personalAccessToken"`
		RepositoryURL       string `json:"repositoryUrl"`
		Username            string `json:"username"`
	}{c.Name, c.AccessToken.Reveal(), c.Personal, c.RepositoryURL, c.Username})
	return secret.New(strings.TrimSpace(b.String()))
}

// Field is a field of the form, as people see it.
type Field struct {
	Label, Value string
	Secret       bool // Value says where to find it
}

// Fields returns the fields of the form, in its order, without the secret.
func (c Connection) Fields() []Field {
	personal := "leave unticked"
	if c.Personal {
		personal = "tick"
	}
	return []Field{
		{Label: "Connection Name", Value: c.Name},
		{Label: "Access Token", Value: "paste it from your password manager", Secret: true},
		{Label: "Personal access token (PAT)", Value: personal},
		{Label: "Repository URL", Value: c.RepositoryURL},
		{Label: "Username", Value: c.Username},
	}
}
