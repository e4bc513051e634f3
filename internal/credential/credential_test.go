package credential_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server/servertest"
)

const (
	email    = "someone@example.com"
	username = "someone"
)

var (
	dataCenter = servertest.At("https://git.example.com/ctx")
	loopback   = servertest.At("http://127.0.0.1:7990")
)

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// The results for each kind. REST expects a row's authorization, and git its username;
// without one, git gets the Bearer header.
func TestKinds(t *testing.T) {
	const basic, bearer = "Basic", "Bearer"
	api, access, app := credentialtest.APIToken(), credentialtest.AccessToken(), credentialtest.AppPassword()
	dc, oldDC, plain := credentialtest.HTTPAccessToken(), credentialtest.OldHTTPAccessToken(), credentialtest.ConsumerSecret()
	apiUser, tokenUser := credential.APITokenUser, credential.AccessTokenUser
	const uuidLike = "the-team-bot-for-mirrorsofourproject"
	for _, test := range []struct {
		name               string
		in                 credential.Claim
		kind               credential.Kind
		scheme             string
		identity, username string
	}{
		{"API token, by its prefix", input(api, email), credential.APIToken, basic, email, apiUser},
		{"API token, by an e-mail", input(plain, email), credential.APIToken, basic, email, apiUser},
		{"access token, by its prefix", input(access, ""), credential.AccessToken, bearer, tokenUser, tokenUser},
		{"access token with an identity", input(access, email), credential.AccessToken, bearer, tokenUser, tokenUser},
		{"app password, by its prefix", input(app, username), credential.AppPassword, basic, username, username},
		{"app password, by a username", input(plain, username), credential.AppPassword, basic, username, username},
		{"app password with an e-mail", input(app, email), credential.AppPassword, basic, email, email},
		{"Data Center, by its prefix", on(dataCenter, input(dc, "")), credential.HTTPAccessToken, bearer, tokenUser, ""},
		{"Data Center, by server-url", on(dataCenter, input(oldDC, "")), credential.HTTPAccessToken, bearer, tokenUser, ""},
		{"Data Center with a username", on(dataCenter, input(dc, username)), credential.HTTPAccessToken, bearer, username, username},
		{"Data Center with an e-mail", on(dataCenter, input(oldDC, email)), credential.HTTPAccessToken, bearer, email, email},
		{"Data Center with a space in the name", on(dataCenter, input(dc, "some one")), credential.HTTPAccessToken, bearer, "some one", "some one"},
		{"OAuth client, by name", as(credential.OAuthConsumer, input(plain, "key")), credential.OAuthConsumer, bearer, "key", tokenUser},
		{"access token, by git's user name", input(plain, tokenUser), credential.AccessToken, bearer, tokenUser, tokenUser},
		{"a username of the length of a UUID", input(plain, uuidLike), credential.AppPassword, basic, uuidLike, uuidLike},

		{"kind before prefix", as(credential.AccessToken, input(api, "")), credential.AccessToken, bearer, tokenUser, tokenUser},
		{"kind before identity", as(credential.AccessToken, input(plain, email)), credential.AccessToken, bearer, tokenUser, tokenUser},
		{"prefix before server", on(loopback, input(api, email)), credential.APIToken, basic, email, apiUser},
		{"prefix before git's user name", input(access, apiUser), credential.AccessToken, bearer, tokenUser, tokenUser},
		{"server before identity", on(loopback, input(plain, email)), credential.HTTPAccessToken, bearer, email, email},
		{"any kind on loopback", as(credential.HTTPAccessToken, on(loopback, input(api, email))), credential.HTTPAccessToken, bearer, email, email},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, remarks, err := credential.New(test.in)
			if err != nil {
				t.Fatal(err)
			}
			token := test.in.Token.Reveal()
			encoded := base64Of(test.identity + ":" + token)
			authorization, git := "Bearer "+token, "Bearer "+token
			if test.scheme == basic {
				authorization = "Basic " + encoded
			}
			if test.username != "" {
				git = "Basic " + base64Of(test.username+":"+token)
			}
			check(t, "kind", string(c.Kind), string(test.kind))
			check(t, "identity", c.Identity, test.identity)
			check(t, "credential", c.Basic().Reveal(), encoded)
			check(t, "authorization", c.Authorization().Reveal(), authorization)
			check(t, "git-username", c.GitUsername, test.username)
			check(t, "git-authorization", c.GitAuthorization().Reveal(), git)
			if c.RecognisedBy == "" || !strings.Contains(remarks[0].What, c.RecognisedBy) || !strings.Contains(remarks[0].What, " "+c.Kind.Traits().Title+" ") {
				t.Errorf("the first remark doesn't say by what the kind was recognised: %q", remarks[0].What)
			}
			for _, remark := range remarks {
				if all := remark.What + strings.Join(remark.Hints, " "); strings.Contains(all, token[5:]) {
					t.Errorf("a remark contains the token: %s", remark.Code.ID)
				}
			}
			for what, text := range map[string]string{"pair": encoded, "git's pair": strings.TrimPrefix(git, "Basic ")} {
				if !strings.Contains(text, " ") && !slices.Contains(c.LoginForms(), strings.TrimRight(text, "=")) {
					t.Errorf("the %s isn't masked", what)
				}
			}
		})
	}
}

