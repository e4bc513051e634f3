package hosttest

import (
	"fmt"
	"os"
	"strings"
)

// Source reads a file of `export NAME='value'` lines as a POSIX shell does.
// Windows has no shell that could source it.
func Source(_ []string, path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, quoted, _ := strings.Cut(strings.TrimPrefix(line, "export "), "='")
		value, ended := strings.CutSuffix(quoted, "'\n")
		if value = strings.ReplaceAll(value, `'\''`, "\x00"); !ended || strings.Contains(value, "'") {
			return values, fmt.Errorf("%w: %q", ErrFormat, line)
		}
		values[name] = strings.ReplaceAll(value, "\x00", "'")
	}
	return values, nil
}
