package secret

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
)

// minPiece is the length of the shortest piece of a token that counts as a leak, in
// bytes.
const minPiece = 8

// Pieces recognises texts that contain a piece of a token: in plain text, in base64 or
// hexadecimal digits, and backwards. A mask hides a complete token, but no piece of it.
type Pieces struct {
	windows map[uint64]bool // all pieces of this length, also backwards
	filter  []uint64        // has the bits of the hashes of all windows
	shift   int             // of a hash, to get the number of its bit
}

// bitsPerWindow is the size of the filter: about one in so many texts passes it that
// isn't a piece.
const bitsPerWindow = 32

// NewPieces accepts tokens without the parts that all tokens of their kind have in
// common.
func NewPieces(tokens ...String) Pieces {
	p := Pieces{windows: map[uint64]bool{}}
	for _, token := range tokens {
		text := []byte(token.Reveal())
		for range 2 {
			for i := range len(text) - minPiece + 1 {
				p.windows[binary.BigEndian.Uint64(text[i:])] = true
			}
			slices.Reverse(text)
		}
	}
	size := bits.Len(uint(len(p.windows) * bitsPerWindow))
	p.filter, p.shift = make([]uint64, 1<<size/64), 64-size
	for window := range p.windows {
		bit := window * hashFactor >> p.shift
		p.filter[bit/64] |= 1 << (bit % 64)
	}
	return p
}

// hashFactor makes a hash of a window, whose first bits count (Knuth, The Art of
// Computer Programming, 6.4: Fibonacci hashing).
const hashFactor = 0x9E3779B97F4A7C15

// In reports whether a text contains a piece, plain or encoded. A user name doesn't
// count, nor does the part of base64 of user:token that encodes it.
func (p Pieces) In(text string) bool {
	if len(p.windows) == 0 {
		return false
	}
	for i := range encodings {
		if p.inDigits(text, &encodings[i], 0, 1) || p.inDigits(text, &encodings[i], len(text)-1, -1) {
			return true
		}
	}
	return false
}

// inDigits looks for pieces in what runs of digits encode, from a place on in one
// direction. A run can begin with any number of bits of an earlier byte, so that a piece
// can end within a digit. A server can list hundreds of thousands of long names: this
// calls no functions and makes no copies.
func (p Pieces) inDigits(text string, e *encoding, start, direction int) bool {
	window, count := uint64(0), 0 // the last bits of a run, and how many it has
	filter, shift, last := p.filter, p.shift&63, e.bits-e.step
	for at := start; at >= 0 && at < len(text); at += direction {
		value := e.digits[text[at]]
		if value < 0 {
			count = 0
			continue
		}
		for rest := last; rest >= 0; rest -= e.step {
			shifted := window<<((e.bits-rest)&63) | uint64(value)>>(rest&63)
			count += e.step
			bit := shifted * hashFactor >> shift
			if count >= minPiece*8 && filter[bit/64]>>(bit%64)&1 != 0 && p.windows[shifted] {
				return true
			}
		}
		window = window<<(e.bits&63) | uint64(value)
	}
	return false
}

// encoding writes bytes as digits of some bits each.
type encoding struct {
	digits [256]int16 // their values; -1: it isn't a digit
	bits   int
	step   int // from one place where a byte can end to the next, in bits
}

// The encodings: none, base64 in both alphabets (RFC 4648, 4 and 5), and hexadecimal
// digits in any case.
var encodings = []encoding{
	{plainBytes(), 8, 8},
	{digitsOf(charset.Letters+charset.Digits+"+/", "-_"), 6, 2},
	{digitsOf("0123456789abcdef", "ABCDEF"), 4, 4},
}

// plainBytes are digits with their own values.
func plainBytes() (values [256]int16) {
	for i := range values {
		values[i] = int16(i)
	}
	return values
}

// digitsOf numbers the digits. The last ones have a second form.
func digitsOf(digits, second string) (values [256]int16) {
	for i := range values {
		values[i] = -1
	}
	for i := range len(digits) {
		values[digits[i]] = int16(i) //nolint:gosec // at most 63
	}
	for i := range len(second) {
		values[second[i]] = int16(len(digits) - len(second) + i) //nolint:gosec // at most 63
	}
	return values
}