// A token that doesn't look like its kind gets a warning, and no more.
func TestShapes(t *testing.T) {
	api, app, plain := credentialtest.APIToken(), credentialtest.AppPassword(), credentialtest.ConsumerSecret()
	for _, test := range []struct {
		name string
		in   credential.Claim
		want []fault.Code
	}{
		{"API token", input(api, email), nil},
		{"longer than today's", input(api+api[100:148], email), nil},
		{"checksum doesn't match", input(swapped(api), email), []fault.Code{fault.TokenChecksum}},
		{"without a checksum", input(api[:191], email), nil},
		{"eight digits without a = before them", input(api[:100]+"a"+"0123ABCD", email), nil},
		{"a = elsewhere", input(api[:50]+"="+api[50:100]+"0123ABCD", email), nil},
		{"nothing but a prefix and three digits", input(api[:5]+"123", email), nil},
		{"other letters after a =", input(api[:184]+"0123WXYZ", email), nil},
		{"longer, with a checksum", input(credentialtest.APITokenOf(260), email), nil},
		{"shorter, with a checksum", input(credentialtest.APITokenOf(120), email), nil},
		{"longer, checksum doesn't match", input(swapped(credentialtest.APITokenOf(260)), email), []fault.Code{fault.TokenChecksum}},
		{"shorter, checksum doesn't match", input(swapped(credentialtest.APITokenOf(120)), email), []fault.Code{fault.TokenChecksum}},
		{"checksum in lower case", input(api[:184]+strings.ToLower(api[184:]), email), nil},
		{"altered prefix", input(strings.ToLower(api[:1])+api[1:], email), []fault.Code{fault.KindUnexpected}},
		{"no prefix", input(plain, email), []fault.Code{fault.KindUnexpected}},
		{"another kind's prefix", as(credential.AccessToken, input(api, "")), []fault.Code{fault.KindUnexpected}},
		{"Cloud's prefix as Data Center's kind", as(credential.HTTPAccessToken, on(loopback, input(api, ""))), []fault.Code{fault.KindUnexpected}},
		{"app password", input(app, username), []fault.Code{fault.AppPassword}},
		{"app password without a prefix", input(plain, username), []fault.Code{fault.KindUnexpected, fault.AppPassword}},
		{"Data Center's old form", on(dataCenter, input(credentialtest.OldHTTPAccessToken(), "")), nil},
		{"OAuth client", as(credential.OAuthConsumer, input(plain, "key")), nil},
	} {
		_, remarks, err := credential.New(test.in)
		if got := warnings(remarks); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, %v", test.name, got, err)
		}
	}
}

