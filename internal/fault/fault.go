// Package fault says what is wrong, and what to do about it.
//
// Wording: one line, lower case, no full stop, that says what is wrong and
// where; then hints, each a next action. Nothing in it is secret, and no input
// is echoed before it has been understood, since a secret may stand in the
// wrong place.
package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Exit codes of the program.
const (
	ExitDone        = 0   // done, also skipped or warned
	ExitInternal    = 1   // a fault of our own
	ExitInput       = 2   // a wrong input
	ExitHost        = 3   // the CI host can't take the result
	ExitRefused     = 4   // Bitbucket refuses the credential
	ExitUnavailable = 5   // Bitbucket can't be asked
	ExitIncomplete  = 6   // the mirror left some refs alone
	ExitInterrupted = 130 // SIGINT
	ExitTerminated  = 143 // SIGTERM
)

// Code names a fault for good: a code is never given another meaning. It is
// also the anchor of its section in docs/troubleshooting.md.
type Code struct {
	ID   string // "BBA101"
	Exit int    // the exit code of a run that ends with it
}

// Fault is one thing that is wrong. It is an error; as a warning it is told
// but does not end the run.
type Fault struct {
	Code  Code
	What  string   // one line: what is wrong, and where
	Hints []string // next actions
}

// New makes a fault of a code, what is wrong, and hints.
func New(code Code, what string, hints ...string) *Fault {
	return &Fault{Code: code, What: what, Hints: hints}
}

// Newf is New with what formatted, and no hints.
func Newf(code Code, format string, args ...any) *Fault {
	return New(code, fmt.Sprintf(format, args...))
}

// Hint adds a next action.
func (f *Fault) Hint(hints ...string) *Fault {
	f.Hints = append(f.Hints, hints...)
	return f
}

// Error is the one line, with the code behind it.
func (f *Fault) Error() string {
	if f.Code.ID == "" {
		return f.What
	}
	return f.What + " (" + f.Code.ID + ")"
}

// From returns err as a fault. An error that is none is a fault of our own,
// and is not quoted: errors of libraries may hold what they choked on.
func From(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return Internal()
}

// Internal is a fault of our own.
func Internal() *Fault {
	return New(Unexpected, "unexpected failure inside bitbucket-auth",
		"this is a bug: please report it with the version and the settings used, without their values")
}

// Level is how much a message matters.
type Level int

// The levels, in rising order.
const (
	Info Level = iota // for the log alone
	Notice
	Warning
	Error
)

// String is the level's name in messages.
func (l Level) String() string {
	return [...]string{"info", "notice", "warning", "error"}[l]
}

// Remark is a fault, or something worth knowing, told at a level.
type Remark struct {
	Level Level
	*Fault
}

// Infof makes a line for the log.
func Infof(format string, args ...any) Remark {
	return Remark{Level: Info, Fault: Newf(Code{}, format, args...)}
}

// Noticef makes a notice. It has no code, since nothing is wrong.
func Noticef(format string, args ...any) Remark {
	return Remark{Level: Notice, Fault: Newf(Code{}, format, args...)}
}

// Warn tells a fault as a warning.
func Warn(f *Fault) Remark {
	return Remark{Level: Warning, Fault: f}
}

// Reason is why a file operation failed, without the path that its error names:
// a secret may have been given in the path's place.
func Reason(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	return "input/output error"
}
