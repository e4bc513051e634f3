package credential_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// A credential that only git uses needs no identity if git sends a fixed user name.
func TestGitOnly(t *testing.T) {
	api, plain := credentialtest.APIToken(), credentialtest.ConsumerSecret()
	apiUser, tokenUser := credential.APITokenUser, credential.AccessTokenUser
	for _, test := range []struct {
		name     string
		in       credential.Claim
		kind     credential.Kind
		username string
		fault    fault.Code
	}{
		{"API token without an identity", input(api, ""), credential.APIToken, apiUser, fault.Code{}},
		{"with a user name", input(api, username), credential.APIToken, apiUser, fault.Code{}},
		{"with what no identity may be", input(api, "a:b"), credential.APIToken, apiUser, fault.Code{}},
		{"by git's user name", input(plain, apiUser), credential.APIToken, apiUser, fault.Code{}},
		{"access token by git's user name", input(plain, tokenUser), credential.AccessToken, tokenUser, fault.Code{}},
		{"on a Data Center, that is somebody's name", on(dataCenter, input(plain, tokenUser)), credential.HTTPAccessToken, tokenUser, fault.Code{}},
		{"app password with what no identity may be", as(credential.AppPassword, input(plain, "a\nb")), "", "", fault.IdentityCharacter},
		{"app password without an identity", as(credential.AppPassword, input(plain, "")), "", "", fault.IdentityMissing},
	} {
		test.in.GitOnly = true
		c, _, err := credential.New(test.in)
		if test.fault != (fault.Code{}) {
			if fault.From(err).Code != test.fault {
				t.Errorf("%s: got %v", test.name, err)
			}
			continue
		}
		if err != nil || c.Kind != test.kind || c.GitUsername != test.username || c.Identity != test.username {
			t.Errorf("%s: got %s, %q, %v", test.name, c.Kind, c.GitUsername, err)
		}
		if got := c.WithoutUser(); got.GitUsername != "" || got.Token != c.Token || !strings.HasPrefix(got.GitAuthorization().Reveal(), "Bearer ") {
			t.Errorf("%s: without a user, got %q", test.name, got.GitUsername)
		}
	}
}

// The user name for a token of another repository goes by the token alone.
func TestGitUserOfToken(t *testing.T) {
	for _, test := range []struct {
		token, user string
		dataCenter  bool
	}{
		{credentialtest.APIToken(), credential.APITokenUser, false},
		{credentialtest.AccessToken(), credential.AccessTokenUser, false},
		{credentialtest.AppPassword(), credential.AccessTokenUser, false},
		{credentialtest.ConsumerSecret(), credential.AccessTokenUser, false},
		{credentialtest.HTTPAccessToken(), credential.AccessTokenUser, true},
	} {
		token := secret.New(test.token)
		if got := credential.CloudGitUser(token); got != test.user {
			t.Errorf("%.5s…: got %s", test.token, got)
		}
		if got := credential.IsDataCenterToken(token); got != test.dataCenter {
			t.Errorf("%.5s…: of a Data Center: %v", test.token, got)
		}
	}
}

func TestLocked(t *testing.T) {
	if f := credential.Locked(401); f.Code != fault.Refused || !strings.HasSuffix(f.What, "(401)") || !strings.Contains(f.Hints[0], "browser") {
		t.Errorf("got %v, %q", f, f.Hints)
	}
	if f := credential.Locked(0); strings.Contains(f.What, "(") {
		t.Errorf("got %v", f)
	}
}

func TestHoldsToken(t *testing.T) {
	token := credentialtest.AccessToken()
	for text, want := range map[string]bool{
		"TOKEN=" + token: true, "token: " + token: true, "https://x-token-auth:" + token + "@bitbucket.org/a/b": true,
		"https://x-token-auth:" + strings.Replace(token, "A", "%41", 1) + "@bitbucket.org/a/b": true,
		"": false, "$TOKEN": false, "TOKEN=something": false, "TOKEN=" + credentialtest.ConsumerSecret(): false, token: false,
	} {
		if got := credential.HoldsToken(text); got != want {
			t.Errorf("%.30s…: got %v", text, got)
		}
	}
}

func TestCheckPlaceholder(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "undefined": "source-token is what programs write", "****": "source-token was copied from a log", "pa****rd-of-a-server": "", "protected": "", "xx": "", "xxx": "source-token is a placeholder", "[hidden]": "source-token was copied from a log", credentialtest.AccessToken(): "",
	} {
		f := credential.CheckPlaceholder("source-token", secret.New(text))
		if (f == nil) != (want == "") || f != nil && !strings.HasPrefix(f.What, want) {
			t.Errorf("%.10s: got %v", text, f)
		}
	}
}
