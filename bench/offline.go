package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// Pairs of processes that take milliseconds, and with Node, which takes longer.
const (
	rounds     = 200
	nodeRounds = 60
)

// Budgets of time (DESIGN 9), as ratios to a yardstick.
const (
	budgetGo     = 1.5
	budgetShell  = 1.0
	budgetNode   = 1.0 / 20
	budgetDocker = 1.05
)

// yardstick is what the offline run is measured beside.
type yardstick struct {
	name   string
	args   []string
	rounds int
	budget float64 // 0: none
	label  string
}

// offline measures a run that asks nobody, as most are.
func (b bench) offline(r *report) error {
	s, err := b.newStep(nil)
	if err != nil {
		return err
	}
	if s.inputs, err = documentedSample(); err != nil {
		return err
	}
	t := table{
		title: "The offline run",
		head:  []string{"what", "time", "beside", "its time", "ratio", "budget", "verdict"},
	}
	yardsticks := []yardstick{
		{"a Go program that links net/http, and exits", []string{b.yardstick("links")}, rounds, budgetGo, "at most 1.5"},
		{"a Go program that imports net/http, calls nothing of it, and exits", []string{b.yardstick("imports")}, rounds, 0, ""},
		{"a Go program that exits", []string{b.yardstick("exits")}, rounds, 0, ""},
	}
	if shell, missing := oneliner(); missing == nil {
		yardsticks = append(yardsticks, yardstick{"`bash` with `base64`, as a step's one-liner", shell, rounds, budgetShell, "at most 1"})
	} else {
		t.note("Not measured beside a shell: %v.", missing)
	}
	if node, missing := b.node(); missing == nil {
		yardsticks = append(yardsticks, yardstick{"Node with a bundled `@actions/core`", node, nodeRounds, budgetNode, "at most 0.05: 20 times faster"})
		same, err := b.sameWork(s, node)
		if err != nil {
			return err
		}
		t.note("%s", same)
	} else {
		t.note("Not measured beside Node: %v.", missing)
	}

	own, err := s.program("bitbucket-auth", b.product)
	if err != nil {
		return err
	}
	for i, y := range yardsticks {
		p, err := s.program(y.name, y.args...)
		if err != nil {
			return err
		}
		times, err := race(y.rounds, own, p)
		if err != nil {
			return err
		}
		if i == 0 {
			r.offline = append(r.offline, racer{own, times[0]})
		}
		r.offline = append(r.offline, racer{p, times[1]})
		ratio := times[0].over(times[1])
		budget, met := "", ""
		if y.budget > 0 {
			budget, met = y.label, verdict(ratio.median <= y.budget)
		}
		t.add("offline run", milliseconds(times[0].wall()), y.name, milliseconds(times[1].wall()), ratio.String(), budget, met)
	}
	t.note("Whole processes in pairs, %d of them (with Node %d), in a random order within each, with fresh command files and every input of `action.yml`. Times are medians; the ratio is the median of the pairs' ratios, with their quartiles.", rounds, nodeRounds)
	r.tables = append(r.tables, t)
	return nil
}

func (b bench) yardstick(name string) string { return filepath.Join(b.programs, name) }

// oneliner is how GitHub's runner runs a step of bash.
func oneliner() (args []string, missing error) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		return nil, errors.New("there is no bash here")
	}
	script, err := filepath.Abs("yardsticks/oneliner.sh")
	return []string{bash, "--noprofile", "--norc", "-eo", "pipefail", script}, err
}

// documentedSample is the first sample that the documents show, as inputs.
func documentedSample() (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "internal/credential/testdata/documented.json"))
	if err != nil {
		return nil, err
	}
	var samples []struct{ Token, Identity string }
	if err := json.Unmarshal(text, &samples); err != nil {
		return nil, err
	}
	return map[string]string{"token": samples[0].Token, "identity": samples[0].Identity}, nil
}

// sameWork says how much of this program's work another one does.
func (b bench) sameWork(s step, other []string) (string, error) {
	own, err := s.once(b.product)
	if err != nil {
		return "", err
	}
	their, err := s.once(other...)
	if err != nil {
		return "", err
	}
	shared := func(own, their []string) string {
		both := slices.DeleteFunc(slices.Clone(own), func(one string) bool { return !slices.Contains(their, one) })
		return fmt.Sprintf("%d of %d", len(both), len(own))
	}
	return fmt.Sprintf("Node does the same work but for the summary and all checks: %s masks, %s outputs, %s variables, to the letter.",
		shared(own.masks, their.masks), shared(own.outputs, their.outputs), shared(own.variables, their.variables)), nil
}

// done is what a step did.
type done struct {
	masks              []string
	outputs, variables []string // each as NAME=value
	log, handedOver    int64    // bytes
}

// once runs a program as a step, not measured, and returns what it did.
func (s step) once(args ...string) (done, error) {
	p, err := s.program("", args...)
	if err != nil {
		return done{}, err
	}
	if err := s.fresh(); err != nil {
		return done{}, err
	}
	cmd := command(args[0], args[1:]...)
	cmd.Env = p.env
	stdout, err := cmd.Output()
	if err != nil {
		return done{}, fmt.Errorf("%s: %w", filepath.Base(args[0]), err)
	}
	d := done{log: int64(len(stdout))}
	for line := range strings.Lines(string(stdout)) {
		if mask, found := strings.CutPrefix(line, "::add-mask::"); found {
			d.masks = append(d.masks, strings.TrimSpace(mask))
		}
	}
	for variable, list := range map[string]*[]string{"GITHUB_OUTPUT": &d.outputs, "GITHUB_ENV": &d.variables} {
		text, err := s.file(variable)
		if err != nil {
			return d, err
		}
		records, err := hosttest.ReadGitHubFile(text)
		if err != nil {
			return d, fmt.Errorf("%s: %w", variable, err)
		}
		d.handedOver += int64(len(text))
		for _, record := range records {
			*list = append(*list, record.Name+"="+record.Value)
		}
	}
	return d, nil
}
