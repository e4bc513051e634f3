package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// report is everything that was measured.
type report struct {
	machine machine
	offline []racer   // how the offline run and its yardsticks did
	image   *contents // nil where it could not be built
	tables  []table
}

// racer is a program, and how it did.
type racer struct {
	program program
	laps    laps
}

// table is a part of the report.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string // below the table, a paragraph each
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) note(format string, values ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, values...))
}

// text is the report for a terminal.
func (r report) text() string {
	var b strings.Builder
	for _, t := range append([]table{r.machine.table()}, r.tables...) {
		fmt.Fprintf(&b, "\n%s\n\n", strings.ToUpper(t.title))
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, row := range append([][]string{t.head}, t.rows...) {
			_, _ = fmt.Fprintln(w, plain.Replace(strings.Join(row, "\t")))
		}
		_ = w.Flush()
		for _, note := range t.notes {
			fmt.Fprintf(&b, "%s\n", plain.Replace(note))
		}
	}
	return b.String()
}

// plain takes Markdown's marks away.
var plain = strings.NewReplacer("`", "", "**", "")

// markdown is the report for the document.
func (r report) markdown() string {
	var b strings.Builder
	for _, t := range append([]table{r.machine.table()}, r.tables...) {
		fmt.Fprintf(&b, "\n### %s\n\n", t.title)
		line := make([]string, len(t.head))
		for i := range line {
			line[i] = "---"
		}
		for _, row := range append([][]string{t.head, line}, t.rows...) {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
		for _, note := range t.notes {
			fmt.Fprintf(&b, "\n%s\n", note)
		}
	}
	return b.String()
}

// The part of the document that is written by this program. Around it, people
// write.
const (
	partBegins = "<!-- measured: written by `make bench` -->\n"
	partEnds   = "<!-- end -->\n"
)

// write puts the report into the document.
func (r report) write(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = []byte("# Benchmarks\n\n"+partBegins+partEnds), nil
	}
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), partBegins)
	_, after, ends := strings.Cut(rest, partEnds)
	if !begins || !ends {
		return fmt.Errorf("%s has no part to write between %q and %q", path, partBegins, partEnds)
	}
	return os.WriteFile(path, []byte(before+partBegins+r.markdown()+"\n"+partEnds+after), 0o644) //nolint:gosec // a document
}

// How figures are written.

func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms >= 100 {
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}

func mebibytes(bytes int) string { return fmt.Sprintf("%.2f MiB", float64(bytes)/(1<<20)) }

// thousands is a number with commas.
func thousands(n int64) string {
	digits := fmt.Sprint(n)
	for at := utf8.RuneCountInString(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

func (r ratio) String() string {
	digits := 2
	if r.median < 0.1 {
		digits = 3
	}
	return fmt.Sprintf("%.*f (%.*f to %.*f)", digits, r.median, digits, r.low, digits, r.high)
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "**not met**"
}
