// Package proxy reads the environment variables that name proxies, and finds the
// secrets in them.
package proxy

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// variables are read by curl, and so by git, or by Go's net/http, and so by this
// program and git-lfs (curl(1), ENVIRONMENT; net/http, ProxyFromEnvironment).
var variables = []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"}

// Login is the user name and password in a variable.
type Login struct {
	User     string // percent-decoded
	Password secret.String
	given    string // both, as given
}

// Logins returns the logins that have a password. It finds them even in variables that
// can't be parsed.
func Logins(lookup func(name string) (string, bool)) []Login {
	var logins []Login
	for _, name := range variables {
		value, _ := lookup(name)
		_, rest := splitScheme(strings.TrimSpace(value))
		// A proxy has no path, so everything before the last @ is a login, even if it
		// contains unescaped characters.
		given := rest[:max(strings.LastIndex(rest, "@"), 0)]
		if user, password, _ := strings.Cut(given, ":"); password != "" {
			logins = append(logins, Login{decoded(user), secret.New(decoded(password)), given})
		}
	}
	return logins
}

// Secrets returns the password and user:password, as given and percent-decoded, the
// longest first. The user name by itself isn't secret.
func (l Login) Secrets() []secret.String {
	_, password, _ := strings.Cut(l.given, ":")
	return []secret.String{secret.New(l.given), secret.New(l.User + ":" + l.Password.Reveal()), secret.New(password), l.Password}
}

// Check returns a fault if a variable can't be parsed. Without it, net/http would
// ignore the variable and connect directly, and curl would show it in a message. The
// value counts as given: neither of them removes white space.
func Check(lookup func(name string) (string, bool)) error {
	for _, name := range variables {
		value, _ := lookup(name)
		switch {
		case value == "":
		case isAddress(strings.TrimSpace(value)) && strings.TrimSpace(value) != value:
			return fault.New(fault.ProxyAddress, name+" has white space around the address of a proxy",
				"remove it: often it is the line break at the end of a file")
		case !isAddress(value):
			return fault.New(fault.ProxyAddress, name+" isn't the address of a proxy",
				"write it as http://user:password@proxy.example.com:3128, with the characters / ? # @ % and : in the password percent-encoded",
				"or remove "+name+" from the environment, if no proxy is needed")
		}
	}
	return nil
}

// isAddress reports whether both net/http and curl can parse an address of a
// proxy. Without a scheme, it is http (curl(1), --proxy).
func isAddress(text string) bool {
	if strings.ContainsFunc(text, unicode.IsSpace) {
		return false // net/url accepts some of Unicode's in a host
	}
	scheme, rest := splitScheme(text)
	switch strings.ToLower(scheme) {
	case "", "http", "https", "socks4", "socks4a", "socks5", "socks5h":
	default:
		return false
	}
	u, err := url.Parse("http://" + rest)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false
	}
	// Curl ends the login at the first @, and accepts no control characters in it.
	if strings.Count(rest, "@") > 1 || u.User != nil && !secret.OneLine(decoded(u.User.String())) {
		return false
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return u.Port() == "" && !strings.HasSuffix(u.Host, ":") || err == nil && port > 0
}

// splitScheme splits off the scheme, which may be missing (RFC 3986, section 3.1).
func splitScheme(text string) (scheme, rest string) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || !charset.StartsWith(scheme, charset.Letters) || !charset.ContainsOnly(scheme, charset.Letters+charset.Digits+"+-.") {
		return "", text
	}
	return scheme, rest
}

// decoded undoes percent-encoding. Like curl, it leaves invalid escapes as they are.
func decoded(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+3 <= len(text) {
			if c, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
