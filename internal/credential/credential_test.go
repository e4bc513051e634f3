package credential_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

const (
	email    = "someone@example.com"
	username = "someone"
)

var (
	dataCenter = server.Server{URL: "https://git.example.com/ctx", DataCenter: true}
	loopback   = server.Server{URL: "http://127.0.0.1:7990", DataCenter: true, Loopback: true}
)

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// What each kind of credential gives.
func TestKinds(t *testing.T) {
	api, access, app := credentialtest.APIToken(), credentialtest.AccessToken(), credentialtest.AppPassword()
	dc, oldDC, plain := credentialtest.HTTPAccessToken(), credentialtest.OldHTTPAccessToken(), credentialtest.ConsumerSecret()
	for _, test := range []struct {
		name                              string
		given                             credential.Input
		kind                              credential.Kind
		identity, authorization, username string
		warnings                          []fault.Code
	}{
		{"API token, by its prefix", given(api, email), credential.APIToken, email, "Basic " + base64Of(email+":"+api), credential.APITokenUser, nil},
		{"API token, by an e-mail", given(plain, email), credential.APIToken, email, "Basic " + base64Of(email+":"+plain), credential.APITokenUser, []fault.Code{fault.KindUnexpected}},
		{"access token, by its prefix", given(access, ""), credential.AccessToken, "x-token-auth", "Bearer " + access, "x-token-auth", nil},
		{"access token with an identity", given(access, email), credential.AccessToken, "x-token-auth", "Bearer " + access, "x-token-auth", nil},
		{"app password, by its prefix", given(app, username), credential.AppPassword, username, "Basic " + base64Of(username+":"+app), username, []fault.Code{fault.AppPassword}},
		{"app password, by a username", given(plain, username), credential.AppPassword, username, "Basic " + base64Of(username+":"+plain), username, []fault.Code{fault.KindUnexpected, fault.AppPassword}},
		{"app password with an e-mail", given(app, email), credential.AppPassword, email, "Basic " + base64Of(email+":"+app), email, []fault.Code{fault.AppPassword}},
		{"Data Center, by its prefix", on(dataCenter, given(dc, "")), credential.HTTPAccessToken, "x-token-auth", "Bearer " + dc, "", nil},
		{"Data Center, by server-url", on(dataCenter, given(oldDC, "")), credential.HTTPAccessToken, "x-token-auth", "Bearer " + oldDC, "", nil},
		{"Data Center with a username", on(dataCenter, given(dc, username)), credential.HTTPAccessToken, username, "Bearer " + dc, username, nil},
		{"Data Center with an e-mail", on(dataCenter, given(oldDC, email)), credential.HTTPAccessToken, email, "Bearer " + oldDC, email, nil},
		{"an explicit kind beats the prefix", as(credential.AccessToken, given(api, "")), credential.AccessToken, "x-token-auth", "Bearer " + api, "x-token-auth", []fault.Code{fault.KindUnexpected}},
		{"an explicit kind beats the identity", as(credential.AccessToken, given(plain, email)), credential.AccessToken, "x-token-auth", "Bearer " + plain, "x-token-auth", []fault.Code{fault.KindUnexpected}},
		{"a prefix beats the server", on(loopback, given(api, email)), credential.APIToken, email, "Basic " + base64Of(email+":"+api), credential.APITokenUser, nil},
		{"the server beats the identity", on(loopback, given(plain, email)), credential.HTTPAccessToken, email, "Bearer " + plain, email, nil},
		{"a loopback server takes any kind", as(credential.HTTPAccessToken, on(loopback, given(api, username))), credential.HTTPAccessToken, username, "Bearer " + api, username, []fault.Code{fault.KindUnexpected}},
		{"OAuth consumer, by name", as(credential.OAuthConsumer, given(plain, "key")), credential.OAuthConsumer, "key", "Bearer " + plain, "", nil},
		{"a quarter longer than today's", given(api+api[100:148], email), credential.APIToken, email, "Basic " + base64Of(email+":"+api+api[100:148]), credential.APITokenUser, nil},
		{"altered", given(strings.ToLower(api[:1])+api[1:], email), credential.APIToken, email, "Basic " + base64Of(email+":"+strings.ToLower(api[:1])+api[1:]), credential.APITokenUser, []fault.Code{fault.KindUnexpected}},
		{"checksum doesn't fit", given(swapped(api), email), credential.APIToken, email, "Basic " + base64Of(email+":"+swapped(api)), credential.APITokenUser, []fault.Code{fault.TokenChecksum}},
		{"truncated", given(api[:191], email), credential.APIToken, email, "Basic " + base64Of(email+":"+api[:191]), credential.APITokenUser, []fault.Code{fault.TokenChecksum}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, remarks, err := credential.New(test.given)
			if err != nil {
				t.Fatal(err)
			}
			token := test.given.Token.Reveal()
			check(t, "kind", string(c.Kind), string(test.kind))
			check(t, "identity", c.Identity, test.identity)
			check(t, "credential", c.Basic().Reveal(), base64Of(test.identity+":"+token))
			check(t, "authorization", c.Authorization().Reveal(), test.authorization)
			check(t, "git-username", c.GitUsername, test.username)
			git := "Bearer " + token
			if test.username != "" {
				git = "Basic " + base64Of(test.username+":"+token)
			}
			check(t, "git-authorization", c.GitAuthorization().Reveal(), git)
			if got := warnings(remarks); !slices.Equal(got, test.warnings) {
				t.Errorf("warnings: got %v, want %v", got, test.warnings)
			}
			if c.By == "" || !strings.Contains(remarks[0].What, c.By) {
				t.Errorf("the first remark doesn't say by what the kind was recognised: %q", remarks[0].What)
			}
			for _, remark := range remarks {
				if all := remark.What + strings.Join(remark.Hints, " "); strings.Contains(all, token[5:]) {
					t.Errorf("a remark holds the token: %s", remark.Code.ID)
				}
			}
			if forms := c.Forms(); !slices.Contains(forms, token) || !slices.Contains(forms, strings.TrimRight(c.Basic().Reveal(), "=")) {
				t.Error("token or credential isn't masked")
			}
		})
	}
}

