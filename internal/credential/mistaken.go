package credential

import (
	"net/url"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/pasted"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// checkMistaken rejects what people set instead of a token, or around one.
func checkMistaken(token string) *fault.Fault {
	if f := CheckPlaceholder("token", secret.New(token)); f != nil {
		return f
	}
	_, assigned := assignment(token)
	_, labelled := label(token)
	switch {
	case isKey(token):
		return fault.New(fault.TokenCharacter, "the token is a key or a certificate, or a part of one",
			"store a token instead: Bitbucket accepts SSH keys for git over SSH only")
	case isJSON(token):
		return fault.New(fault.TokenCharacter, "the token is JSON",
			"store only the token itself, without the name, the quotes and the braces around it")
	case isReference(token):
		return fault.New(fault.TokenCharacter, "the token is the address of a secret in a secret manager, not the secret itself",
			"have the secret manager's own step or command replace it before this step")
	case isAddress(token):
		return addressFault(token)
	case labelled:
		return fault.New(fault.TokenCharacter, "the token has a name and a colon before it",
			"store only what follows the colon")
	case assigned:
		return fault.New(fault.TokenCharacter, "the token has a name and = before it",
			"store only what follows the first =, without quotes")
	case isEmail(token):
		return fault.New(fault.TokenCharacter, "the token is an e-mail address", "are token and identity swapped?")
	}
	return nil
}

// CheckPlaceholder returns a fault if a token of any service contains an invisible
// character, or is only a placeholder: the text that a program writes for a variable that
// isn't set, or shows instead of a secret.
func CheckPlaceholder(setting string, token secret.String) *fault.Fault {
	what := setting
	if setting == "token" {
		what = "the token"
	}
	text := token.Reveal()
	switch {
	case isNothing(text):
		return fault.New(fault.TokenCharacter, what+" is what programs write for a value that doesn't exist",
			"find the program or the script that sets "+setting+", and the variable that it reads: it isn't set there")
	case isMasked(text), setting == "token" && strings.Contains(text, "***"):
		return fault.New(fault.TokenCharacter, what+" was copied from a log or a page that hides it",
			"copy the token from the page where it was made, while that shows it; otherwise make a new one")
	case isPlaceholder(text):
		return fault.New(fault.TokenCharacter, what+" is a placeholder from a document or an example",
			"replace all of it with the token itself, brackets included")
	}
	return pasted.CheckVisible(what, text)
}

// isPlaceholder recognises what documents and examples have instead of a token, such
// as <your-token>, {access_token}, YOUR_TOKEN, changeme and xxxx.
func isPlaceholder(text string) bool {
	for _, brackets := range []string{"<>", "{}", "[]"} {
		inner, opened := strings.CutPrefix(text, brackets[:1])
		inner, closed := strings.CutSuffix(inner, brackets[1:])
		if opened && closed && charset.ContainsOnly(inner, charset.Name+" ") && !isTokenShaped(inner) {
			return true
		}
	}
	lower := strings.ToLower(text)
	return len(text) > 2 && charset.ContainsOnly(lower, "x") ||
		beginsWith(lower, []string{"your-", "your_", "your "}) ||
		slices.Contains([]string{"changeme", "change-me", "change_me"}, lower)
}

// isNothing recognises the words that programs write for a variable that isn't set:
// JavaScript, Python, Go and its templates, Helm, .NET, and shells.
func isNothing(text string) bool {
	return slices.Contains([]string{
		"undefined", "null", "none", "nil", "nan", "unset", "<no value>", "<nil>", "<null>", "<none>", "<unset>", "<undefined>", "(null)", "(nil)", "(none)",
		"[object object]", "%!s(<nil>)", "null null", "undefined undefined", "system.object", "system.security.securestring",
	}, strings.ToLower(text))
}

// isMasked recognises text that logs and pages show instead of a secret.
func isMasked(text string) bool {
	if text != "" && charset.ContainsOnly(text, "*•●") {
		return true
	}
	word := strings.Trim(text, "[](){}<>*")
	return word != text && slices.Contains(strings.Fields(masks), strings.ToLower(word))
}

// masks are the words that are in brackets instead of a secret.
const masks = "masked redacted secure secured hidden filtered sensitive sensitive-value removed protected"

// isKey reports whether text is a key or a certificate, or what is left of one
// whose lines were lost: its first line, or a part of that.
func isKey(text string) bool {
	return beginsWith(text, keyStarts) || strings.Contains(text, "PRIVATE KEY-----")
}

var keyStarts = []string{
	"-----BEGIN", "-----END", "---- BEGIN", "PuTTY-User-Key-File-", "ssh-rsa ", "ssh-ed25519 ", "ssh-dss ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-",
	"b3BlbnNzaC1rZXktdjE", // base64 of openssh-key-v1 (openssh, PROTOCOL.key)
}

// beginsWith reports whether a text begins with one of some others.
func beginsWith(text string, starts []string) bool {
	return slices.ContainsFunc(starts, func(start string) bool { return strings.HasPrefix(text, start) })
}

func isJSON(text string) bool {
	return strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "{{") || strings.HasPrefix(text, "[")
}

