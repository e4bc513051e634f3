package secret

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
)

// Address is a URL, or an scp-like address, that may contain user-info, such as
// the user name and the password in https://user:password@host/path. The zero
// value is no address.
type Address struct {
	raw     String
	secrets []String
	clean   string
}

// NewAddress splits an address. It ignores white space around it, and the words of
// the commands that Bitbucket's pages show, such as git clone.
//
// It works on the text, because no parser accepts a URL whose password contains
// an unescaped slash, and the password still has to be found.
func NewAddress(text string) Address {
	a := Address{raw: New(text)}
	a.secrets, a.clean = splitUserInfo(trimCommand(text))
	return a
}

// NewSource splits the address of a repository to read, which is a URL or a path. A
// path has no user-info, whatever its characters. In a URL, everything before the last
// @ of the path is secret if it contains a colon: a password may contain unescaped
// slashes, and begin with digits like a port.
func NewSource(text string) Address {
	a := Address{raw: New(text)}
	address := trimCommand(text)
	scheme, after, isURL := strings.Cut(address, "://")
	if !isURL || strings.EqualFold(scheme, "file") || strings.Contains(scheme, "/") {
		a.clean = address
		return a
	}
	at := strings.LastIndex(after[:pathEnd(after)], "@")
	if at < 0 || !strings.Contains(after[:at], ":") || strings.HasPrefix(after, "[") { // an IPv6 address, which no user-info precedes
		a.secrets, a.clean = splitUserInfo(address)
		return a
	}
	a.secrets, a.clean = secretsOf(after[:at]), scheme+"://"+after[at+1:]
	return a
}

// pathEnd returns the index at which the path of a URL ends.
func pathEnd(text string) int {
	if end := strings.IndexAny(text, "?#"); end >= 0 {
		return end
	}
	return len(text)
}

// Secrets returns the secret parts, as typed and percent-decoded: a password, or a
// complete user-info that is too long for a user name.
func (a Address) Secrets() []String { return a.secrets }

// Clean returns the address without user-info.
func (a Address) Clean() string { return a.clean }

// IsEmpty reports whether there is no address.
func (a Address) IsEmpty() bool { return a.clean == "" && !a.HasUserInfo() }

// HasUserInfo reports whether the address contains a user name or a password.
func (a Address) HasUserInfo() bool { return a.clean != trimCommand(a.raw.Reveal()) }

// EnvDecode is called by go-envconfig. It never fails.
func (a *Address) EnvDecode(text string) error {
	*a = NewAddress(text)
	return nil
}

// trimCommand removes white space around an address, and the rest of a command with
// it, such as git clone or git remote add origin. Of the other words none may be a part
// of the address, whose password may contain spaces.
func trimCommand(text string) string {
	words := strings.Fields(text)
	switch {
	case len(words) < 3, words[0] != "git", words[1] != "clone" && words[1] != "remote":
		return strings.TrimSpace(text)
	case len(words) == 3:
		return words[2]
	}
	address := ""
	for _, word := range words {
		if !strings.ContainsAny(word, ":/@?#%") {
			continue
		}
		if address != "" {
			return strings.TrimSpace(text)
		}
		address = word
	}
	return cmp.Or(address, strings.TrimSpace(text))
}

// maxUserName is the length of the longest text before an @ that counts as a
// user name, in characters. Bitbucket's are shorter; longer text may be a token.
const maxUserName = 30

func splitUserInfo(text string) (secrets []String, rest string) {
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
	return secretsOf(after[:at]), scheme + after[at+1:]
}

// secretsOf returns the secret parts of a user-info.
func secretsOf(info string) []String {
	var secrets []String
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
	return secrets
}

// authorityEnd returns the index at which the host of a URL ends: at the first slash,
// unless that is part of a password.
func authorityEnd(text string) int {
	end := strings.IndexAny(text, "/?#")
	if end < 0 {
		return len(text)
	}
	authority := text[:end]
	if address, port, ok := strings.Cut(authority, "]"); ok && strings.HasPrefix(address, "[") {
		authority = port // an IPv6 address contains colons
	}
	_, port, colon := strings.Cut(authority, ":")
	if colon && !strings.Contains(authority, "@") && !charset.ContainsOnly(port, charset.Digits) {
		return max(end, strings.LastIndex(text, "@")+1)
	}
	return end
}