// What is refused, and by which code.
func TestFaults(t *testing.T) {
	api, access, dc := credentialtest.APIToken(), credentialtest.AccessToken(), credentialtest.HTTPAccessToken()
	oldDC, plain := credentialtest.OldHTTPAccessToken(), credentialtest.ConsumerSecret()
	for _, test := range []struct {
		name  string
		given credential.Input
		want  fault.Code
	}{
		{"undetermined", given(plain, ""), fault.KindUndecided},
		{"API token without an identity", given(api, ""), fault.IdentityMissing},
		{"API token with a username", given(api, username), fault.IdentityNotEmail},
		{"app password without an identity", given(credentialtest.AppPassword(), ""), fault.IdentityMissing},
		{"OAuth consumer without a key", as(credential.OAuthConsumer, given(plain, "")), fault.IdentityMissing},

		{"Data Center's token to Cloud", given(dc, ""), fault.WrongServer},
		{"Data Center's kind on Cloud", as(credential.HTTPAccessToken, given(plain, "")), fault.WrongServer},
		{"Cloud's token to Data Center", on(dataCenter, given(api, email)), fault.WrongServer},
		{"Cloud's kind on Data Center", on(dataCenter, as(credential.AccessToken, given(plain, ""))), fault.WrongServer},
		{"Cloud's token to Data Center, as if it were its own", on(dataCenter, as(credential.HTTPAccessToken, given(access, ""))), fault.WrongServer},
		{"OAuth consumer on Data Center", on(dataCenter, as(credential.OAuthConsumer, given(plain, "key"))), fault.WrongServer},

		{"a Bearer header", given("Bearer "+access, ""), fault.TokenHeader},
		{"a basic header, lower case, tab", given("basic\t"+base64Of(email+":"+api), email), fault.TokenHeader},
		{"a whole header line", given("Authorization: Bearer "+access, ""), fault.TokenHeader},
		{"an encoded pair with an e-mail", given(base64Of(email+":"+plain), email), fault.TokenEncoded},
		{"an encoded pair with a token", given(base64Of("x-token-auth:"+access), ""), fault.TokenEncoded},
		{"an encoded token", given(base64Of(api+"\n"), email), fault.TokenEncoded},
		{"an encoded token of Data Center", on(dataCenter, given(base64Of(dc), "")), fault.TokenEncoded},
		{"an encoded pair, unpadded and URL-safe", given(base64.RawURLEncoding.EncodeToString([]byte(email+":~~~??>>>")), email), fault.TokenEncoded},
		{"an encoded pair, with an explicit kind", as(credential.AccessToken, given(base64Of(email+":"+plain), "")), fault.TokenEncoded},
		{"an unexpanded expression", given("${{ secrets.TOKEN }}", email), fault.TokenUnexpanded},
		{"an expression inside", given("abc${{secrets.TOKEN}}", email), fault.TokenUnexpanded},
		{"an unexpanded variable", given("$BITBUCKET_TOKEN", email), fault.TokenUnexpanded},
		{"white space inside", given(api[:90]+" "+api[90:], email), fault.TokenSpace},
		{"two lines", given(api+"\n"+api, email), fault.TokenSpace},
		{"an e-mail", given(email, api), fault.TokenCharacter},
		{"a pair", given(username+":"+plain, ""), fault.TokenCharacter},
		{"an e-mail and a token", given(email+":"+plain, ""), fault.TokenCharacter},
		{"a username and a token", given(username+":"+api, ""), fault.TokenCharacter},
		{"an address", given("https://"+email+"/team/repo", ""), fault.TokenCharacter},
		{"another character", given("tokén-of-some-kind", email), fault.TokenCharacter},
		{"a control character", given(plain+"\x00", email), fault.TokenCharacter},
		{"broken UTF-8", given(plain+"\xff", email), fault.TokenCharacter},
		{"seven characters", given("abcdefg", email), fault.TokenShort},
		{"a header's first word alone", given("Bearer", email), fault.TokenShort},
		{"another character at the beginning", given("étoken-of-some-kind", email), fault.TokenCharacter},
		{"the shortest token as the identity", given(plain, credentialtest.AppPassword()), fault.IdentityIsToken},

		{"a line break in the identity", given(plain, "someone@\nexample.com"), fault.IdentityCharacter},
		{"a zero-width space in the identity", given(plain, "someone\u200b@example.com"), fault.IdentityCharacter},
		{"broken UTF-8 in the identity", given(plain, "someone\xff@example.com"), fault.IdentityCharacter},
		{"a colon in the identity", given(plain, "someone:else@example.com"), fault.IdentityColon},
		{"an expression in the identity", given(plain, "${{ vars.WHO }}"), fault.TokenUnexpanded},
		{"a token as the identity", given(plain, access), fault.IdentityIsToken},
		{"a foreign token as the identity", given(plain, "ghp_"+credentialtest.ConsumerSecret()), fault.IdentityIsToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, remarks, err := credential.New(test.given)
			if err == nil {
				t.Fatal("no fault")
			}
			f := fault.From(err)
			check(t, "code", f.Code.ID, test.want.ID)
			if len(f.Hints) == 0 {
				t.Error("no hint")
			}
			shown := f.What + strings.Join(f.Hints, " ")
			for _, remark := range remarks {
				shown += remark.What + strings.Join(remark.Hints, " ")
			}
			if token := test.given.Token.Reveal(); strings.Contains(shown, token) || strings.Contains(shown, test.given.Identity) && len(test.given.Identity) > 8 {
				t.Errorf("token or identity is echoed: %q", shown)
			}
		})
	}
	for name, g := range map[string]credential.Input{
		"eight characters":                  given("abcdefgh", email),
		"base64 of something else":          given(base64Of("neither token nor pair"), email),
		"an identity that only begins so":   given(credentialtest.AppPassword(), credentialtest.AppPassword()[:35]),
		"Data Center's kind without a name": on(dataCenter, given("abcdefgh", "")),
	} {
		if _, _, err := credential.New(g); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The shape that an encoded pair has, Data Center's old tokens have too.
	if _, _, err := credential.New(on(dataCenter, given(oldDC, ""))); err != nil {
		t.Errorf("an old token of Data Center: %v", err)
	}
}

