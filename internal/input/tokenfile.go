package input

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// maxTokenFile is the most that a token file may hold, in bytes: the longest token,
// and little enough for a path that was set by mistake.
const maxTokenFile = credential.MaxToken

// readToken reads the token from a file, or from standard input for "-". Both
// may be pipes that never end, so it gives up when ctx does.
func readToken(ctx context.Context, path string, stdin io.Reader) (secret.String, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := readAtMost(path, stdin, maxTokenFile+1)
		done <- result{text, err}
	}()
	var r result
	select {
	case <-ctx.Done():
		return secret.String{}, context.Cause(ctx)
	case r = <-done:
	}
	// A line break at the end is part of the file, not of the token.
	token := secret.New(strings.TrimSuffix(strings.TrimSuffix(string(r.text), "\n"), "\r"))
	switch {
	case r.err != nil:
		return token, fault.New(fault.TokenFile, "can't read token-file: "+fault.Reason(r.err),
			"check the path and its permissions, or use - for standard input")
	case len(r.text) > maxTokenFile:
		return token, fault.New(fault.TokenFile, fmt.Sprintf("token-file is larger than %d KiB", maxTokenFile>>10),
			"set token-file to a file that contains the token and nothing else")
	}
	return token, nil
}

func readAtMost(path string, stdin io.Reader, limit int64) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(io.LimitReader(stdin, limit))
	}
	return readFile(path, limit)
}

// readFile reads a file up to a number of bytes.
func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}
