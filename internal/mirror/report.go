package mirror

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
)

// Count returns how many refs had an action.
func (p *Plan) Count(action Action) int {
	return len(p.refs(action))
}

// Quantity returns the number of refs with an action in words.
func (p *Plan) Quantity(action Action) string { return Quantity(p.refs(action)) }

// Changed reports whether anything is different in Bitbucket after the run.
func (p *Plan) Changed() bool {
	return p.Pending() > 0 || p.mainSet
}

// LeftAlone returns the refs that are left alone.
func (p *Plan) LeftAlone() []Change {
	return slices.DeleteFunc(p.Changes(), func(c Change) bool { return c.Action != LeftAlone })
}

// Causes returns the causes of refs being left alone, in a fixed order, each once.
func (p *Plan) Causes() []Cause {
	var causes []Cause
	for _, c := range p.changes {
		if c.Action == LeftAlone && !slices.Contains(causes, c.Cause) {
			causes = append(causes, c.Cause)
		}
	}
	slices.Sort(causes)
	return causes
}

// LeftAloneFirst returns all changes, beginning with the refs that are left alone.
func (p *Plan) LeftAloneFirst() []Change {
	others := slices.DeleteFunc(p.Changes(), func(c Change) bool { return c.Action == LeftAlone })
	return append(p.LeftAlone(), others...)
}

// maxJSON limits the length of the JSON of all changes, in bytes: all outputs of a job on
// GitHub together are limited to 1 MiB, counted in UTF-16.
const maxJSON = 400_000

// JSON returns the list of changes as one line of ASCII. If that would be too
// long, refs that were left alone come first, and omitted counts those that don't
// fit.
func (p *Plan) JSON() (text string, omitted int) {
	text, omitted = encode(p.Changes())
	if omitted > 0 {
		text, omitted = encode(p.LeftAloneFirst())
	}
	return text, omitted
}

// encode writes JSON with strings that can be printed and pasted: they contain only ASCII,
// and no command for a runner or a shell. It counts the changes that don't fit.
func encode(changes []Change) (text string, omitted int) {
	var b strings.Builder
	b.WriteByte('[')
	for i, c := range changes {
		item := object(c)
		if b.Len()+len(item)+len(",]") > maxJSON {
			omitted = len(changes) - i
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

// object returns a change as a JSON object.
func object(c Change) string {
	var b strings.Builder
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
	return b.String()
}

// harmless are the characters that have no meaning for a runner or a shell.
const harmless = charset.Letters + charset.Digits + " ._/:,-"

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
