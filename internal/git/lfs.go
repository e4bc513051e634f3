package git

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// Pointer is a file in the repository that represents an object in LFS (git-lfs's
// spec.md).
type Pointer struct {
	Blob string // object ID of the file
	OID  string // SHA-256 of the object
	Size int64
}

// Every pointer is smaller than maxPointer, in bytes (git-lfs's spec.md).
const maxPointer = 1024

// Pointers finds the pointers in the history of tips, without the history of known
// commits. It returns each object once.
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
	pointers := pointerReader{seen: map[string]bool{}}
	_, err = g.runTo(ctx, machine, list, &pointers, "cat-file", "--batch", "--buffer")
	return pointers.found, g.local(err)
}

// revisions returns the input of rev-list: tips, and known commits to leave out.
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
		if pointer, ok := parsePointer(after[:size]); ok {
			pointer.Blob = fields[0]
			if !r.seen[pointer.OID] {
				r.seen[pointer.OID] = true
				r.found = append(r.found, pointer)
			}
		}
		r.rest = after[size+1:]
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

// PrepareLFS makes a commit that contains only these pointers: git-lfs transfers the
// objects of a commit's pointers.
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

// FetchLFS gets the objects from the source. If that fails and the source is a path, it
// also returns the IDs of objects that are missing there.
func (g *Git) FetchLFS(ctx context.Context) (lost []string, err error) {
	_, err = g.run(ctx, source, nil, "lfs", "fetch", string(source), lfsRef)
	if failed, ok := asFailure(err); ok && g.options.SourceLocal {
		lost = lostLocally(string(failed.stderr))
	}
	return lost, g.explainLFS(err, true)
}

// lostLocally returns the objects that git-lfs reports as missing from a repository on
// this machine (git-lfs's lfshttp/standalone/standalone.go).
func lostLocally(stderr string) []string {
	var lost []string
	for line := range strings.Lines(stderr) {
		if _, oid, ok := strings.Cut(line, "remote missing object "); ok {
			lost = append(lost, strings.TrimSpace(oid))
		}
	}
	return lost
}

// PushLFS sends the objects that Bitbucket lacks.
func (g *Git) PushLFS(ctx context.Context) error {
	_, err := g.run(ctx, bitbucket, nil, "lfs", "push", string(bitbucket), lfsRef)
	return g.explainLFS(err, false)
}

// WithoutObject returns the pointers whose objects weren't fetched.
func (g *Git) WithoutObject(pointers []Pointer) []Pointer {
	return slices.DeleteFunc(slices.Clone(pointers), func(p Pointer) bool {
		info, err := os.Stat(filepath.Join(g.repo, "lfs", "objects", p.OID[:2], p.OID[2:4], p.OID))
		return err == nil && info.Size() == p.Size
	})
}

// explainLFS explains a failure of git-lfs by its messages.
func (g *Git) explainLFS(err error, isSource bool) error {
	return explain(err, func(failed *failure) *fault.Fault {
		return g.lfsFault(string(failed.stderr)+string(failed.stdout), isSource)
	})
}

func (g *Git) lfsFault(text string, isSource bool) *fault.Fault {
	reason := g.safeText(lfsReason(text))
	direction := "to Bitbucket"
	if isSource {
		direction = "from the source"
	}
	noLogin := strings.Contains(text, "batch response: Authentication required")
	refused := noLogin || strings.Contains(text, "batch response: Authorization error")
	switch {
	case refused && isSource:
		return fault.New(fault.SourceRefused, "the source's LFS server refuses source-token: "+reason,
			"set source-token to a token with read access to the source's LFS objects")
	case noLogin:
		return fault.New(fault.Refused, "Bitbucket's LFS server refuses the login: "+reason,
			"check that the token hasn't expired, and that it was made for this repository or its account has access")
	case refused:
		return credential.WriteRefused()
	}
	return fault.New(fault.LFSFailed, "LFS objects can't be transferred "+direction+": "+reason,
		"check that LFS is enabled for the repository, and that its storage isn't full",
		"to mirror without LFS objects, set lfs: false")
}

// lfsReason returns the first line of git-lfs that gives a reason. It skips progress, and
// a broken format of addresses (git-lfs's lfshttp/errors.go).
func lfsReason(text string) string {
	for _, line := range linesOf(text) {
		line = strings.TrimSpace(line)
		for _, mark := range []string{"LFS: ", "batch response: ", "error: ", "fatal: "} {
			line = strings.TrimPrefix(line, mark)
		}
		if _, status, ok := strings.Cut(line, " from HTTP "); ok && strings.Contains(line, "%!") {
			return "its storage answers with status " + strconv.Itoa(leadingNumber(status))
		}
		if line != "" && !strings.Contains(line, "%!") && !beginsWith(line, lfsProgress) {
			return line
		}
	}
	return "no reason was given"
}

// lfsProgress are the beginnings of lines that give no reason.
var lfsProgress = []string{
	"fetch: ", "Fetching reference ", "Uploading LFS objects:", "Downloading LFS objects:", "hint: ", "Git LFS upload failed:",
	"failed to fetch some objects from ", "failed to push some refs to ",
}

// Paths returns the first path of each pointer in the history of tips, without the
// history of known commits, by the pointer's object ID.
func (g *Git) Paths(ctx context.Context, tips, known []string, pointers []Pointer) (map[string]string, error) {
	paths := map[string]string{}
	for _, p := range pointers {
		paths[p.Blob] = ""
	}
	lines := lineWriter{use: func(line string) {
		id, path, _ := strings.Cut(line, " ")
		if _, asked := paths[id]; asked {
			paths[id] = path
		}
	}}
	_, err := g.runTo(ctx, machine, revisions(tips, known), &lines, "rev-list", "--objects", "--missing=allow-any", "--filter=object:type=blob", "--stdin")
	return paths, g.local(err)
}

// maxConfigTips limits the number of tips that are searched for an .lfsconfig.
const maxConfigTips = 20

// OtherLFSServer returns the address of an LFS server that an .lfsconfig names, if that
// isn't the source's own (git-lfs-config(5)), or "".
func (g *Git) OtherLFSServer(ctx context.Context, tips []string) string {
	for _, tip := range tips[:min(len(tips), maxConfigTips)] {
		out, err := g.run(ctx, machine, nil, "rev-parse", "--verify", "--quiet", tip+":.lfsconfig")
		if err != nil {
			continue // there is none
		}
		blob := strings.TrimSpace(string(out.stdout))
		if _, err := g.run(ctx, machine, nil, "cat-file", "-e", blob); err != nil {
			_, _ = g.fetchObjects(ctx, []string{blob}) // it is older than what was fetched
		}
		out, _ = g.run(ctx, machine, nil, "config", "--blob", blob, "--null", "--get-regexp", `^(lfs\.url|remote\..*\.lfsurl)$`)
		for _, entry := range strings.Split(string(out.stdout), "\x00") {
			_, url, _ := strings.Cut(entry, "\n")
			isAt := func(repository string) bool {
				return strings.EqualFold(strings.TrimSuffix(url, "/"), LFSURL(repository))
			}
			if url != "" && !isAt(g.sourceURL) && !isAt(g.options.Source) {
				return g.safeText(url)
			}
		}
	}
	return ""
}
