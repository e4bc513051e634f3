//go:build unix

package input

// Exported for the test of which paths are secrets that the system hands over.
var IsHandedOver = isHandedOver
