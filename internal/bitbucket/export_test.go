package bitbucket

import "time"

// Hurry shortens the waits between tries.
func (c *Client) Hurry() {
	c.retry.RetryWaitMin, c.retry.RetryWaitMax = time.Millisecond, 20*time.Millisecond
}

// APIBase and TokenURL are where a client asks.
func (c *Client) APIBase() string  { return c.apiBase() }
func (c *Client) TokenURL() string { return c.tokenURL() }
