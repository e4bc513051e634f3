// Package secret keeps secret text from being printed by accident, and knows
// the forms in which it must be masked.
package secret

import "fmt"

// redacted replaces the text wherever a secret would have been printed.
const redacted = "[redacted]"

// String is secret text. However it is printed or encoded (fmt with any verb,
// encoding/json, log/slog, text/template), it shows as "[redacted]"; Reveal is
// the only way to the text. The zero value is the empty secret.
//
// The text is behind a pointer because fmt can't call methods on the
// unexported fields of a struct that contains a String: there it prints an
// address instead of the text.
type String struct {
	text *string
}

// New makes a secret of text.
func New(text string) String {
	return String{text: &text}
}

// Reveal returns the secret text. A secret can leak wherever this is called, so call
// it next to the write that hands the secret over.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsEmpty reports whether there is no text.
func (s String) IsEmpty() bool {
	return s.Reveal() == ""
}

// Format implements [fmt.Formatter], which fmt asks before any other method
// and for every verb.
func (String) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte(redacted))
}

// String implements [fmt.Stringer] for callers that don't go through fmt.
func (String) String() string { return redacted }

// MarshalText implements [encoding.TextMarshaler], which encoding/json, log/slog
// and other encoders use.
func (String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// EnvDecode is called by go-envconfig, so that a secret setting has this type
// from the moment it is read. It never fails.
func (s *String) EnvDecode(text string) error {
	*s = New(text)
	return nil
}
