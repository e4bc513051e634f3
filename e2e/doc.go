// Package e2e tests the program from outside, as its users meet it: the binary
// as a step and in a shell (script_test.go), the image as GitHub's runner runs
// it (image_test.go), and workflows that say `uses: ./` (workflow_test.go).
//
// It is a separate module, so that what only tests need stays out of the
// product's go.mod.
package e2e
