// Package e2e tests the program from outside, as its users meet it. Each folder is
// what is tested; the harness is e2etest, and `make e2e` runs all of them.
//
// It is a separate module, so that what only tests need stays out of the
// product's go.mod. Folder runners, with the CI hosts' own runners, is another.
package e2e
