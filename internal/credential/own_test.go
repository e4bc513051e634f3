package credential_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// What all tokens of a kind have in common isn't secret.
func TestOwnPart(t *testing.T) {
	jwt := credentialtest.OAuthToken()
	_, claims, _ := strings.Cut(jwt, ".")
	letters := credentialtest.Letters(40)
	api := credentialtest.APIToken()
	encode := base64.RawURLEncoding.EncodeToString
	odd, open := encode([]byte(`{"kid":"???"}`)), encode([]byte(`{"kid":`)) // odd contains an underscore
	for token, want := range map[string]string{
		api:                           api[len("ATATT"+"3xFfGF0"):],
		"ATCTT" + "3xFfGN0" + letters: letters,
		"ATCTT" + letters:             letters, // a documented sample deviates
		"ATBB" + letters:              letters,
		"BBDC-" + letters:             letters,
		"ghp_" + letters:              letters,
		"github_pat_" + letters:       letters,
		"glpat-" + letters:            letters,
		jwt:                           claims,
		"ghs_" + jwt:                  claims,
		"ghs_1234567_" + jwt:          claims,
		"ghs_" + letters[:20] + "_" + letters + "." + letters: letters[:20] + "_" + letters + "." + letters,
		"ghs_abc_" + jwt:                     "abc_" + jwt, // not the form of GitHub's
		odd:                                  odd,
		"ghs_1234567_" + odd + "." + letters: letters,
		open + "." + letters:                 open + "." + letters,
		letters:                              letters,
		letters + "." + letters:              letters + "." + letters,
		"":                                   "",
	} {
		if got := credential.OwnPart(secret.New(token)).Reveal(); got != want {
			t.Errorf("%q: got %q, want %q", token, got, want)
		}
	}
}
