package hosttest

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
)

// harnessLine matches lines that every version of the engine's dotenv reader reads
// unchanged: without quotes, comments, expansions and spaces.
var harnessLine = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=([A-Za-z0-9_+/=.-]*)$`)

// ReadHarnessFile reads a file of Harness's engine (lite-engine,
// pipeline/runtime/common.go). It is stricter than the engine, which logs a
// whole file that it can't read.
func ReadHarnessFile(text string) ([]Record, error) {
	var records []Record
	for line := range strings.Lines(text) {
		whole := strings.TrimSuffix(line, "\n")
		match := harnessLine.FindStringSubmatch(whole)
		if match == nil || whole == line {
			return records, fmt.Errorf("%w: %q", ErrFormat, line)
		}
		value := match[2]
		if encoded, found := strings.CutPrefix(value, "__B64__"); found {
			decoded, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return records, err
			}
			value = string(decoded)
		}
		records = append(records, Record{match[1], value})
	}
	return records, nil
}
