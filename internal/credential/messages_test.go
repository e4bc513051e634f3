package credential_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// A token of another service is recognised. It is a fault, unless the user has
// set its kind.
func TestForeignTokens(t *testing.T) {
	for prefix, whose := range map[string]string{
		"ghp_": "GitHub", "github_pat_": "GitHub", "gho_": "GitHub", "ghs_": "GitHub", "ghu_": "GitHub", "ghr_": "GitHub",
		"glpat-": "GitLab", "gldt-": "GitLab", "glrt-": "GitLab", "glcbt-": "GitLab", "glptt-": "GitLab",
		"npm_": "npm", "xoxb-": "Slack", "xoxp-": "Slack", "AKIA": "AWS", "ASIA": "AWS", "ATSTT": "Atlassian service account",
	} {
		token := prefix + credentialtest.ConsumerSecret()
		want := "(it begins with " + prefix + ")"
		for _, in := range []credential.Input{input(token, email), input(token, ""), on(dataCenter, input(token, ""))} {
			_, _, err := credential.New(in)
			if f := fault.From(err); err == nil || f.Code != fault.TokenForeign || !strings.Contains(f.What, whose) || !strings.HasSuffix(f.What, want) {
				t.Errorf("%s: got %v", prefix, err)
			}
		}
		_, remarks, err := credential.New(as(credential.APIToken, input(token, email)))
		if got := warnings(remarks); err != nil || !slices.Equal(got, []fault.Code{fault.TokenForeign}) {
			t.Errorf("%s, kind named: got %v, %v", prefix, got, err)
		}
	}
}

// Messages for cases in which the first guess would be misleading.
func TestMessages(t *testing.T) {
	api, app := credentialtest.APIToken(), credentialtest.AppPassword()
	for _, test := range []struct {
		in        credential.Input
		want      string
		hint, not string
	}{
		{input(base64Of(api), email), "the token is base64 of a token", "store the token itself", ""},
		{input(base64Of(email+":"+api), email), "the token is base64 of identity:token", "store the token itself", ""},
		{input(email+":"+api, ""), "the token is a pair, identity:token", "the part before the colon", "swapped"},
		{input(email, api), "character 8 of the token can't occur", "are token and identity swapped?", ""},
		{input(username+":"+credentialtest.ConsumerSecret(), ""), "character 8 of the token can't occur", "if this is a pair", "swapped"},
		{input("tokén-of-some-kind", email), "character 4 of the token can't occur", "copy the token again", ""},
		{input("étoken-of-some-kind", email), "character 1 of the token can't occur", "copy the token again", ""},
		{input(app, email), "Bitbucket Cloud removed app passwords", "it goes with the e-mail address that identity is set to", "username"},
		{input(app, username), "Bitbucket Cloud removed app passwords", "set identity to the e-mail address", ""},
	} {
		_, remarks, err := credential.New(test.in)
		f := fault.From(err)
		if err == nil {
			f = remarks[len(remarks)-1].Fault
		}
		hints := strings.Join(f.Hints, "\n")
		if !strings.HasPrefix(f.What, test.want) || !strings.Contains(hints, test.hint) || test.not != "" && strings.Contains(hints, test.not) {
			t.Errorf("want %q and %q, got %v\n%s", test.want, test.hint, f, hints)
		}
	}
}
