package bitbucket_test

import (
	"context"
	"encoding/base64"
	"slices"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

func TestDeprecation(t *testing.T) {
	fake, c, cred := usual(t)
	token := cred.Token.Reveal()
	encoded := base64.RawURLEncoding.EncodeToString([]byte(token))
	const (
		deprecated = "Bitbucket has deprecated the endpoint that this check uses"
		page       = "https://developer.atlassian.com/cloud/bitbucket/changelog/#CHANGE-3071"
	)
	for _, test := range []struct {
		name                      string
		deprecation, sunset, link string // header fields; absent where empty
		what, read                string // none: no warning, no link
	}{
		{"as in RFC 9745", "@1767225600", "Thu, 31 Dec 2026 23:59:59 GMT", "<" + page + `>; rel="deprecation"; type="text/html"`, deprecated + ", and will remove it on 2026-12-31", page},
		{"deprecation alone", "@1767225600", "", "", deprecated + " (as of 2026-01-01)", ""},
		{"an older form", "Thu, 01 Jan 2026 00:00:00 GMT", "", `<https://bitbucket.org/>; rel=next, <` + page + `>; rel=deprecation`, deprecated + " (as of 2026-01-01)", page},
		{"without a date", "true", "", "", deprecated, ""},
		{"sunset alone", "", "Thu, 31 Dec 2026 23:59:59 GMT", `<` + page + `>;rel="sunset"`, deprecated + ", and will remove it on 2026-12-31", page},
		{"a link alone", "", "", "<" + page + `>; rel="deprecation"`, "", ""},
		{"another link", "true", "", "<" + page + `>; rel="next"`, deprecated, ""},
		{"RFC 3339", "2026-01-01", "2026-12-31T00:00:00Z", "", deprecated + ", and will remove it on 2026-12-31", ""},
		{"no date", "::error::x", "soon", "", deprecated, ""},
		{"a year of five digits", "@999999999999", "", "", deprecated, ""},
		{"not deprecated", "false", "", "", "", ""},
		{"commands", "true", "", "<https://x.example/::add-mask::x>; rel=\"deprecation\"", deprecated, ""},
		{"plain HTTP", "true", "", "<http://x.example/page>; rel=\"deprecation\"", deprecated, ""},
		{"a password", "true", "", "<https://me:pw@x.example/page>; rel=\"deprecation\"", deprecated, ""},
		{"the token", "true", "", "<https://x.example/" + token[:16] + ">; rel=\"deprecation\"", deprecated, ""},
		{"the token, encoded", "true", "", "<https://x.example/" + encoded + ">; rel=\"deprecation\"", deprecated, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := map[string]string{}
			for name, value := range map[string]string{"Deprecation": test.deprecation, "Sunset": test.sunset, "Link": test.link} {
				if value != "" {
					header[name] = value
				}
			}
			fake.Answer("/2.0/repositories/team/repo", bitbuckettest.Reply{Body: "{}", Header: header})
			report, err := c.Check(context.Background(), cred, repo)
			if err != nil {
				t.Fatal(err)
			}
			if test.what == "" {
				if len(report.Remarks) != 0 {
					t.Errorf("got %+v", report.Remarks)
				}
				return
			}
			if len(report.Remarks) != 1 || report.Remarks[0].Level != fault.Warning || report.Remarks[0].What != test.what {
				t.Fatalf("got %+v", report.Remarks)
			}
			want := []string{"update bitbucket-auth to its newest version"}
			if test.read != "" {
				want = append([]string{"read " + test.read}, want...)
			}
			if got := report.Remarks[0].Hints; !slices.Equal(got, want) {
				t.Errorf("hints: %q", got)
			}
		})
	}
}
