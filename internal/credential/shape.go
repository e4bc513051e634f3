package credential

import (
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// foreign are the prefixes of other services' tokens, as these document them.
var foreign = []struct {
	title    string
	prefixes []string
}{
	{"a GitHub token", []string{"ghp_", "github_pat_", "gho_", "ghu_", "ghs_", "ghr_"}},
	{"a GitLab token", []string{
		"glpat-", "gldt-", "glrt-", "glrtr-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "glwt-", "glsoat-", "glffct-", "gloas-",
	}},
	{"an npm token", []string{"npm_"}},
	{"a Slack token", []string{"xoxa-", "xoxb-", "xoxe", "xoxp-", "xoxr-", "xoxs-", "xapp-"}},
	{"an AWS access key", []string{"AKIA", "ASIA"}},
	{"a token of an Atlassian service account", []string{"ATSTT"}},
}

// foreignPrefix returns whose token begins like this one, and that prefix.
func foreignPrefix(token string) (title, prefix string, ok bool) {
	for _, service := range foreign {
		for _, prefix := range service.prefixes {
			if strings.HasPrefix(token, prefix) {
				return service.title, prefix, true
			}
		}
	}
	return "", "", false
}

// checkForeign returns the fault of a token of another service, or nil.
func checkForeign(token string) *fault.Fault {
	title, prefix, ok := foreignPrefix(token)
	if !ok {
		return nil
	}
	return fault.New(fault.TokenForeign, fmt.Sprintf("this is %s (it begins with %s)", title, prefix),
		"store a Bitbucket token in the secret; an API token is made at id.atlassian.com → Security → Create API token with scopes")
}

// checksumDigits is the number of hexadecimal digits at the end of an API token:
// after a =, they are the CRC-32 (IEEE) of all that precedes them, whatever its
// length (Atlassian: token lengths vary; the rule is that of several secret
// scanners).
const checksumDigits = 8

// checkShape compares a token with what tokens of its kind look like. A difference is
// only worth a warning: the format isn't documented, and the documented samples deviate
// from it on purpose.
func checkShape(kind Kind, token string) *fault.Fault {
	if f := checkForeign(token); f != nil {
		return f
	}
	found, _, known := kindByPrefix(token)
	t := kind.Traits()
	switch {
	case known && found != kind:
		return fault.New(fault.KindUnexpected, fmt.Sprintf("the token is used as %s, but begins like %s", t.Title, found.Title()),
			"if Bitbucket refuses it, leave out kind, or set it to "+string(found))
	case !known && t.Prefix != "" && !t.Unprefixed:
		f := fault.New(fault.KindUnexpected, fmt.Sprintf("the token doesn't begin with %s, as %s does", t.Prefix, t.Title),
			"check that the whole token was copied", "if it is of another kind, set kind")
		if t.Removed {
			f = f.Hint(ClientHint)
		}
		return f
	case known && t.Checksum && isDamaged(token):
		return fault.New(fault.TokenChecksum, "the API token looks truncated or altered: its checksum doesn't match",
			"copy the token again, or make a new one")
	}
	return nil
}

// ClientHint is for a token without a known prefix, with an identity that isn't an
// e-mail address: it may be an OAuth client's secret, and is unlikely to be a
// credential that Bitbucket no longer accepts.
const ClientHint = "if identity and token are the key and the secret of an OAuth client (consumer), set kind to oauth-consumer"

// isDamaged reports whether a token ends in a checksum that doesn't match. A token
// without one says nothing about whether it is complete.
func isDamaged(token string) bool {
	end := len(token) - checksumDigits // no token is shorter: see minToken
	before, checksum := token[:end], token[end:]
	if !strings.HasSuffix(before, "=") || !charset.ContainsOnly(checksum, charset.Hex) {
		return false
	}
	return !strings.EqualFold(checksum, fmt.Sprintf("%08X", crc32.ChecksumIEEE([]byte(before))))
}
