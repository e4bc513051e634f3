package action

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

type lfsTransfer struct {
	*mirroring
	tips     []string
	pointers []git.Pointer // whose objects are to be transferred
}

// transferLFS transfers the objects of the new LFS pointers, before anything
// refers to them in Bitbucket.
func (m *mirroring) transferLFS(ctx context.Context) error {
	tips := mirror.NewValues(m.plan.ToPush())
	if m.settings.LFS == input.LFSNone || len(tips) == 0 {
		return nil
	}
	pointers, err := m.git.Pointers(ctx, tips, m.known)
	if err != nil || len(pointers) == 0 { // as in most mirrors, which need no client then
		return err
	}
	t := &lfsTransfer{m, tips, pointers}
	if err := t.keepLacking(ctx); err != nil || len(t.pointers) == 0 {
		return err
	}
	var size int64
	for _, p := range t.pointers {
		size += p.Size
	}
	ended := m.begin("transferring LFS objects: %d, %s", len(t.pointers), bytesText(size))
	for _, step := range []func(context.Context) error{t.checkProgram, t.findLost, t.fetch, t.git.PushLFS} {
		if err := step(ctx); err != nil {
			return err
		}
		if len(t.pointers) == 0 {
			break
		}
	}
	ended("transferred the LFS objects")
	return nil
}

func (t *lfsTransfer) keepLacking(ctx context.Context) error {
	on := bitbucket.LFSServer{URL: git.LFSURL(t.repository.URL), Authorization: t.credential.GitAuthorization()}
	lacks, err := t.lfsClient("", t.repository.URL).LacksLFS(ctx, on, lfsObjects(t.pointers))
	if err != nil {
		return t.named(ctx, err)
	}
	t.pointers = slices.DeleteFunc(t.pointers, func(p git.Pointer) bool { return !lacks[p.OID] })
	return nil
}

func (t *lfsTransfer) checkProgram(ctx context.Context) error {
	version, err := t.git.CheckLFS(ctx)
	if err != nil {
		return err
	}
	if git.IsOldLFS(version) {
		t.log("git-lfs %s is older than 3.6.1: unless the distribution has corrected CVE-2024-53263 in it, which its version doesn't show, "+
			"a server can have git-lfs send that server's login elsewhere", version)
	}
	return nil
}

// findLost asks the source's server which objects it doesn't have. A path has no
// server.
func (t *lfsTransfer) findLost(ctx context.Context) error {
	if t.source.local {
		return nil
	}
	lost, err := t.lostAmong(ctx, t.pointers, false)
	if err != nil {
		return err
	}
	return t.leave(ctx, lost)
}

// lostAmong returns the objects that the source doesn't have, by its server's answers; with
// probe, also by those of the storage that the server names.
func (t *lfsTransfer) lostAmong(ctx context.Context, pointers []git.Pointer, probe bool) (map[string]bool, error) {
	on := bitbucket.LFSServer{URL: git.LFSURL(t.git.SourceURL()), Authorization: t.sourceAuthorization(), IsSource: true}
	lost, err := t.lfsClient(t.source.url().Host, t.source.text).LostLFS(ctx, on, lfsObjects(pointers), probe)
	if err != nil {
		return nil, t.elsewhere(ctx, t.named(ctx, err))
	}
	return lost, nil
}

// fetch gets the objects from the source. It goes on without an object that turns out to
// be lost, if lfs allows that.
func (t *lfsTransfer) fetch(ctx context.Context) error {
	if err := t.git.PrepareLFS(ctx, t.pointers); err != nil {
		return err
	}
	local, fetchErr := t.git.FetchLFS(ctx)
	if fetchErr == nil {
		fetchErr = t.checkFetched(ctx)
	}
	if fetchErr == nil || ctx.Err() != nil || fault.From(fetchErr).Code != fault.LFSFailed {
		return fetchErr
	}
	lost := map[string]bool{}
	for _, oid := range local {
		lost[oid] = true
	}
	if !t.source.local {
		var err error
		if lost, err = t.lostAmong(ctx, t.git.WithoutObject(t.pointers), true); err != nil {
			return err
		}
	}
	if err := t.leave(ctx, lost); err != nil {
		return err
	}
	if len(t.git.WithoutObject(t.pointers)) > 0 {
		return t.elsewhere(ctx, fetchErr)
	}
	if len(t.pointers) == 0 {
		return nil
	}
	return t.git.PrepareLFS(ctx, t.pointers)
}

