package host

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// basic shows remarks on standard error, and can do nothing else. Other
// protocols are built on it.
type basic struct {
	world World
	host  *Definition
}

// Prepare refuses env-file on a host that hands results over without it.
func (b *basic) Prepare(envFile string, _ bool) error {
	if envFile == "" {
		return nil
	}
	return fault.New(fault.SettingRefused, "env-file can't be set on "+b.host.Name+", which hands results to later steps without it",
		"leave out env-file")
}

func (*basic) Mask([]string) error                     { return nil }
func (*basic) HandOver(context.Context, Results) error { return fault.Internal() }
func (*basic) Summarize(string) error                  { return nil }
func (*basic) SayExit(int)                             {}
func (*basic) Finish() error                           { return nil }

// Say writes to standard error. Other hosts fall back to it if standard output can't be
// written: no remark contains a secret.
func (b *basic) Say(remark fault.Remark) {
	// If standard error is closed, there is nowhere to report that.
	_, _ = fmt.Fprintf(b.world.Stderr, "%s: %s\n", remark.Level, strings.Join(b.world.lines(remark), "\n"))
}

// nowhere is the protocol if no host is found.
type nowhere struct{ basic }

func (nowhere) start(b basic) Protocol { return &nowhere{b} }

// Prepare refuses env-file. Only the mirror runs without a host.
func (*nowhere) Prepare(envFile string, _ bool) error {
	if envFile == "" {
		return nil
	}
	return fault.New(fault.SettingRefused, "env-file can't be set without a CI host: the results are in the log only",
		"leave out env-file, or name the host in "+hostVariable)
}

// shellExports hands results to a shell that evaluates the standard output:
//
//	eval "$(bitbucket-auth --shell)"
type shellExports struct{ basic }

func (shellExports) start(b basic) Protocol { return &shellExports{b} }

// Prepare refuses env-file: the shell itself receives the results.
func (*shellExports) Prepare(envFile string, _ bool) error {
	if envFile == "" {
		return nil
	}
	return fault.New(fault.SettingRefused, "env-file can't be set in a shell, which receives the results without it",
		"leave out env-file")
}

// HandOver prints an export line for every variable, in one write.
func (s *shellExports) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	if err := s.world.startWriting(ctx); err != nil {
		return err
	}
	return s.world.writeStdout(exports(s.world, results.Variables))
}

// SayExit makes the surrounding eval fail with the same exit code.
func (s *shellExports) SayExit(code int) { _, _ = fmt.Fprintf(s.world.Stdout, "(exit %d)\n", code) }
