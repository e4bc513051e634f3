// Package documents tests that what the documents show works: workflows, recipes, and
// scripts.
package documents
