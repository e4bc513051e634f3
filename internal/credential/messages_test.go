package credential_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// A token of another service is recognised. It is a fault, unless the user has
// set its kind.
func TestForeignTokens(t *testing.T) {
	for prefix, whose := range map[string]string{
		"ghp_": "GitHub", "github_pat_": "GitHub", "gho_": "GitHub", "ghs_": "GitHub", "ghu_": "GitHub", "ghr_": "GitHub",
		"glpat-": "GitLab", "gldt-": "GitLab", "glrt-": "GitLab", "glrtr-": "GitLab", "glcbt-": "GitLab", "glptt-": "GitLab", "glft-": "GitLab",
		"glimt-": "GitLab", "glagent-": "GitLab", "glwt-": "GitLab", "glsoat-": "GitLab", "glffct-": "GitLab", "gloas-": "GitLab",
		"xoxa-": "Slack", "xoxe": "Slack", "xoxr-": "Slack", "xoxs-": "Slack", "xapp-": "Slack",
		"npm_": "npm", "xoxb-": "Slack", "xoxp-": "Slack", "AKIA": "AWS", "ASIA": "AWS", "ATSTT": "Atlassian service account",
	} {
		token := prefix + credentialtest.ConsumerSecret()
		want := "(it begins with " + prefix + ")"
		for _, in := range []credential.Claim{input(token, email), input(token, ""), on(dataCenter, input(token, ""))} {
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
		in        credential.Claim
		want      string
		hint, not string
	}{
		{input(base64Of(api), email), "the token is base64 of a token", "store the token itself", ""},
		{input(base64Of(email+":"+api), email), "the token is base64 of identity:token", "store the token itself", ""},
		{input(base64Lines(email+":"+api+"\n"), email), "the token is base64 of identity:token", "store the token itself", "one line"},
		{input(strings.ReplaceAll(base64Lines(email+":"+api+"\n"), "\n", " "), email), "the token is base64 of identity:token", "store the token itself", "one line"},
		{input(strings.Replace(api, "=", "%3D", 1), email), "character 184 of the token can't occur", "percent-encoded", "copy the token again"},
		{input(api+"%20and", email), "character 193 of the token can't occur", "copy the token again", "percent-encoded"},
		{input(api, "me%40example.com"), "the identity is a percent-encoded e-mail address", "@ instead of %40", ""},
		{input(api, "Some One <me@example.com>"), "the identity contains more than an e-mail address", "address alone", ""},
		{input(api, "mailto:me@example.com"), "the identity is a link", "remove mailto:", "before the colon"},
		{input(email+":"+api, ""), "the token is a pair, identity:token", "the part before the colon", "swapped"},
		{input(email, api), "the token is an e-mail address", "are token and identity swapped?", ""},
		{input("me@localhost", api), "character 3 of the token can't occur", "are token and identity swapped?", ""},
		{input(username+":"+credentialtest.ConsumerSecret(), ""), "character 8 of the token can't occur", "if this is a pair", "swapped"},
		{input("tokén-of-some-kind", email), "character 4 of the token can't occur", "copy the token again", ""},
		{input("étoken-of-some-kind", email), "character 1 of the token can't occur", "copy the token again", ""},
		{input(api, "MailTo:me@example.com"), "the identity is a link", "remove mailto:", "before the colon"},
		{input(api, "me:mailto:you@example.com"), "the identity contains a colon", "before the colon", "mailto"},
		{input(api, "me @example.com"), "the identity contains more than an e-mail address", "address alone", ""},
		{input(email, api), "the token is an e-mail address", "if the token was ever stored as the identity", ""},
		{input(email, username), "the token is an e-mail address", "are token and identity swapped?", "was ever stored"},
		{input("some@one@example.com", username), "character 5 of the token can't occur", "if this is an e-mail address", ""},
		{input("setx TOKEN "+api, email), "the token contains white space", "store only the one that begins with ATATT", ""},
		{input("ATATT "+api, email), "the token contains white space", "store only the one that begins with ATATT", ""},
		{input("some words", email), "the token contains white space", "store one token", "the one that begins"},
		{input(api+" "+credentialtest.AccessToken(), email), "the token contains white space", "store one token", "the one that begins"},
		{input(app, email), "Bitbucket Cloud removed app passwords", "it goes with the e-mail address that identity is set to", "username"},
		{input(app, username), "Bitbucket Cloud removed app passwords", "set identity to the e-mail address", ""},
		{as(credential.HTTPAccessToken, input(app, "")), "an HTTP access token belongs to a Bitbucket Data Center", "set kind to api-token or access-token", ""},
		{input(credentialtest.ConsumerSecret(), ""), "can't determine the kind of token", "api-token, access-token, app-password, oauth-consumer or http-access-token", ""},
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

// What people set instead of a token is rejected, with a message that says what it
// is, and nothing of it is shown. A token in it is masked by itself.
func TestMistakenForTokens(t *testing.T) {
	api, access, plain := credentialtest.APIToken(), credentialtest.AccessToken(), credentialtest.ConsumerSecret()
	app := credentialtest.AppPassword()
	const (
		nothing     = "the token is what programs write for a value that doesn't exist"
		masked      = "the token was copied from a log"
		invisible   = "character 3 of the token is invisible"
		placeholder = "the token is a placeholder"
		key         = "the token is a key or a certificate"
		json        = "the token is JSON"
		reference   = "the token is the address of a secret in a secret manager"
		url         = "the token is a URL"
		login       = "the token is a URL with a user name and a password in it"
		labelled    = "the token has a name and a colon before it"
		assigned    = "the token has a name and = before it"
		header      = "the token is a complete Authorization header"
		pair        = "the token is a pair"
		email       = "the token is an e-mail address"
	)
	for _, test := range []struct{ text, want, within string }{
		{"BITBUCKET_TOKEN=" + api, assigned, api},
		{"BITBUCKET_TOKEN=" + access, assigned, access},
		{"BITBUCKET_TOKEN=" + plain, assigned, plain},
		{"BITBUCKET_TOKEN=" + credentialtest.AppPassword(), assigned, ""},
		{"bitbucket.token=" + credentialtest.HTTPAccessToken(), assigned, ""},
		{"export BITBUCKET_TOKEN=" + api, assigned, api},
		{`export BITBUCKET_TOKEN="` + api + `"`, assigned, api},
		{"set BITBUCKET_TOKEN=" + api, assigned, api},
		{"declare -x TOKEN='" + access + "';", assigned, access},
		{"declare -x TOKEN='" + plain + "' ;", assigned, plain},
		{"TOKEN='" + plain + "',", assigned, plain},
		{`"TOKEN"="` + api + `"`, assigned, api},
		{"TOKEN=" + api + " USER=me", "the token contains white space", api},
		{"ENV TOKEN=" + api, assigned, api},
		{"docker run -e TOKEN=" + api, assigned, api},
		{"--token=" + api, assigned, api},
		{`$env:BITBUCKET_TOKEN = "` + api + `"`, assigned, api},
		{"https://bitbucket.org/team/repo?access_token=" + access, url, access},
		{"setx BITBUCKET_TOKEN " + access, "the token contains white space", access},
		{"curl -u me@example.com:" + api + " https://api.bitbucket.org/2.0/user", "the token contains white space", api},
		{"machine bitbucket.org login me password " + api, "the token contains white space", api},
		{"token = " + api, assigned, api},
		{"token: " + api, labelled, api},
		{"token:" + api, labelled, api},
		{"- token: '" + access + "'", labelled, access},
		{"password: " + plain, labelled, plain},
		{`password: "` + plain + `"`, labelled, plain},
		{"password:short-pw", labelled, "short-pw"},
		{"password: me:" + plain, labelled, "me:" + plain},
		{"url: https://bitbucket.org/team/repo", labelled, ""},
		{"note: some words", "the token contains white space", ""},
		{"BITBUCKET_TOKEN:\n  " + api, labelled, api},
		{"X-Api-Key: " + plain, labelled, plain},
		{`{"token": "` + api + `"}`, json, api},
		{`["` + access + `"]`, json, access},
		{`{"a":"b","c":"d"}`, json, ""},
		{`{"token": "{{ token }}"}`, json, ""},
		{"tok[en]-of-some-kind", "character 4 of the token", ""},
		{`"token": "` + api + `"`, labelled, api},
		{"https://x-token-auth:" + access + "@bitbucket.org/team/repo.git", login, access},
		{"git clone https://x-token-auth:" + access + "@bitbucket.org/team/repo.git", login, access},
		{"https://someone:" + plain + "@bitbucket.org/team/repo.git", login, plain},
		{"https://" + access + "@bitbucket.org/team/repo.git", "the token is a URL with a user name in it", access},
		{"https://bitbucket.org/team/repo", url, ""},
		{"https://bitbucket.org/account/signin/?next=https://bitbucket.org/", url, ""},
		{"https://secretmanager.googleapis.com/v1/projects/p/secrets/s", url, ""},
		{"git clone https://bitbucket.org/team/repo folder", "the token is a URL or another address", ""},
		{"https://me@bitbucket.org/team/repo", url, ""},
		{"git@bitbucket.org:team/repo.git", url, ""},
		{"ssh://git@bitbucket.org/team/repo.git", url, ""},
		{"HTTPS://id.atlassian.com/manage-profile/security/api-tokens", url, ""},
		{"op://vault/bitbucket/token", reference, ""},
		{"vault:secret/data/bitbucket#token", reference, ""},
		{"ref+vault://secret/bitbucket#/token", reference, ""},
		{"arn:aws:secretsmanager:eu-west-1:123456789012:secret:bitbucket-AbCdEf", reference, ""},
		{"projects/123/secrets/bitbucket/versions/latest", reference, ""},
		{"@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/t)", reference, ""},
		{"keyvault:bitbucket/token", reference, ""},
		{"git-token@azurekeyvault", reference, ""},
		{"someone@example.com", email, ""},
		{"some.one+ci@mail.example.com", email, ""},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----", key, ""},
		{"-----BEGIN OPENSSH PRIVATE KEY-----", key, ""},
		{"-----BEGIN", key, ""},
		{"RSA PRIVATE KEY-----", key, ""},
		{"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ", key, ""},
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ", key, ""},
		{"-----BEGIN CERTIFICATE-----", key, ""},
		{"undefined", nothing, ""},
		{"null", nothing, ""},
		{"None", nothing, ""},
		{"NULL", nothing, ""},
		{"nil", nothing, ""},
		{"<no value>", nothing, ""},
		{"[object Object]", nothing, ""},
		{"<nil>", nothing, ""},
		{"%!s(<nil>)", nothing, ""},
		{"{access_token}", placeholder, ""},
		{"<your-api-token>", placeholder, ""},
		{"<API token>", placeholder, ""},
		{"[token]", placeholder, ""},
		{"your-token-here", placeholder, ""},
		{"Your_Token", placeholder, ""},
		{"changeme", placeholder, ""},
		{"xxxxxxxxxxxxxxxx", placeholder, ""},
		{"{" + api + "}", json, api},
		{"<" + api + ">", "character 1 of the token", api},
		{"<" + app + ">", "character 1 of the token", app},
		{"{{token}}", "character 1 of the token", ""},
		{"xxx", placeholder, ""},
		{"XXXX", placeholder, ""},
		{"your token", placeholder, ""},
		{"change-me", placeholder, ""},
		{"change_me", placeholder, ""},
		{"secret:" + api, labelled, api},
		{"vault:" + api, pair, api},
		{"ref+awsssm:/bitbucket/token", reference, ""},
		{"https://abcdefgh@bitbucket.org/team/repo", "the token is a URL with a user name in it", "abcdefgh"},
		{"https://abcdefg@bitbucket.org/team/repo", "the token is a URL or another address", ""},
		{"https://someone:pass%40word@bitbucket.org/team/repo.git", login, "pass@word"},
		{"https://someone:pass:word@bitbucket.org/team/repo.git", login, "pass:word"},
		{"https://someone:pass://word@bitbucket.org/team/repo.git", login, "pass://word"},
		{"https://someone:" + plain + "@bitbucket.org/team/repo?to=https://bitbucket.org", login, plain},
		{"***", masked, ""},
		{"********", masked, ""},
		{"••••••••", masked, ""},
		{"[MASKED]", masked, ""},
		{"[secure]", masked, ""},
		{"[REDACTED]", masked, ""},
		{"<hidden>", masked, ""},
		{"(sensitive)", masked, ""},
		{"**REDACTED**", masked, ""},
		{"●●●●●●●●●", masked, ""},
		{"****abcd", masked, ""},
		{"ATATT3xFfGF0****wxyz", masked, ""},
		{"BITBUCKET_TOKEN=***", masked, ""},
		{"to\u200bken-of-some-kind", invisible, ""},
		{"Authorization:Bearer " + access, header, access},
		{"authorization: " + access, header, access},
		{"me.git@example.com:" + plain, pair, plain},
		{"x-token-auth:" + access, pair, access},
	} {
		_, _, err := credential.New(input(test.text, ""))
		if err == nil {
			t.Errorf("%q is accepted", test.text)
			continue
		}
		f := fault.From(err)
		shown := f.What + strings.Join(f.Hints, "\n")
		if !strings.HasPrefix(f.What, test.want) || len(f.Hints) == 0 {
			t.Errorf("%q: got %v, want %q", test.text, f, test.want)
		}
		if len(test.text) > 15 && strings.Contains(shown, test.text) || test.within != "" && strings.Contains(shown, test.within) {
			t.Errorf("%q is shown: %s", test.text, shown)
		}
		if strings.Contains(shown, "swapped") != (test.want == email) || strings.Contains(shown, "before the colon") != (test.want == pair) {
			t.Errorf("%q: a misleading hint: %q", test.text, f.Hints)
		}
		found := slices.ContainsFunc(credential.Secrets(secret.New(test.text), ""), func(s secret.String) bool { return s.Reveal() == test.within })
		if test.within != "" && !found {
			t.Errorf("%q: the token in it isn't masked by itself", test.text)
		}
	}
}

// NAME=value is an assignment if the value is longer than the checksum at the end of an
// API token.
func TestAssignedLength(t *testing.T) {
	t.Parallel()
	for length, want := range map[int]bool{15: false, 16: true} {
		_, _, err := credential.New(credential.Claim{Token: secret.New("NAME=" + strings.Repeat("v", length)), Identity: email})
		if got := err != nil && strings.Contains(err.Error(), "has a name and = before it"); got != want {
			t.Errorf("a value of %d characters: %v", length, err)
		}
	}
}

// Words that stand for a secret, names that may precede one, and what addresses one, or
// is another kind of secret, are all known.
func TestMistakenWords(t *testing.T) {
	t.Parallel()
	for want, texts := range map[string][]string{
		"the token is what programs write": {
			"undefined", "null", "none", "nil", "nan", "unset", "<no value>", "<nil>", "<null>", "<none>", "<unset>", "<undefined>", "(null)", "(nil)",
			"(none)", "[object object]", "%!s(<nil>)", "null null", "undefined undefined", "System.Object", "System.Security.SecureString",
		},
		"the token was copied from a log": {
			"[masked]", "[redacted]", "<secure>", "(secured)", "[hidden]", "{filtered}", "<sensitive>", "(sensitive-value)", "[removed]", "[PROTECTED]",
		},
		"the token is a key or a certificate": {
			"-----BEGIN x", "-----END x", "---- BEGIN SSH2", "PuTTY-User-Key-File-3: x", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "ssh-dss AAAA",
			"ecdsa-sha2-nistp256 AAAA", "sk-ssh-ed25519@openssh.com AAAA", "sk-ecdsa-sha2-nistp256@openssh.com AAAA",
		},
		"the token is the address of a secret": {
			"arn:x", "vault:x", "bao:x", "ssm:x", "secretsmanager:x", "sm:x", "gsm:x", "gcpsecretmanager:x", "azurekeyvault:x", "keyvault:x", "AKV:x",
			"kms:x", "secretref:x", "secret:x/y", "env:x", "op://x",
		},
		"the token has a name and a colon": {
			"token:a-value", "password:a-value", "api-token:a-value", "api_token:a-value", "access-token:a-value", "Access_Token:a-value",
		},
		"the token is a URL": {
			"http://x", "https://x", "ssh://x", "git://x", "git+ssh://x", "git+https://x", "ftp://x", "sftp://x", "file:///x", "git clone x",
		},
	} {
		for _, text := range texts {
			if _, _, err := credential.New(input(text, "")); err == nil || !strings.HasPrefix(fault.From(err).What, want) {
				t.Errorf("%q: got %v, want %q", text, err, want)
			}
		}
	}
}

// The hint about a pair needs an identity before the colon.
func TestPairHint(t *testing.T) {
	for text, want := range map[string]bool{
		"someone:" + credentialtest.ConsumerSecret(): true,
		"some_one.x-y:short-pw":                      true,
		"me:short-password":                          true,
		"someone:short:pw":                           true,
		"C:some-text":                                false,
		`C:\\Users\\token.txt`:                       false,
		"a/b:c/d-and-more":                           false,
		"(x):some-text":                              false,
	} {
		_, _, err := credential.New(input(text, ""))
		if hinted := strings.Contains(strings.Join(fault.From(err).Hints, ""), "if this is a pair"); err == nil || hinted != want {
			t.Errorf("%q: got %v, %q", text, err, fault.From(err).Hints)
		}
	}
}

// No token is rejected for looking like something else.
func TestNoTokenIsRejected(t *testing.T) {
	for name, test := range map[string]struct {
		make func() string
		in   credential.Claim
	}{
		"API token":          {credentialtest.APIToken, input("", email)},
		"access token":       {credentialtest.AccessToken, input("", "")},
		"app password":       {credentialtest.AppPassword, input("", username)},
		"OAuth secret":       {credentialtest.ConsumerSecret, as(credential.OAuthConsumer, input("", "key"))},
		"long OAuth secret":  {func() string { return credentialtest.Letters(76) }, as(credential.OAuthConsumer, input("", "key"))},
		"OAuth token":        {credentialtest.OAuthToken, as(credential.AccessToken, input("", ""))},
		"HTTP access token":  {credentialtest.HTTPAccessToken, on(dataCenter, input("", ""))},
		"its older form":     {credentialtest.OldHTTPAccessToken, on(dataCenter, input("", ""))},
		"a longer API token": {func() string { return credentialtest.APITokenOf(300) }, input("", email)},
	} {
		for range 1000 {
			token := test.make()
			test.in.Token = secret.New(token)
			_, remarks, err := credential.New(test.in)
			if err != nil {
				t.Fatalf("%s %q: %v", name, token, err)
			}
			for _, remark := range remarks {
				if remark.Code == fault.TokenChecksum {
					t.Fatalf("%s %q: %v", name, token, remark.Fault)
				}
			}
			for _, s := range credential.Secrets(secret.New(token), "") {
				if s.Reveal() != token && strings.Contains(token, s.Reveal()) {
					t.Fatalf("%s %q: %q is masked by itself", name, token, s.Reveal())
				}
			}
		}
	}
}

// The ID of an account gets what any other identity of an API token gets that isn't
// an e-mail address.
func TestAccountIDs(t *testing.T) {
	const uuid = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
	for _, id := range []string{"557058:" + uuid, "712020:" + uuid, "5b10a2844c20165700ede21f", uuid, "{" + uuid + "}"} {
		for name, in := range map[string]credential.Claim{
			"API token": input(credentialtest.APIToken(), id), "no prefix": input(credentialtest.ConsumerSecret(), id),
			"kind": as(credential.APIToken, input(credentialtest.ConsumerSecret(), id)),
		} {
			_, _, err := credential.New(in)
			if f := fault.From(err); f.Code != fault.IdentityNotEmail || !strings.Contains(f.Hints[0], "e-mail address") {
				t.Errorf("%s, %s: got %v", id, name, err)
			}
		}
		if _, _, err := credential.New(input(credentialtest.AccessToken(), id)); err != nil {
			t.Errorf("%s with an access token: %v", id, err)
		}
		_, _, err := credential.New(on(dataCenter, input(credentialtest.HTTPAccessToken(), id)))
		if colon := strings.Contains(id, ":"); (err != nil) != colon || colon && fault.From(err).Code != fault.IdentityColon {
			t.Errorf("%s on a Data Center: %v", id, err)
		}
	}
}

// A key and a secret look like an app password, which nobody has any more.
func TestOAuthClientIsNamed(t *testing.T) {
	_, remarks, err := credential.New(input(credentialtest.Letters(76), credentialtest.Letters(32)))
	if err != nil || !slices.ContainsFunc(remarks, func(r fault.Remark) bool { return slices.Contains(r.Hints, credential.ClientHint) }) {
		t.Errorf("got %v, %v", remarks, err)
	}
	_, remarks, _ = credential.New(input(credentialtest.AppPassword(), username))
	if slices.ContainsFunc(remarks, func(r fault.Remark) bool { return slices.Contains(r.Hints, credential.ClientHint) }) {
		t.Error("an app password with its prefix gets the hint, too")
	}
	_, remarks, _ = credential.New(input(credentialtest.ConsumerSecret(), email))
	if slices.ContainsFunc(remarks, func(r fault.Remark) bool { return slices.Contains(r.Hints, credential.ClientHint) }) {
		t.Error("an identity that is an e-mail address gets the hint, too")
	}
}

// GitHub's token of a job, in both forms.
func TestJobTokens(t *testing.T) {
	for _, token := range []string{credentialtest.JobToken(), credentialtest.OldJobToken()} {
		_, _, err := credential.New(input(token, email))
		if f := fault.From(err); err == nil || f.Code != fault.TokenForeign || !strings.Contains(f.What, "a GitHub token") {
			t.Errorf("as the token: %v", err)
		}
		_, _, err = credential.New(input(credentialtest.ConsumerSecret(), token))
		if f := fault.From(err); err == nil || f.Code != fault.IdentityIsToken {
			t.Errorf("as the identity: %v", err)
		}
		for _, text := range []string{"me:" + token, "export TOKEN=" + token, base64Of("me:" + token)} {
			_, _, err := credential.New(input(text, ""))
			found := slices.ContainsFunc(credential.Secrets(secret.New(text), ""), func(s secret.String) bool { return s.Reveal() == token })
			if err == nil || !found {
				t.Errorf("in another text: %v, masked: %t", err, found)
			}
		}
	}
	if length := len(credentialtest.JobToken()); length < 480 || length > 560 {
		t.Errorf("the newer form has %d characters", length)
	}
}

// base64Lines encodes as base64(1) of GNU does: in lines of 76 characters.
func base64Lines(text string) string {
	encoded, lines := base64Of(text), ""
	for ; len(encoded) > 76; encoded = encoded[76:] {
		lines += encoded[:76] + "\n"
	}
	return lines + encoded
}
