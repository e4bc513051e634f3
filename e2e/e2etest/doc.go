// Package e2etest is the harness of the e2e tests: jobs, logins on a fake Bitbucket,
// Docker, act, and the program itself.
package e2etest