func TestUnusedIdentity(t *testing.T) {
	for identity, want := range map[string]bool{"": false, "x-token-auth": false, username: true, email: true} {
		_, remarks, err := credential.New(given(credentialtest.AccessToken(), identity))
		if err != nil {
			t.Fatal(err)
		}
		noted := slices.ContainsFunc(remarks, func(r fault.Remark) bool { return strings.Contains(r.What, "the identity isn't used") })
		if noted != want {
			t.Errorf("%q: a notice: %v", identity, noted)
		}
	}
}

// Both pairs are masked: REST's and git's.
func TestFormsOfBothPairs(t *testing.T) {
	api, dc := credentialtest.APIToken(), credentialtest.HTTPAccessToken()
	masked := func(g credential.Input, pair string) bool {
		c, _, err := credential.New(g)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Contains(c.Forms(), strings.TrimRight(base64Of(pair), "="))
	}
	check(t, "REST's", strconv.FormatBool(masked(given(api, email), email+":"+api)), "true")
	check(t, "git's", strconv.FormatBool(masked(given(api, email), "x-bitbucket-api-token-auth:"+api)), "true")
	check(t, "git's, without a name", strconv.FormatBool(masked(on(dataCenter, given(dc, "")), ":"+dc)), "false")
}

// The documented encodings, to the letter.
func TestDocumentedSamples(t *testing.T) {
	text, err := os.ReadFile("testdata/documented.json")
	if err != nil {
		t.Fatal(err)
	}
	var samples []struct{ Name, Identity, Token, Credential, Kind string }
	if err := json.Unmarshal(text, &samples); err != nil || len(samples) != 2 {
		t.Fatal(err, len(samples))
	}
	for _, sample := range samples {
		c, _, err := credential.New(given(sample.Token, sample.Identity))
		if err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		check(t, sample.Name, c.Basic().Reveal(), sample.Credential)
		check(t, sample.Name, string(c.Kind), sample.Kind)
	}
}

