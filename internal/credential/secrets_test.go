package credential_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// Whatever the settings turn out to hold, their secrets are found before any
// message is.
func TestSecrets(t *testing.T) {
	token := credentialtest.AccessToken()
	encoded := base64Of(email + ":" + token)
	for name, test := range map[string]struct{ token, identity string }{
		"bare":            {token, email},
		"quoted":          {` "` + token + `" `, email},
		"a header":        {"Bearer " + token, email},
		"encoded":         {encoded, email},
		"encoded, header": {"Authorization: Basic " + encoded, email},
		"encoded alone":   {base64Of(token + "\n"), email},
		"a pair":          {email + ":" + token, email},
		"several lines":   {token + "\n" + token, email},
		"swapped":         {email, " " + token},
	} {
		var found bool
		for _, s := range credential.Secrets(secret.New(test.token), test.identity) {
			found = found || s.Reveal() == token
			if s.Reveal() == email && name != "swapped" {
				t.Errorf("%s: the identity counts as secret", name)
			}
		}
		if !found {
			t.Errorf("%s: the token isn't found", name)
		}
	}
	for given, want := range map[string]string{
		"a word, another": "a word, another", ` "quoted" `: ` "quoted" `, base64Of(username + ":short-password"): "short-password", `"quoted words"`: "quoted words",
		"https://eight-ch@bitbucket.org/team/repo": "eight-ch", "first-word second-word": "second-word", "run TOKEN=0123456789abcdefgh now": "0123456789abcdefgh", email + ":short:pw": "short:pw",
		base64Of(email + ":short:pw"): "short:pw",
	} {
		if found := credential.Secrets(secret.New(given), ""); !slices.ContainsFunc(found, func(s secret.String) bool { return s.Reveal() == want }) {
			t.Errorf("%q: %q isn't found", given, want)
		}
	}
	for given, public := range map[string]string{
		"https://someone:" + token + "@bitbucket.org/team/repo": "bitbucket.org/team/repo", base64Of("neither token nor pair"): "neither token nor pair",
	} {
		for _, s := range credential.Secrets(secret.New(given), "") {
			if strings.Trim(s.Reveal(), "/") == public {
				t.Errorf("%q counts as secret", s.Reveal())
			}
		}
	}
	for _, s := range credential.Secrets(secret.New("password"), strings.Repeat("n", 50)) {
		if s.Reveal() != "password" {
			t.Errorf("%q counts as secret", s.Reveal())
		}
	}
}
