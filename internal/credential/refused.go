package credential

import (
	"fmt"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Locked is the fault of an account that a Data Center has locked: it accepts no
// login, not even with a valid token, until the CAPTCHA is cleared
// (confluence.atlassian.com, "Configuring CAPTCHA for failed logins").
func Locked(status int) *fault.Fault {
	f := fault.New(fault.Refused, "the Data Center has locked the token's account after failed logins, and asks it for a CAPTCHA",
		"log in once with a browser, as the account that the token belongs to, or ask an administrator to clear the CAPTCHA",
		"find out what logs in with a wrong password or token: it would lock the account again")
	if status != 0 {
		f.What += fmt.Sprintf(" (%d)", status)
	}
	return f
}

// WriteRefused is the fault of a login that Bitbucket accepts and that may not write.
func WriteRefused() *fault.Fault {
	return fault.New(fault.WriteRefused, "Bitbucket accepts the login, but doesn't let it write (403)",
		"give the token write access: the scopes read:repository:bitbucket and write:repository:bitbucket for an API token, Repositories: Write for an access token",
		"scopes can't be added to a token: make a new one, and store it in the secret",
		"check that the token's account may write to this repository")
}
