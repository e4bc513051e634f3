// Command docs writes the generated parts of the documents and of the action.yml
// files: `go run ./internal/docs`, in the folder of the repository. Its test fails
// if one of them is out of date.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// write brings every file with generated parts up to date.
func write(root string) error {
	for _, d := range documents() {
		path := filepath.Join(root, d.path)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		want, err := d.generate(os.DirFS(root), string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", d.path, err)
		}
		if want == string(text) {
			continue
		}
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil { // which keeps an existing file's mode
			return err
		}
		fmt.Println("updated", d.path)
	}
	return nil
}
