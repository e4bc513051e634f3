package hosttest

import (
	"fmt"
	"regexp"
	"strings"
)

var exportStart = regexp.MustCompile(`^export ([A-Za-z_][A-Za-z0-9_]*)=`)

// ReadExports reads lines of the form export NAME='value' as a POSIX shell does
// (XCU 2.2), and refuses whatever a shell could act on in any other way. It is
// for tests that can't start a shell for every value; Source starts one.
func ReadExports(text string) ([]Record, error) {
	var records []Record
	for text != "" {
		start := exportStart.FindStringSubmatch(text)
		if start == nil {
			return records, fmt.Errorf("%w: %q", ErrFormat, text)
		}
		value, rest, err := readWord(text[len(start[0]):])
		if err != nil {
			return records, err
		}
		records = append(records, Record{start[1], value})
		text = rest
	}
	return records, nil
}

// readWord reads single-quoted pieces and quoted single quotes, up to the end
// of the line.
func readWord(text string) (value, rest string, err error) {
	for {
		switch {
		case strings.HasPrefix(text, "\n"):
			return value, text[1:], nil
		case strings.HasPrefix(text, `\'`):
			value, text = value+"'", text[2:]
		case strings.HasPrefix(text, "'"):
			piece, after, ended := strings.Cut(text[1:], "'")
			if !ended {
				return "", "", ErrEOF
			}
			value, text = value+piece, after
		default:
			return "", "", fmt.Errorf("%w: %q", ErrFormat, text)
		}
	}
}
