package host

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// addition is text to append to a file.
type addition struct {
	label   string // what faults call the file: its path may be a secret in the wrong place
	path    string
	text    string // whole lines
	private bool   // also take everybody else's rights from a file that is there
}

// appendAll writes all additions, or none: every file is opened before the
// first is written to, and what was done is taken back where any write fails,
// or ctx ends.
func appendAll(ctx context.Context, additions []addition) (err error) {
	var files []*resultFile
	defer func() {
		for _, f := range files {
			if err != nil {
				f.takeBack()
			}
			_ = f.file.Close() // all of it was synced
		}
	}()
	for _, a := range additions {
		f, err := openResultFile(a)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	for _, f := range files {
		if err := f.write(); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// resultFile is a file that takes secrets.
type resultFile struct {
	addition
	file    *os.File
	before  os.FileInfo // as it was found
	created bool
}

// ownerOnly is the mode of a file with secrets in it.
const ownerOnly = 0o600

// openResultFile creates a file for its owner alone, or opens the one that is
// there. It must be a regular one: a link could lead to a place that others
// read, and opening a pipe or device could block, or show the results.
func openResultFile(a addition) (*resultFile, error) {
	f := &resultFile{addition: a}
	var err error
	f.file, err = os.OpenFile(a.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, ownerOnly)
	if err == nil {
		f.created = true
		if f.before, err = f.file.Stat(); err != nil {
			_ = f.file.Close()
			return nil, f.fault("can't be looked at: " + fault.Reason(err))
		}
		return f, nil
	}
	if !errors.Is(err, os.ErrExist) {
		return nil, f.fault("can't be created: " + fault.Reason(err))
	}
	return f, f.openExisting()
}

func (f *resultFile) openExisting() (err error) {
	named, err := os.Lstat(f.path)
	switch {
	case err != nil:
		return f.fault("can't be looked at: " + fault.Reason(err))
	case named.Mode()&os.ModeSymlink != 0:
		return f.fault("is a symbolic link")
	case !named.Mode().IsRegular():
		return f.fault("is not a regular file")
	}
	if f.file, err = os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|noFollow, 0); err != nil {
		return f.fault("can't be opened: " + fault.Reason(err))
	}
	defer func() {
		if err != nil {
			_ = f.file.Close()
		}
	}()
	// It could have been replaced since it was looked at. Where noFollow is
	// nothing (Windows), only this tells.
	if f.before, err = f.file.Stat(); err != nil || !os.SameFile(named, f.before) {
		return f.fault("was replaced while it was opened")
	}
	if f.private {
		if err = f.file.Chmod(ownerOnly); err != nil {
			return f.fault("can't be kept from others: " + fault.Reason(err))
		}
	}
	return nil
}

func (f *resultFile) fault(what string) error {
	return fault.New(fault.EnvFile, f.label+" "+what,
		"name a regular file that this step may write, or one that doesn't exist yet in a folder that does")
}

// write appends in one go, and has it on the disk before it reports success.
func (f *resultFile) write() error {
	text := f.text
	if f.endsInsideLine() {
		text = "\n" + text
	}
	_, err := f.file.WriteString(text)
	if err == nil {
		err = f.file.Sync()
		if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
			err = nil // some network file systems can't sync
		}
	}
	if err != nil {
		return fault.New(fault.EnvFileWrite, f.label+" can't be written: "+fault.Reason(err),
			"check the disk space of the runner")
	}
	return nil
}

// endsInsideLine tells whether an earlier writer left its last line open. The
// next line would otherwise become part of it.
func (f *resultFile) endsInsideLine() bool {
	last := make([]byte, 1)
	_, err := f.file.ReadAt(last, f.before.Size()-1)
	return err == nil && last[0] != '\n'
}

// takeBack makes the file what it was. Nothing more can be done where that
// fails as well.
func (f *resultFile) takeBack() {
	_ = f.file.Truncate(f.before.Size())
	if f.created {
		if now, err := os.Lstat(f.path); err == nil && os.SameFile(now, f.before) {
			_ = os.Remove(f.path)
		}
		return
	}
	_ = f.file.Chmod(f.before.Mode().Perm())
}
