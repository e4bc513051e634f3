package pasted_test

import (
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/pasted"
)

func TestClean(t *testing.T) {
	space, invisible, quotes := pasted.Removed{Space: true}, pasted.Removed{Invisible: true}, pasted.Removed{Quotes: true}
	for _, test := range []struct {
		text, want string
		removed    pasted.Removed
	}{
		{"token", "token", pasted.Removed{}},
		{" token\r\n", "token", space},
		{"\u00a0token\t", "token", space},
		{"\ufefftoken", "token", invisible},
		{"\u200btoken\u200b\u200c\u200d", "token", invisible},
		{"\u2060token\u00ad", "token", invisible},
		{"\u202atoken\u202c", "token", invisible},
		{"\u200b 'token'\u00a0\u200e\n", "token", pasted.Removed{Space: true, Invisible: true, Quotes: true}},
		{"to\u200bken", "to\u200bken", pasted.Removed{}},
		{"me\U0001F3F4\U000E0067\U000E0062\U000E007F", "me\U0001F3F4\U000E0067\U000E0062\U000E007F", pasted.Removed{}}, // a flag
		{`"token"`, "token", quotes},
		{"'token'", "token", quotes},
		{`"'token'"`, "token", quotes},
		{"\ufeff \" 'token'\n\" ", "token", pasted.Removed{Space: true, Invisible: true, Quotes: true}},
		{`"my "own" name"`, `"my "own" name"`, pasted.Removed{}},
		{`"a" and "b"`, `"a" and "b"`, pasted.Removed{}},
		{`"it's"`, "it's", quotes},
		{`"token`, `"token`, pasted.Removed{}},
		{`"token'`, `"token'`, pasted.Removed{}},
		{`"`, `"`, pasted.Removed{}},
		{`""`, "", quotes},
		{" \n\ufeff", "", pasted.Removed{Space: true, Invisible: true}},
		{"", "", pasted.Removed{}},
	} {
		if got, removed := pasted.Clean(test.text); got != test.want || removed != test.removed {
			t.Errorf("%q: got %q, %+v", test.text, got, removed)
		}
	}
}

func TestCleanList(t *testing.T) {
	space, invisible, quotes := pasted.Removed{Space: true}, pasted.Removed{Invisible: true}, pasted.Removed{Quotes: true}
	both := pasted.Removed{Invisible: true, Quotes: true}
	for _, test := range []struct {
		text, want string
		removed    pasted.Removed
	}{
		{"main, release/*", "main, release/*", pasted.Removed{}},
		{" main,\tdev ", "main,\tdev", space},
		{`"main, release/*"`, "main, release/*", quotes},
		{`"main","release/*"`, "main,release/*", quotes},
		{"'main',\n \"release/*\"\r\n", "main,\nrelease/*", pasted.Removed{Space: true, Quotes: true}},
		{"'main'\r'dev'\r\"old\"", "main\rdev\rold", quotes},
		{"\ufeff'main', dev", "main, dev", both},
		{"main,\u200bdev\u200b", "main,dev", invisible},
		{"main,dev\u200b,old", "main,dev,old", invisible},
		{"main,\u200b'dev'", "main,dev", both},
		{"main, dev \u200bold", "main, dev old", invisible},
		{"main \u200bdev old,x", "main dev old,x", invisible},
		{"\ufeffmain,'dev',old", "main,dev,old", both},
		{"\ufeffmain,a 'dev' b,old", "main,a dev b,old", both},
		{`main,"dev",old`, "main,dev,old", quotes},
		{`main,a "dev" b,old`, "main,a dev b,old", quotes},
		{`"Pull requests: Read", "repository"`, "Pull requests: Read,repository", quotes},
		{`"repository:write" "pullrequest"`, "repository:write pullrequest", quotes},
		{"'repository:write'\t'pullrequest'\t\"account\"", "repository:write\tpullrequest\taccount", quotes},
		{`'!internal/*'`, "!internal/*", quotes},
		{`"read:repository:bitbucket" account`, "read:repository:bitbucket account", quotes},
		{`"unfinished, main`, `"unfinished, main`, pasted.Removed{}},
		{"", "", pasted.Removed{}},
		{",,", ",,", pasted.Removed{}},
	} {
		if got, removed := pasted.CleanList(test.text); got != test.want || removed != test.removed {
			t.Errorf("%q: got %q, %+v", test.text, got, removed)
		}
	}
}

// An invisible character is named by its place, since nobody sees it.
func TestInvisibleCharacters(t *testing.T) {
	for text, want := range map[string]string{
		"to\u200bken":        "character 3 of the text is invisible",
		"tö\u200cken\u200d":  "character 3 of the text is invisible",
		"\u2060":             "character 1 of the text is invisible",
		"team/re\u00adpo":    "character 8 of the text is invisible",
		"a\ufeffb\u200b":     "character 2 of the text is invisible",
		"\u180e":             "character 1 of the text is invisible",
		"\u200f":             "character 1 of the text is invisible",
		"\u202e":             "character 1 of the text is invisible",
		"\u206f":             "character 1 of the text is invisible",
		"visible – ü \u00a0": "",
		"\u200a\u2010\u2029\u202f\u205f\u2070\u180f": "", // next to the invisible ones
		"": "",
	} {
		f := pasted.CheckVisible("the text", text)
		if want == "" && f != nil || want != "" && (f == nil || f.What != want || f.Code != fault.Invisible || len(f.Hints) == 0) {
			t.Errorf("%q: got %v", text, f)
		}
	}
}