// Refused credentials, each with its code.
func TestFaults(t *testing.T) {
	api, access, dc := credentialtest.APIToken(), credentialtest.AccessToken(), credentialtest.HTTPAccessToken()
	oldDC, plain := credentialtest.OldHTTPAccessToken(), credentialtest.ConsumerSecret()
	for _, test := range []struct {
		name string
		in   credential.Claim
		want fault.Code
	}{
		{"undetermined", input(plain, ""), fault.KindUndecided},
		{"API token without an identity", input(api, ""), fault.IdentityMissing},
		{"API token with a username", input(api, username), fault.IdentityNotEmail},
		{"API token with git's user name", input(plain, credential.APITokenUser), fault.IdentityNotEmail},
		{"app password without an identity", input(credentialtest.AppPassword(), ""), fault.IdentityMissing},
		{"OAuth consumer without a key", as(credential.OAuthConsumer, input(plain, "")), fault.IdentityMissing},

		{"Data Center's token to Cloud", input(dc, ""), fault.WrongServer},
		{"Data Center's kind on Cloud", as(credential.HTTPAccessToken, input(plain, "")), fault.WrongServer},
		{"Cloud's token to Data Center", on(dataCenter, input(api, email)), fault.WrongServer},
		{"Cloud's kind on Data Center", on(dataCenter, as(credential.AccessToken, input(plain, ""))), fault.WrongServer},
		{"Cloud's token to Data Center, as if it were its own", on(dataCenter, as(credential.HTTPAccessToken, input(access, ""))), fault.WrongServer},
		{"OAuth consumer on Data Center", on(dataCenter, as(credential.OAuthConsumer, input(plain, "key"))), fault.WrongServer},

		{"a wrong token before a wrong identity", input("abc", "a:b"), fault.TokenShort},
		{"a wrong identity before a wrong server", on(dataCenter, input(api, "a:b")), fault.IdentityColon},
		{"a wrong server before an identity of another kind", on(dataCenter, input(api, username)), fault.WrongServer},

		{"a Bearer header", input("Bearer "+access, ""), fault.TokenHeader},
		{"a basic header, lower case, tab", input("basic\t"+base64Of(email+":"+api), email), fault.TokenHeader},
		{"a whole header line", input("Authorization: Bearer "+access, ""), fault.TokenHeader},
		{"an encoded pair with an e-mail", input(base64Of(email+":"+plain), email), fault.TokenEncoded},
		{"an encoded pair with a token", input(base64Of("x-token-auth:"+access), ""), fault.TokenEncoded},
		{"an encoded token", input(base64Of(api+"\n"), email), fault.TokenEncoded},
		{"an encoded token of Data Center", on(dataCenter, input(base64Of(dc), "")), fault.TokenEncoded},
		{"an encoded pair, unpadded and URL-safe", input(base64.RawURLEncoding.EncodeToString([]byte(email+":~~~??>>>")), email), fault.TokenEncoded},
		{"an encoded pair with a hyphen", input("c29tZW9uZUBleGFtcGxlLmNvbTo-Pj4-Pj4-", email), fault.TokenEncoded},
		{"an encoded pair with + and /", input(base64Of(email+":~~~??>>>"), email), fault.TokenEncoded},
		{"an encoded pair, with an explicit kind", as(credential.AccessToken, input(base64Of(email+":"+plain), "")), fault.TokenEncoded},
		{"an unexpanded expression", input("${{ secrets.TOKEN }}", email), fault.TokenUnexpanded},
		{"an expression inside", input("abc${{secrets.TOKEN}}", email), fault.TokenUnexpanded},
		{"an unexpanded variable", input("$BITBUCKET_TOKEN", email), fault.TokenUnexpanded},
		{"a dollar sign inside", input("abc$def-ghij", email), fault.TokenCharacter},
		{"white space inside", input(api[:90]+" "+api[90:], email), fault.TokenSpace},
		{"two lines", input(api+"\n"+api, email), fault.TokenSpace},
		{"an e-mail", input(email, api), fault.TokenCharacter},
		{"a pair", input(username+":"+plain, ""), fault.TokenCharacter},
		{"an e-mail and a token", input(email+":"+plain, ""), fault.TokenCharacter},
		{"a username and a token", input(username+":"+api, ""), fault.TokenCharacter},
		{"an address", input("https://"+email+"/team/repo", ""), fault.TokenCharacter},
		{"another character", input("tokén-of-some-kind", email), fault.TokenCharacter},
		{"a control character", input(plain+"\x00", email), fault.TokenCharacter},
		{"broken UTF-8", input(plain+"\xff", email), fault.TokenCharacter},
		{"seven characters", input("abcdefg", email), fault.TokenShort},
		{"a header's first word alone", input("Bearer", email), fault.TokenShort},
		{"a character more than the longest", input(strings.Repeat("a", credential.MaxToken+1), email), fault.TokenLong},
		{"another character at the beginning", input("étoken-of-some-kind", email), fault.TokenCharacter},
		{"the shortest token as the identity", input(plain, credentialtest.AppPassword()), fault.IdentityIsToken},

		{"a line break in the identity", input(plain, "someone@\nexample.com"), fault.IdentityCharacter},
		{"a zero-width space in the identity", input(plain, "someone\u200b@example.com"), fault.IdentityCharacter},
		{"broken UTF-8 in the identity", input(plain, "someone\xff@example.com"), fault.IdentityCharacter},
		{"a colon in the identity", input(plain, "someone:else@example.com"), fault.IdentityColon},
		{"a colon in an identity that isn't used", input(access, "someone:else"), fault.IdentityColon},
		{"a name before a UUID", input(api, "abc:0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"), fault.IdentityColon},
		{"nothing before a UUID", input(api, ":0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"), fault.IdentityColon},
		{"an expression inside the identity", input(plain, "me-${{ vars.WHO }}"), fault.TokenUnexpanded},
		{"an expression in the identity", input(plain, "${{ vars.WHO }}"), fault.TokenUnexpanded},
		{"a token as the identity", input(plain, access), fault.IdentityIsToken},
		{"a foreign token as the identity", input(plain, "ghp_"+credentialtest.ConsumerSecret()), fault.IdentityIsToken},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, remarks, err := credential.New(test.in)
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
			if token := test.in.Token.Reveal(); strings.Contains(shown, token) || strings.Contains(shown, test.in.Identity) && len(test.in.Identity) > 8 {
				t.Errorf("token or identity is echoed: %q", shown)
			}
		})
	}
	for name, in := range map[string]credential.Claim{
		"eight characters":                  input("abcdefgh", email),
		"base64 of something else":          input(base64Of("neither token nor pair"), email),
		"an identity that only begins so":   input(credentialtest.AppPassword(), credentialtest.AppPassword()[:35]),
		"Data Center's kind without a name": on(dataCenter, input("abcdefgh", "")),
		"an encoded pair on a Data Center":  on(dataCenter, input(base64Of(email+":"+plain), "")),
		"base64 of a pair behind a prefix":  input("ATBB"+base64Of(email+":"+plain), username),
		"base64 of a pair and more":         input(base64Of(email+":"+plain)+".more", email),
		"digits before a =":                 input("0123abcd=0123456789abcdef", email),
		"a name with a ~ before a =":        input("abc~def=0123456789abcdef", email),
		"%40 in a name on a Data Center":    on(dataCenter, input(dc, "me%40example.com")),
		"a placeholder's word inside":       input("this-is-your-token", email),
	} {
		if _, _, err := credential.New(in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Data Center's old tokens have the shape of an encoded pair.
	if _, _, err := credential.New(on(dataCenter, input(oldDC, ""))); err != nil {
		t.Errorf("an old token of Data Center: %v", err)
	}
}

// What is known about a credential is said even if it is refused.
func TestRemarksOfRefused(t *testing.T) {
	t.Parallel()
	_, remarks, err := credential.New(input(swapped(credentialtest.APIToken()), username))
	if got := warnings(remarks); fault.From(err).Code != fault.IdentityNotEmail || !slices.Equal(got, []fault.Code{fault.TokenChecksum}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// A token consists of the characters of RFC 6750, section 2.1, and of no others.
func TestTokenCharacters(t *testing.T) {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="
	for r := range rune(0x180) {
		err := credential.CheckMinted(secret.New("abcdefghij" + string(r)))
		if want := strings.ContainsRune(allowed, r); (err == nil) != want {
			t.Errorf("%q: got %v, want it accepted: %v", r, err, want)
		}
	}
}

func TestUnusedIdentity(t *testing.T) {
	for identity, want := range map[string]bool{"": false, "x-token-auth": false, username: true, email: true, "Some One <" + email + ">": true} {
		_, remarks, err := credential.New(input(credentialtest.AccessToken(), identity))
		if err != nil {
			t.Fatal(err)
		}
		noted := slices.ContainsFunc(remarks, func(r fault.Remark) bool { return strings.Contains(r.What, "the identity isn't used") })
		if noted != want {
			t.Errorf("%q: a notice: %v", identity, noted)
		}
	}
}

// The encodings in the documents, exactly.
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
		c, _, err := credential.New(input(sample.Token, sample.Identity))
		if err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		check(t, sample.Name, c.Basic().Reveal(), sample.Credential)
		check(t, sample.Name, string(c.Kind), sample.Kind)
	}
}

// A Cloud credential goes to Cloud or to a server on this machine, which then
// plays Cloud; a Data Center's goes where server-url says.
func TestServers(t *testing.T) {
	api, dc := credentialtest.APIToken(), credentialtest.HTTPAccessToken()
	for _, test := range []struct {
		in   credential.Claim
		want server.Server
	}{
		{on(server.Cloud, input(api, email)), server.Cloud},
		{on(servertest.At("https://evil.example").AsCloud(), input(api, email)), server.Cloud},
		{on(loopback, input(api, email)), loopback.AsCloud()},
		{on(loopback, input(dc, "")), loopback},
		{on(dataCenter, input(dc, "")), dataCenter},
	} {
		c, _, err := credential.New(test.in)
		if err != nil || c.Server != test.want {
			t.Errorf("%s: got %s, %v", test.in.Server.URL(), c.Server.URL(), err)
		}
	}
}

// The longest token fits into environment variables in every form.
func TestLongestToken(t *testing.T) {
	token := strings.Repeat("a", credential.MaxToken)
	c, _, err := credential.New(as(credential.APIToken, input(token, "me@example.com")))
	if err != nil {
		t.Fatal(err)
	}
	if err := credential.CheckMinted(secret.New(token)); err != nil {
		t.Errorf("as a minted token: %v", err)
	}
	const limit = 128 << 10 // execve(2), MAX_ARG_STRLEN
	for _, form := range []secret.String{c.Basic(), c.Authorization(), c.GitAuthorization()} {
		if size := len("BITBUCKET_GIT_AUTHORIZATION=") + len(form.Reveal()); size >= limit {
			t.Errorf("a variable of %d bytes starts no process", size)
		}
	}
}

func TestMinted(t *testing.T) {
	token := secret.New("minted-token-1234")
	if err := credential.CheckMinted(token); err != nil {
		t.Error(err)
	}
	if err := credential.CheckMinted(secret.New("a token\nand more")); err == nil {
		t.Error("two lines are accepted as a token")
	}
	c, _, err := credential.New(as(credential.OAuthConsumer, input("consumer-secret", "key")))
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithMinted(token)
	check(t, "authorization", c.Authorization().Reveal(), "Bearer minted-token-1234")
	check(t, "git user", c.GitUsername, "x-token-auth")
	check(t, "identity", c.Identity, "x-token-auth")
}

func input(token, identity string) credential.Claim {
	return credential.Claim{Token: secret.New(token), Identity: identity}
}

func as(kind credential.Kind, in credential.Claim) credential.Claim {
	in.Kind = kind
	return in
}

func on(named server.Server, in credential.Claim) credential.Claim {
	in.Server = named
	return in
}

// swapped exchanges two characters, which the checksum must detect.
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

// A kind is a row of one table, and every row is complete.
func TestTraits(t *testing.T) {
	prefixes := map[string]bool{}
	for _, kind := range credential.Kinds {
		row := kind.Traits()
		for what, text := range map[string]string{
			"title": row.Title, "scheme": row.Scheme, "page": row.WhereToMake, "hint about scopes": row.ScopesHint,
		} {
			if text == "" {
				t.Errorf("%s has no %s", kind, what)
			}
		}
		if len(row.RefusedHints) == 0 {
			t.Errorf("%s has no hints about a refusal", kind)
		}
		if row.OnCloud && (row.Reach == "" || row.RepositoryHint == "") {
			t.Errorf("%s says nothing about which repositories it can see", kind)
		}
		for _, hint := range []string{row.ScopesHint, row.RepositoryHint, strings.Join(row.RefusedHints, "\n")} {
			if hint != "" && !strings.Contains(hint, row.WhereToMake) {
				t.Errorf("%s isn't made where a hint says: %s", kind, hint)
			}
		}
		if row.Prefix != "" && prefixes[row.Prefix] {
			t.Errorf("%s has the prefix of another kind", kind)
		}
		prefixes[row.Prefix] = true
		for _, name := range row.CredentialTypes {
			if got, ok := credential.KindOfType(name); !ok || got != kind {
				t.Errorf("%s is %s, %v", name, got, ok)
			}
		}
	}
	if got, ok := credential.KindOfType("oauth"); ok {
		t.Errorf("an unknown type is %s", got)
	}
	if row := credential.Kind("other").Traits(); row.Title != "" {
		t.Errorf("a kind that doesn't exist is %s", row.Title)
	}
}

// What distinguishes the kinds, as Atlassian's documents say.
func TestTraitsOfKinds(t *testing.T) {
	t.Parallel()
	kinds := map[credential.Kind]string{
		credential.APIToken:        "Basic, prefix ATATT 3xFfGF0, user , git x-bitbucket-api-token-auth, [api_token apikey], [checksum granular on-cloud personal email]",
		credential.AccessToken:     "Bearer, prefix ATCTT 3xFfGN0, user x-token-auth, git x-token-auth, [repo_access_token project_access_token workspace_access_token], [on-cloud]",
		credential.AppPassword:     "Basic, prefix ATBB , user , git , [], [on-cloud removed personal]",
		credential.OAuthConsumer:   "Bearer, prefix  , user , git x-token-auth, [], [on-cloud client]",
		credential.HTTPAccessToken: "Bearer, prefix BBDC- , user , git , [], [unprefixed personal]",
	}
	if len(credential.Kinds) != len(kinds) {
		t.Errorf("the kinds are %q", credential.Kinds)
	}
	for kind, want := range kinds {
		row := kind.Traits()
		var flags []string
		for _, flag := range []struct {
			name string
			set  bool
		}{
			{"unprefixed", row.Unprefixed},
			{"checksum", row.Checksum},
			{"granular", row.Granular},
			{"on-cloud", row.OnCloud},
			{"client", row.Client},
			{"removed", row.Removed},
			{"personal", row.Personal},
			{"email", row.Email},
		} {
			if flag.set {
				flags = append(flags, flag.name)
			}
		}
		got := fmt.Sprintf("%s, prefix %s %s, user %s, git %s, %s, %s", row.Scheme, row.Prefix, row.SharedStart, row.User, row.GitUser, row.CredentialTypes, flags)
		check(t, string(kind), got, want)
	}
}
