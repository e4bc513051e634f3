package bitbucket

import (
	"net/http"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/repeat"
)

// No test waits for long.
func init() { repeat.Delays = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond} }

// RetryAfter reads a reply's wish.
var RetryAfter = retryAfter

// PassingReason returns why a reply is missing, if that passes by itself.
var PassingReason = passingReason

// ProxyRefusal is the error for a proxy's answer.
func ProxyRefusal(status int) error { return proxyRefusal(status) }

// ChangeIn finds the number of an entry of Atlassian's changelog.
var ChangeIn = changeIn

// OtherUser returns the remark on a reply that names a user.
func OtherUser(cred credential.Credential, user string) []fault.Remark {
	return otherUser(cred, reply{header: http.Header{"X-Ausername": {user}}})
}

// ScopeNames returns the names of the known scopes.
var ScopeNames = scopeNames

// ScopesIn reads a server's list of scopes.
func ScopesIn(list string) []string { return scopesIn(list) }
