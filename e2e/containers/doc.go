// Package containers tests the image, as GitHub's runner runs it, and workflows that
// say `uses: ./`, under act.
package containers
