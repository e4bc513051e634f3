package credential

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// minToken is the length of the shortest text that counts as a token, in
// characters: no shorter one can be masked.
const minToken = secret.MinMask

// MaxToken is the length of the longest text that counts as a token, in
// characters. Its base64 has to fit into a variable of the environment: Linux
// starts no process with a longer one than 128 KiB (execve(2), MAX_ARG_STRLEN).
const MaxToken = 64 << 10

// checkToken applies the rules for a token of any kind.
func checkToken(token string) *fault.Fault {
	if isHeader(token) {
		return fault.New(fault.TokenHeader, "the token is a complete Authorization header",
			"store the token alone in the secret, without the words before it; bitbucket-auth makes the header")
	}
	if f := checkMistaken(token); f != nil {
		return f
	}
	if strings.HasPrefix(token, "$") || strings.Contains(token, "${{") {
		return fault.New(fault.TokenUnexpanded, "the token is a reference that wasn't expanded",
			"store the token itself, not the name of a variable or a secret")
	}
	if strings.ContainsFunc(token, unicode.IsSpace) {
		if what := encodedIn(strings.Join(strings.Fields(token), "")); what != "" {
			return encodedFault(what) // base64(1) breaks its lines
		}
		f := fault.New(fault.TokenSpace, "the token contains white space",
			"store one token in the secret, on one line, and nothing else")
		if prefix, found := prefixAmong(strings.Fields(token)); found {
			f = f.Hint("of these words, store only the one that begins with " + prefix)
		}
		return f
	}
	if _, ok := tokenOfPair(token); ok {
		return fault.New(fault.TokenCharacter, "the token is a pair, identity:token",
			"set identity to the part before the colon, and store only the part after it in the secret")
	}
	if i := strings.IndexFunc(token, notTokenCharacter); i >= 0 {
		f := fault.Newf(fault.TokenCharacter,
			"character %d of the token can't occur in a Bitbucket token (letters, digits and - . _ ~ + / = can)",
			utf8.RuneCountInString(token[:i])+1)
		switch identity, _, pair := strings.Cut(token, ":"); {
		case isPercentEncoded(token):
			return f.Hint("the token is percent-encoded, as in a URL: store it as it was before")
		case strings.Contains(token, "@"):
			return f.Hint("if this is an e-mail address: are token and identity swapped?")
		case pair && len(identity) > 1 && charset.ContainsOnly(identity, charset.Name):
			return f.Hint("if this is a pair, set identity to the part before the colon, and token to the part after it")
		}
		return f.Hint("copy the token again from the page where it was made, and store it unchanged")
	}
	return CheckLength("the token", token)
}

// CheckLength returns a fault if a token of any service is too short or too long. The
// fault calls it by the name.
func CheckLength(name, token string) *fault.Fault {
	switch {
	case len(token) < minToken:
		return fault.Newf(fault.TokenShort, "%s is shorter than %d characters", name, minToken).
			Hint("store the whole token in the secret; Bitbucket's have more than 30 characters")
	case len(token) > MaxToken:
		return fault.Newf(fault.TokenLong, "%s is longer than %d KiB", name, MaxToken>>10).
			Hint("store the token alone in the secret; tokens have a few thousand characters at most")
	}
	return nil
}

// isPercentEncoded reports whether text is a token as a URL contains it.
func isPercentEncoded(text string) bool {
	plain, err := url.PathUnescape(text)
	return err == nil && plain != text && isTokenShaped(plain) && !strings.ContainsFunc(plain, notTokenCharacter)
}

// isHeader reports whether text is the value of an Authorization header, or a whole
// line of one.
func isHeader(text string) bool {
	if value, found := strings.CutPrefix(strings.ToLower(text), "authorization:"); found {
		return strings.TrimSpace(value) != ""
	}
	words := strings.Fields(text)
	return len(words) > 1 && slices.Contains([]string{"basic", "bearer"}, strings.ToLower(words[0]))
}

// CheckMinted applies the rules for a token to one that a server has issued.
func CheckMinted(token secret.String) *fault.Fault { return checkToken(token.Reveal()) }

// notTokenCharacter reports what is outside the character set of RFC 6750,
// section 2.1 (b64token), which includes every Bitbucket token.
func notTokenCharacter(r rune) bool {
	return !strings.ContainsRune(charset.Letters+charset.Digits+"-._~+/=", r)
}

// checkEncoded refuses a token or a pair that is base64 already. Old tokens
// without a prefix decode to digits, a colon and random bytes, so pairs aren't
// looked for where the kind is theirs.
func checkEncoded(token string, kind Kind) error {
	what := encodedIn(token)
	if what == "" || what == encodedPair && kind.Traits().Unprefixed {
		return nil
	}
	return encodedFault(what)
}

const encodedPair = "identity:token"

// encodedIn says what a text is the base64 of, or "" if that is neither a token nor
// a pair.
func encodedIn(text string) string {
	plain, ok := decoded(text)
	if !ok || isTokenShaped(text) {
		return ""
	}
	if isTokenShaped(plain) {
		return "a token"
	}
	if _, pair := tokenOfPair(plain); pair {
		return encodedPair
	}
	return ""
}

func encodedFault(what string) *fault.Fault {
	return fault.New(fault.TokenEncoded, "the token is base64 of "+what,
		"store the token itself in the secret; bitbucket-auth encodes it")
}

// decoded is text without its base64 encoding (either alphabet, padded or not).
func decoded(text string) (string, bool) {
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	plain, err := encoding.DecodeString(strings.TrimRight(text, "="))
	return strings.TrimSpace(string(plain)), err == nil && utf8.Valid(plain)
}

// tokenOfPair returns the token in what is probably identity:token: there is a
// token after the colon, or an e-mail address before it.
func tokenOfPair(text string) (token string, ok bool) {
	identity, token, found := strings.Cut(text, ":")
	return token, found && token != "" && (isTokenShaped(token) || strings.Contains(identity, "@"))
}

// isTokenShaped reports whether text begins like a token, Bitbucket's or a
// foreign one, and is as long as Bitbucket's shortest, an app password.
func isTokenShaped(text string) bool {
	const shortest = 36
	return len(text) >= shortest && beginsLikeToken(text)
}
