package input_test

import (
	"context"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/seed-e1d06701/bitbucket-auth/internal/contract"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
)

// both runs a test for each setting of both commands that is read from the host's
// family of names.
func both(t *testing.T, test func(t *testing.T, id string, parse func(*input.Source) (any, []fault.Remark, error))) {
	t.Helper()
	for command, settings := range map[string][]contract.Setting{"credential": contract.CredentialSettings, "mirror": contract.MirrorSettings} {
		for _, setting := range settings {
			if setting.Variable != "" {
				continue
			}
			t.Run(command+" "+setting.ID, func(t *testing.T) {
				test(t, setting.ID, func(s *input.Source) (any, []fault.Remark, error) {
					s.Settings = settings
					if command == "mirror" {
						text, err := input.ReadMirror(context.Background(), s)
						if err != nil {
							return nil, nil, err
						}
						return text.Parse()
					}
					text, err := input.ReadCredential(context.Background(), s)
					if err != nil {
						return nil, nil, err
					}
					return text.Parse()
				})
			})
		}
	}
}

// A reference that wasn't expanded is found in every setting, with the host's own
// hint.
func TestUnexpandedReferences(t *testing.T) {
	both(t, func(t *testing.T, id string, parse func(*input.Source) (any, []fault.Remark, error)) {
		for _, reference := range []string{"$NAME", "${NAME}", "$(NAME)", "${{ secrets.NAME }}", "'$NAME'", "$(cat file)"} {
			s := source(map[string]string{id: reference})
			s.Host.ReferenceHints = []string{"write SETTING so"}
			_, _, err := parse(s)
			f := fault.From(err)
			if err == nil || f.Code != fault.TokenUnexpanded || !slices.Equal(f.Hints, []string{"write " + id + " so"}) || !strings.Contains(f.What, id) {
				t.Errorf("%s: got %v, %q", reference, err, f.Hints)
			}
		}
	})
	// Of several, the first one is reported, in the order of the settings.
	_, err := read(t, map[string]string{"avo-username": "$A", "workspace": "$B", "repository": "$C", "identity": "$D", "git": "$E"})
	if err == nil || !strings.HasPrefix(err.Error(), "the identity is a reference") {
		t.Errorf("of several: %v", err)
	}
	_, err = read(t, map[string]string{"identity": "me@example.com", "kind": "api-token", "workspace": "$B", "git": "host"})
	if err == nil || !strings.HasPrefix(err.Error(), "workspace is a reference") {
		t.Errorf("one of several: %v", err)
	}
	// About env-file there is a check of its own, which comes first.
	for file, found := range map[string]bool{"$FILE": true, "./file": false} {
		text, err := input.ReadCredential(context.Background(), source(map[string]string{"identity": "$A", "env-file": file}))
		if f := text.CheckEnvFile(); err != nil || (f != nil) != found || found && !strings.HasPrefix(f.What, "env-file is a reference") {
			t.Errorf("env-file %s: got %v, %v", file, f, err)
		}
	}
	for _, test := range []struct {
		id, text string
		found    bool
	}{
		{"repository", "team/$REPO", true},
		{"repository", "https://bitbucket.org/${WORKSPACE}/repo", true},
		{"repository", "https://me:pa$word@bitbucket.org/team/repo", false}, // a password isn't used
		{"server-url", "https://me:pa$word@git.example.com/ctx", false},
		{"avo-connection-name", "%NAME%", runtime.GOOS == "windows"},
		{"workspace", "my-${TEAM}", true},
		{"server-url", "https://$(HOST)/ctx", true},
		{"token", "Bearer $TOKEN", true},
		{"token", "https://me:$TOKEN@bitbucket.org/team/repo", true},
		{"token", "https://$USER:" + credentialtest.AccessToken() + "@bitbucket.org/team/repo", false}, // it holds a token, about which there are other faults
		{"token", "me@example.com:${TOKEN}", true},
		{"expires-on", "2027-01-$DAY", true},
		{"timeout", "${SECONDS}s", true},
		{"kind", "$KIND-token", true},
		{"env-prefix", "${NAME}_BB", true},
		{"identity", "me+$x@example.com", false},
		{"avo-connection-name", "Costs $USD", false},
	} {
		_, err := read(t, map[string]string{test.id: test.text})
		if found := err != nil && fault.From(err).Code == fault.TokenUnexpanded; found != test.found {
			t.Errorf("%s=%q: got %v", test.id, test.text, err)
		}
	}
}

