package credential

import (
	"fmt"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// expiryNotice is how many days ahead an expiry is warned of.
const expiryNotice = 14

// CheckExpiry compares the day on which a token expires (no Bitbucket API
// tells it) with now, both in UTC. It returns nil where there is nothing to
// say, a fault of code Expired past the day, and one of code ExpiresSoon from
// 14 days before it.
func CheckExpiry(day, now time.Time) *fault.Fault {
	const renew = "make a new token, store it in the secret, and set expires-on to its expiry date"
	today := now.UTC().Truncate(24 * time.Hour)
	days := int(day.Sub(today).Hours() / 24)
	switch {
	case days < 0:
		return fault.New(fault.Expired, "the token expired on "+day.Format(time.DateOnly)+", by the input expires-on", renew)
	case days > expiryNotice:
		return nil
	}
	return fault.New(fault.ExpiresSoon, fmt.Sprintf("the token expires on %s, %s", day.Format(time.DateOnly), inDays(days)), renew)
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
