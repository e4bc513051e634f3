package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Pointer is a file in the repository that stands for an object in LFS
// (git-lfs's spec.md).
type Pointer struct {
	Blob string // object ID of the file
	OID  string // SHA-256 of what it stands for
	Size int64
}

// A pointer is shorter than this, in bytes (git-lfs's spec.md), and longer than
// its two shortest lines.
const (
	maxPointer = 1024
	minPointer = 100
)

// Pointers finds the pointers in the history of tips that isn't part of the
// history of what is known. Each object is returned once.
func (g *Git) Pointers(ctx context.Context, tips, known []string) ([]Pointer, error) {
	// Files that weren't fetched are too large to be pointers.
	small, err := g.smallBlobs(ctx, tips, known)
	if err != nil || len(small) == 0 {
		return nil, err
	}
	path := filepath.Join(g.root, "blobs")
	err = g.toFile(ctx, path, strings.NewReader(strings.Join(small, "\n")+"\n"), "cat-file", "--batch", "--buffer")
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, tempFault(err)
	}
	defer file.Close()
	return readPointers(bufio.NewReader(file))
}

// smallBlobs lists the new files that are as small as a pointer.
func (g *Git) smallBlobs(ctx context.Context, tips, known []string) ([]string, error) {
	objects, sizes := filepath.Join(g.root, "objects"), filepath.Join(g.root, "sizes")
	err := g.toFile(ctx, objects, revisions(tips, known), "rev-list", "--objects", "--no-object-names",
		"--missing=allow-any", fmt.Sprintf("--filter=blob:limit=%d", maxPointer), "--stdin")
	if err != nil {
		return nil, err
	}
	list, err := os.Open(objects)
	if err != nil {
		return nil, tempFault(err)
	}
	defer list.Close()
	if err := g.toFile(ctx, sizes, list, "cat-file", "--buffer", "--batch-check=%(objectname) %(objecttype) %(objectsize)"); err != nil {
		return nil, err
	}
	file, err := os.Open(sizes)
	if err != nil {
		return nil, tempFault(err)
	}
	defer file.Close()
	var small []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 || fields[1] != "blob" {
			continue
		}
		if size, err := strconv.Atoi(fields[2]); err == nil && size >= minPointer && size < maxPointer {
			small = append(small, fields[0])
		}
	}
	return small, nil
}

// toFile runs git with its standard output in a file of the temporary
// directory: it may be larger than what fits into memory.
func (g *Git) toFile(ctx context.Context, path string, stdin io.Reader, arguments ...string) error {
	file, err := os.Create(path)
	if err != nil {
		return tempFault(err)
	}
	defer file.Close()
	_, err = g.runTo(ctx, stdin, file, arguments...)
	return local(err)
}

// readPointers reads files as cat-file writes them: a line "ID blob size", the
// content, a newline.
func readPointers(blobs *bufio.Reader) ([]Pointer, error) {
	var pointers []Pointer
	seen := map[string]bool{}
	for {
		line, err := blobs.ReadString('\n')
		if err != nil {
			return pointers, nil // the end
		}
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil || size >= maxPointer {
			return nil, fault.Internal()
		}
		content := make([]byte, size+1)
		if _, err := io.ReadFull(blobs, content); err != nil {
			return nil, fault.Internal()
		}
		if p, ok := parsePointer(string(content[:size])); ok && !seen[p.OID] {
			seen[p.OID] = true
			p.Blob = fields[0]
			pointers = append(pointers, p)
		}
	}
}

// parsePointer reads the text of a pointer.
func parsePointer(text string) (Pointer, bool) {
	var p Pointer
	rest, ok := strings.CutPrefix(text, "version https://git-lfs.github.com/spec/v1\n")
	if !ok {
		return p, false
	}
	for line := range strings.Lines(rest) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "oid":
			p.OID = strings.TrimPrefix(value, "sha256:")
		case "size":
			size, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return p, false
			}
			p.Size = size
		}
	}
	const hex = "0123456789abcdef"
	return p, len(p.OID) == 64 && strings.Trim(p.OID, hex) == ""
}

// lfsRef is the commit that holds the pointers whose objects are transferred.
const lfsRef = "refs/mirror-lfs"

// PrepareLFS checks that git-lfs is there, and makes a commit of these pointers
// alone: git-lfs transfers what a commit's files stand for.
func (g *Git) PrepareLFS(ctx context.Context, pointers []Pointer) error {
	if _, err := g.run(ctx, nil, "lfs", "version"); err != nil {
		if _, ok := asFailure(err); !ok {
			return err
		}
		return fault.New(fault.LFSMissing, "the source uses Git LFS, and there is no git-lfs on this machine",
			"install git-lfs on the runner or in the image",
			"to mirror without LFS objects, set lfs: false: files in LFS then can't be checked out from Bitbucket")
	}
	attributes, err := g.object(ctx, "* filter=lfs diff=lfs merge=lfs -text\n", "hash-object", "-w", "--stdin")
	if err != nil {
		return err
	}
	var tree strings.Builder
	tree.WriteString("100644 blob " + attributes + "\t.gitattributes\n")
	for _, p := range pointers {
		tree.WriteString("100644 blob " + p.Blob + "\t" + p.Blob + "\n")
	}
	id, err := g.object(ctx, tree.String(), "mktree")
	if err != nil {
		return err
	}
	commit, err := g.object(ctx, "", "commit-tree", "-m", "LFS objects to mirror", id)
	if err != nil {
		return err
	}
	_, err = g.run(ctx, nil, "update-ref", lfsRef, commit)
	return local(err)
}

// object runs a command that writes an object, and returns its ID.
func (g *Git) object(ctx context.Context, stdin string, arguments ...string) (string, error) {
	out, err := g.run(ctx, strings.NewReader(stdin), arguments...)
	return strings.TrimSpace(string(out.stdout)), local(err)
}

// FetchLFS gets the objects from the source.
func (g *Git) FetchLFS(ctx context.Context) error {
	_, err := g.run(ctx, nil, "lfs", "fetch", source, lfsRef)
	return g.explainLFS(err, "the source")
}

// PushLFS sends the objects that Bitbucket lacks.
func (g *Git) PushLFS(ctx context.Context) error {
	_, err := g.run(ctx, nil, "lfs", "push", bitbucket, lfsRef)
	return g.explainLFS(err, "Bitbucket")
}

func (g *Git) explainLFS(err error, side string) error {
	failed, ok := asFailure(err)
	if !ok {
		return err
	}
	text := string(failed.stderr) + string(failed.stdout)
	if f := diskFull(text); f != nil {
		return f
	}
	if containsAny(text, "[404]", "does not exist", "Not Found", "missing") {
		return fault.New(fault.LFSObject, "an object is missing in the LFS storage of "+side+", so nothing was changed: "+g.shown(lastLine([]byte(text))),
			"push it there from a clone that has it: git lfs push --all origin",
			"to mirror without LFS objects, set lfs: false")
	}
	return fault.New(fault.LFSFailed, "LFS objects can't be transferred, because of "+side+": "+g.shown(lastLine([]byte(text))),
		"check that LFS is enabled for the repository, and that its storage isn't full",
		"to mirror without LFS objects, set lfs: false")
}
