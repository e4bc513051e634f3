package credential

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// OwnPart returns a token without the parts that all tokens of its kind have in
// common: the prefix, and the header of a JWT. Only the rest is secret.
func OwnPart(token secret.String) secret.String {
	text := token.Reveal()
	_, foreign, _ := foreignPrefix(text)
	text = strings.TrimPrefix(text, foreign)
	kind, prefix, _ := kindByPrefix(text)
	text = strings.TrimPrefix(strings.TrimPrefix(text, prefix), kind.Traits().SharedStart)
	if header, rest, ok := strings.Cut(text, "."); ok && isJWTHeader(withoutID(header)) {
		text = rest
	}
	return secret.New(text)
}

// withoutID removes the number and the underscore that precede the JWT in a GitHub
// job's token of the form ghs_<id>_<JWT>.
func withoutID(text string) string {
	if number, rest, ok := strings.Cut(text, "_"); ok && charset.ContainsOnly(number, charset.Digits) {
		return rest
	}
	return text
}

// isJWTHeader recognises a JSON object in base64 (RFC 7519, 5).
func isJWTHeader(text string) bool {
	object, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && bytes.HasPrefix(object, []byte("{")) && bytes.HasSuffix(object, []byte("}"))
}
