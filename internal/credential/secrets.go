package credential

import (
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/pasted"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Secrets returns everything that may be secret in a token and an identity. Neither
// has been checked yet, so this covers mistakes too: the words of a pasted header or
// of several lines; the token in a pair, or in base64; and an identity that looks like
// a token, since the two are easily swapped.
func Secrets(token secret.String, identity string) []secret.String {
	text, _ := pasted.Clean(token.Reveal())
	secrets := []secret.String{token, secret.New(text)}
	for _, word := range strings.Fields(text) {
		secrets = append(secrets, secret.New(word))
		if password, ok := tokenOfPair(word); ok {
			secrets = append(secrets, secret.New(password))
		}
		secrets = append(secrets, tokensWithin(word)...)
		if plain, ok := decoded(word); ok {
			if _, password, pair := strings.Cut(plain, ":"); pair {
				secrets = append(secrets, secret.New(password))
			} else if isTokenShaped(plain) {
				secrets = append(secrets, secret.New(plain))
			}
		}
	}
	secrets = append(secrets, tokensWithin(text)...)
	if who, _ := pasted.Clean(identity); isTokenShaped(who) {
		secrets = append(secrets, secret.New(who))
	}
	return secrets
}
