package input

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf16"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/pasted"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// maxTokenFile is the largest size of a token file, in bytes: that of the longest token.
// If a path was set by mistake, no more than that is read.
const maxTokenFile = credential.MaxToken

// stdin is the path that means standard input.
const stdin = "-"

// tokenFile is a setting that names the file with a token.
type tokenFile struct {
	file       string  // ID of the setting
	isOptional bool    // an empty file is an empty token, about which on-missing-token decides
	path       *string // its value; empty: it isn't set
	setting    string  // ID of the setting that is the token itself
	token      *secret.String
}

func (s *Source) readTokens(ctx context.Context, files ...tokenFile) (remarks []fault.Remark, err error) {
	if err := s.checkTokenFiles(files); err != nil {
		return nil, err
	}
	for _, f := range files {
		if *f.path == "" {
			continue
		}
		if s.BeforeWaiting != nil {
			s.BeforeWaiting()
		}
		if *f.token, err = readToken(ctx, f, s.Stdin); err != nil {
			return nil, err
		}
		text, removed := pasted.Clean(f.token.Reveal())
		*f.token = secret.New(text)
		remarks = append(remarks, removedFrom(inSentence(f.setting), text, removed)...)
		switch {
		case text != "":
		case f.isOptional:
			remarks = append(remarks, fault.Noticef("the file that %s names is empty", f.file))
		default:
			return nil, fault.New(fault.TokenFile, "the file that "+f.file+" names is empty",
				"write the token to the file, or leave out "+f.file)
		}
		if s.othersCanRead(*f.path) {
			remarks = append(remarks, fault.Warn(fault.New(fault.TokenFileOpen, "other users of this machine can read the file that "+f.file+" names",
				"make it readable for its owner only: chmod 600")))
		}
	}
	return remarks, nil
}

// checkTokenFiles returns a fault if it isn't clear which value counts, before anything
// is read.
func (s *Source) checkTokenFiles(files []tokenFile) error {
	var set []tokenFile
	for _, f := range files {
		if *f.path != "" && !f.token.IsEmpty() {
			return fault.New(fault.TokenFile, "both "+f.setting+" and "+f.file+" are set", "set only one of them")
		}
		for _, other := range set {
			if s.areOneStream(*f.path, *other.path) {
				return fault.New(fault.TokenFile, other.file+" and "+f.file+" are the same stream, which can be read only once",
					"name a file in one of them")
			}
		}
		set = append(set, f)
	}
	return nil
}

// areOneStream reports whether two paths lead to the same pipe or terminal, or both to
// standard input, for which systems have names of their own, such as /dev/stdin. A file
// can be read twice.
func (s *Source) areOneStream(a, b string) bool {
	if a == stdin && b == stdin {
		return true
	}
	first, err := s.info(a)
	second, otherErr := s.info(b)
	return err == nil && otherErr == nil && os.SameFile(first, second) && (!first.Mode().IsRegular() || a == stdin || b == stdin)
}

func (s *Source) info(path string) (fs.FileInfo, error) {
	if path != stdin {
		return os.Stat(path)
	}
	file, _ := s.Stdin.(*os.File) // nil, which has no information, for any other stream
	return file.Stat()
}

// readToken reads a token from a file, or from standard input. Both may be pipes that
// never end, so the end of ctx ends it.
func readToken(ctx context.Context, f tokenFile, input io.Reader) (secret.String, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := readAtMost(*f.path, input, maxTokenFile+1)
		done <- result{text, err}
	}()
	var r result
	select {
	case <-ctx.Done():
		return secret.String{}, context.Cause(ctx)
	case r = <-done:
	}
	text, isText := decodeText(r.text)
	// A line break at the end is part of the file, not of the token.
	token := secret.New(strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"))
	switch {
	case r.err != nil:
		return token, fault.New(fault.TokenFile, "can't read "+f.file+": "+fault.Reason(r.err),
			"check the path and its permissions, or use - for standard input")
	case len(r.text) > maxTokenFile:
		return token, fault.New(fault.TokenFile, fmt.Sprintf("%s is larger than %d KiB", f.file, maxTokenFile>>10),
			"set "+f.file+" to a file that contains the token and nothing else")
	case !isText:
		return token, fault.New(fault.TokenFile, f.file+" isn't a text file in UTF-8: it contains NUL bytes",
			"write the file in UTF-8; in PowerShell, with Set-Content -Encoding utf8")
	}
	return token, nil
}

func readAtMost(path string, input io.Reader, limit int64) ([]byte, error) {
	if path == stdin {
		return io.ReadAll(io.LimitReader(input, limit))
	}
	return readFile(path, limit)
}

func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}

// decodeText returns the text of a file in UTF-8, or in UTF-16 with a byte-order
// mark, as PowerShell 5 writes it. It reports whether the text has no NUL bytes, as
// UTF-16 without a mark and binary files have.
func decodeText(content []byte) (text string, isText bool) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte{0xFF, 0xFE}):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	default:
		return string(content), !bytes.Contains(content, []byte{0})
	}
	var units []uint16
	for rest := content[2:]; len(rest) >= 2; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	text = string(utf16.Decode(units))
	return text, !strings.Contains(text, "\x00")
}
