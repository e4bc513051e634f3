package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// resultFile is a file that receives results: one of the runner's, or env-file.
type resultFile struct {
	label string // its name in faults: the path may be a secret in the wrong place
	path  string

	create  bool // it is created if it doesn't exist
	private bool // it must belong to the running user, and nobody else may read it

	unusable, unwritable fault.Code
	hints                []string // if it can't be used
}

// namedFile returns the file that a variable of the host names. The hints unset are for a
// variable that isn't set.
func (w World) namedFile(variable string, unset ...string) (resultFile, error) {
	path := w.getenv(variable)
	if path == "" {
		return resultFile{}, fault.New(fault.CommandFileName, variable+" is not set, so later steps can't get the results", unset...)
	}
	return resultFile{
		label: "the file that " + variable + " names", path: path,
		unusable: fault.CommandFile, unwritable: fault.CommandWrite,
	}, nil
}

// ownerOnly is the mode of a file with secrets in it.
const ownerOnly = 0o600

// check returns a fault if the file can't receive results, and changes nothing.
func (f resultFile) check() error {
	info, err := os.Lstat(f.path)
	if f.create && errors.Is(err, os.ErrNotExist) {
		folder, err := os.Stat(filepath.Dir(f.path))
		if err != nil || !folder.IsDir() {
			return f.fault("is in a folder that doesn't exist")
		}
		return nil
	}
	if err != nil {
		return f.fault("can't be opened: " + fault.Reason(err))
	}
	return f.checkKind(info)
}

func checkFiles(file func(variable string) (resultFile, error), variables []string) error {
	for _, variable := range variables {
		f, err := file(variable)
		if err == nil {
			err = f.check()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkKind returns a fault for anything but a regular file: a link could lead to a place
// that others read, and opening a pipe or a device could block, or show the results.
func (f resultFile) checkKind(info os.FileInfo) error {
	switch {
	case info.Mode()&os.ModeSymlink != 0:
		return f.fault("is a symbolic link")
	case !info.Mode().IsRegular():
		return f.fault("is not a regular file")
	case f.private && !isOwn(info):
		return f.fault("belongs to another user")
	case f.private && hasOtherNames(info):
		return f.fault("has a second name (a hard link)")
	}
	return nil
}

func (f resultFile) fault(what string) error {
	return fault.New(f.unusable, f.label+" "+what, f.hints...)
}

// addition is text to append to a file.
type addition struct {
	resultFile
	text string // whole lines
}

type openFile struct {
	addition
	file    *os.File
	before  os.FileInfo // as it was found
	created bool
}

func (f addition) open() (*openFile, error) {
	if f.create {
		file, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, ownerOnly)
		if err == nil {
			before, err := file.Stat()
			return &openFile{f, file, before, true}, err
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, f.fault("can't be created: " + fault.Reason(err))
		}
	}
	named, err := os.Lstat(f.path)
	if err != nil {
		return nil, f.fault("can't be opened: " + fault.Reason(err))
	}
	if err := f.checkKind(named); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|noFollow, 0)
	if err != nil {
		return nil, f.fault("can't be opened: " + fault.Reason(err))
	}
	return f.accept(named, file)
}

// accept returns the open file if it is the one that was found by its name before.
func (f addition) accept(named os.FileInfo, file *os.File) (*openFile, error) {
	before, err := file.Stat()
	switch {
	case err != nil || !os.SameFile(named, before):
		err = f.fault("was replaced while it was being opened")
	case f.private:
		if reason := file.Chmod(ownerOnly); reason != nil {
			err = f.fault("can't be closed to other users: " + fault.Reason(reason))
		}
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, err
	}
	return &openFile{f, file, before, false}, nil
}

// write appends the text in a single write.
func (f *openFile) write() error {
	text := f.text
	if f.endsInsideLine() {
		text = "\n" + text
	}
	_, err := f.file.WriteString(text)
	return f.writeFault(err)
}

// writeFault returns the fault for a write that failed, or nil.
func (f *openFile) writeFault(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(f.unwritable, f.label+" can't be written: "+fault.Reason(err),
		"check the disk space of the runner")
}

// endsInsideLine reports whether the last line of the file has no end, so that the next
// one would become part of it. It reads the file's present state, since two variables
// may name the same file.
func (f *openFile) endsInsideLine() bool {
	now, err := f.file.Stat()
	if err != nil {
		return false
	}
	last := make([]byte, 1)
	_, err = f.file.ReadAt(last, now.Size()-1)
	return err == nil && last[0] != '\n'
}

// takeBack restores the file. It opens the file again, since Windows
// neither truncates through a handle for appending nor removes an open file.
func (f *openFile) takeBack() error {
	now, _ := os.Lstat(f.path)
	if !os.SameFile(now, f.before) {
		return errors.New("it was replaced or removed")
	}
	if f.created {
		return os.Remove(f.path)
	}
	if now.Size() == f.before.Size() && now.Mode() == f.before.Mode() {
		return nil
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|noFollow, 0)
	if err != nil {
		return err
	}
	err = file.Truncate(f.before.Size())
	if f.private {
		err = errors.Join(err, file.Chmod(f.before.Mode().Perm()))
	}
	return errors.Join(err, file.Close())
}

// appendAll writes all additions, or none: it opens every file before it writes to the
// first, and restores all of them if anything fails.
func appendAll(ctx context.Context, w World, additions ...addition) error {
	err := w.startWriting(ctx)
	if err != nil {
		return err
	}
	var files []*openFile
	for _, a := range additions {
		var f *openFile
		if f, err = a.open(); err != nil {
			break
		}
		files = append(files, f)
	}
	for _, f := range files {
		if err == nil {
			err = f.write()
		}
	}
	if err = closeAll(files, err); err == nil {
		return nil
	}
	for _, f := range files {
		if left := f.takeBack(); left != nil {
			cause := fault.From(err)
			err = fault.New(cause.Code, cause.What+"; what was written to "+f.label+" can't be taken back: "+fault.Reason(left),
				append(cause.Hints, "remove what this step wrote to "+f.label+": it may contain part of the credential")...)
		}
	}
	return err
}

// closeAll closes files that were written. Some file systems report a full disk only now.
// It returns err, the reason why the writing failed, or else the first fault.
func closeAll(files []*openFile, err error) error {
	for _, f := range files {
		if closeErr := f.writeFault(f.file.Close()); err == nil {
			err = closeErr
		}
	}
	return err
}
