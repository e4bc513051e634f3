//go:build linux

package mirror

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
)

// TestMirrorLFS mirrors files that are stored with LFS.
func TestMirrorLFS(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(m *mirroring)
		inputs []string
		code   int
		want   []string
		says   []string
		got    []string // by the source's storage
		put    []string // into Bitbucket's
	}{
		{
			name: "several versions of a file, and a file that is already removed",
			change: func(m *mirroring) {
				for _, version := range []string{"one", "two", "three"} {
					m.source.commit("main", "large.bin", m.upload(m.hub, origin, version))
				}
				m.source.commit("main", "removed.bin", m.upload(m.hub, origin, "removed"))
				m.source.commit("main", "removed.bin", "text")
			},
			want: []string{"updated refs/heads/main"},
			got:  []string{"one", "two", "three", "removed"},
			put:  []string{"one", "two", "three", "removed"},
		},
		{
			name: "an object that Bitbucket already has",
			change: func(m *mirroring) {
				m.upload(m.fake, copied, "one")
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "two"))
			},
			want: []string{"updated refs/heads/main"},
			got:  []string{"two"},
			put:  []string{"two"},
		},
		{
			name: "pointers with line ends of Windows, and of an old version",
			change: func(m *mirroring) {
				m.source.commit("main", "crlf.bin", strings.ReplaceAll(m.upload(m.hub, origin, "one"), "\n", "\r\n"))
				m.source.commit("main", "old.bin", strings.Replace(m.upload(m.hub, origin, "two"), "git-lfs", "hawser", 1))
			},
			want: []string{"updated refs/heads/main"},
			got:  []string{"one", "two"},
			put:  []string{"one", "two"},
		},
		{
			name: "an object that is missing from the source",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", pointer("lost"))
				m.source.commit("topic", "more", "text")
			},
			code: 5,
			says: []string{"BBA435", "lacks 1 object", "large.bin (sha256:" + oid("lost") + ")", "lfs: available"},
		},
		{
			name: "what there is, although an object is missing from the source",
			change: func(m *mirroring) {
				m.source.commit("main", "folder/lost.bin", pointer("lost"))
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
			},
			inputs: []string{"lfs", "available"},
			want:   []string{"updated refs/heads/main"},
			says:   []string{"##[warning]", "lacks 1 object", "folder/lost.bin (sha256:" + oid("lost") + ")"},
			got:    []string{"one"},
			put:    []string{"one"},
		},
		{
			name:   "nothing is there",
			change: func(m *mirroring) { m.source.commit("main", "large.bin", pointer("lost")) },
			inputs: []string{"lfs", "available"},
			want:   []string{"updated refs/heads/main"},
			says:   []string{"large.bin"},
		},
		{
			name: "an object that the server offers and its storage doesn't have",
			change: func(m *mirroring) {
				m.source.commit("main", "lost.bin", m.upload(m.hub, origin, "two"))
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.github.intercept(refuse("/lfs-storage/"+origin+"/"+oid("two"), http.StatusNotFound, "no such key"))
			},
			inputs: []string{"lfs", "available"},
			want:   []string{"updated refs/heads/main"},
			says:   []string{"##[warning]", "lost.bin"},
			got:    []string{"one", "two"},
			put:    []string{"one"},
		},
		{
			name: "what the source refuses isn't lost",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.github.intercept(refuse("/objects/batch", http.StatusForbidden, `{"message":"not today"}`))
			},
			inputs: []string{"lfs", "available"},
			code:   5,
			says:   []string{"BBA411", "not today"},
		},
		{
			name: "available, without git-lfs",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", pointer("lost"))
				m.withoutLFS()
			},
			inputs: []string{"lfs", "available"},
			code:   5,
			says:   []string{"BBA434"},
		},
		{
			name: "the source's quota",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.github.intercept(refuse("/objects/batch", http.StatusForbidden, `{"message":"This repository is over its data quota."}`))
			},
			code: 5,
			says: []string{"BBA436", "the source's server says: This repository is over its data quota."},
		},
		{
			name: "the source's login",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.github.intercept(refuse("/objects/batch", http.StatusForbidden, `{"message":"Visit the SSO page."}`))
			},
			code: 5,
			says: []string{"BBA411", "the source's server says: Visit the SSO page."},
		},
		{
			name: "a source that sends back a piece of its token",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				piece := m.sourceToken[len(m.sourceToken)-16:]
				m.KeepSecret(piece)
				m.github.intercept(refuse("/objects/batch", http.StatusForbidden, `{"message":"Who is `+piece+`?"}`))
			},
			code: 5,
			says: []string{"BBA411", "the source's server says: the reason contains a piece of a token"},
		},
		{
			name: "a source that doesn't say where to download an object",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.github.intercept(refuse("/objects/batch", http.StatusOK, `{"transfer":"basic","objects":[{"oid":"`+oid("one")+`","size":3}]}`))
			},
			code: 5,
			says: []string{"BBA436", "can't be transferred from the source: it doesn't say where to download large.bin (sha256:" + oid("one") + ")"},
		},
		{
			name: "a source that names an address of another protocol",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.github.intercept(refuse("/objects/batch", http.StatusOK, `{"transfer":"basic","objects":[{"oid":"`+oid("one")+`","size":3,"actions":{"download":{"href":"file:///etc/passwd"}}}]}`))
			},
			code: 5,
			says: []string{"BBA436", "can't be transferred from the source: missing protocol"},
		},
		{
			name: "Bitbucket's quota",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.bitbucket.intercept(refuse("/objects/batch", http.StatusRequestEntityTooLarge, `{"message":"LFS storage is full."}`))
			},
			code: 5,
			says: []string{"BBA436", "Bitbucket says: LFS storage is full."},
		},
		{
			name: "Bitbucket's login",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.bitbucket.intercept(refuse("/objects/batch", http.StatusForbidden, `{"message":"No write access to LFS."}`))
			},
			code: 4,
			says: []string{"BBA421", "Bitbucket says: No write access to LFS."},
		},
		{
			name: "an .lfsconfig that says where the objects are",
			change: func(m *mirroring) {
				m.source.commit("main", ".lfsconfig", "[lfs]\n\turl = https://me:pw@lfs.example.com/acme/elsewhere?x=1\n")
				m.source.commit("main", "large.bin", pointer("lost"))
			},
			code: 5,
			says: []string{"BBA435", ".lfsconfig names another LFS server, https://lfs.example.com/acme/elsewhere, ", "lfs: false loses nothing"},
		},
		{
			name: "an older .lfsconfig",
			change: func(m *mirroring) {
				m.source.commit("main", ".lfsconfig", "[lfs]\n\turl = https://lfs.example.com/acme/elsewhere\n")
				m.run().wants(0, "updated refs/heads/main")
				m.source.commit("main", "large.bin", pointer("lost"))
			},
			code: 5,
			says: []string{".lfsconfig names another LFS server, https://lfs.example.com/acme/elsewhere, "},
		},
		{
			name: "a missing object in a commit that is already mirrored",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", pointer("lost"))
				m.mirror.git("fetch", "--quiet", m.source.dir, "refs/heads/main:refs/heads/main")
				m.source.commit("main", "four", "text")
			},
			want: []string{"updated refs/heads/main"},
		},
		{
			name:   "LFS turned off",
			change: func(m *mirroring) { m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one")) },
			inputs: []string{"lfs", "false"},
			want:   []string{"updated refs/heads/main"},
		},
		{
			name: "new pointers without git-lfs",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.withoutLFS()
			},
			code: 5,
			says: []string{"git-lfs", "lfs: false"},
		},
		{
			name: "no pointers, without git-lfs",
			change: func(m *mirroring) {
				m.source.commit("main", "four", "text")
				m.withoutLFS()
			},
			want: []string{"updated refs/heads/main"},
		},
		{
			name: "an .lfsconfig that names another server",
			change: func(m *mirroring) {
				m.source.commit("main", ".lfsconfig", "[lfs]\n\turl = http://127.0.0.1:1/acme/elsewhere\n\tpushurl = http://127.0.0.1:1/acme/elsewhere\n")
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
			},
			want: []string{"updated refs/heads/main"},
			got:  []string{"one"},
			put:  []string{"one"},
		},
		{
			name: "an empty mirror",
			change: func(m *mirroring) {
				m.source.commit("main", "large.bin", m.upload(m.hub, origin, "one"))
				m.source.commit("topic", "other.bin", m.upload(m.hub, origin, "two"))
				m.mirror.clear("refs/")
			},
			want: []string{"created refs/heads/main", "created refs/heads/topic", "created refs/tags/v1", "created refs/tags/v2"},
			got:  []string{"one", "two"},
			put:  []string{"one", "two"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			test.change(m)
			stop := m.watch()
			r := m.run(test.inputs...)
			stop()
			r.wants(test.code, test.want...)
			r.says(test.says...)
			m.github.transferred("GET", origin, test.got)
			m.bitbucket.transferred("PUT", copied, test.put)
		})
	}
}

