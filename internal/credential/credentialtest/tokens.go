// Package credentialtest makes tokens while tests run, so that the repository
// contains none. They have the shape of real ones, and give access to nothing.
package credentialtest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"hash/crc32"
)

// APIToken makes an API token of Bitbucket Cloud: 192 characters with a matching
// checksum.
func APIToken() string { return APITokenOf(192) }

// APITokenOf makes an API token of another length: they vary.
func APITokenOf(length int) string { return atlassianToken("ATATT"+"3xFfGF0", length) }

// AccessToken makes a repository, project or workspace access token.
func AccessToken() string { return atlassianToken("ATCTT"+"3xFfGN0", 192) }

// AppPassword makes an app password.
func AppPassword() string { return "ATBB" + Letters(32) }

// HTTPAccessToken makes a Data Center token in today's form.
func HTTPAccessToken() string { return "BBDC-" + OldHTTPAccessToken() }

// OldHTTPAccessToken makes a Data Center token in the form without a prefix:
// base64 of digits, a colon and random bytes.
func OldHTTPAccessToken() string {
	return base64.StdEncoding.EncodeToString(append([]byte("123456789012:"), random(20)...))
}

// ConsumerSecret makes the secret of an OAuth client (consumer), in the older
// form.
func ConsumerSecret() string { return Letters(32) }

// OAuthToken makes an access token of an OAuth client: a JWT of over 1,000
// characters.
func OAuthToken() string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode([]byte(`{"jti":"`+Letters(600)+`"}`)) + "." + encode(random(256))
}

// JobToken makes the token of a job on GitHub, in the form that GitHub has been
// introducing since April 2026: an ID and a JWT, about 520 characters.
func JobToken() string {
	encode := base64.RawURLEncoding.EncodeToString
	return "ghs_" + "1234567_" + encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode([]byte(`{"jti":"`+Letters(85)+`"}`)) + "." + encode(random(256))
}

// OldJobToken makes the token of a job on GitHub in the older form.
func OldJobToken() string { return "ghs_" + Letters(36) }

// atlassianToken is a prefix, random base64url, an equals sign, and the CRC-32 of
// all that.
func atlassianToken(prefix string, length int) string {
	const checksum = 8
	random := base64.RawURLEncoding.EncodeToString(random(length))
	head := prefix + random[:length-checksum-len(prefix)-1] + "="
	return head + fmt.Sprintf("%08X", crc32.ChecksumIEEE([]byte(head)))
}

// Letters makes n random letters and digits.
func Letters(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	text := random(n)
	for i, b := range text {
		text[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(text)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}
