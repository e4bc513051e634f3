// Command bench measures bitbucket-auth beside its yardsticks, all in the same
// minutes on the same machine, shows a table, and writes it into
// docs/benchmarks.md. `make bench` builds what it needs, and runs it.
//
// A yardstick that is missing here is said to be missing; nothing is made up.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// Where things are, as seen from this folder.
const (
	root     = ".."
	programs = "../.bin/bench" // the yardsticks, as the Makefile builds them
	product  = "../.bin/bitbucket-auth"
	document = "../docs/benchmarks.md"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	scratch, err := os.MkdirTemp("", "bitbucket-auth-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	b := bench{
		scratch: scratch,
		say:     func(text string) { fmt.Fprintln(os.Stderr, "bench:", text) },
	}
	for path, to := range map[string]*string{product: &b.product, programs: &b.programs} {
		if *to, err = filepath.Abs(path); err != nil {
			return err
		}
	}
	report, err := b.measure()
	if err != nil {
		return err
	}
	fmt.Print(report.text())
	return report.write(document)
}
