// Package git tests that git, git-lfs, Go, and clients of Bitbucket's REST API log
// in with what a step hands over, on a fake Bitbucket.
package git