// managers are the schemes by which secret managers, and tools that read them,
// address a secret without the // of a URL.
var managers = []string{
	"arn", "vault", "bao", "ssm", "secretsmanager", "sm", "gsm", "gcpsecretmanager", "azurekeyvault", "keyvault", "akv", "kms", "secretref", "secret", "env",
}

// isReference reports whether text addresses a secret in a secret manager: by a URL
// such as op://vault/item/field, or by a name such as vault:path#field.
func isReference(text string) bool {
	if strings.HasPrefix(text, "@Microsoft.KeyVault(") || strings.HasSuffix(text, "@azurekeyvault") || strings.HasPrefix(text, "projects/") && strings.Contains(text, "/secrets/") {
		return true
	}
	scheme, rest, found := strings.Cut(text, ":")
	if !found || !isSchemeName(scheme) || isWebScheme(scheme) || isTokenShaped(rest) {
		return false
	}
	return strings.HasPrefix(rest, "//") || slices.Contains(managers, strings.ToLower(scheme)) || strings.HasPrefix(scheme, "ref+")
}

// isSchemeName reports whether text has the form of a URL's scheme (RFC 3986,
// section 3.1).
func isSchemeName(text string) bool {
	return charset.StartsWith(text, charset.Letters) && charset.ContainsOnly(text, charset.Letters+charset.Digits+"+-.")
}

func isWebScheme(scheme string) bool {
	return slices.Contains([]string{"http", "https", "ssh", "git", "git+ssh", "git+https", "ftp", "sftp", "file"}, strings.ToLower(scheme))
}

// isAddress reports whether text is a URL, an scp-like address of a repository, or a
// command with one.
func isAddress(text string) bool {
	if strings.HasPrefix(text, "git clone ") || strings.HasPrefix(text, "git@") && strings.Contains(text, ":") {
		return true
	}
	scheme, _, found := strings.Cut(text, "://")
	return found && isWebScheme(scheme)
}

// addressFault is the fault of a URL that is set as the token: there may be a token
// in it.
func addressFault(text string) *fault.Fault {
	f := fault.New(fault.TokenCharacter, "the token is a URL or another address")
	user, password := userInfo(text)
	switch {
	case password != "":
		f.What = "the token is a URL with a user name and a password in it"
		return f.Hint("store only the part between : and @")
	case len(user) >= minToken:
		f.What = "the token is a URL with a user name in it"
		return f.Hint("if the user name is a token, store only the part between // and @")
	}
	return f.Hint("store a token in the secret, and set repository to the address")
}

// userInfo returns the user name and the password in an address.
func userInfo(text string) (user, password string) {
	address := secret.NewAddress(text)
	if !address.HasUserInfo() {
		return "", ""
	}
	_, after, _ := strings.Cut(text, "://")
	_, rest, _ := strings.Cut(address.Clean(), "://")
	user, password, _ = strings.Cut(strings.TrimSuffix(strings.TrimSuffix(after, rest), "@"), ":")
	return user, password
}

