package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"time"
)

// program is a process that is measured as a whole: with nothing to read, and
// its output thrown away.
type program struct {
	name   string
	args   []string // the first is the path
	places []string // copies to run in its place, in turn; nil: none
	env    []string
	before func() error // not measured; nil: nothing
}

// lap is one run of a program.
type lap struct {
	wall   time.Duration // from before it starts until it has ended
	cpu    time.Duration // of all its threads and children
	faults int64         // pages that the kernel had to bring in
}

// laps are a program's, one a round.
type laps []lap

// race runs programs in turns, so that whatever else the machine does meets all
// of them; in another order each round, so that none always finds the
// processor's caches as the same one left them. A first round isn't counted.
func race(rounds int, programs ...program) ([]laps, error) {
	times := make([]laps, len(programs))
	for round := range rounds + 1 {
		for _, i := range rand.Perm(len(programs)) { //nolint:gosec // no secret
			l, err := programs[i].run(round)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				times[i] = append(times[i], l)
			}
		}
	}
	return times, nil
}

func (p program) run(round int) (lap, error) {
	path := p.args[0]
	if len(p.places) > 0 {
		path = p.places[round%len(p.places)]
	}
	if p.before != nil {
		if err := p.before(); err != nil {
			return lap{}, err
		}
	}
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return lap{}, err
	}
	defer nothing.Close()
	// For writing only, as a shell opens it.
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return lap{}, err
	}
	defer nowhere.Close()
	// Not os/exec, which would start threads of its own in between.
	start := time.Now()
	process, err := os.StartProcess(path, p.args, &os.ProcAttr{Env: p.env, Files: []*os.File{nothing, nowhere, nowhere}})
	if err != nil {
		return lap{}, fmt.Errorf("%s: %w", p.name, err)
	}
	state, err := process.Wait()
	wall := time.Since(start)
	if err != nil {
		return lap{}, fmt.Errorf("%s: %w", p.name, err)
	}
	if !state.Success() {
		return lap{}, fmt.Errorf("%s: %s", p.name, state)
	}
	l := lap{wall: wall, cpu: state.UserTime() + state.SystemTime()}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		l.faults = usage.Minflt
	}
	return l, nil
}

// wall is the median.
func (l laps) wall() time.Duration {
	return middle(l, func(l lap) time.Duration { return l.wall })
}

// cpu is the median.
func (l laps) cpu() time.Duration {
	return middle(l, func(l lap) time.Duration { return l.cpu })
}

// faults is the median.
func (l laps) faults() int64 {
	return middle(l, func(l lap) int64 { return l.faults })
}

func middle[T int64 | time.Duration](l laps, of func(lap) T) T {
	var values []T
	for _, one := range l {
		values = append(values, of(one))
	}
	return quantile(values, 0.5)
}

// ratio is how many times longer a program takes than another, pair by pair.
type ratio struct {
	median, low, high float64 // low and high: a quarter of the pairs is beyond
}

func (l laps) over(other laps) ratio {
	var values []float64
	for i := range l {
		values = append(values, float64(l[i].wall)/float64(other[i].wall))
	}
	return ratio{quantile(values, 0.5), quantile(values, 0.25), quantile(values, 0.75)}
}

// quantile sorts its argument.
func quantile[T int64 | float64 | time.Duration](values []T, q float64) T {
	slices.Sort(values)
	at := q * float64(len(values)-1)
	below := int(at)
	if below+1 == len(values) {
		return values[below]
	}
	return values[below] + T((at-float64(below))*float64(values[below+1]-values[below]))
}
