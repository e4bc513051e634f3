package credential

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// minToken is the shortest text taken for a token, in characters. It equals
// the shortest text that can be masked, so that every token is masked.
const minToken = 8

// Layout of an API token, by several secret scanners' validators: 184
// characters, then the CRC-32 (IEEE) of them as 8 hexadecimal digits.
const (
	apiTokenLength   = 192
	apiTokenChecksum = 8
)

// checkToken applies the rules that hold for a token of any kind.
func checkToken(token string) error {
	words := strings.Fields(token)
	if len(words) > 1 && slices.Contains([]string{"basic", "bearer", "authorization:"}, strings.ToLower(words[0])) {
		return fault.New(fault.TokenHeader, "the token is a whole Authorization header",
			"store the bare token in the secret, without the words before it; bitbucket-auth makes the header itself")
	}
	if strings.HasPrefix(token, "$") || strings.Contains(token, "${{") {
		return fault.New(fault.TokenUnexpanded, "the token is a reference that was never expanded",
			"in a GitHub workflow write: token: ${{ secrets.YOUR_SECRET }}",
			"in a shell, use double quotes around the variable, not single ones")
	}
	if strings.ContainsFunc(token, unicode.IsSpace) {
		return fault.New(fault.TokenSpace, "the token has white space inside",
			"store one token in the secret, on one line, and nothing else")
	}
	if i := strings.IndexFunc(token, notTokenCharacter); i >= 0 {
		f := fault.Newf(fault.TokenCharacter,
			"character %d of the token is none that a Bitbucket token has (letters, digits and - . _ ~ + / =)",
			utf8.RuneCountInString(token[:i])+1)
		if strings.Contains(token, "@") {
			return f.Hint("this looks like an e-mail address: are token and identity swapped?")
		}
		if strings.Contains(token, ":") {
			return f.Hint("give what stands before the colon as identity, and the rest as token")
		}
		return f.Hint("copy the token again from the page that made it, and store it as it is")
	}
	if len(token) < minToken {
		return fault.Newf(fault.TokenShort, "the token is shorter than %d characters", minToken).
			Hint("store the whole token in the secret; Bitbucket's have 36 characters and more")
	}
	return nil
}

// CheckMinted applies the rules of a token to one that a server gave.
func CheckMinted(token secret.String) error { return checkToken(token.Reveal()) }

// notTokenCharacter tells what is outside the set of RFC 6750 section 2.1,
// b64token, which holds every Bitbucket token.
func notTokenCharacter(r rune) bool {
	switch {
	case 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("-._~+/=", r)
}

// checkEncoded refuses base64 of identity:token where a bare token belongs.
// Data Center's old tokens decode to digits and a colon, so this must not be
// asked of them.
func checkEncoded(token string) error {
	user, password, ok := decodePair(token)
	if !ok || looksLikeToken(token) || !looksLikeToken(password) && !strings.Contains(user, "@") {
		return nil
	}
	return fault.New(fault.TokenEncoded, "the token is already base64 of identity:token",
		"store the bare token in the secret; bitbucket-auth does the encoding")
}

// decodePair undoes base64 (any of its alphabets, padded or not) of
// user:password.
func decodePair(text string) (user, password string, ok bool) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	pair, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || !utf8.Valid(pair) {
		return "", "", false
	}
	return strings.Cut(string(pair), ":")
}

// looksLikeToken tells whether text begins like a Bitbucket token and is as long
// as the shortest of them, an app password.
func looksLikeToken(text string) bool {
	const shortest = 36
	_, _, ok := kindByPrefix(text)
	return ok && len(text) >= shortest
}

// checkIdentity applies the rules that hold for an identity of any kind.
func checkIdentity(identity string) error {
	switch {
	case !secret.OneLine(identity):
		return fault.New(fault.IdentityCharacter, "the identity has a control character, or one that doesn't print",
			"give the identity on one line, typed rather than pasted")
	case strings.Contains(identity, ":"):
		return fault.New(fault.IdentityColon, "the identity has a colon, where HTTP Basic ends the user name (RFC 7617)",
			"give the identity alone, and the token in the input token")
	case strings.Contains(identity, "${{"):
		return fault.New(fault.TokenUnexpanded, "the identity is a reference that was never expanded",
			"in a GitHub workflow write: identity: ${{ secrets.YOUR_SECRET }} or ${{ vars.YOUR_VARIABLE }}")
	}
	if looksLikeToken(identity) {
		return fault.New(fault.IdentityIsToken, "the identity looks like a token",
			"are token and identity swapped?",
			"if this token was ever stored as a plain variable, revoke it and make a new one")
	}
	return nil
}

// checkShape compares a token with what tokens of its kind look like. The
// format is not documented, and the documented samples break it on purpose, so
// this only warns.
func checkShape(kind Kind, token string) []fault.Remark {
	found, _, known := kindByPrefix(token)
	expected := prefixOf(kind)
	switch {
	case known && found != kind:
		return []fault.Remark{fault.Warn(fault.New(fault.KindUnexpected,
			fmt.Sprintf("the token is used as %s, but begins like %s", kind.Title(), found.Title()),
			"if Bitbucket refuses it, leave out the input kind, or set it to "+string(found)))}
	case !known && expected != "" && kind != HTTPAccessToken: // Data Center's older tokens have no prefix
		return []fault.Remark{fault.Warn(fault.New(fault.KindUnexpected,
			fmt.Sprintf("the token doesn't begin with %s, as %s does", expected, kind.Title()),
			"check that the whole token was copied", "if it is of another kind, set the input kind"))}
	}
	if kind == APIToken && known && damaged(token) {
		return []fault.Remark{fault.Warn(fault.New(fault.TokenChecksum,
			"the API token looks truncated or altered: its checksum doesn't fit",
			"copy the token again from where it is kept, or make a new one"))}
	}
	return nil
}

// damaged tells whether an API token of the usual length fails its checksum,
// or is too short to have one.
func damaged(token string) bool {
	if len(token) > apiTokenLength {
		return false
	}
	if len(token) < apiTokenLength {
		return true
	}
	head, tail := token[:apiTokenLength-apiTokenChecksum], token[apiTokenLength-apiTokenChecksum:]
	return !strings.EqualFold(tail, fmt.Sprintf("%08X", crc32.ChecksumIEEE([]byte(head))))
}
