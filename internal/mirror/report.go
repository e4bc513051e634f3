package mirror

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// Count returns how many refs had an action.
func (p *Plan) Count(action Action) int {
	n := 0
	for _, c := range p.changes {
		if c.Action == action {
			n++
		}
	}
	return n
}

// Changed reports whether anything is different in Bitbucket after the run.
func (p *Plan) Changed() bool {
	return p.Pending() > 0 || p.mainSet
}

// Refused returns the refs that are left alone.
func (p *Plan) Refused() []Change {
	return slices.DeleteFunc(p.Changes(), func(c Change) bool { return c.Action != Refused })
}

// Causes returns why refs are left alone, in a fixed order, each once.
func (p *Plan) Causes() []Cause {
	var causes []Cause
	for _, c := range p.changes {
		if c.Action == Refused && !slices.Contains(causes, c.Cause) {
			causes = append(causes, c.Cause)
		}
	}
	slices.Sort(causes)
	return causes
}

// RefusedFirst returns all changes, beginning with the refs that are left alone.
func (p *Plan) RefusedFirst() []Change {
	others := slices.DeleteFunc(p.Changes(), func(c Change) bool { return c.Action == Refused })
	return append(p.Refused(), others...)
}

// maxJSON is how long the JSON of all changes may be, in bytes: all outputs of a
// job on GitHub together are limited to 1 MiB, counted in UTF-16.
const maxJSON = 400_000

// JSON returns the list of changes as one line of ASCII. If that would be too
// long, refs that were left alone come first, and omitted counts those that don't
// fit.
func (p *Plan) JSON() (text string, omitted int) {
	if whole := encode(p.Changes()); len(whole) <= maxJSON {
		return whole, 0
	}
	ordered := p.RefusedFirst()
	var b strings.Builder
	b.WriteByte('[')
	for i, c := range ordered {
		item := strings.Trim(encode([]Change{c}), "[]")
		if b.Len()+len(item)+2 > maxJSON {
			omitted = len(ordered) - i
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(item)
	}
	b.WriteByte(']')
	return b.String(), omitted
}

// encode writes JSON whose strings can be printed and pasted: nothing in them is a
// command to a runner or a shell, or outside ASCII.
func encode(changes []Change) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, c := range changes {
		if i > 0 {
			b.WriteByte(',')
		}
		for _, member := range [][2]string{
			{`{"ref":"`, c.Ref},
			{`","action":"`, string(c.Action)},
			{`","old":"`, c.Old},
			{`","new":"`, c.New},
			{`","reason":"`, c.Reason},
		} {
			b.WriteString(member[0])
			escape(&b, member[1])
		}
		b.WriteString(`"}`)
	}
	b.WriteByte(']')
	return b.String()
}

// harmless are the characters that no runner or shell gives a meaning.
const harmless = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._/:,-"

// escape writes the characters of a JSON string (RFC 8259, 7).
func escape(b *strings.Builder, text string) {
	for _, r := range text {
		switch {
		case strings.ContainsRune(harmless, r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(b, `\u%04x`, r)
		}
	}
}
