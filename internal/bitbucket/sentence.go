package bitbucket

import (
	"encoding/json"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// errorBody contains the message of an error: error for Cloud, errors for Data Center,
// message for LFS servers, and error_description for the one that issues OAuth tokens
// (RFC 6749, section 5.2).
type errorBody struct {
	Message     string `json:"message"`
	Description string `json:"error_description"`
	Error       struct {
		Message string `json:"message"`
	} `json:"error"`
	Errors []struct {
		Message string `json:"message"`
	} `json:"errors"`
}

// sentence returns the server's explanation of a refusal, or "": the message of an error
// in JSON, or the first line of plain text. An HTML page explains something else, such
// as a login.
func (r reply) sentence() string {
	text := strings.TrimSpace(string(r.body))
	kind, _, _ := mime.ParseMediaType(r.header.Get("Content-Type"))
	switch {
	case strings.HasPrefix(text, "{"):
		return messageIn(text)
	case strings.HasPrefix(text, "<"), strings.HasPrefix(text, "["), kind != "" && kind != "text/plain", !utf8.ValidString(text):
		return ""
	}
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

func messageIn(text string) string {
	var body errorBody
	_ = json.Unmarshal([]byte(text), &body) // a field of another type doesn't affect the others
	messages := []string{body.Message, body.Description, body.Error.Message}
	for _, e := range body.Errors {
		messages = append(messages, e.Message)
	}
	return strings.TrimSpace(strings.Join(messages, " "))
}

// quoting makes the server's own sentence the first hint, before any guess.
func (c *Client) quoting(f *fault.Fault, r reply) *fault.Fault {
	if sentence := r.sentence(); sentence != "" && c.options.Quote != nil {
		f.Hints = append([]string{"Bitbucket says: " + c.options.Quote(sentence)}, f.Hints...)
	}
	return f
}

func (c *Client) quotingError(err error, r reply) error {
	if err == nil {
		return nil
	}
	return c.quoting(fault.From(err), r)
}
