package host

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// screen shows remarks on standard error, and takes no results. It is what is
// left where no host is found.
type screen struct {
	world World
}

func (*screen) Name() string        { return "the screen" }
func (*screen) Event() Event        { return Event{} }
func (*screen) Mask([]string) error { return nil } // a screen has no masks

// A screen has no outputs, and no page for a summary.
func (*screen) HasOutputs() bool       { return false }
func (*screen) Summarize(string) error { return nil }

func (*screen) SettingNames(id string) []string { return ownNames(id) }
func (*screen) SettingCalled(id string) string  { return ownNames(id)[0] }
func (*screen) InputsOnly() bool                { return false }

// UseFile refuses: what is printed takes the results.
func (*screen) UseFile(path string) error { return noFile("a shell", path) }

func (s *screen) Say(remark fault.Remark) {
	shown := lines(remark)
	// Where standard error is closed, nobody is left to be told.
	_, _ = fmt.Fprintf(s.world.Stderr, "%s: %s\n", remark.Level, strings.Join(shown, "\n"))
}

func (s *screen) HandOver(context.Context, Results) error {
	return fault.Internal()
}

func (s *screen) Fail(f *fault.Fault) {
	s.Say(fault.Remark{Level: fault.Error, Fault: f})
}

// shell hands results to a shell that evaluates what stands on standard output:
//
//	eval "$(bitbucket-auth --shell)"
type shell struct {
	screen
}

func (*shell) Name() string { return "a shell" }

// HandOver prints an export line for every variable, in one write.
func (s *shell) HandOver(ctx context.Context, results Results) error {
	if err := results.check(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, err := io.WriteString(s.world.Stdout, exports(withoutPipelinesOwn(s.world, results.Variables))); err != nil {
		return streamFault(err)
	}
	return nil
}

// Fail makes the surrounding eval fail with the same exit code.
func (s *shell) Fail(f *fault.Fault) {
	_, _ = fmt.Fprintf(s.world.Stdout, "(exit %d)\n", f.Code.Exit)
	s.screen.Fail(f)
}

// exports is values as lines for a shell to evaluate or to source.
func exports(values []Value) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "export %s=%s\n", underscored(v.Name), shellQuoted(v.Text.Reveal()))
	}
	return b.String()
}

// shellQuoted is text in single quotes, in which POSIX shells expand nothing
// (XCU 2.2.2).
func shellQuoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// underscored is an id as part of a variable's name.
func underscored(id string) string {
	return strings.ToUpper(secret.Underscored(id))
}

func streamFault(err error) *fault.Fault {
	return fault.New(fault.OutputStream, "standard output can't be written: "+fault.Reason(err),
		"check what reads the output of this step, and the disk space of the runner")
}
