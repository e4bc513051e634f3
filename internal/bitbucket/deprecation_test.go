package bitbucket_test

import (
	"context"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

func TestDeprecation(t *testing.T) {
	fake, c, cred := usual(t)
	const page = `<https://developer.atlassian.com/cloud/bitbucket/changelog/#CHANGE-3071>; rel="deprecation"`
	for _, test := range []struct {
		name       string
		header     map[string]string
		deprecated bool
	}{
		{"both headers", map[string]string{"Deprecation": "@1767225600", "Sunset": "Thu, 31 Dec 2026 23:59:59 GMT", "Link": page}, true},
		{"as in RFC 9745", map[string]string{"Deprecation": "@1767225600"}, true},
		{"as in drafts of it", map[string]string{"Deprecation": "true"}, true},
		{"only Sunset", map[string]string{"Sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}, true},
		{"not deprecated, but with a Sunset", map[string]string{"Deprecation": "false", "Sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}, true},
		{"not deprecated", map[string]string{"Deprecation": "false"}, false},
		{"only a link", map[string]string{"Link": page}, false},
		{"no header", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake.Answer("/2.0/repositories/team/repo", bitbuckettest.Reply{Body: "{}", Header: test.header})
			report, err := c.Check(context.Background(), cred, repo)
			if err != nil {
				t.Fatal(err)
			}
			if !test.deprecated {
				if len(report.Remarks) != 0 {
					t.Errorf("got %+v", report.Remarks)
				}
				return
			}
			if len(report.Remarks) != 1 || report.Remarks[0].Level != fault.Warning || report.Remarks[0].Code != fault.Deprecated {
				t.Fatalf("got %+v", report.Remarks)
			}
		})
	}
}