// refuse answers requests whose path has a suffix.
func refuse(suffix string, status int, body string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, suffix) {
			return false
		}
		kind := "text/plain"
		switch {
		case strings.HasPrefix(body, "{"):
			kind = "application/vnd.git-lfs+json"
		case strings.HasPrefix(body, "<"):
			kind = "text/html"
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		return true
	}
}

// A source that is a path can lack objects, too.
func TestMirrorLFSOfPath(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.commit("main", "folder/lost.bin", pointer("lost"))
	stored := filepath.Join(m.source.dir, "lfs", "objects", oid("one")[:2], oid("one")[2:4])
	if err := os.MkdirAll(stored, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stored, oid("one")), []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.source.commit("main", "large.bin", pointer("one"))
	r := m.run("source", m.source.dir, "source-token", "")
	r.wants(5)
	r.says("BBA435", "folder/lost.bin (sha256:"+oid("lost")+")")
	r = m.run("source", m.source.dir, "source-token", "", "lfs", "available")
	r.wants(0, "updated refs/heads/main")
	r.says("folder/lost.bin")
	m.bitbucket.transferred("PUT", copied, []string{"one"})
}

// transferred checks that exactly these objects were transferred.
func (f *front) transferred(method, repository string, contents []string) {
	f.t.Helper()
	got := map[string]bool{}
	for _, r := range f.asked("") {
		if strings.HasPrefix(r, method+" /lfs-storage/") {
			got[r] = true
		}
	}
	for _, content := range contents {
		request := method + " /lfs-storage/" + repository + "/" + oid(content)
		if !got[request] {
			f.t.Errorf("%q wasn't transferred (%s)", content, method)
		}
		delete(got, request)
	}
	if len(got) > 0 {
		f.t.Errorf("more was transferred: %v", got)
	}
	if asked := f.asked(""); method == "PUT" && len(contents) > 0 {
		if last := asked[len(asked)-1]; !strings.HasSuffix(last, "/git-receive-pack") {
			f.t.Errorf("the branches weren't pushed last, but %s", last)
		}
	}
}

