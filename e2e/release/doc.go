// Package release tests the scripts and the workflow of a release, and the actions
// without a container, which download what was released.
package release
