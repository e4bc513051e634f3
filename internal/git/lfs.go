package git

import (
	"bytes"
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

// maxPointer is the size, in bytes, that every pointer is smaller than (git-lfs's
// spec.md).
const maxPointer = 1024

// Pointers finds the pointers in the history of tips that isn't part of the
// history of what is known. Each object is returned once.
func (g *Git) Pointers(ctx context.Context, tips, known []string) ([]Pointer, error) {
	// The list goes through a file, since that of a large history may not fit into
	// memory. Files that weren't fetched are too large to be pointers.
	list, err := os.Create(filepath.Join(g.root, "blobs"))
	if err != nil {
		return nil, tempFault(err)
	}
	defer list.Close()
	_, err = g.runTo(ctx, machine, revisions(tips, known), list, "rev-list", "--objects", "--no-object-names", "--missing=allow-any",
		fmt.Sprintf("--filter=combine:object:type=blob+blob:limit=%d", maxPointer), "--stdin")
	if err != nil {
		return nil, g.local(err)
	}
	if _, err := list.Seek(0, io.SeekStart); err != nil {
		return nil, tempFault(err)
	}
	var pointers pointerReader
	_, err = g.runTo(ctx, machine, list, &pointers, "cat-file", "--batch", "--buffer")
	return pointers.found, g.local(err)
}

// revisions is what rev-list reads: tips, and what to leave out.
func revisions(tips, known []string) *strings.Reader {
	var b strings.Builder
	for _, id := range tips {
		b.WriteString(id + "\n")
	}
	for _, id := range known {
		b.WriteString("^" + id + "\n")
	}
	return strings.NewReader(b.String())
}

// pointerReader finds pointers in what cat-file writes: for each object a line
// "ID type size", the content, and a newline.
type pointerReader struct {
	found []Pointer
	seen  map[string]bool
	rest  []byte // of an object that isn't complete yet
}

func (r *pointerReader) Write(p []byte) (int, error) {
	r.rest = append(r.rest, p...)
	for {
		head, after, ok := bytes.Cut(r.rest, []byte("\n"))
		fields := strings.Fields(string(head))
		if !ok {
			return len(p), nil
		}
		if len(fields) != 3 { // "ID missing"
			r.rest = after
			continue
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil {
			return 0, fault.Internal()
		}
		if len(after) < size+1 {
			return len(p), nil
		}
		if pointer, ok := parsePointer(after[:size]); ok && fields[1] == "blob" {
			pointer.Blob = fields[0]
			r.add(pointer)
		}
		r.rest = after[size+1:]
	}
}

func (r *pointerReader) add(p Pointer) {
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	if !r.seen[p.OID] {
		r.seen[p.OID] = true
		r.found = append(r.found, p)
	}
}

// lfsRef is the commit that holds the pointers whose objects are transferred.
const lfsRef = "refs/mirror-lfs"

// CheckLFS checks that git-lfs is there, and returns its version.
func (g *Git) CheckLFS(ctx context.Context) (version string, err error) {
	out, err := g.run(ctx, machine, nil, "lfs", "version")
	if _, failed := asFailure(err); failed {
		return "", fault.New(fault.LFSMissing, "the source uses Git LFS, and there is no git-lfs on this machine",
			"install git-lfs on the runner or in the image",
			"to mirror without LFS objects, set lfs: false: files in LFS then can't be checked out from Bitbucket")
	}
	name, _, _ := strings.Cut(string(out.stdout), " ") // git-lfs/3.6.1 (GitHub; …)
	return strings.TrimPrefix(name, "git-lfs/"), err
}

// firstSafeLFS is the first version of git-lfs in which a server can't choose for
// which server git-lfs logs in (CVE-2024-53263).
var firstSafeLFS = []int{3, 6, 1}

// IsOldLFS reports whether a version of git-lfs is older than 3.6.1. Distributions
// have corrected older ones without changing the version.
func IsOldLFS(version string) bool {
	for i, part := range strings.SplitN(version, ".", len(firstSafeLFS)) {
		part, _, _ = strings.Cut(part, "-") // a pre-release
		n, err := strconv.Atoi(part)
		if err != nil {
			return false // unknown
		}
		if n != firstSafeLFS[i] {
			return n < firstSafeLFS[i]
		}
	}
	return false
}

// PrepareLFS makes a commit of these pointers alone: git-lfs transfers what a
// commit's files stand for.
func (g *Git) PrepareLFS(ctx context.Context, pointers []Pointer) error {
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
	_, err = g.run(ctx, machine, nil, "update-ref", lfsRef, commit)
	return g.local(err)
}

// object runs a command that writes an object, and returns its ID.
func (g *Git) object(ctx context.Context, stdin string, arguments ...string) (string, error) {
	out, err := g.run(ctx, machine, strings.NewReader(stdin), arguments...)
	return strings.TrimSpace(string(out.stdout)), g.local(err)
}

// FetchLFS gets the objects from the source.
func (g *Git) FetchLFS(ctx context.Context) error {
	_, err := g.run(ctx, source, nil, "lfs", "fetch", string(source), lfsRef)
	return g.explainLFS(err, "the source")
}

// PushLFS sends the objects that Bitbucket lacks.
func (g *Git) PushLFS(ctx context.Context) error {
	_, err := g.run(ctx, bitbucket, nil, "lfs", "push", string(bitbucket), lfsRef)
	return g.explainLFS(err, "Bitbucket")
}

func (g *Git) explainLFS(err error, side string) error {
	failed, ok := asFailure(err)
	if !ok {
		return err
	}
	text := string(failed.stderr) + string(failed.stdout)
	if f := machineFault(failed); f != nil {
		return f
	}
	if containsAny(text, "[404]", "does not exist", "Not Found", "missing") {
		return fault.New(fault.LFSObject, "an object is missing from the LFS storage of "+side+", so nothing was changed: "+g.shown(lastLine([]byte(text))),
			"push it there from a clone that has it: git lfs push --all origin",
			"to mirror without LFS objects, set lfs: false")
	}
	return fault.New(fault.LFSFailed, "LFS objects can't be transferred, because of "+side+": "+g.shown(lastLine([]byte(text))),
		"check that LFS is enabled for the repository, and that its storage isn't full",
		"to mirror without LFS objects, set lfs: false")
}
