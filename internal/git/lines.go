package git

import "bytes"

// lineWriter passes on what is written to it line by line, without the ends of lines.
type lineWriter struct {
	use  func(line string)
	rest []byte // of a line that isn't complete yet
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, after, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		w.use(string(line))
		w.rest = after
	}
}