// Where an undefined variable's reference is left as it is, a token that is one is
// empty, and nothing else ever is.
func TestUndefinedSecrets(t *testing.T) {
	both(t, func(t *testing.T, id string, parse func(*input.Source) (any, []fault.Remark, error)) {
		for _, reference := range []string{"$(NAME)", `"$(NAME)"`, "$(my secret.name-1)"} {
			s := source(map[string]string{id: reference})
			s.Host.LeavesUndefined = true
			settings, _, err := parse(s)
			if id != "token" && id != "source-token" {
				if fault.From(err).Code != fault.TokenUnexpanded {
					t.Errorf("%s: got %v", reference, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: got %v", reference, err)
			}
			switch settings := settings.(type) {
			case *input.Settings:
				if !settings.Token.IsEmpty() {
					t.Errorf("%s is a token", reference)
				}
			case *input.MirrorSettings:
				if !settings.Token.IsEmpty() || !settings.SourceToken.IsEmpty() {
					t.Errorf("%s is a token", reference)
				}
			}
		}
		for _, reference := range []string{"$NAME", "${NAME}", "$(cat /token)", "x$(NAME)"} {
			s := source(map[string]string{id: reference})
			s.Host.LeavesUndefined = true
			if _, _, err := parse(s); id == "token" && fault.From(err).Code != fault.TokenUnexpanded {
				t.Errorf("%s: got %v", reference, err)
			}
		}
	})
}

// Quotes and invisible characters are removed from every setting, with a notice.
func TestQuotes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("a-token-in-a-file"), 0o600); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{
		"token": "t0ken-abc-def", "token-file": file, "identity": "me@example.com", "kind": "access-token", "repository": "ws/repo", "workspace": "ws",
		"server-url": "https://git.example.com/ctx", "verify": "warn", "required-scopes": "repository, account", "expires-on": "2027-01-31", "git": "host",
		"rewrite-ssh": "false", "export-env": "false", "env-prefix": "MIRROR", "avo-connection-name": "My team", "avo-username": "", "on-missing-token": "skip",
		"summary": "false", "timeout": "1m30s", "ca-certificate": "", "env-file": "./x.env", "source": "https://example.com/a/b", "source-token": "source-secret",
		"source-token-file": file, "source-username": "someone", "branches": "main, release/*", "tags": "v*", "prune": "true", "overwrite": "true",
		"max-deletions": "3", "lfs": "false", "create": "none", "project": "", "dry-run": "true", "log": "errors", "main-branch": "follow",
	}
	for id := range contractIDs() {
		if _, listed := values[id]; !listed {
			t.Errorf("%s is missing here", id)
		}
	}
	both(t, func(t *testing.T, id string, parse func(*input.Source) (any, []fault.Remark, error)) {
		value := values[id]
		if value == "" {
			t.Skip("it can't be set by itself")
		}
		want, wantRemarks, err := parse(source(map[string]string{id: value}))
		if err != nil {
			t.Fatal(err)
		}
		for around, notice := range map[string]string{`"`: "quotes around ", "'": "quotes around ", "\ufeff": "invisible characters around ", "\u200b": "invisible characters around "} {
			got, remarks, err := parse(source(map[string]string{id: " " + around + value + around + "\n"}))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %+v, %v", around, got, err)
			}
			said := func(r fault.Remark) bool {
				return strings.HasPrefix(r.What, notice) && strings.Contains(r.What, id) && r.Level == fault.Notice
			}
			if !slices.ContainsFunc(remarks, said) || slices.ContainsFunc(wantRemarks, said) {
				t.Errorf("%q: said %v", around, remarks)
			}
		}
	})
	for id, text := range map[string]string{
		"branches": `"main", 'release/*'`, "tags": "'v1'\n\"v2\"",
	} {
		text1, err := input.ReadMirror(context.Background(), mirrorSource(map[string]string{id: text}))
		if err != nil || strings.ContainsAny(text1.Branches+text1.Tags, `"'`) {
			t.Errorf("%s: got %q, %q, %v", id, text1.Branches, text1.Tags, err)
		}
	}
}

