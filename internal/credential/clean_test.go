package credential_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

func TestClean(t *testing.T) {
	const (
		space  = "white space around the token was removed"
		mark   = "a byte-order mark around the token was removed"
		quotes = "quotes around the token were removed"
	)
	for _, test := range []struct {
		text, want string
		said       []string
	}{
		{"token", "token", nil},
		{" token\r\n", "token", []string{space}},
		{"\u00a0token\t", "token", []string{space}},
		{"\ufefftoken", "token", []string{mark}},
		{`"token"`, "token", []string{quotes}},
		{"'token'", "token", []string{quotes}},
		{`"'token'"`, "token", []string{quotes}},
		{"\ufeff \" 'token'\n\" ", "token", []string{space, mark, quotes}},
		{`"token`, `"token`, nil},
		{`"token'`, `"token'`, nil},
		{`"`, `"`, nil},
		{`""`, "", nil},
		{" \n\ufeff", "", nil},
		{"", "", nil},
	} {
		token, remarks := credential.Clean("token", secret.New(test.text))
		var said []string
		for _, remark := range remarks {
			said = append(said, remark.What)
		}
		if token.Reveal() != test.want || !slices.Equal(said, test.said) {
			t.Errorf("%q: got %q, %q", test.text, token.Reveal(), said)
		}
		identity, _ := credential.CleanIdentity(test.text)
		check(t, "identity", identity, test.want)
	}
}

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
	for _, s := range credential.Secrets(secret.New("password"), strings.Repeat("n", 50)) {
		if s.Reveal() != "password" {
			t.Errorf("%q counts as secret", s.Reveal())
		}
	}
}
