package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// counts takes apart what the processes of the offline run do.
func (b bench) counts(r *report) error {
	t := table{
		title: "What the offline run does",
		head:  []string{"process", "processor time", "page faults", "instructions", "system calls", "but for waiting", "threads started"},
	}
	var remarks []string
	for i, racer := range r.offline {
		row := []string{racer.program.name, milliseconds(racer.laps.cpu()), thousands(racer.laps.faults()), "", "", "", ""}
		if strings.Contains(racer.program.name, "Node") {
			t.add(row...)
			continue
		}
		n, how, err := instructions(racer.program)
		if err != nil {
			how = fmt.Sprintf("Instructions are not counted here: %v.", err)
		} else {
			row[3] = thousands(n)
		}
		calls, err := b.systemCalls(racer.program)
		if err != nil {
			remarks = append(remarks, fmt.Sprintf("System calls are not counted here: %v.", err))
		} else {
			row[4], row[5], row[6] = fmt.Sprint(calls.all), fmt.Sprint(calls.all-calls.waiting), fmt.Sprint(calls.threads)
		}
		if i == 0 && err == nil {
			remarks = append(remarks, fmt.Sprintf("The offline run opens %d sockets. “But for waiting” leaves out `futex`, `nanosleep` and `sched_yield`, of which Go's scheduler makes more or less from run to run; each count is the lowest of %d.", calls.sockets, tries))
		}
		remarks = append(remarks, how)
		t.add(row...)
	}
	slices.Sort(remarks)
	for _, remark := range slices.Compact(remarks) {
		t.note("%s", remark)
	}
	r.tables = append(r.tables, t)
	return nil
}

// tries of a count: threads make it vary a little, and the lowest is what has
// to be.
const tries = 3

// instructions counts those in user mode, by the processor's own counter or,
// where it has none for us, by an emulator; and says which.
func instructions(p program) (n int64, how string, err error) {
	for _, way := range []struct {
		tool, how string
		args      []string
		env       []string
		pattern   *regexp.Regexp
	}{
		{
			"perf", "Instructions in user mode, by `perf stat`.",
			[]string{"perf", "stat", "-x,", "-e", "instructions:u", "--"},
			nil, regexp.MustCompile(`(?m)^(\d+),`),
		},
		{
			// Callgrind can't follow Go's signals for preemption. A run is over
			// before the first.
			"valgrind", "Instructions in user mode, by `valgrind --tool=callgrind` with `GODEBUG=asyncpreemptoff=1`: `perf` finds no counter on this machine. Children are not counted.",
			[]string{"valgrind", "--tool=callgrind", "--callgrind-out-file=" + os.DevNull},
			[]string{"GODEBUG=asyncpreemptoff=1"},
			regexp.MustCompile(`Collected : (\d+)`),
		},
	} {
		tool, lookErr := exec.LookPath(way.tool)
		if lookErr != nil {
			continue
		}
		for range tries {
			count, found := countOnce(p, tool, way.args[1:], way.env, way.pattern)
			if found && (n == 0 || count < n) {
				n = count
			}
		}
		if n > 0 {
			return n, way.how, nil
		}
	}
	return 0, "", errors.New("neither perf nor valgrind can do it")
}

func countOnce(p program, tool string, args, env []string, pattern *regexp.Regexp) (n int64, found bool) {
	if p.before() != nil {
		return 0, false
	}
	cmd := command(tool, append(args, p.args...)...)
	cmd.Env = append(slices.Clone(p.env), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if cmd.Run() != nil {
		return 0, false
	}
	match := pattern.FindSubmatch(stderr.Bytes())
	if match == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(match[1]), 10, 64)
	return n, err == nil
}

// calls are system calls.
type calls struct {
	all, waiting, threads, sockets int
}

// systemCalls counts those of a program and its children.
func (b bench) systemCalls(p program) (calls, error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return calls{}, errors.New("there is no strace")
	}
	var least calls
	for i := range tries {
		if err := p.before(); err != nil {
			return calls{}, err
		}
		log := filepath.Join(b.scratch, "strace")
		cmd := command(strace, append([]string{"-f", "-c", "-o", log}, p.args...)...)
		cmd.Env = p.env
		if err := cmd.Run(); err != nil {
			return calls{}, fmt.Errorf("strace: %w", err)
		}
		text, err := os.ReadFile(log)
		if err != nil {
			return calls{}, err
		}
		if c := readStrace(string(text)); i == 0 || c.all-c.waiting < least.all-least.waiting {
			least = c
		}
	}
	return least, nil
}

// readStrace reads strace's summary: a line a call, with its count in the
// fourth column and its name in the last.
func readStrace(text string) calls {
	var c calls
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		n, err := strconv.Atoi(fields[3])
		name := fields[len(fields)-1]
		if err != nil || name == "total" {
			continue
		}
		c.all += n
		switch name {
		case "futex", "nanosleep", "sched_yield":
			c.waiting += n
		case "clone", "clone3":
			c.threads += n
		case "socket", "connect":
			c.sockets += n
		}
	}
	return c
}
