package main

import (
	"fmt"
	"time"
)

// bench is one run of all measurements.
type bench struct {
	product  string // the binary
	programs string // the folder of yardsticks
	scratch  string // a folder that goes with the run
	getenv   func(string) string
	say      func(string)
}

// measure takes all measurements. What can't be measured here is in the report
// as a line that says so; an error is a fault of this program's own.
func (b bench) measure() (report, error) {
	start := time.Now()
	r := report{machine: b.machine()}
	r.machine.loadBefore = load()
	for _, part := range []struct {
		name string
		take func(*report) error
	}{
		{"the offline run, beside Go, bash and Node", b.offline},
		{"a check, beside curl", b.check},
		{"requests", b.requests},
		{"instructions and system calls", b.counts},
		{"growth", b.growth},
		{"containers", b.containers},
		{"sizes", b.sizes},
	} {
		b.say(part.name)
		if err := part.take(&r); err != nil {
			return r, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	r.machine.loadAfter = load()
	r.machine.took = time.Since(start)
	return r, nil
}
