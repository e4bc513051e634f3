package secret

import (
	"net/url"
	"strings"
)

// maxUserName is the longest text before an @ that is taken for a user name, in
// characters. Bitbucket's are shorter; what is longer may be a token.
const maxUserName = 30

// SplitUserInfo takes the user-info out of a URL, or of an scp-like address, as
// it was typed. It returns what of it is secret (a password; a whole user-info
// too long for a name), as given and percent-decoded, and the URL without it.
//
// It works on the text, since what has an unescaped slash in the password is no
// URL to any parser, and still has the password in it.
func SplitUserInfo(given String) (secrets []String, rest string) {
	text := given.Reveal()
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
// stands before it is the beginning of a user:password with a slash in it.
func authorityEnd(text string) int {
	end := strings.IndexAny(text, "/?#")
	if end < 0 {
		return len(text)
	}
	authority := text[:end]
	_, port, colon := strings.Cut(authority, ":")
	if colon && !strings.Contains(authority, "@") && strings.Trim(port, "0123456789") != "" {
		if at := strings.LastIndex(text, "@"); at > end {
			return at + 1
		}
	}
	return end
}
