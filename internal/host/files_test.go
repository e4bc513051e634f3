package host

import (
	"os"
	"path/filepath"
	"testing"
)

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