// checkFetched returns a fault if objects weren't fetched. git-lfs doesn't fail if a
// server answers about an object without saying how to download it.
func (t *lfsTransfer) checkFetched(ctx context.Context) error {
	missing := t.git.WithoutObject(t.pointers)
	if len(missing) == 0 {
		return nil
	}
	names, err := t.names(ctx, missing)
	if err != nil {
		return err
	}
	return fault.New(fault.LFSFailed, "LFS objects can't be transferred from the source: it doesn't say where to download "+names[0], names[1:]...).Hint(
		"check that the source's LFS server works: git lfs fetch --all, in a new clone",
		"to mirror without LFS objects, set lfs: false")
}

// leave drops objects that are lost, if lfs allows that.
func (t *lfsTransfer) leave(ctx context.Context, lost map[string]bool) error {
	var gone []git.Pointer
	for _, p := range t.pointers {
		if lost[p.OID] {
			gone = append(gone, p)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	names, err := t.names(ctx, gone)
	if err != nil {
		return err
	}
	if t.settings.LFS == input.LFSAvailable {
		t.pointers = slices.DeleteFunc(t.pointers, func(p git.Pointer) bool { return lost[p.OID] })
		t.warn(fault.New(fault.LFSObject, "the source's LFS storage lacks "+quantityOfObjects(len(gone))+", so Bitbucket's lacks them too", names...))
		t.showRemarks()
		return nil
	}
	f := fault.New(fault.LFSObject, "the source's LFS storage lacks "+quantityOfObjects(len(gone))+", so nothing was changed: "+names[0], names[1:]...)
	return t.elsewhere(ctx, f.Hint("push it there from a clone that has it: git lfs push --all origin",
		"to mirror what there is, set lfs: available",
		"to mirror without LFS objects, set lfs: false"))
}

func quantityOfObjects(n int) string {
	if n == 1 {
		return "1 object"
	}
	return fmt.Sprintf("%d objects", n)
}

const maxNamed = 10

// names returns the paths of pointers with the IDs of their objects.
func (t *lfsTransfer) names(ctx context.Context, pointers []git.Pointer) ([]string, error) {
	first := pointers[:min(len(pointers), maxNamed)]
	paths, err := t.git.Paths(ctx, t.tips, t.known, first)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range first {
		names = append(names, fmt.Sprintf("%s (sha256:%s)", t.quote(paths[p.Blob], "", t.settings.Token), p.OID))
	}
	if more := len(pointers) - len(first); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return names, nil
}

// named adds the name of the object to a refusal.
func (t *lfsTransfer) named(ctx context.Context, err error) error {
	refused, ok := errors.AsType[*bitbucket.LFSFault](err)
	if !ok {
		return err
	}
	i := slices.IndexFunc(t.pointers, func(p git.Pointer) bool { return p.OID == refused.OID })
	if names, namesErr := t.names(ctx, t.pointers[i:i+1]); namesErr == nil {
		return refused.Hint("the object is that of " + names[0])
	}
	return refused.Fault
}

// elsewhere adds the hint that the objects may be on another server to a fault of the
// source's LFS storage.
func (t *lfsTransfer) elsewhere(ctx context.Context, err error) error {
	f := fault.From(err)
	if other := t.git.OtherLFSServer(ctx, t.tips); other != "" {
		f.Hints = append([]string{
			".lfsconfig names another LFS server, " + other + ", where the objects may be: then lfs: false loses nothing, since the .lfsconfig in Bitbucket names that server, too",
		}, f.Hints...)
	}
	return f
}

func (m *mirroring) lfsClient(name, asked string) *bitbucket.Client {
	options := m.clientOptions(&m.settings.Common, m.credential.Server, asked)
	options.Name, options.Say = name, m.say
	return bitbucket.New(options)
}

func lfsObjects(pointers []git.Pointer) []bitbucket.LFSObject {
	var objects []bitbucket.LFSObject
	for _, p := range pointers {
		objects = append(objects, bitbucket.LFSObject{OID: p.OID, Size: p.Size})
	}
	return objects
}
