package host

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// basic is a host that shows remarks on standard error, and can do nothing else.
// It is the fallback if no host is found, and the base of other hosts.
type basic struct {
	world World
}

func (*basic) Name() string                    { return "no CI host" }
func (*basic) SettingNames(id string) []string { return ownNames(id) }
func (*basic) SettingCalled(id string) string  { return ownNames(id)[0] }
func (*basic) InputsOnly() bool                { return false }
func (*basic) EmptyTokenHints() []string       { return nil }
func (*basic) Event() Event                    { return Event{} }
func (*basic) HasOutputs() bool                { return false }

// Prepare refuses env-file: results aren't written to a file.
func (*basic) Prepare(envFile string, _ bool) error { return refuseEnvFile("a shell", envFile) }
func (*basic) Mask([]string) error                  { return nil }
func (*basic) Summarize(string) error               { return nil }

// Say uses standard error. On a host that shows remarks on standard output, that is
// what is left when standard output is gone: no remark holds a secret.
func (b *basic) Say(remark fault.Remark) {
	// If standard error is closed, there is nowhere to report that.
	_, _ = fmt.Fprintf(b.world.Stderr, "%s: %s\n", remark.Level, strings.Join(lines(remark), "\n"))
}

func (*basic) HandOver(context.Context, Results) error { return fault.Internal() }

func (b *basic) Fail(f *fault.Fault) {
	b.Say(fault.Remark{Level: fault.Error, Fault: f})
}

// shell hands results to a shell that evaluates the standard output:
//
//	eval "$(bitbucket-auth --shell)"
type shell struct {
	basic
}

func (*shell) Name() string { return "a shell" }

func (*shell) EmptyTokenHints() []string {
	return []string{
		"set " + ownNames("token")[0] + " and export it: a program doesn't see a variable that isn't exported",
		"or name a file that holds the token in " + ownNames("token-file")[0],
	}
}

// HandOver prints an export line for every variable, in one write.
func (s *shell) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	if err := s.world.startWriting(ctx); err != nil {
		return err
	}
	return s.world.writeStdout(exports(s.world, results.Variables))
}

// Fail makes the surrounding eval fail with the same exit code.
func (s *shell) Fail(f *fault.Fault) {
	_, _ = fmt.Fprintf(s.world.Stdout, "(exit %d)\n", f.Code.Exit)
	s.basic.Fail(f)
}
