package git

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
)

// Versions of a pointer that git-lfs reads (git-lfs's lfs/pointer.go): before and
// since its release.
var pointerVersions = map[string]bool{
	"http://git-media.io/v/2":            true,
	"https://hawser.github.com/spec/v1":  true,
	"https://git-lfs.github.com/spec/v1": true,
}

// pointerKeys are the keys of a pointer, in their order.
var pointerKeys = []string{"version", "oid", "size"}

// parsePointer reads the text of a pointer. It accepts exactly the texts that git-lfs
// accepts (lfs/pointer.go, DecodeFrom), which are more than its specification allows:
// with white space around the text, empty lines, line ends of Windows, and old versions.
// If the two differed, an object would be left behind.
func parsePointer(text []byte) (Pointer, bool) {
	values := map[string]string{}
	extensions := map[string]string{} // by key: the last value counts
	next := 0
	for line := range strings.Lines(string(bytes.TrimSpace(text))) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, " ")
		if !ok || next == len(pointerKeys) {
			return Pointer{}, false
		}
		if key == pointerKeys[next] {
			values[key] = value
			next++
			continue
		}
		if _, ok := extensionPriority(key); !ok {
			return Pointer{}, false
		}
		extensions[key] = value
	}
	priorities := map[byte]bool{}
	for key, value := range extensions {
		priority, _ := extensionPriority(key)
		if _, ok := pointerOID(value); !ok || priorities[priority] {
			return Pointer{}, false
		}
		priorities[priority] = true
	}
	oid, ok := pointerOID(values["oid"])
	size, err := strconv.ParseInt(values["size"], 10, 64)
	// An empty object is never transferred.
	if !pointerVersions[values["version"]] || !ok || err != nil || size <= 0 || len(text) >= maxPointer {
		return Pointer{}, false
	}
	return Pointer{OID: oid, Size: size}, true
}

// extensionPriority returns the digit in the key of an extension, such as ext-0-name.
func extensionPriority(key string) (digit byte, ok bool) {
	rest, ok := strings.CutPrefix(key, "ext-")
	if !ok || len(rest) < 3 || rest[1] != '-' {
		return 0, false
	}
	return rest[0], charset.ContainsOnly(rest[:1], charset.Digits) && charset.ContainsOnly(rest[2:3], charset.Letters+charset.Digits+"_")
}

// pointerOID returns the SHA-256 in the value of a pointer's oid.
func pointerOID(value string) (oid string, ok bool) {
	oid, ok = strings.CutPrefix(value, "sha256:")
	return oid, ok && len(oid) == 64 && charset.ContainsOnly(oid, "0123456789abcdef")
}
