package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// bench is one run of all measurements.
type bench struct {
	product  string // the binary
	programs string // the folder of yardsticks
	scratch  string // a folder that goes with the run
	say      func(string)

	installed map[string][]string // copies of programs, by their paths
}

// measure takes all measurements. What can't be measured here is in the report
// as a line that says so; an error is a fault of this program's own.
func (b bench) measure() (report, error) {
	start := time.Now()
	if err := b.install(); err != nil {
		return report{}, err
	}
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

// copies of each program that is built here.
const copies = 5

// install copies the programs, as installing them does. What a linker has just
// written lies in the kernel's memory page by page, and takes a sixth more to
// start than any copy of it. Several copies, since how one happens to lie there
// makes a difference, too.
func (b *bench) install() error {
	b.installed = map[string][]string{}
	for _, path := range []string{b.product, b.yardstick("links"), b.yardstick("imports"), b.yardstick("exits")} {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := range copies {
			place := filepath.Join(b.scratch, fmt.Sprintf("%s-%d", filepath.Base(path), i))
			if err := os.WriteFile(place, text, 0o700); err != nil { //nolint:gosec // a program
				return err
			}
			b.installed[path] = append(b.installed[path], place)
		}
	}
	return nil
}
