package git

import (
	"strconv"
	"strings"
)

// transferred adds up the sizes in git's progress, whose last line of each part
// is like "Writing objects: 100% (3/3), 1.20 MiB | 3.00 MiB/s, done." Lines of
// the server are not counted.
func transferred(stderr []byte) int64 {
	var sum float64
	for line := range strings.FieldsFuncSeq(string(stderr), func(r rune) bool { return r == '\n' || r == '\r' }) {
		what, rest, ok := strings.Cut(line, ": 100% (")
		if !ok || !strings.HasSuffix(line, "done.") {
			continue
		}
		switch what {
		case "Writing objects", "Receiving objects", "Unpacking objects":
		default:
			continue
		}
		_, size, _ := strings.Cut(rest, "), ")
		number, unit, _ := strings.Cut(size, " ")
		unit, _, _ = strings.Cut(unit, " ")
		value, err := strconv.ParseFloat(number, 64)
		if err == nil {
			sum += value * units[unit]
		}
	}
	return int64(sum)
}

var units = map[string]float64{"byte": 1, "bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
