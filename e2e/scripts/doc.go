// Package scripts tests the program as a step and in a shell, in scripts of
// testdata, and the repository's own script hunt-log.
package scripts
