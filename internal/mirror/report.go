package mirror

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
	return p.Pending() > 0
}

// Refused returns the refs that are left alone.
func (p *Plan) Refused() []Change {
	return slices.DeleteFunc(p.Changes(), func(c Change) bool { return c.Action != Refused })
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

// encode writes JSON with every character outside ASCII escaped, since not every
// reader of outputs accepts them.
func encode(changes []Change) string {
	if changes == nil {
		return "[]"
	}
	text, err := json.Marshal(changes)
	if err != nil {
		return "[]" // strings always encode
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff: // as a pair of surrogates (RFC 8259, 7)
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
