package bitbucket

import (
	"encoding/json"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// errorBody is the body of an error: error for Cloud, errors for Data Center, message for
// LFS servers, and error_description for the server that issues OAuth tokens (RFC 6749,
// section 5.2).
type errorBody struct {
	Message     string `json:"message"`
	Description string `json:"error_description"`
	Error       struct {
		Message string `json:"message"`
		// Detail is text by Cloud's document, but an object where scopes are missing.
		Detail json.RawMessage `json:"detail"`
	} `json:"error"`
	Errors []struct {
		Message   string `json:"message"`
		Exception string `json:"exceptionName"`
	} `json:"errors"`
}

// errorBody reads the body of an error. Not all are JSON: then it is empty.
func (r reply) errorBody() errorBody {
	var body errorBody
	_ = json.Unmarshal(r.body, &body) // a field of another type doesn't affect the others
	return body
}

// sentence returns the server's explanation of a refusal, or "": the message of an error
// in JSON, or the first line of plain text. An HTML page explains something else, such
// as a login.
func (r reply) sentence() string {
	text := strings.TrimSpace(string(r.body))
	kind, _, _ := mime.ParseMediaType(r.header.Get("Content-Type"))
	switch {
	case strings.HasPrefix(text, "{"):
		return r.errorBody().messages()
	case strings.HasPrefix(text, "<"), strings.HasPrefix(text, "["), kind != "" && kind != "text/plain", !utf8.ValidString(text):
		return ""
	}
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

func (body errorBody) messages() string {
	messages := []string{body.Message, body.Description, body.Error.Message}
	for _, e := range body.Errors {
		messages = append(messages, e.Message)
	}
	return strings.TrimSpace(strings.Join(messages, " "))
}

// quoting returns a fault, if there is one, with the sentence of Bitbucket's reply.
func (c *Client) quoting(f *fault.Fault, r reply) error {
	if f == nil {
		return nil
	}
	return c.quote(f, "Bitbucket", r.sentence())
}

// quote makes a server's own sentence the first hint, before any guess.
func (c *Client) quote(f *fault.Fault, who, sentence string) *fault.Fault {
	if sentence != "" && c.options.Quote != nil {
		f.Hints = append([]string{who + " says: " + c.options.Quote(sentence)}, f.Hints...)
	}
	return f
}
