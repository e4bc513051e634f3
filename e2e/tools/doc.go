// Package tools tests the samples of docs/tools.md with the tools that this page
// names. Those of the folder tools at the top, which build and check this
// repository, are others.
package tools
