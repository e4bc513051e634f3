// Package clients tests the samples of docs/tools.md with the programs that this page
// names: the clients of the credential.
package clients
