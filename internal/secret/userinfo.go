package secret

import (
	"net/url"
	"strings"
)

// maxUserName is the length of the longest text before an @ that counts as a
// user name, in characters. Bitbucket's are shorter; longer text may be a token.
const maxUserName = 30

// SplitUserInfo removes the user-info from a URL, or from an scp-like address.
// It returns the secret parts (a password, or all of a user-info too long for a
// name), as typed and percent-decoded, and the URL without user-info.
//
// It works on the text, because no parser accepts a URL whose password contains
// an unescaped slash, and the password still has to be found.
func SplitUserInfo(address String) (secrets []String, rest string) {
	text := address.Reveal()
	scheme, after, found := strings.Cut(text, "://")
	if found {
		scheme += "://"
	} else {
		scheme, after = "", text
	}
	at := strings.LastIndex(after[:authorityEnd(after)], "@")
	if at < 0 {
		return nil, text
	}
	info, rest := after[:at], scheme+after[at+1:]
	user, password, hasPassword := strings.Cut(info, ":")
	if hasPassword {
		secrets = append(secrets, New(info), New(password))
	}
	if len(user) > maxUserName {
		secrets = append(secrets, New(user))
	}
	for _, s := range secrets {
		if decoded, err := url.PathUnescape(s.Reveal()); err == nil && decoded != s.Reveal() {
			secrets = append(secrets, New(decoded))
		}
	}
	return secrets, rest
}

// authorityEnd is where the host of a URL ends: at the first slash, unless what
// precedes it is the start of a user:password that contains the slash.
func authorityEnd(text string) int {
	end := strings.IndexAny(text, "/?#")
	if end < 0 {
		return len(text)
	}
	authority := text[:end]
	if address, port, ok := strings.Cut(authority, "]"); ok && strings.HasPrefix(address, "[") {
		authority = "host" + port // an IPv6 address contains colons
	}
	_, port, colon := strings.Cut(authority, ":")
	if colon && !strings.Contains(authority, "@") && strings.Trim(port, "0123456789") != "" {
		if at := strings.LastIndex(text, "@"); at > end {
			return at + 1
		}
	}
	return end
}
