package main

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// block is a generated part of a file whose comments begin with #. Its mark and its end
// are comments, indented like the part.
var block = regexp.MustCompile("(?ms)^( *)# ([a-z-]+): written by `make docs`\n(.*?)^ *# end\n")

// blocks generates the parts of a file that are named here, each exactly once. Every
// line of a part is indented like its mark.
func blocks(parts map[string]string) func(fs.FS, string) (string, error) {
	return func(_ fs.FS, text string) (string, error) {
		var errs []error
		found := map[string]int{}
		text = block.ReplaceAllStringFunc(text, func(old string) string {
			match := block.FindStringSubmatch(old)
			indent, name := match[1], match[2]
			found[name]++
			part, known := parts[name]
			if !known {
				errs = append(errs, fmt.Errorf("no part is called %s", name))
				return old
			}
			return fmt.Sprintf("%s# %s: written by `make docs`\n%s%s# end\n", indent, name, indented(part, indent), indent)
		})
		for name := range parts {
			if found[name] != 1 {
				errs = append(errs, fmt.Errorf("the part %s is there %d times", name, found[name]))
			}
		}
		return text, errors.Join(errs...)
	}
}

// indented indents each line that isn't empty.
func indented(text, indent string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString(indent)
		}
		b.WriteString(line)
	}
	return b.String()
}
