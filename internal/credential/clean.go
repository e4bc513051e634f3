package credential

import (
	"strings"
	"unicode"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

const byteOrderMark = '\uFEFF'

// Clean removes what pasting leaves around a token: white space, byte-order
// marks and a matching pair of quotes, until nothing changes. The remarks say
// what was removed; name is what they call the token.
func Clean(name string, raw secret.String) (secret.String, []fault.Remark) {
	text, remarks := clean(name, raw.Reveal())
	return secret.New(text), remarks
}

// CleanIdentity is [Clean] for an identity.
func CleanIdentity(raw string) (string, []fault.Remark) {
	return clean("identity", raw)
}

func clean(name, text string) (string, []fault.Remark) {
	var space, mark, quotes bool
	for before := ""; before != text; {
		before = text

		cut := strings.TrimFunc(text, unicode.IsSpace)
		space = space || cut != text
		text = cut

		cut = strings.Trim(text, string(byteOrderMark))
		mark = mark || cut != text
		text = cut

		if n := len(text); n >= 2 && text[0] == text[n-1] && (text[0] == '"' || text[0] == '\'') {
			quotes = true
			text = text[1 : n-1]
		}
	}
	if text == "" {
		return "", nil // an empty value needs no remark about what was around it
	}
	var remarks []fault.Remark
	if space {
		remarks = append(remarks, fault.Noticef("white space around the %s was removed", name))
	}
	if mark {
		remarks = append(remarks, fault.Noticef("a byte-order mark around the %s was removed", name))
	}
	if quotes {
		remarks = append(remarks, fault.Noticef("quotes around the %s were removed", name))
	}
	return text, remarks
}

// Secrets returns what may be secret in a token and an identity, before either
// is understood: the whole token; the words of a pasted header or of several
// lines; the token in a pair, or in anything that is base64 already; and an
// identity that looks like a token, since the two are easily swapped.
func Secrets(token secret.String, identity string) []secret.String {
	text, _ := clean("token", token.Reveal())
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
	if who, _ := clean("identity", identity); isTokenShaped(who) {
		secrets = append(secrets, secret.New(who))
	}
	return secrets
}
