package bitbucket

import "time"

// Hurry shortens the waits between tries.
func (c *Client) Hurry() {
	c.firstWait, c.longestWait = time.Millisecond, 20*time.Millisecond
}

// Wait makes the waits between tries long.
func (c *Client) Wait() {
	c.firstWait, c.longestWait = time.Minute, time.Minute
}

// RetryAfter reads a reply's wish.
var RetryAfter = retryAfter

// ScopesIn reads a server's list of scopes.
func ScopesIn(list string) []string { return scopesIn(list) }