func TestReferences(t *testing.T) {
	for _, test := range []struct {
		text                            string
		whole, part, undefined, percent bool
	}{
		{text: "$BITBUCKET_TOKEN", whole: true, part: true},
		{text: "$_x1", whole: true, part: true},
		{text: "$$TOKEN", whole: true, part: true},
		{text: "$env:TOKEN", whole: true, part: true},
		{text: "${BITBUCKET_TOKEN}", whole: true, part: true},
		{text: "${TOKEN:-none}", whole: true, part: true},
		{text: "${WORKSPACE}/${REPO}", whole: true, part: true},
		{text: "$(BITBUCKET_TOKEN)", whole: true, part: true, undefined: true},
		{text: "$(my secret.token-1)", whole: true, part: true, undefined: true},
		{text: "$(cat /run/secrets/token)", whole: true},
		{text: "${{ secrets.TOKEN }}", whole: true, part: true},
		{text: "${{secrets.TOKEN}}", whole: true, part: true},
		{text: "$[variables.token]", whole: true},
		{text: "$[[ inputs.token ]]", whole: true},
		{text: "{{ token }}", whole: true},
		{text: `<+secrets.getValue("token")>`, whole: true},
		{text: "<< parameters.token >>", whole: true},
		{text: "((bitbucket-token))", whole: true},
		{text: "%TOKEN%", whole: true, part: true, percent: true},
		{text: "team/%REPO%", part: true, percent: true},
		{text: "https://bitbucket.org/t/r/src/%C3%A4%AB%CD.txt", percent: true},
		{text: "team/$REPO", part: true},
		{text: "https://${HOST}/ctx", part: true},
		{text: "team/$(Build.Repository.Name)", part: true},
		{text: "team/${{ github.event.repository.name }}", part: true},
		{text: "${WORKSPACE}/repo", part: true},
		{text: "team/${X}", part: true},
		{text: "team/$X", part: true},
		{text: "team/$(X) (old)", part: true},
		{text: "$(X)", whole: true, part: true, undefined: true},
		{text: "cost$1/$REPO", part: true},
		{text: "team/$REPO$", part: true},
		{text: "team/$REPO{old}", part: true},
		{text: "team/$REPO(old)", part: true},
		{text: "%A%", whole: true, part: true, percent: true},
		{text: "%OS%", whole: true, part: true, percent: true},
		{text: "%ABC%", whole: true, part: true, percent: true},
		{text: "$( cat )", whole: true},
		{text: "team/repo"},
		{text: "main"},
		{text: "env:TOKEN"},
		{text: "$~TOKEN"},
		{text: "$TO~KEN", part: true},
		{text: "team/${REPO"},
		{text: "team/$(REPO"},
		{text: "team/$1{{x}}"},
		{text: "team/$-x{}"},
		{text: "all%"},
		{text: "%all"},
		{text: "%"},
		{text: "%1A%"},
		{text: "team/${}"},
		{text: "$"},
		{text: "a$1b"},
		{text: "price$"},
		{text: "$(1)", whole: true},
		{text: "$()"},
		{text: "${}"},
		{text: "100%"},
		{text: "%1%", percent: true},
		{text: ""},
	} {
		for _, percent := range []bool{false, true} {
			whole, part := test.whole, test.part
			if test.percent && !percent {
				whole, part = false, false
			}
			if got := pasted.IsReference(test.text, percent); got != whole {
				t.Errorf("%q is a reference: %t", test.text, got)
			}
			if got := pasted.HasReference(test.text, percent); got != part {
				t.Errorf("%q has a reference: %t", test.text, got)
			}
		}
		if got := pasted.IsUndefined(test.text); got != test.undefined {
			t.Errorf("%q is undefined: %t", test.text, got)
		}
	}
}

func TestNamesOfSecrets(t *testing.T) {
	for text, want := range map[string]bool{
		"BITBUCKET_TOKEN": true, "JENKINS_X_TOKEN": true, "YOUR_API_TOKEN_HERE": true, "BB_PAT_2": true,
		"BITBUCKET_LOGIN": true, "MY_SECRET": true, "PASSWORD_2": true, "MY_KEY": true, "MY_CREDENTIAL": true, "MY_CREDENTIALS": true,
		"MY_TOKENS": false, "MY_MONKEY": false, "PATHS_1": false, "MY_token": false,
		"secrets.BITBUCKET_TOKEN": true, "vars.token": true, "env.X": true,
		"TOKEN": false, "SUMMER_2024": false, "Bitbucket_Token": false, "BITBUCKET-TOKEN": false, "secrets.": false, "secrets.a-b": false, "": false,
	} {
		if got := pasted.IsNameOfSecret(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
