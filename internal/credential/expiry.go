package credential

import (
	"fmt"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// expiryNotice is the number of days before the expiry from which on warnings are
// shown.
const expiryNotice = 14

// CheckExpiry compares the day on which a token expires (no Bitbucket API
// reports it) with now, both in UTC. It returns a fault of code Expired after
// that day, one of code ExpiresSoon from 14 days before it, and nil otherwise, or
// without a day.
func CheckExpiry(kind Kind, day, now time.Time) *fault.Fault {
	renew := kind.Traits().RenewHint
	today := now.UTC().Truncate(24 * time.Hour)
	days := int(day.Sub(today).Hours() / 24)
	switch {
	case day.IsZero(), days > expiryNotice:
		return nil
	case days < 0:
		return fault.New(fault.Expired, "the token expired on "+day.Format(time.DateOnly)+", according to expires-on", renew,
			"if the token is still valid, correct expires-on")
	}
	return fault.New(fault.ExpiresSoon, "the token expires on "+day.Format(time.DateOnly)+", "+inDays(days), renew)
}

func inDays(days int) string {
	switch days {
	case 0:
		return "today"
	case 1:
		return "tomorrow"
	}
	return fmt.Sprintf("in %d days", days)
}
