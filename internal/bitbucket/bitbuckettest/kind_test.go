package bitbuckettest

import (
	"fmt"
	"hash/crc32"
	"regexp"
	"testing"
)

func TestSecretsLookLikeBitbuckets(t *testing.T) {
	shapes := map[Kind]string{
		APIToken:             `^ATATT3xFfGF0[\w-]{171}=[0-9A-F]{8}$`,
		WorkspaceAccessToken: `^ATCTT3xFfGN0[\w-]{171}=[0-9A-F]{8}$`,
		AppPassword:          `^ATBB[A-Za-z0-9]{32}$`,
		OAuthConsumer:        `^[A-Za-z0-9]{76}$`,
		OAuthToken:           `^eyJ[\w.-]{1000,}$`,
		PersonalHTTPToken:    `^BBDC-[A-Za-z0-9+/]{44}$`,
		RepositoryHTTPToken:  `^BBDC-[A-Za-z0-9+/]{44}$`,
	}
	for kind, shape := range shapes {
		secret := kind.NewSecret()
		if !regexp.MustCompile(shape).MatchString(secret) || secret == kind.NewSecret() {
			t.Errorf("%s: %s", kind, secret)
		}
		if len(secret) == 192 && fmt.Sprintf("%08X", crc32.ChecksumIEEE([]byte(secret[:184]))) != secret[184:] {
			t.Errorf("%s: wrong checksum in %s", kind, secret)
		}
	}
}