func mirrorSource(settings map[string]string) *input.Source {
	s := source(settings)
	s.Settings = contract.MirrorSettings
	return s
}

func contractIDs() map[string]bool {
	ids := map[string]bool{}
	for _, setting := range slices.Concat(contract.CredentialSettings, contract.MirrorSettings) {
		if setting.Variable == "" {
			ids[setting.ID] = true
		}
	}
	return ids
}

// White space is usual around a setting. Around a token or an identity, it is said, since
// it may have been pasted by mistake.
func TestWhiteSpace(t *testing.T) {
	t.Parallel()
	for id, test := range map[string]struct {
		value string
		said  []string
	}{
		"token":    {"t0ken-abc-def", []string{"white space around the token was removed"}},
		"identity": {"me@example.com", []string{"white space around the identity was removed"}},
		"kind":     {"", nil}, "avo-connection-name": {"", nil}, // nothing is left
		"repository": {"ws/repo", nil}, "required-scopes": {"repository, account", nil}, "workspace": {"ws", nil}, "timeout": {"1m", nil},
	} {
		text, err := input.ReadCredential(context.Background(), source(map[string]string{id: " " + test.value + "\n"}))
		if err != nil {
			t.Fatal(err)
		}
		_, remarks, err := text.Parse()
		var said []string
		for _, remark := range remarks {
			said = append(said, remark.What)
		}
		if err != nil || !slices.Equal(said, test.said) {
			t.Errorf("%s: said %q, %v", id, said, err)
		}
	}
}

// Nothing is said about what was around an empty value.
func TestNothingAroundNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{" \n", `""`, "'' ", "\ufeff"} {
		read, err := input.ReadCredential(t.Context(), source(map[string]string{"token": text, "identity": text, "required-scopes": text}))
		if err != nil {
			t.Fatal(err)
		}
		if _, remarks, err := read.Parse(); err != nil || len(remarks) > 0 {
			t.Errorf("%q: said %v, %v", text, remarks, err)
		}
	}
}

