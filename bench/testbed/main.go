// Command testbed serves two Bitbucket repositories on this machine: a source with
// a history of the given size, and a copy of it that lacks the last commit. Or the
// source has a number of small commits, and of branches and tags at them, and the copy
// is empty.
//
//	testbed DIR MIB
//	testbed DIR COMMITSxREFS
//
// It prints how to reach them, as shell variables, and serves them until its
// standard input ends. The path /traffic shows how many bytes clients have read from
// the source so far, and how many requests each of the two has received.
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "testbed:", err)
		os.Exit(1)
	}
}

func run(dir, size string) error {
	stream, err := history(size)
	if err != nil {
		return err
	}
	server, err := bitbuckettest.Start(bitbuckettest.Options{Root: dir, Repositories: []string{"team/source", "team/copy"}})
	if err != nil {
		return err
	}
	defer server.Close()
	source, target := server.Dir("team/source"), server.Dir("team/copy")
	if err := fill(source, stream); err != nil {
		return err
	}
	if !strings.Contains(size, "x") {
		if err := os.CopyFS(filepath.Join(target, "objects"), os.DirFS(filepath.Join(source, "objects"))); err != nil {
			return err
		}
	}
	front, err := countTraffic(server.URL)
	if err != nil {
		return err
	}
	defer front.Close()
	token := server.Add(bitbuckettest.Token{Kind: bitbuckettest.APIToken, Scopes: []string{"read:repository:bitbucket", "write:repository:bitbucket"}})
	fmt.Printf("url=%s\ntoken=%s\nemail=%s\ncopy=%s\n", front.URL, token.Secret, token.Email, target)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// history returns what writes a history of a size for git fast-import.
func history(size string) (func(io.Writer) error, error) {
	commits, refs, many := strings.Cut(size, "x")
	n, err := strconv.Atoi(commits)
	if err != nil || !many {
		return func(w io.Writer) error { return large(w, n) }, err
	}
	m, err := strconv.Atoi(refs)
	return func(w io.Writer) error { return wide(w, n, m) }, err
}

// large writes random files of 16 KiB, one in each commit.
func large(w io.Writer, mebibytes int) error {
	const perMebibyte = 64
	var commit bytes.Buffer
	text := make([]byte, 1<<20/perMebibyte)
	for i := range mebibytes*perMebibyte + 1 {
		_, _ = rand.Read(text)
		commit.Reset()
		fmt.Fprintf(&commit, "commit refs/heads/main\ncommitter Dev <dev@example.com> %d +0000\ndata 6\nchange\nM 100644 inline %d/%d\ndata %d\n",
			1_700_000_000+i, i%20, i%1000, len(text))
		commit.Write(text)
		if _, err := w.Write(commit.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// wide writes small commits, and as many branches as tags, spread evenly over them.
func wide(w io.Writer, commits, refs int) error {
	out := bufio.NewWriter(w)
	for i := range commits {
		text := fmt.Sprint("text ", i)
		_, _ = fmt.Fprintf(out, "commit refs/heads/main\nmark :%d\ncommitter Dev <dev@example.com> %d +0000\ndata 6\nchange\nM 100644 inline %d/%d\ndata %d\n%s\n",
			i+1, 1_700_000_000+i, i%20, i%1000, len(text), text)
	}
	for i := range refs - 1 {
		kind := []string{"heads/topic", "tags/v"}[i%2]
		_, _ = fmt.Fprintf(out, "reset refs/%s/%d\nfrom :%d\n\n", kind, i, i*commits/refs+1)
	}
	return out.Flush()
}

// fill imports a history.
func fill(repository string, history func(io.Writer) error) error {
	stream, feed := io.Pipe()
	go func() { _ = feed.CloseWithError(history(feed)) }()
	defer func() { _ = stream.Close() }()
	for _, args := range [][]string{
		{"fast-import", "--quiet"},
		// What a server's maintenance leaves: one pack with an index of what is reachable.
		{"repack", "-q", "-a", "-d", "--write-bitmap-index", "--window=0"},
	} {
		cmd := exec.Command("git", append([]string{"-C", repository}, args...)...) //nolint:gosec,noctx // the user's own directory
		cmd.Stdin = stream
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, text)
		}
	}
	return nil
}

// countTraffic serves what another address serves, and counts.
func countTraffic(behind string) (*httptest.Server, error) {
	address, err := url.Parse(behind)
	if err != nil {
		return nil, err
	}
	proxy := httputil.NewSingleHostReverseProxy(address)
	proxy.FlushInterval = -1
	var read, toSource, toCopy atomic.Int64
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/traffic":
			_, _ = fmt.Fprintln(w, read.Load(), toSource.Load(), toCopy.Load())
		case strings.HasPrefix(r.URL.Path, "/team/source"):
			toSource.Add(1)
			proxy.ServeHTTP(&counter{w, &read}, r)
		default:
			toCopy.Add(1)
			proxy.ServeHTTP(w, r)
		}
	})), nil
}

// counter counts the bytes of a response.
type counter struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counter) Write(text []byte) (int, error) {
	c.bytes.Add(int64(len(text)))
	return c.ResponseWriter.Write(text)
}

// Unwrap lets the proxy flush.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
