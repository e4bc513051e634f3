package credential_test

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
)

func TestCheckExpiry(t *testing.T) {
	now := time.Date(2026, 11, 21, 23, 59, 59, 0, time.UTC)
	for _, test := range []struct{ day, want string }{
		{"2026-12-06", ""},
		{"2026-12-05", "the token expires on 2026-12-05, in 14 days (BBA128)"},
		{"2026-11-23", "the token expires on 2026-11-23, in 2 days (BBA128)"},
		{"2026-11-22", "the token expires on 2026-11-22, tomorrow (BBA128)"},
		{"2026-11-21", "the token expires on 2026-11-21, today (BBA128)"},
		{"2026-11-20", "the token expired on 2026-11-20, according to expires-on (BBA201)"},
		{"2020-01-01", "the token expired on 2020-01-01, according to expires-on (BBA201)"},
	} {
		day, err := time.Parse(time.DateOnly, test.day)
		if err != nil {
			t.Fatal(err)
		}
		// The clock's zone doesn't matter: both are days in UTC.
		for _, zone := range []*time.Location{time.UTC, time.FixedZone("west", -11*3600), time.FixedZone("east", 14*3600)} {
			got := ""
			if f := credential.CheckExpiry(credential.APIToken, day, now.In(zone)); f != nil {
				got = f.Error()
			}
			check(t, test.day, got, test.want)
		}
	}
}

func TestNoExpiry(t *testing.T) {
	t.Parallel()
	if f := credential.CheckExpiry(credential.APIToken, time.Time{}, time.Now()); f != nil {
		t.Errorf("without a day: %v", f)
	}
}

// Only access tokens of Cloud can be rotated.
func TestRenewal(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, kind := range credential.Kinds {
		for _, days := range []int{-1, 1} { // expired, and soon expiring
			f := credential.CheckExpiry(kind, now.Truncate(24*time.Hour).AddDate(0, 0, days), now)
			if f == nil || f.Hints[0] == "" || strings.Contains(strings.Join(f.Hints[1:], "\n"), "correct expires-on") != (days < 0) {
				t.Fatalf("%s: got %v", kind, f)
			}
			rotates := strings.Contains(f.Hints[0], "→ Rotate") && strings.Contains(f.Hints[0], "within 30 minutes if the old one is still valid")
			if want := kind == credential.AccessToken; rotates != want || !want && !strings.HasPrefix(f.Hints[0], "make a new token") {
				t.Errorf("%s: got %q", kind, f.Hints)
			}
		}
	}
}