// An invisible character inside a setting is named, except in those where it can be right.
func TestInvisibleCharacters(t *testing.T) {
	right := []string{"branches", "tags", "avo-connection-name", "ca-certificate", "token-file", "source-token-file", "env-file"}
	both(t, func(t *testing.T, id string, parse func(*input.Source) (any, []fault.Remark, error)) {
		_, _, err := parse(source(map[string]string{id: "https://some\u200bthing"}))
		if found := err != nil && fault.From(err).Code == fault.Invisible; found == (slices.Contains(right, id) || id == "token") {
			t.Errorf("got %v", err) // the token is checked with its kind
		}
		if err != nil && strings.Contains(err.Error(), "thing") && !slices.Contains(right, id) {
			t.Errorf("the text is shown: %v", err)
		}
	})
	if _, err := read(t, map[string]string{"identity": "me\u200b@example.com"}); err == nil || !strings.Contains(err.Error(), " of the identity is invisible") {
		t.Errorf("an identity: %v", err)
	}
	text, err := input.ReadMirror(context.Background(), mirrorSource(map[string]string{"source": "/srv/some\u200cthing"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := text.Parse(); err != nil {
		t.Errorf("a path as source: %v", err)
	}
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("a-token-\u2060in-a-file"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err = input.ReadMirror(context.Background(), mirrorSource(map[string]string{"source-token-file": path}))
	if err == nil {
		_, _, err = text.Parse()
	}
	if f := fault.From(err); err == nil || f.Code != fault.Invisible || f.What != "character 9 of source-token is invisible" {
		t.Errorf("source-token-file: %v", err)
	}
}

// PowerShell 5 writes files in UTF-16.
func TestTokenFileInUTF16(t *testing.T) {
	const token = "a-token-in-utf-16"
	encode := func(order binary.ByteOrder, text string) []byte {
		var b []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			b = append(b, 0, 0)
			order.PutUint16(b[len(b)-2:], unit)
		}
		return b
	}
	files := map[string][]byte{
		"little endian": encode(binary.LittleEndian, "\ufeff"+token+"\r\n"),
		"big endian":    encode(binary.BigEndian, "\ufeff"+token+"\n"),
		"unfinished":    encode(binary.LittleEndian, "\ufeff"+token),
		"an odd length": append(encode(binary.BigEndian, "\ufeff"+token), 'x'),
		"quoted":        encode(binary.LittleEndian, "\ufeff\""+token+"\"\r\n"),
		"UTF-8, marked": []byte("\ufeff" + token + "\r\n"),
	}
	path := filepath.Join(t.TempDir(), "token")
	readFile := func(content []byte) (*input.CredentialText, error) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return input.ReadCredential(context.Background(), source(map[string]string{"token-file": path}))
	}
	for name, content := range files {
		if text, err := readFile(content); err != nil || text.Token.Reveal() != token {
			t.Errorf("%s: got %q, %v", name, text.Token.Reveal(), err)
		}
	}
	for _, token := range []string{"\xffabc", "\xfeabc"} { // half a mark is none
		if text, err := readFile([]byte(token)); err != nil || text.Token.Reveal() != token {
			t.Errorf("%q: got %q, %v", token, text.Token.Reveal(), err)
		}
	}
	for name, content := range map[string][]byte{
		"without a mark": encode(binary.LittleEndian, token), "binary": {'a', 0, 'b'}, "a NUL in UTF-16": encode(binary.BigEndian, "\ufeffa\x00b"),
	} {
		text, err := readFile(content)
		if fault.From(err).Code != fault.TokenFile || !strings.Contains(fault.From(err).What, "UTF-8") {
			t.Errorf("%s: got %v", name, err)
		}
		if text.Token.IsEmpty() {
			t.Errorf("%s: there is nothing to mask", name)
		}
	}
}

// The path of a file isn't a token.
func TestTokenIsPath(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "TOKEN")
	if err := os.WriteFile(path, []byte("a-token-in-a-file"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	environment := map[string]string{"HOME": folder}
	if err := os.Mkdir("below", 0o700); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]bool{
		path: true, "~/TOKEN": true, "./TOKEN": true, "./below/../TOKEN": true, "../" + filepath.Base(folder) + "/TOKEN": true,
		"TOKEN": false, folder: false, "/nowhere/none": false, "~/none": false, "/" + strings.Repeat("x", 40): false,
	} {
		settings := map[string]string{"token": token}
		maps.Copy(settings, environment)
		s := source(settings)
		s.Host.FileVariableHint = "or change its type"
		_, err := input.ReadCredential(context.Background(), s)
		f := fault.From(err)
		if found := err != nil && f.Code == fault.TokenIsPath; found != want {
			t.Errorf("%s: got %v", token, err)
		}
		if !want {
			continue
		}
		if !slices.Equal(f.Hints, []string{"set token-file to the path instead, and leave out token", "or change its type"}) || f.What != "the token is the path of a file, not a token" {
			t.Errorf("%s: got %v, %q", token, f, f.Hints)
		}
		if strings.Contains(f.What+strings.Join(f.Hints, ""), "TOKEN") {
			t.Errorf("the path is shown: %v", f)
		}
	}
	s := source(map[string]string{"token": path})
	s.Host.Settings.InputsOnly = true // token-file is no input
	if _, err := input.ReadCredential(context.Background(), s); len(fault.From(err).Hints) != 1 || strings.Contains(fault.From(err).Hints[0], "token-file") {
		t.Errorf("got %v, %q", err, fault.From(err).Hints)
	}
	s = source(map[string]string{"BITBUCKET_AUTH_TOKEN": path})
	s.Host.Settings = host.Family{Prefix: "BITBUCKET_AUTH_", Spellings: []func(string) string{func(id string) string { return strings.ToUpper(strings.ReplaceAll(id, "-", "_")) }}}
	if _, err := input.ReadCredential(context.Background(), s); !slices.Equal(fault.From(err).Hints, []string{"set BITBUCKET_AUTH_TOKEN_FILE to the path instead, and leave out BITBUCKET_AUTH_TOKEN"}) {
		t.Errorf("by names of variables: %v, %q", err, fault.From(err).Hints)
	}
	_, err := input.ReadMirror(context.Background(), mirrorSource(map[string]string{"source-token": path}))
	if f := fault.From(err); err == nil || f.Code != fault.TokenIsPath || !strings.HasPrefix(f.What, "source-token is the path") {
		t.Errorf("source-token: got %v", err)
	}
}

// The path of a file that isn't there, such as of one outside the container, isn't a
// token either. A token may begin with a slash, though.
func TestTokenIsMissingPath(t *testing.T) {
	tokens := map[string]bool{
		"/builds/group/project.tmp/BITBUCKET_TOKEN": true, "/ci/work/group/sub/project.tmp/TOKEN": true,
		"/home/gitlab-runner/builds/x1/0/group/project.tmp/TOKEN": true, "/run/secrets/bitbucket-token": true,
		"/var/run/secrets/bitbucket/token": true, "/etc/bitbucket/token": true,
		"/Users/me/builds/token": true, "/tmp/token-of-another-step": true,
		"/" + strings.Repeat("x", 40): false, "/abc/def" + strings.Repeat("x", 30): false, "/runs/secret-and-more": false, "/etc": false,
		"./project/token-or-not": false, "group/project.tmp/TOKEN": false, "/ours/home/" + strings.Repeat("x", 30): false,
		`.\project.tmp\TOKEN`: true, `..\project.tmp\TOKEN`: true, `\\server\builds\project.tmp\TOKEN`: true, `\\` + strings.Repeat("x", 40): false, // of Windows
	}
	for folder := range strings.FieldsSeq("builds drone etc github harness home mnt opt private root run secrets srv tmp Users usr var workspace") {
		tokens["/"+folder+"/nowhere/token"] = true
	}
	for token, want := range tokens {
		for _, id := range []string{"token", "source-token"} {
			s := mirrorSource(map[string]string{id: token})
			s.Host.FileVariableHint = "or change its type"
			_, err := input.ReadMirror(context.Background(), s)
			f := fault.From(err)
			if found := err != nil && f.Code == fault.TokenIsPath; found != want {
				t.Errorf("%s %s: got %v", id, token, err)
			}
			if !want {
				continue
			}
			if !slices.Equal(f.Hints, []string{"store the content of the file in the secret, not its path", "or change its type"}) ||
				!strings.Contains(f.What, "doesn't exist here") || strings.Contains(f.Error(), token) {
				t.Errorf("%s: got %v, %q", token, f, f.Hints)
			}
		}
	}
}

// The source's token may have any form, but not that of a value that isn't there.
func TestPlaceholdersAsSourceToken(t *testing.T) {
	for token, want := range map[string]bool{"undefined": true, "null": true, "***": true, "NAME=a-password-of-a-git-server": false, "me@example.com": false} {
		text, err := input.ReadMirror(context.Background(), mirrorSource(map[string]string{"source-token": token}))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = text.Parse()
		if found := err != nil && fault.From(err).Code == fault.TokenCharacter && strings.HasPrefix(err.Error(), "source-token "); found != want {
			t.Errorf("%s: got %v", token, err)
		}
	}
}

// The name of a secret isn't handed over as the secret.
func TestNameAsToken(t *testing.T) {
	for _, test := range []struct {
		id, text string
		found    bool
	}{
		{"token", "BITBUCKET_TOKEN", true},
		{"token", "secrets.BITBUCKET_TOKEN", true},
		{"identity", "BITBUCKET_TOKEN", false},
	} {
		s := source(map[string]string{test.id: test.text})
		s.Host.ReferenceHints = []string{"write SETTING so"}
		text, err := input.ReadCredential(context.Background(), s)
		if err == nil {
			_, _, err = text.Parse()
		}
		f := fault.From(err)
		found := err != nil && f.Code == fault.TokenUnexpanded && strings.HasPrefix(f.What, "the token is the name") && slices.Equal(f.Hints, []string{"write token so"})
		if found != test.found {
			t.Errorf("%s %s: got %v", test.id, test.text, err)
		}
	}
}
