// Package cputest measures work in a way that a busy machine doesn't change.
package cputest

import "time"

// Time returns the processor time that the process uses while do runs. Tests that run in
// parallel with it count, too.
func Time(do func()) time.Duration {
	before := used()
	do()
	return used() - before
}