func oid(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// pointer returns the pointer that git stores in place of an LFS object.
func pointer(content string) string {
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", oid(content), len(content))
}

// upload stores an LFS object on a server, bypassing its front, and returns the
// pointer.
func (m *mirroring) upload(server *bitbuckettest.Server, repository, content string) string {
	m.T.Helper()
	token := server.Add(e2etest.AccessToken.Reach(repository).Token)
	body := fmt.Sprintf(`{"operation":"upload","objects":[{"oid":%q,"size":%d}]}`, oid(content), len(content))
	request, err := http.NewRequest(http.MethodPost, server.URL+"/"+repository+".git/info/lfs/objects/batch", strings.NewReader(body))
	if err != nil {
		m.T.Fatal(err)
	}
	request.SetBasicAuth("x-token-auth", token.Secret)
	var batch struct {
		Objects []struct {
			Actions struct {
				Upload struct {
					Href   string
					Header map[string]string
				}
			}
		}
	}
	if err := json.Unmarshal(m.send(request), &batch); err != nil {
		m.T.Fatal(err)
	}
	upload := batch.Objects[0].Actions.Upload
	request, err = http.NewRequest(http.MethodPut, upload.Href, strings.NewReader(content))
	if err != nil {
		m.T.Fatal(err)
	}
	for name, value := range upload.Header {
		request.Header.Set(name, value)
	}
	m.send(request)
	return pointer(content)
}

func (m *mirroring) send(request *http.Request) []byte {
	m.T.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		m.T.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
		m.T.Fatalf("%s %s: %s, %v", request.Method, request.URL, response.Status, err)
	}
	return body.Bytes()
}

// withoutLFS leaves nothing but git in PATH.
func (m *mirroring) withoutLFS() {
	m.Env["PATH"], _, _ = strings.Cut(m.Env["PATH"], string(filepath.ListSeparator))
}

// watch looks for secrets every few milliseconds, in the arguments of all
// processes and in the files of the temporary directory, until it is stopped.
func (m *mirroring) watch() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(25 * time.Millisecond):
			}
			commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			_ = filepath.WalkDir(m.temporary, func(path string, entry fs.DirEntry, err error) error {
				if err == nil && entry.Type().IsRegular() {
					commands = append(commands, path)
				}
				return nil
			})
			for _, path := range commands {
				text, _ := os.ReadFile(path)
				for _, secret := range m.Secrets {
					if bytes.Contains(text, []byte(secret)) {
						m.T.Errorf("%s holds a secret", path)
					}
				}
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
