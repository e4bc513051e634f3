package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// A file that another one has replaced isn't touched: neither while it is opened, nor when
// what was written is taken back.
func TestAReplacedFileStays(t *testing.T) {
	for _, create := range []bool{false, true} {
		dir := t.TempDir()
		path, other := filepath.Join(dir, "results"), filepath.Join(dir, "other")
		for name, text := range map[string]string{path: "", other: "theirs"} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a := addition{resultFile{path: path, create: create, private: true}, "ours"}
		foreign, err := os.Stat(other)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.accept(foreign, file); err == nil || !strings.Contains(err.Error(), "was replaced") {
			t.Errorf("a file that was replaced before it was opened: %v", err)
		}
		if create {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		f, err := a.open()
		if err != nil {
			t.Fatal(err)
		}
		f.file.Close() // Windows replaces no open file
		if err := os.Rename(other, path); err != nil {
			t.Fatal(err)
		}
		err = f.takeBack()
		if text, readErr := os.ReadFile(path); err == nil || readErr != nil || string(text) != "theirs" {
			t.Errorf("created %v: left with %q, %v, %v", create, text, err, readErr)
		}
	}
}

// Windows neither truncates through a handle for appending nor removes a file that
// is open, so this runs there too; a disk that is full doesn't.
func TestWhatWasWrittenIsTakenBack(t *testing.T) {
	for name, before := range map[string]string{"a file of others' records": "earlier=record\n", "a new file": ""} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "results")
			if before != "" {
				if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f, err := addition{resultFile{path: path, create: true, private: true}, "half a rec"}.open()
			if err != nil {
				t.Fatal(err)
			}
			if err := f.write(); err != nil {
				t.Fatal(err)
			}
			if text, _ := os.ReadFile(path); string(text) != before+"half a rec" {
				t.Fatalf("the file holds %q", text)
			}
			f.file.Close()
			if err := f.takeBack(); err != nil {
				t.Error(err)
			}
			if text, err := os.ReadFile(path); string(text) != before || before == "" && !os.IsNotExist(err) {
				t.Errorf("the file is left with %q, %v", text, err)
			}
		})
	}
}

// If nothing could be written, the file gets its mode back all the same.
func TestTheModeIsTakenBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results")
	if err := os.WriteFile(path, []byte("earlier=record\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := addition{resultFile{path: path, create: true, private: true}, "a record"}.open()
	if err != nil {
		t.Fatal(err)
	}
	f.file.Close()
	if err := f.takeBack(); err != nil {
		t.Error(err)
	}
	if after, err := os.Stat(path); err != nil || after.Mode() != before.Mode() {
		t.Errorf("the mode is %v, was %v, %v", after.Mode(), before.Mode(), err)
	}
}

// Some file systems report a full disk only when a file is closed. An earlier reason counts
// first, and every file is closed.
func TestFaultsOfClosing(t *testing.T) {
	t.Parallel()
	for _, before := range []error{nil, errors.New("an earlier one")} {
		var files []*openFile
		for _, label := range []string{"good", "full", "last"} {
			file, err := os.Create(filepath.Join(t.TempDir(), label))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, &openFile{addition: addition{resultFile: resultFile{label: label, unwritable: fault.EnvFileWrite}}, file: file})
		}
		files[1].file.Close() // a second time, it fails
		err := closeAll(files, before)
		if before != nil && !errors.Is(err, before) || before == nil && (fault.From(err).Code != fault.EnvFileWrite || !strings.HasPrefix(err.Error(), "full can't be written")) {
			t.Errorf("got %v", err)
		}
		if files[2].file.Close() == nil {
			t.Error("the last file wasn't closed")
		}
	}
}
