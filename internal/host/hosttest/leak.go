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
	for length, names := range formsOf(secret) {
		for start := 0; start+length <= len(text); start++ {
			if name, ok := names[text[start:start+length]]; ok {
				leaks = append(leaks, name+": "+text[start:start+length])
			}
		}
	}
	return leaks
}

// forms are the encodings of all parts of a secret: by their length, and for each text the
// name of an encoding. So a text is gone through once for each length, not for each of
// the thousands of encodings.
type forms map[int]map[string]string

// known are the forms of secrets: tests look for the same one in many texts.
var known sync.Map

func formsOf(secret string) forms {
	if all, ok := known.Load(secret); ok {
		return all.(forms)
	}
	all := forms{}
	for start := 0; start+window <= len(secret); start++ {
		for name, text := range encodings(secret[start : start+window]) {
			if all[len(text)] == nil {
				all[len(text)] = map[string]string{}
			}
			all[len(text)][text] = name
		}
	}
	known.Store(secret, all)
	return all
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
