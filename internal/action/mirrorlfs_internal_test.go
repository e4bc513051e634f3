package action

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
	"github.com/seed-e1d06701/bitbucket-auth/internal/temptest"
)

// The LFS objects of a source that has moved within its server are at its new address: at
// the old one, a server only redirects, which says nothing about an object.
func TestLFSOfMovedSource(t *testing.T) {
	t.Parallel()
	const advertised = "/info/refs?service=git-upload-pack"
	oid := strings.Repeat("1", 64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/octo/renamed.git/info/lfs/objects/batch":
			_, _ = io.WriteString(w, `{"objects": [{"oid": "`+oid+`", "error": {"code": 404, "message": "gone"}}]}`)
		case strings.HasPrefix(path, "/octo/site/info/refs"):
			http.Redirect(w, r, "/octo/renamed"+advertised, http.StatusMovedPermanently)
		case strings.HasPrefix(path, "/octo/site"):
			http.Redirect(w, r, "/octo/renamed", http.StatusMovedPermanently)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	m := mirroringOn(t, map[string]string{"GITHUB_ACTIONS": "true"}, &input.MirrorSettings{})
	m.source = address{text: server.URL + "/octo/site", root: server.URL}
	var err error
	m.git, err = git.Open(git.Options{
		Program: "git",
		Source:  m.source.text, Bitbucket: m.repository.URL,
		Lookup:   os.LookupEnv,
		Scrub:    func(text string) string { return text },
		IsSecret: func(string) bool { return false },
		Locate:   m.locateSource,
		LogIn:    m.sourceLogin,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.git.Close)
	_, _ = m.git.ListSource(t.Context(), false) // fails at the new address, which is all that matters here
	if got, want := m.git.SourceURL(), server.URL+"/octo/renamed"; got != want {
		t.Fatalf("the source is at %s, want %s", got, want)
	}
	transfer := &lfsTransfer{mirroring: m}
	lost, err := transfer.lostAmong(t.Context(), []git.Pointer{{OID: oid, Size: 3}}, false)
	if err != nil || !lost[oid] {
		t.Errorf("lost: %v, %v", lost, err)
	}
}

// The log says that the run waits for an LFS server, and a fault of the connection names that
// server: Bitbucket isn't to blame for it.
func TestFaultsOfAnLFSServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	m := mirroringOn(t, map[string]string{"GITHUB_ACTIONS": "true"}, &input.MirrorSettings{})
	ask := func() string {
		on := bitbucket.LFSServer{URL: server.URL, IsSource: true}
		_, err := m.lfsClient("git.example.com", server.URL).LostLFS(t.Context(), on, []bitbucket.LFSObject{{OID: lfsID(0), Size: 1}}, false)
		return fault.From(err).What
	}
	if what := ask(); !strings.Contains(what, "(502)") || len(m.reported) == 0 {
		t.Errorf("502: got %s, and said %v", what, m.reported)
	}
	server.Close()
	if what := ask(); !strings.Contains(what, "git.example.com") {
		t.Errorf("no connection: got %s", what)
	}
}

// lfsObject is an LFS object that a new commit refers to, and what becomes of it. The zero
// value is one that the source has, and Bitbucket lacks.
type lfsObject struct {
	there   bool // in Bitbucket
	refused int  // the status with which Bitbucket's LFS server refuses it
	lost    int  // the status with which the source's LFS server says that there is none
	later   int  // the same when it is asked again
	missing bool // git-lfs doesn't fetch it
	stored  int  // the status of the source's storage for it
}

func lfsID(i int) string     { return fmt.Sprintf("%064x", i+1) }
func lfsSize(i int) int      { return 1000 + i }
func lfsNumber(i int) string { return fmt.Sprint(i + 1) }

// lfsStage is what a script and a server play: git with git-lfs, the source's LFS server
// with its storage, and Bitbucket's LFS server. Its log has all that they are asked.
type lfsStage struct {
	*mirroring
	t       *testing.T
	objects []lfsObject
	refusal int // Bitbucket's status for all objects together
	asked   int // times that the source's LFS server was asked
	log     string
	writing sync.Mutex
}

// stageLFS sets the stage. says is what git-lfs says when it fails to fetch, and fails is
// the git command that fails, as a pattern of a shell.
func stageLFS(t *testing.T, objects []lfsObject, version, says, fails string, local, config bool) *lfsStage {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows runs no scripts")
	}
	folder := t.TempDir()
	s := &lfsStage{t: t, objects: objects, log: filepath.Join(folder, "log")}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	m := mirroringOn(t, map[string]string{"GITHUB_ACTIONS": "true"}, &input.MirrorSettings{SourceToken: secret.New(credentialtest.Letters(40))})
	m.world.Now = time.Now
	m.credential.GitUsername, m.credential.Token = "x-token-auth", secret.New(credentialtest.AccessToken())
	m.repository.URL = web.URL + "/acme/site.git"
	m.source = address{text: web.URL + "/octo/site", root: web.URL}
	if local {
		m.source = address{text: filepath.Join(folder, "source.git"), local: true}
	}
	m.plan = planned(t, "main=2", "main=1", mirror.Rules{}).plan
	s.mirroring = m

	var pointers, blobs, paths string
	for i, o := range objects {
		pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", lfsID(i), lfsSize(i))
		pointers += fmt.Sprintf("blob%d blob %d\n%s\n", i+1, len(pointer), pointer)
		blobs += fmt.Sprintf("blob%d\n", i+1)
		paths += fmt.Sprintf("blob%d media/%d.bin\n", i+1, i+1)
		if !o.missing {
			s.write(filepath.Join(folder, "objects", lfsID(i)[:2], lfsID(i)[2:4], lfsID(i)), strings.Repeat("x", lfsSize(i)))
		}
	}
	s.write(filepath.Join(folder, "objects", "none"), "")
	s.write(filepath.Join(folder, "pointers"), pointers)
	s.write(filepath.Join(folder, "blobs"), blobs)
	s.write(filepath.Join(folder, "paths"), paths)
	s.write(filepath.Join(folder, "says"), says)
	entry := "exit 1"
	if config {
		entry = "echo config"
	}
	program := filepath.Join(folder, "git")
	temptest.WriteProgram(t, program, `#!/bin/sh
at=`+folder+`
note() { echo "$*" >>$at/log; }
case "$*" in
`+fails+`) exit 1 ;;
init*) mkdir -p repository.git && : >repository.git/config ;;
rev-list*--no-object-names*) cat $at/blobs ;;
rev-list*) cat $at/paths ;;
"cat-file --batch"*) cat $at/pointers ;;
mktree) list=; while read -r mode kind id path; do [ $id = attributes ] || list="$list ${id#blob}"; done; note prepare$list; echo tree ;;
hash-object*) echo attributes ;;
commit-tree*) echo commit ;;
rev-parse*:.lfsconfig) `+entry+` ;;
config*) printf 'lfs.url\nhttps://lfs.example.com/octo\0' ;;
"lfs version") note version; echo "git-lfs/`+version+` (GitHub; linux amd64; go 1.23)" ;;
"lfs fetch"*) note fetch; mkdir -p repository.git/lfs; cp -r $at/objects repository.git/lfs; cat $at/says >&2; [ ! -s $at/says ] ;;
"lfs push"*) note push ;;
esac
`)
	var err error
	m.git, err = git.Open(git.Options{
		Program: program, Source: m.source.text, SourceLocal: local, Bitbucket: m.repository.URL,
		Lookup:   os.LookupEnv,
		Scrub:    func(text string) string { return text },
		IsSecret: func(string) bool { return false },
	})
	if err == nil {
		t.Cleanup(m.git.Close)
		err = m.git.Init(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *lfsStage) write(path, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// note adds a request to the log.
func (s *lfsStage) note(text string) {
	s.writing.Lock()
	defer s.writing.Unlock()
	file, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(text + "\n")
		_ = file.Close()
	}
	if err != nil {
		s.t.Error(err)
	}
}

// ServeHTTP is both LFS servers (git-lfs's api/batch.md), and the source's storage.
func (s *lfsStage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if id, isStorage := strings.CutPrefix(r.URL.Path, "/storage/"); isStorage {
		var i int
		_, _ = fmt.Sscanf(id, "%d", &i)
		s.note("storage " + lfsNumber(i))
		w.WriteHeader(s.objects[i].stored)
		return
	}
	var asked struct {
		Operation string
		Objects   []struct {
			OID  string
			Size int
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		s.t.Error(err)
	}
	path, login := "/octo/site.git/info/lfs/objects/batch", s.sourceAuthorization()
	if asked.Operation == "upload" {
		path, login = "/acme/site.git/info/lfs/objects/batch", s.credential.GitAuthorization()
	}
	if r.URL.Path != path || r.Header.Get("Authorization") != login.Reveal() {
		s.t.Errorf("%s is asked of %s, with the right login: %v", asked.Operation, r.URL.Path, r.Header.Get("Authorization") == login.Reveal())
	}
	if asked.Operation == "download" {
		s.asked++
	}
	text := asked.Operation
	var answers []map[string]any
	for _, o := range asked.Objects {
		var i int
		_, _ = fmt.Sscanf(o.OID, "%x", &i)
		i--
		text += " " + lfsNumber(i)
		if o.Size != lfsSize(i) {
			s.t.Errorf("the size of object %d is %d", i+1, o.Size)
		}
		answer := map[string]any{"oid": o.OID, "size": o.Size}
		object := s.objects[i]
		status := object.lost
		switch {
		case asked.Operation == "upload":
			status = object.refused
		case s.asked > 1:
			status = cmp.Or(object.later, object.lost)
		}
		switch {
		case status != 0:
			answer["error"] = map[string]any{"code": status, "message": "no"}
		case asked.Operation != "upload" || !object.there:
			answer["actions"] = map[string]any{asked.Operation: map[string]any{"href": "http://" + r.Host + "/storage/" + fmt.Sprint(i)}}
		}
		answers = append(answers, answer)
	}
	s.note(text)
	if s.refusal != 0 && asked.Operation == "upload" {
		w.WriteHeader(s.refusal)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"objects": answers})
}

// The objects that Bitbucket lacks are transferred, and no others. An object that the
// source lacks is a fault before any ref is pushed, unless lfs is available: then it is
// named, and the others are transferred.
func TestTransferOfLFSObjects(t *testing.T) {
	t.Parallel()
	const failed = "LFS: client error: https://git.example.com/1 from HTTP 404"
	auto, available := input.LFSAuto, input.LFSAvailable
	none := fault.Code{}
	first := func(o lfsObject) []lfsObject { return []lfsObject{o, {}} }
	one := "media/1.bin (sha256:" + lfsID(0) + ")"
	for _, test := range []struct {
		name    string
		objects []lfsObject
		lfs     string
		says    string
		fails   string // the git command that fails
		local   bool
		refusal int
		want    string // what git-lfs and the servers are asked
		code    fault.Code
		hints   []string // words of the fault, and of its hints
		warns   string   // of a warning
	}{
		{name: "two new ones", objects: first(lfsObject{}), lfs: auto, want: "upload 1 2, version, download 1 2, prepare 1 2, fetch, push"},
		{name: "Bitbucket has one", objects: first(lfsObject{there: true}), lfs: auto, want: "upload 1 2, version, download 2, prepare 2, fetch, push"},
		{name: "Bitbucket has all", objects: []lfsObject{{there: true}}, lfs: auto, want: "upload 1"},
		{name: "lfs: false", objects: first(lfsObject{}), lfs: input.LFSNone},
		{name: "no pointers", lfs: auto},
		{
			name: "the source has lost one", objects: first(lfsObject{lost: 404}), lfs: auto, want: "upload 1 2, version, download 1 2",
			code: fault.LFSObject, hints: []string{"lacks 1 object, so nothing was changed: " + one, "push it there", "set lfs: available", "set lfs: false"},
		},
		{
			name: "the source has lost one, available", objects: first(lfsObject{lost: 410}), lfs: available,
			want: "upload 1 2, version, download 1 2, prepare 2, fetch, push", warns: "lacks 1 object, so Bitbucket's lacks them too\n" + one,
		},
		{
			name: "the source has lost both, available", objects: []lfsObject{{lost: 404}, {lost: 404}}, lfs: available,
			want: "upload 1 2, version, download 1 2", warns: "lacks 2 objects",
		},
		{
			name: "the storage has lost one, available", objects: first(lfsObject{missing: true, stored: 404}), lfs: available, says: failed,
			want: "upload 1 2, version, download 1 2, prepare 1 2, fetch, download 1, storage 1, prepare 2, push", warns: "lacks 1 object",
		},
		{
			name: "the storage has lost both, available", objects: []lfsObject{{missing: true, stored: 404}, {missing: true, stored: 410}}, lfs: available, says: failed,
			want: "upload 1 2, version, download 1 2, prepare 1 2, fetch, download 1 2, storage 1, storage 2", warns: "lacks 2 objects",
		},
		{
			name: "the storage has lost one", objects: first(lfsObject{missing: true, stored: 404}), lfs: auto, says: failed,
			want: "upload 1 2, version, download 1 2, prepare 1 2, fetch, download 1, storage 1", code: fault.LFSObject, hints: []string{one, "push it there", "set lfs: available", "set lfs: false"},
		},
		{
			name: "the storage fails for one", objects: first(lfsObject{missing: true, stored: 500}), lfs: available, says: failed,
			want: "upload 1 2, version, download 1 2, prepare 1 2, fetch, download 1, storage 1", code: fault.LFSFailed, hints: []string{"can't be transferred from the source", "", "set lfs: false"},
		},
		{
			name: "git-lfs succeeds without one", objects: first(lfsObject{missing: true, stored: 200}), lfs: auto,
			want: "upload 1 2, version, download 1 2, prepare 1 2, fetch, download 1, storage 1", code: fault.LFSFailed, hints: []string{"where to download " + one, "check that the source's LFS server works", "set lfs: false"},
		},
		{
			name: "the source refuses the login", objects: first(lfsObject{missing: true}), lfs: available, says: "batch response: Authentication required: no",
			want: "upload 1 2, version, download 1 2, prepare 1 2, fetch", code: fault.SourceRefused, hints: []string{"", "source-token"},
		},
		{
			name: "the source refuses one", objects: []lfsObject{{}, {lost: 403}}, lfs: available,
			want: "upload 1 2, version, download 1 2", code: fault.SourceRefused, hints: []string{"", "the source's server says: no", "source-token", "set lfs: false", "the object is that of media/2.bin"},
		},
		{
			name: "Bitbucket refuses one", objects: []lfsObject{{}, {refused: 413}}, lfs: auto,
			want: "upload 1 2", code: fault.LFSFailed, hints: []string{"a limit is reached", "Bitbucket says: no", "storage", "set lfs: false", "the object is that of media/2.bin"},
		},
		{name: "Bitbucket refuses the login", objects: first(lfsObject{}), lfs: auto, refusal: 401, want: "upload 1 2", code: fault.Refused, hints: []string{"refuses the login", "check that the token"}},
		{
			name: "a path has lost one, available", objects: first(lfsObject{missing: true}), lfs: available, local: true, says: "remote missing object " + lfsID(0),
			want: "upload 1 2, version, prepare 1 2, fetch, prepare 2, push", warns: "lacks 1 object",
		},
		{
			name: "a path has lost one", objects: first(lfsObject{missing: true}), lfs: auto, local: true, says: "remote missing object " + lfsID(0),
			want: "upload 1 2, version, prepare 1 2, fetch", code: fault.LFSObject, hints: []string{one, "push it there", "set lfs: available", "set lfs: false"},
		},
		{
			name: "a path fails", objects: first(lfsObject{missing: true}), lfs: available, local: true, says: "disk on fire",
			want: "upload 1 2, version, prepare 1 2, fetch", code: fault.LFSFailed, hints: []string{"disk on fire", "", "set lfs: false"},
		},
		{name: "pointers can't be listed", objects: first(lfsObject{}), lfs: auto, fails: "rev-list*--no-object-names*", code: fault.GitFailed, hints: []string{"git", ""}},
		{
			name: "the transfer can't be prepared", objects: first(lfsObject{}), lfs: auto, fails: "mktree",
			want: "upload 1 2, version, download 1 2", code: fault.GitFailed, hints: []string{"git", ""},
		},
		{
			name: "lost objects can't be named", objects: first(lfsObject{lost: 404}), lfs: available, fails: `"rev-list --objects --missing"*`,
			want: "upload 1 2, version, download 1 2", code: fault.GitFailed, hints: []string{"git", ""},
		},
		{
			name: "a refused object can't be named", objects: first(lfsObject{refused: 413}), lfs: auto, fails: `"rev-list --objects --missing"*`,
			want: "upload 1 2", code: fault.LFSFailed, hints: []string{"a limit is reached", "Bitbucket says: no", "storage", "set lfs: false"},
		},
		{
			name: "the source refuses one when it is asked again", objects: []lfsObject{{}, {missing: true, later: 403}}, lfs: available, says: failed,
			want: "upload 1 2, version, download 1 2, prepare 1 2, fetch, download 2", code: fault.SourceRefused,
			hints: []string{"", "the source's server says: no", "source-token", "set lfs: false", "media/2.bin"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := stageLFS(t, test.objects, "3.6.1", test.says, cmp.Or(test.fails, "none"), test.local, false)
			s.settings.LFS, s.refusal = test.lfs, test.refusal
			err := s.transferLFS(t.Context())
			log, _ := os.ReadFile(s.log)
			if got := strings.Join(strings.Split(strings.TrimSpace(string(log)), "\n"), ", "); got != test.want {
				t.Errorf("asked: %s\nwant:  %s", got, test.want)
			}
			if err == nil {
				err = fault.New(none, "")
			} else {
				checkHints(t, fault.From(err), test.hints)
			}
			if code := fault.From(err).Code; code != test.code {
				t.Errorf("got %v, want %s", err, test.code.ID)
			}
			shown, done, begun := "", false, ""
			for _, remark := range s.reported {
				if strings.HasPrefix(remark.What, "transferring ") {
					begun = remark.What
				}
				done = done || strings.HasPrefix(remark.What, "transferred the LFS objects (")
				if strings.Contains(remark.What, "older than 3.6.1") {
					t.Errorf("git-lfs 3.6.1: %s", remark.What)
				}
				if remark.Level == fault.Warning {
					shown += remark.What + "\n" + strings.Join(remark.Hints, "\n")
				}
			}
			count, size := 0, 0
			for i, o := range test.objects {
				if !o.there {
					count, size = count+1, size+lfsSize(i)
				}
			}
			transfers := strings.Contains(test.want, "version")
			if want := fmt.Sprintf("transferring LFS objects: %d, %s", count, bytesText(int64(size))); transfers && begun != want || !transfers && begun != "" {
				t.Errorf("its start is logged as %q, want %q", begun, want)
			}
			if want := test.code == none && transfers; done != want {
				t.Errorf("its end is logged: %t", done)
			}
			if !strings.Contains(shown, test.warns) || (shown == "") != (test.warns == "") {
				t.Errorf("warned: %q, want %q", shown, test.warns)
			}
		})
	}
}

// checkHints compares a fault with words of its sentence and of each of its hints.
func checkHints(t *testing.T, f *fault.Fault, want []string) {
	t.Helper()
	got := append([]string{f.What}, f.Hints...)
	if !slices.EqualFunc(got, want, strings.Contains) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A path that contains a piece of Bitbucket's token isn't shown.
func TestPathsOfLFSObjectsHoldNoSecret(t *testing.T) {
	t.Parallel()
	s := stageLFS(t, []lfsObject{{lost: 404}}, "3.6.1", "", "none", false, false)
	s.settings.LFS, s.settings.Token = input.LFSAuto, s.credential.Token
	piece := credential.OwnPart(s.credential.Token).Reveal()[:12]
	s.write(filepath.Join(filepath.Dir(s.log), "paths"), "blob1 media/"+piece+".bin\n")
	f := fault.From(s.transferLFS(t.Context()))
	if f.Code != fault.LFSObject || !strings.Contains(f.What, lfsID(0)) || strings.Contains(f.What, piece) {
		t.Errorf("got %s: %s", f.Code.ID, f.What)
	}
}

// What is said about the transfer: its size, an old git-lfs, another server that has the
// objects, and the names of ten of them at most.
func TestMessagesOfLFS(t *testing.T) {
	t.Parallel()
	objects := make([]lfsObject, 11)
	for i := range objects {
		objects[i].lost = 404
	}
	s := stageLFS(t, objects, "3.6.0", "", "none", false, true)
	s.settings.LFS = input.LFSAuto
	f := fault.From(s.transferLFS(t.Context()))
	want := []string{"lacks 11 objects, so nothing was changed: media/1.bin (", "names another LFS server, https://lfs.example.com/octo, "}
	for i := range 9 {
		want = append(want, fmt.Sprintf("media/%d.bin (sha256:%s)", i+2, lfsID(i+1)))
	}
	checkHints(t, f, append(want, "and 1 more", "push it there", "set lfs: available", "set lfs: false"))
	log := ""
	for _, remark := range s.reported {
		log += remark.What + "\n"
	}

	// Without new commits there are no new pointers.
	s = stageLFS(t, objects, "3.6.1", "", "none", false, false)
	s.settings.LFS = input.LFSAuto
	s.plan = planned(t, "main=1", "main=1 old=1", mirror.Rules{Prune: true, MaxDeletions: 1}).plan
	if err := s.transferLFS(t.Context()); err != nil {
		t.Errorf("only deletions: %v", err)
	}
	if !strings.Contains(log, "transferring LFS objects: 11, 11 KiB\n") || !strings.Contains(log, "git-lfs 3.6.0 is older than 3.6.1") {
		t.Errorf("the log is %s", log)
	}
}
