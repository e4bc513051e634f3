// Package fault describes what went wrong and what to do about it.
//
// Wording: one line, lower case, without a full stop, that says what is wrong
// and where; then hints, each of them a next action. A fault contains no secret. It
// quotes no setting that hasn't been parsed, since that may be a secret in the wrong
// place.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Exit codes of the program.
const (
	ExitDone        = 0   // done, also skipped or warned
	ExitInternal    = 1   // internal error
	ExitInput       = 2   // wrong setting
	ExitHost        = 3   // the CI host can't accept the results
	ExitRefused     = 4   // Bitbucket refuses the credential
	ExitUnavailable = 5   // Bitbucket can't be reached
	ExitIncomplete  = 6   // the mirror left some refs alone
	ExitHungUp      = 129 // SIGHUP
	ExitInterrupted = 130 // SIGINT
	ExitQuit        = 131 // SIGQUIT
	ExitTerminated  = 143 // SIGTERM
)

// Code identifies a fault: a code never changes its meaning. It is also the anchor
// of its row in docs/troubleshooting.md.
type Code struct {
	ID   string // "BBA101"
	Exit int    // the exit code of a run that ends with it
}

// Page returns the address of the code's row in docs/troubleshooting.md, in the version
// that runs. A build that isn't a release (scripts/release/check) has that of main.
func (c Code) Page(version string) string {
	if !strings.HasPrefix(version, "v") || strings.Trim(version, "v.-rc0123456789") != "" || strings.Count(version, "-") > 1 {
		version = "main"
	}
	return "https://github.com/seed-e1d06701/bitbucket-auth/blob/" + version + "/docs/troubleshooting.md#" + strings.ToLower(c.ID)
}

// IsSignal reports whether a signal ended the run.
func (c Code) IsSignal() bool { return c.Exit > 128 }

// Fault is one thing that is wrong. It is an error; reported as a warning it
// doesn't end the run.
type Fault struct {
	Code  Code
	What  string   // one line: what is wrong, and where
	Hints []string // next actions
}

// New returns a fault.
func New(code Code, what string, hints ...string) *Fault {
	return &Fault{Code: code, What: what, Hints: hints}
}

// Newf is [New] with a format, and without hints.
func Newf(code Code, format string, args ...any) *Fault {
	return New(code, fmt.Sprintf(format, args...))
}

// Hint adds a next action.
func (f *Fault) Hint(hints ...string) *Fault {
	f.Hints = append(f.Hints, hints...)
	return f
}

// Error returns the line, followed by the code.
func (f *Fault) Error() string {
	if f.Code.ID == "" {
		return f.What
	}
	return f.What + " (" + f.Code.ID + ")"
}

// From returns err as a fault. Any other error is an internal one, and isn't
// quoted: errors of libraries may contain the input that caused them.
func From(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return Internal()
}

// Internal returns the fault for a bug in this program.
func Internal() *Fault {
	return New(Unexpected, "internal error in bitbucket-auth",
		"this is a bug: report it with the version and the names of the settings, without their values")
}

// Level says how important a message is.
type Level int

// The levels, in rising order.
const (
	Info Level = iota // in the log only
	Notice
	Warning
	Error
)

// String returns the level's name in messages.
func (l Level) String() string {
	return [...]string{"info", "notice", "warning", "error"}[l]
}

// Remark is a fault, or something worth knowing, reported at a level.
type Remark struct {
	Level Level
	*Fault
}

// Infof returns a line for the log.
func Infof(format string, args ...any) Remark {
	return Remark{Level: Info, Fault: Newf(Code{}, format, args...)}
}

// Noticef returns a notice. It has no code, since nothing is wrong.
func Noticef(format string, args ...any) Remark {
	return Remark{Level: Notice, Fault: Newf(Code{}, format, args...)}
}

// Warn returns a fault as a warning.
func Warn(f *Fault) Remark {
	return Remark{Level: Warning, Fault: f}
}

// Reason returns the reason why a file operation failed, without the path that the
// error contains: a secret may have been set instead of a path.
func Reason(err error) string {
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	return "input/output error"
}
