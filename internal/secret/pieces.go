package secret

import (
	"slices"

	"github.com/seed-e1d06701/bitbucket-auth/internal/charset"
)

// minPiece is the length of the shortest piece of a token that counts as a leak, in
// bytes.
const minPiece = 8

// Pieces recognises texts that contain a piece of a token: in plain text, in base64 or
// hexadecimal digits, and backwards. A mask hides a complete token, but no piece of it.
type Pieces struct {
	windows map[[minPiece]byte]bool // all pieces of this length, also backwards
}

// NewPieces accepts tokens without the parts that all tokens of their kind have in
// common.
func NewPieces(tokens ...String) Pieces {
	p := Pieces{map[[minPiece]byte]bool{}}
	for _, token := range tokens {
		text := []byte(token.Reveal())
		for range 2 {
			for i := range len(text) - minPiece + 1 {
				p.windows[[minPiece]byte(text[i:])] = true
			}
			slices.Reverse(text)
		}
	}
	return p
}

// In reports whether a text contains a piece, plain or encoded. A user name doesn't
// count, nor does the part of base64 of user:token that encodes it.
func (p Pieces) In(text string) bool {
	if len(p.windows) == 0 || len(text) < minPiece {
		return false
	}
	forwards := []byte(text)
	backwards := slices.Clone(forwards)
	slices.Reverse(backwards)
	for _, direction := range [][]byte{forwards, backwards} {
		if p.inPlain(direction) || slices.ContainsFunc(encodings, func(e encoding) bool { return p.inEncoded(direction, e) }) {
			return true
		}
	}
	return false
}

func (p Pieces) inPlain(text []byte) bool {
	for i := range len(text) - minPiece + 1 {
		if p.windows[[minPiece]byte(text[i:])] {
			return true
		}
	}
	return false
}

// inEncoded decodes each run of digits, and looks for pieces in the result.
func (p Pieces) inEncoded(text []byte, e encoding) bool {
	for start := 0; start < len(text); start++ {
		end := start
		for end < len(text) && e.digits[text[end]] >= 0 {
			end++
		}
		if (end-start)*e.bits >= minPiece*8 {
			for _, before := range e.before {
				if p.inPlain(e.decode(text[start:end], before)) {
					return true
				}
			}
		}
		start = end
	}
	return false
}

// encoding writes bytes as digits of some bits each.
type encoding struct {
	digits [256]int // their values; -1: it isn't a digit
	bits   int
	before []int // numbers of bits of an earlier byte that a part of an encoded text can begin with
}

// The encodings: base64 in both alphabets (RFC 4648, 4 and 5), and hexadecimal
// digits in any case.
var encodings = []encoding{
	{digitsOf(charset.Letters+charset.Digits+"+/", "-_"), 6, []int{0, 2, 4, 6}},
	{digitsOf("0123456789abcdef", "ABCDEF"), 4, []int{0, 4}},
}

// digitsOf numbers the digits. The last ones have a second form.
func digitsOf(digits, second string) (values [256]int) {
	for i := range values {
		values[i] = -1
	}
	for i := range len(digits) {
		values[digits[i]] = i
	}
	for i := range len(second) {
		values[second[i]] = len(digits) - len(second) + i
	}
	return values
}

// decode returns the bytes that a text of digits encodes, after some bits that belong
// to an earlier byte.
func (e encoding) decode(text []byte, before int) []byte {
	decoded := make([]byte, 0, len(text)*e.bits/8)
	value, count := uint(0), -before
	for _, digit := range text {
		value = value<<e.bits | uint(e.digits[digit]) //nolint:gosec // a digit, and not negative
		count += e.bits
		if count >= 8 {
			count -= 8
			decoded = append(decoded, byte(value>>count)) //nolint:gosec // the bits above are those of earlier bytes
		}
	}
	return decoded
}
