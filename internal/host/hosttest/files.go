// Package hosttest models what CI hosts do with a step's output: how they read
// its files, and what their logs show of it. It is written by the hosts'
// sources and documents, independently of package host, which it tests.
package hosttest

import (
	"errors"
	"strings"
)

// Record is one value out of a command file.
type Record struct {
	Name, Value string
}

// The runner's complaints about a command file.
var (
	ErrFormat    = errors.New("invalid format")
	ErrDelimiter = errors.New("matching delimiter not found")
	ErrEOF       = errors.New("EOF marker missing new line")
	ErrName      = errors.New("name and delimiter must not be empty")
)

// ReadGitHubFile reads an output or environment file as GitHub's runner does on
// Linux (actions/runner, FileCommandManager.cs, EnvFileKeyValuePairs). Records
// before an error are applied, and so returned.
func ReadGitHubFile(text string) ([]Record, error) {
	var records []Record
	text = strings.TrimPrefix(text, "\ufeff")
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		if line == "" {
			continue
		}
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			if equals == 0 {
				return records, ErrName
			}
			records = append(records, Record{line[:equals], line[equals+1:]})
		case heredoc >= 0:
			name, delimiter := line[:heredoc], line[heredoc+2:]
			if name == "" || delimiter == "" {
				return records, ErrName
			}
			value, rest, err := readHeredoc(text, delimiter)
			if err != nil {
				return records, err
			}
			records = append(records, Record{name, value})
			text = rest
		default:
			return records, ErrFormat
		}
	}
	return records, nil
}

func readHeredoc(text, delimiter string) (value, rest string, err error) {
	var lines []string
	for text != "" {
		line, after, ended := strings.Cut(text, "\n")
		if line == delimiter {
			return strings.Join(lines, "\n"), after, nil
		}
		if !ended {
			return "", "", ErrEOF
		}
		lines = append(lines, line)
		text = after
	}
	return "", "", ErrDelimiter
}

// ReadActFile reads the same file as act, and Forgejo's runner which comes from
// it, do (nektos/act, parse_env_file.go): by lines, a blank one is an error, a
// CR at a line's end and empty lines at a value's beginning are lost.
func ReadActFile(text string) ([]Record, error) {
	var records []Record
	lines := strings.Split(strings.TrimSuffix(strings.TrimPrefix(text, "\ufeff"), "\n"), "\n")
	if text == "" {
		return nil, nil
	}
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSuffix(lines[i], "\r")
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			records = append(records, Record{line[:equals], line[equals+1:]})
		case heredoc >= 0:
			value, ended := "", false
			for i++; i < len(lines); i++ {
				next := strings.TrimSuffix(lines[i], "\r")
				if next == line[heredoc+2:] {
					ended = true
					break
				}
				if value != "" {
					value += "\n"
				}
				value += next
			}
			if !ended {
				return records, ErrDelimiter
			}
			records = append(records, Record{line[:heredoc], value})
		default:
			return records, ErrFormat
		}
	}
	return records, nil
}

// ByName is the values of records by name, the last one if a name repeats.
func ByName(records []Record) map[string]string {
	values := map[string]string{}
	for _, r := range records {
		values[r.Name] = r.Value
	}
	return values
}
