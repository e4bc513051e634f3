package secret_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/cputest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

func reversed(text string) string {
	b := []byte(text)
	slices.Reverse(b)
	return string(b)
}

// mixed writes every other letter in the other case.
func mixed(text string) string {
	b := []byte(text)
	for i := 0; i < len(b); i += 2 {
		b[i] = strings.ToUpper(string(b[i]))[0]
	}
	return string(b)
}

// Eight characters of a token are found, at each place of it, whatever they are
// encoded with and are a part of; seven aren't.
func TestPieces(t *testing.T) {
	token := credentialtest.AppPassword() + "+/=~" + credentialtest.Letters(20)
	pieces := secret.NewPieces(secret.New(token))
	standard, url := base64.RawStdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	encodings := map[string]func(text string) string{
		"plain":                     func(text string) string { return text },
		"backwards":                 reversed,
		"base64":                    func(text string) string { return standard([]byte(text)) },
		"base64 for URLs":           func(text string) string { return url([]byte(text)) },
		"base64, padded":            func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) },
		"base64 of a pair":          func(text string) string { return standard([]byte("x-token-auth:" + text + "\n")) },
		"base64 of another pair":    func(text string) string { return url([]byte("me@example.com:" + text)) },
		"base64, backwards":         func(text string) string { return reversed(standard([]byte(text))) },
		"backwards, then base64":    func(text string) string { return standard([]byte(reversed(text))) },
		"hexadecimal":               func(text string) string { return hex.EncodeToString([]byte(text)) },
		"hexadecimal, upper case":   func(text string) string { return strings.ToUpper(hex.EncodeToString([]byte(text))) },
		"hexadecimal, mixed case":   func(text string) string { return mixed(hex.EncodeToString([]byte(text))) },
		"hexadecimal, with a digit": func(text string) string { return "a" + hex.EncodeToString([]byte(text)) + "0" },
		"hexadecimal, backwards":    func(text string) string { return reversed(hex.EncodeToString([]byte(text))) },
		"from the second digit":     func(text string) string { return standard([]byte(":" + text + ":"))[1:] },
		"from the third digit":      func(text string) string { return standard([]byte("::" + text + ":"))[2:] },
		"from the fourth digit":     func(text string) string { return standard([]byte(":::" + text + ":"))[3:] },
	}
	for name, encode := range encodings {
		for i := 0; i+8 <= len(token); i++ {
			for _, text := range []string{"fix " + encode(token[i:i+8]) + " x", encode(token[i : i+8])} {
				if !pieces.In(text) {
					t.Errorf("%s: %q isn't found", name, text)
				}
			}
			if text := "fix " + encode(token[i:i+7]) + " x"; pieces.In(text) {
				t.Errorf("%s: %q is found", name, text)
			}
		}
	}
	for _, innocent := range []string{"", "main", "release/2026-11", "feature/a-longer-name-without-any-secret", "0123456789abcdef0123456789abcdef01234567", strings.Repeat("a/", 500)} {
		if pieces.In(innocent) {
			t.Errorf("%q is found", innocent)
		}
	}
	if secret.NewPieces(secret.New("short"), secret.String{}).In("short and more") {
		t.Error("a piece of less than eight characters is found")
	}
}

// Tokens of any length are known, each of several by itself.
func TestPiecesOfLengths(t *testing.T) {
	t.Parallel()
	others := credentialtest.Letters(30)
	for _, length := range []int{8, 9, 15, 16, 17, 40, 100, 192, 300, 1000} {
		token := credentialtest.Letters(length)
		pieces := secret.NewPieces(secret.New(token), secret.New(others))
		for _, piece := range []string{token[:8], token[length-8:], others[11:19]} {
			if !pieces.In(piece) || !secret.NewPieces(secret.New(token), secret.New(piece)).In(piece) {
				t.Errorf("of %d characters, a piece isn't found", length)
			}
		}
		if pieces.In(token[length-4:] + others[:4]) {
			t.Errorf("the end of one token and the beginning of another are a piece")
		}
	}
}

// The parts of a pair's base64 that encode the user name aren't pieces.
func TestPiecesOfPair(t *testing.T) {
	const user = "somebody.with.a.long.name@example.com"
	pieces := secret.NewPieces(secret.New(credentialtest.AppPassword()), secret.New(credentialtest.AccessToken()))
	for _, text := range []string{user, base64.StdEncoding.EncodeToString([]byte(user + ":")), hex.EncodeToString([]byte(user)), reversed(user)} {
		if pieces.In(text) {
			t.Errorf("%q is found", text)
		}
	}
}

// 20,000 names of refs take well under a second, also with a token of 64 KiB.
func TestPiecesFast(t *testing.T) {
	for _, size := range []int{192, 64 << 10} {
		pieces := secret.NewPieces(secret.New(credentialtest.Letters(size)))
		var names []string
		for range 20_000 {
			names = append(names, fmt.Sprintf("refs/heads/feature/%x-and-some-words", rand.Uint64()))
		}
		took := cputest.Time(func() {
			for _, name := range names {
				if pieces.In(name) {
					t.Errorf("%s is found", name)
				}
			}
		})
		if took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
	}
}

// A server can list 250,000 long names that are all digits: nothing of them is copied.
func TestPiecesOfLongNames(t *testing.T) {
	pieces := secret.NewPieces(secret.New(credentialtest.AccessToken()))
	name := "refs/heads/" + strings.Repeat("Ab9", 300)
	allocated := testing.AllocsPerRun(10, func() {
		if pieces.In(name) {
			t.Errorf("%s is found", name)
		}
	})
	if allocated > 0 {
		t.Errorf("%v copies were made", allocated)
	}
}
