package main

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// growthRounds are enough to see which way it goes.
const growthRounds = 40

// growth measures how a run grows with its token, and with the calls of a job.
func (b bench) growth(r *report) error {
	if err := b.longTokens(r); err != nil {
		return err
	}
	return b.manyCalls(r)
}

func (b bench) longTokens(r *report) error {
	t := table{title: "Growth with the token", head: []string{"characters", "time", "ratio", "masks", "bytes for the log", "bytes for later steps"}}
	var programs []program
	var rows [][]string
	for _, length := range []int{192, 1_000, 10_000} {
		token := credentialtest.APIToken()
		for len(token) < length {
			token += rand.Text()
		}
		s, err := b.newStep(map[string]string{"token": token[:length], "identity": "dev@example.com", "kind": "api-token"})
		if err != nil {
			return err
		}
		d, err := s.once(b.product)
		if err != nil {
			return err
		}
		p, err := s.program("", b.product)
		if err != nil {
			return err
		}
		programs = append(programs, p)
		rows = append(rows, []string{thousands(int64(length)), "", "", thousands(int64(len(d.masks))), thousands(d.log), thousands(d.handedOver)})
	}
	laps, err := race(growthRounds, programs...)
	if err != nil {
		return err
	}
	t.addGrown(rows, laps)
	t.note("%d rounds in turns; the ratio is to the first line.", growthRounds)
	r.tables = append(r.tables, t)
	return nil
}

// manyCalls measures a job with many calls, each of which sees what the ones
// before it left in the environment.
func (b bench) manyCalls(r *report) error {
	t := table{title: "Growth with the calls of a job", head: []string{"call", "time", "ratio", "masks so far", "`GIT_CONFIG_COUNT`", "bytes of environment"}}
	measured := map[int]bool{1: true, 10: true, 100: true}
	env, masks := map[string]string{}, 0
	var programs []program
	var rows [][]string
	for call := 1; call <= 100; call++ {
		s, err := b.newStep(map[string]string{
			"token": credentialtest.APIToken(), "identity": "dev@example.com", "summary": "false",
			"repository": fmt.Sprintf("workspace/repository-%d", call), "git": "repository", "env-prefix": fmt.Sprintf("CALL_%d", call),
		})
		if err != nil {
			return err
		}
		s.env = env
		if measured[call] {
			p, err := s.program("", b.product)
			if err != nil {
				return err
			}
			programs = append(programs, p)
		}
		d, err := s.once(b.product)
		if err != nil {
			return fmt.Errorf("call %d: %w", call, err)
		}
		masks += len(d.masks)
		next := map[string]string{}
		for name, value := range env {
			next[name] = value
		}
		for _, variable := range d.variables {
			name, value, _ := strings.Cut(variable, "=")
			next[name] = value
		}
		env = next
		if measured[call] {
			rows = append(rows, []string{fmt.Sprint(call), "", "", thousands(int64(masks)), env["GIT_CONFIG_COUNT"], thousands(size(env))})
		}
	}
	laps, err := race(growthRounds, programs...)
	if err != nil {
		return err
	}
	t.addGrown(rows, laps)
	t.note("Each call sets git up for a repository of its own, with a token of its own; %d rounds in turns; the ratio is to the first line.", growthRounds)
	r.tables = append(r.tables, t)
	return nil
}

// addGrown adds rows with the times to their second and third cells.
func (t *table) addGrown(rows [][]string, times []laps) {
	for i, row := range rows {
		row[1], row[2] = milliseconds(times[i].wall()), "1"
		if i > 0 {
			row[2] = times[i].over(times[0]).String()
		}
		t.add(row...)
	}
}

// size is how many bytes variables take in a process's environment.
func size(env map[string]string) int64 {
	n := 0
	for name, value := range env {
		n += len(name) + len("=") + len(value) + len("\x00")
	}
	return int64(n)
}