// assignment returns the value in NAME=value, as in a file of variables or in a
// command such as export NAME=value. An API token contains a = itself, so the name
// must not begin like a token, and the value must look like one, or be long.
func assignment(text string) (value string, ok bool) {
	name, value, found := strings.Cut(text, "=")
	words := strings.Fields(name)
	value = unquoted(value)
	if !found || len(words) == 0 || strings.ContainsAny(value, " \t\r\n") {
		return "", false
	}
	name = strings.TrimPrefix(strings.TrimPrefix(unquoted(words[len(words)-1]), "--"), "$env:")
	if !isVariableName(name) || beginsLikeToken(name) || !beginsLikeToken(value) && len(value) < minAssigned {
		return "", false
	}
	return value, true
}

// minAssigned is the length of the shortest value without a known prefix that makes
// NAME=value an assignment: longer than the checksum at the end of an API token.
const minAssigned = 16

// label returns the value in name: value, as in YAML.
func label(text string) (value string, ok bool) {
	name, value, found := strings.Cut(text, ":")
	name = unquoted(strings.TrimPrefix(name, "- "))
	spaced := charset.StartsWith(value, " \t\n")
	value = unquoted(value)
	if !found || !isVariableName(name) || value == "" || strings.ContainsAny(value, " \t\r\n") {
		return "", false
	}
	alone := slices.Contains([]string{"token", "password", "secret", "api-token", "api_token", "access-token", "access_token"}, strings.ToLower(name))
	return value, spaced || alone
}

// unquoted is a value without white space, quotes and a comma or semicolon around it.
func unquoted(text string) string {
	text = strings.TrimRight(strings.TrimSpace(text), ",;")
	return strings.Trim(strings.TrimSpace(text), `"'`)
}

// isVariableName reports whether text is a name as variables and settings have.
func isVariableName(text string) bool {
	return charset.StartsWith(text, charset.Letters+"_") && charset.ContainsOnly(text, charset.Name)
}

// beginsLikeToken reports whether text begins like a token, Bitbucket's or a foreign
// one, whatever its length.
func beginsLikeToken(text string) bool {
	_, _, known := kindByPrefix(text)
	_, _, foreign := foreignPrefix(text)
	return known || foreign
}

func isEmail(text string) bool {
	name, domain, found := strings.Cut(text, "@")
	return found && name != "" && strings.Contains(domain, ".") && !strings.ContainsAny(text, ":/ \t\r\n") && !strings.Contains(domain, "@")
}

// tokensWithin returns the tokens in what is set instead of a token.
func tokensWithin(text string) []secret.String {
	var found []secret.String
	add := func(text string) {
		if decoded, err := url.PathUnescape(text); err == nil {
			found = append(found, secret.New(decoded))
		}
		found = append(found, secret.New(text))
	}
	if value, ok := assignment(text); ok {
		add(value)
	}
	if value, ok := label(text); ok {
		add(value)
	}
	if isAddress(text) {
		user, password := userInfo(text)
		if add(password); len(user) >= minToken {
			add(user)
		}
	}
	for _, run := range strings.FieldsFunc(text, notTokenCharacter) {
		if _, value, named := strings.Cut(run, "="); named && !beginsLikeToken(run) {
			run = value // as in a URL's query
		}
		if run != text && isTokenShaped(run) {
			add(run)
		}
	}
	return found
}

// HoldsToken reports whether there is a token in a text that isn't one itself.
func HoldsToken(text string) bool {
	return slices.ContainsFunc(tokensWithin(text), func(s secret.String) bool { return isTokenShaped(s.Reveal()) })
}

// prefixAmong returns the prefix of the only one of some words that is a Bitbucket token.
func prefixAmong(words []string) (prefix string, found bool) {
	for _, word := range words {
		if !isTokenShaped(word) {
			continue
		}
		if found {
			return "", false
		}
		_, prefix, found = kindByPrefix(word)
	}
	return prefix, found
}
