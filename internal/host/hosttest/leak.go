package hosttest

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"sync"
)

// window is the number of characters of a secret in a row that count as a leak.
const window = 10

// Leaks returns the forms in which any 10 characters in a row of a secret show
// in text: raw, base64 (standard and URL-safe, at three alignments), hex,
// percent-encoded, also where line breaks wrap them.
func Leaks(text, secret string) []string {
	var leaks []string
	text = strings.NewReplacer("\n", "", "\r", "", " ", "").Replace(text)
	for _, f := range formsOf(secret) {
		if strings.Contains(text, f.text) {
			leaks = append(leaks, f.name+": "+f.text)
		}
	}
	return leaks
}

// form is one encoding of a part of a secret.
type form struct{ name, text string }

// known are the forms of secrets: tests look for the same one in many texts.
var known sync.Map

func formsOf(secret string) []form {
	if forms, ok := known.Load(secret); ok {
		return forms.([]form)
	}
	var forms []form
	for start := 0; start+window <= len(secret); start++ {
		for name, text := range encodings(secret[start : start+window]) {
			forms = append(forms, form{name, text})
		}
	}
	known.Store(secret, forms)
	return forms
}

// encodings of a window. In base64 its first and last characters also hold
// bits of its neighbours, so only whole groups of three bytes are looked for.
func encodings(part string) map[string]string {
	forms := map[string]string{
		"raw": part,
		"hex": hex.EncodeToString([]byte(part)),
		"HEX": strings.ToUpper(hex.EncodeToString([]byte(part))),
	}
	if escaped := url.QueryEscape(part); escaped != part {
		forms["percent"] = escaped
	}
	for alignment := range 3 {
		whole := part[alignment : alignment+(window-alignment)/3*3]
		forms["base64"+strings.Repeat("'", alignment)] = base64.StdEncoding.EncodeToString([]byte(whole))
		forms["base64url"+strings.Repeat("'", alignment)] = base64.URLEncoding.EncodeToString([]byte(whole))
	}
	return forms
}
