package git

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
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

var (
	extensionKey = regexp.MustCompile(`^ext-([0-9])-\w`)
	pointerOID   = regexp.MustCompile(`^sha256:([0-9a-f]{64})$`)
)

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
		if !extensionKey.MatchString(key) {
			return Pointer{}, false
		}
		extensions[key] = value
	}
	priorities := map[string]bool{}
	for key, value := range extensions {
		priority := extensionKey.FindStringSubmatch(key)[1]
		if priorities[priority] || !pointerOID.MatchString(value) {
			return Pointer{}, false
		}
		priorities[priority] = true
	}
	oid := pointerOID.FindStringSubmatch(values["oid"])
	size, err := strconv.ParseInt(values["size"], 10, 64)
	// An empty object is never transferred.
	if !pointerVersions[values["version"]] || oid == nil || err != nil || size <= 0 || len(text) >= maxPointer {
		return Pointer{}, false
	}
	return Pointer{OID: oid[1], Size: size}, true
}
