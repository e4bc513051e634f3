// Package mirror tests the mirror from a fake GitHub to a fake Bitbucket, and the
// documented scripts that run it or the main command in jobs that are cancelled.
package mirror