func TestTitles(t *testing.T) {
	for _, kind := range append(slices.Clone(credential.Kinds), "other") {
		if title := kind.Title(); !strings.HasPrefix(title, "an ") && !strings.HasPrefix(title, "a ") {
			t.Errorf("%s has the title %q", kind, title)
		}
	}
}

func given(token, identity string) credential.Input {
	return credential.Input{Token: secret.New(token), Identity: identity}
}

// A Cloud credential goes to Cloud or to a server on this machine, which then
// plays Cloud; a Data Center's goes where server-url says.
func TestServers(t *testing.T) {
	api, dc := credentialtest.APIToken(), credentialtest.HTTPAccessToken()
	playing := loopback
	playing.DataCenter = false
	for _, test := range []struct {
		given credential.Input
		want  server.Server
	}{
		{on(server.Cloud, given(api, email)), server.Cloud},
		{on(server.Server{URL: "https://evil.example"}, given(api, email)), server.Cloud},
		{on(loopback, given(api, email)), playing},
		{on(loopback, given(dc, "")), loopback},
		{on(dataCenter, given(dc, "")), dataCenter},
	} {
		c, _, err := credential.New(test.given)
		if err != nil || c.Server != test.want {
			t.Errorf("%+v: got %+v, %v", test.given.Server, c.Server, err)
		}
	}
}

func TestMinted(t *testing.T) {
	token := secret.New("minted-token-1234")
	if err := credential.CheckMinted(token); err != nil {
		t.Error(err)
	}
	if err := credential.CheckMinted(secret.New("a token\nand more")); err == nil {
		t.Error("two lines are taken for a token")
	}
	given := as(credential.OAuthConsumer, credential.Input{Token: secret.New("consumer-secret"), Identity: "key"})
	c, _, err := credential.New(given)
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithMinted(token)
	check(t, "authorization", c.Authorization().Reveal(), "Bearer minted-token-1234")
	check(t, "git user", c.GitUsername, "x-token-auth")
	check(t, "identity", c.Identity, "x-token-auth")
}

func as(kind credential.Kind, g credential.Input) credential.Input {
	g.Kind = kind
	return g
}

func on(named server.Server, g credential.Input) credential.Input {
	g.Server = named
	return g
}

// swapped has two characters exchanged, which the checksum must find.
func swapped(token string) string {
	b := []byte(token)
	for i := 20; ; i++ {
		if b[i] != b[i+1] {
			b[i], b[i+1] = b[i+1], b[i]
			return string(b)
		}
	}
}

func warnings(remarks []fault.Remark) []fault.Code {
	var codes []fault.Code
	for _, remark := range remarks {
		if remark.Level == fault.Warning {
			codes = append(codes, remark.Code)
		}
	}
	return codes
}

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
