package bitbucket

import "time"

// Hurry shortens the waits between tries.
func (c *Client) Hurry() {
	c.firstWait, c.longestWait = time.Millisecond, 20*time.Millisecond
}

// ScopesIn reads a server's list of scopes.
func ScopesIn(list string) []string { return scopesIn(list) }
