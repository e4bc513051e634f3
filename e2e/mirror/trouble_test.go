//go:build linux

package mirror

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
)

// The Bitbucket repository is refused as its own source, in any spelling.
func TestMirrorOntoItself(t *testing.T) {
	for _, spelling := range []string{"/acme/site", "/acme/site.git", "/acme/site/", "/Acme/SITE.git", "/acme/site.git/"} {
		t.Run(spelling, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			r := m.run("source", m.bitbucket.URL+spelling, "source-username", "x-token-auth", "source-token", m.token.Secret, "prune", "true")
			r.wants(2)
		})
	}
}

// The source can be a path.
func TestMirrorPath(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.commit("main", "four", "text")
	m.run("source", m.source.dir, "source-token", "").wants(0, "updated refs/heads/main")

	// An ordinary clone has only one local branch, and a shallow clone has
	// little history.
	m.source.commit("main", "five", "text")
	m.Run("git", "clone", "--quiet", "file://"+m.source.dir, "clone")
	m.run("source", "clone", "source-token", "", "prune", "true").wants(2)
	m.run("source", "clone", "source-token", "").wants(0, "updated refs/heads/main")
	m.Run("git", "clone", "--quiet", "--depth", "1", "file://"+m.source.dir, "shallow")
	m.run("source", "shallow", "source-token", "").wants(2)
}

// A dry run reports what would change, and changes nothing.
func TestMirrorDryRun(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.commit("main", "here", "text")
	m.source.set("refs/heads/new", m.source.object("main"))
	m.source.set("refs/heads/topic", "")
	m.source.set("refs/tags/v1", m.source.object("main"))
	before := m.mirror.refs()
	r := m.run("dry-run", "true", "prune", "true", "overwrite", "true")
	if r.code != 0 || !maps.Equal(before, m.mirror.refs()) {
		t.Errorf("the exit code is %d, and the mirror has %v", r.code, m.mirror.refs())
	}
	for output, want := range map[string]string{"changed": "true", "created": "1", "updated": "1", "overwritten": "1", "deleted": "1", "refused": "0"} {
		if r.outputs[output] != want {
			t.Errorf("the output %s is %q, want %q", output, r.outputs[output], want)
		}
	}
	if len(m.bitbucket.asked("/git-receive-pack")) > 0 {
		t.Error("a dry run pushes")
	}
	m.allow("repository")
	r = m.run("dry-run", "true")
	r.wants(4)
	r.says("BBA421", "Bitbucket says:")
}

// A run with nothing to do lists both sides, and that's all.
func TestMirrorIdleRequests(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.run().wants(0)
	for name, side := range map[string]*front{"source": m.github, "Bitbucket": m.bitbucket} {
		if got := side.asked(""); len(got) > 3 {
			t.Errorf("%d requests to the %s: %q", len(got), name, got)
		}
	}
}

// The cost of a new commit doesn't depend on the size of the history.
func TestMirrorCost(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	var stream strings.Builder
	for i := range 300 {
		file := fmt.Sprint("history", i%20)
		stream.WriteString(commitOf("refs/heads/main", file, noise(20_000), parents(i, "refs/heads/main^0")...))
	}
	m.source.load(stream.String())
	m.mirror.git("fetch", "--quiet", m.source.dir, "+refs/heads/*:refs/heads/*")
	m.source.commit("main", "four", "text")
	m.run().wants(0, "updated refs/heads/main")
	if got := m.github.bytes(); got > 1<<20 {
		t.Errorf("the source sent %d bytes", got)
	}
	// The mirror is 250 commits behind.
	m.mirror.set("refs/heads/main", m.source.object("main~250"))
	m.run().wants(0, "updated refs/heads/main")
}

// The cost of a new commit doesn't depend on the shape of the history either: with
// many merged branches, a depth of 64 is thousands of commits.
func TestMirrorCostOfShapes(t *testing.T) {
	for name, history := range map[string]func() string{
		"hundreds of merged branches": mergedBranches,
		"thousands of files in deep folders": func() string {
			var files strings.Builder
			for i := range 4000 {
				fmt.Fprintf(&files, "M 100644 inline a/b%d/c%d/d%d/file%d\ndata 40\n%s\n", i%7, i%41, i%211, i, noise(40))
			}
			return commitOf("refs/heads/main", "first", "text", "refs/heads/main^0") + files.String()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.load(history())
			m.mirror.git("fetch", "--quiet", m.source.dir, "+refs/heads/*:refs/heads/*")
			m.source.commit("main", "a/b1/c1/d1/changed", "text")
			m.run().wants(0, "updated refs/heads/main")
			if got := m.github.bytes(); got > 1<<20 {
				t.Errorf("the source sent %d bytes for one commit", got)
			}
		})
	}
}

// mergedBranches is a history in which each commit of main merges a branch of 60
// commits that began long before.
func mergedBranches() string {
	const branches, length = 120, 60
	var stream strings.Builder
	mark := 0
	commit := func(file, text, from, merge string) string {
		mark++
		fmt.Fprintf(&stream, "commit refs/heads/main\nmark :%d\ncommitter Dev <dev@example.com> 1767225600 +0000\ndata 400\n%s\nfrom %s\n", mark, noise(400), from)
		if merge != "" {
			fmt.Fprintf(&stream, "merge %s\n", merge)
		}
		fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", file, len(text), text)
		return fmt.Sprintf(":%d", mark)
	}
	main := []string{"refs/heads/main^0"}
	for i := range branches {
		tip := main[max(0, i-30)]
		for j := range length {
			tip = commit(fmt.Sprintf("side/%d/file", i), fmt.Sprint(j, noise(200)), tip, "")
		}
		main = append(main, commit("merged", fmt.Sprint(i), main[i], tip))
	}
	return stream.String()
}

// A replaced branch costs what its new history is, not its old one: a push fetches
// nothing from the source.
func TestMirrorCostOfReplaced(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	var stream strings.Builder
	for i := range 200 {
		stream.WriteString(commitOf("refs/heads/main", "history", noise(20_000), parents(i, "refs/heads/main^0")...))
	}
	m.source.load(stream.String())
	m.mirror.git("fetch", "--quiet", m.source.dir, "+refs/heads/*:refs/heads/*")
	var want []string
	for i := range 30 {
		pages := fmt.Sprintf("refs/heads/pages%d", i)
		m.mirror.set(pages, m.source.object(fmt.Sprintf("main~%d", i)))
		m.source.load(commitOf(pages, "page", fmt.Sprint(i))) // without a parent
		want = append(want, "overwritten "+pages)
	}
	// A tag moves to what only a branch led to that is replaced in the same run: after
	// that, Bitbucket no longer names it, and the tag's push needs its files.
	m.source.load(commitOf("refs/heads/side", "side", "one", "refs/heads/main^0") + commitOf("refs/heads/side", "side", "two"))
	m.source.set("refs/tags/moved", m.source.object("side~"))
	m.mirror.git("fetch", "--quiet", m.source.dir, "refs/heads/side:refs/heads/side")
	m.mirror.set("refs/tags/moved", m.mirror.object("main~100"))
	m.source.set("refs/heads/side", m.source.object("main~50"))
	m.source.commit("side", "side", "rewritten")
	want = append(want, "overwritten refs/heads/side", "overwritten refs/tags/moved")
	m.run("overwrite", "true").wants(0, want...)
	if got, requests := m.github.bytes(), len(m.github.asked("/git-upload-pack")); got > 1<<20 || requests > 16 { // one for each of the 32 would be more
		t.Errorf("the source sent %d bytes in %d requests", got, requests)
	}
}

// Somebody else pushes to Bitbucket during the run. Their push isn't lost.
func TestMirrorLostRace(t *testing.T) {
	for _, overwrite := range []string{"false", "true"} {
		t.Run("between listing and pushing, overwrite "+overwrite, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "here", "text")
			m.source.set("refs/heads/new", m.source.object("main"))
			m.source.commit("topic", "more", "text")
			m.source.set("refs/tags/v1", m.source.object("main"))
			m.mirror.set("refs/heads/gone", m.mirror.object("main"))
			other := m.mirror.commit("other", "there", "text", "refs/heads/main")
			m.mirror.set("refs/heads/other", "")
			raced := []string{"refs/heads/main", "refs/heads/new", "refs/heads/gone", "refs/tags/v1"}
			m.bitbucket.onRequest("/info/refs?service=git-receive-pack", func() {
				for _, ref := range raced {
					m.mirror.set(ref, other)
				}
			})
			r := m.run("overwrite", overwrite, "prune", "true")
			for _, ref := range raced {
				r.before[ref] = other
			}
			r.keeps(raced...)
		})
		t.Run("while it is pushed, overwrite "+overwrite, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "here", "text")
			m.source.commit("topic", "more", "text")
			other := m.mirror.commit("other", "there", "text", "refs/heads/main")
			m.mirror.set("refs/heads/other", "")
			m.mirror.hook("pre-receive", "unset GIT_QUARANTINE_PATH; exec git update-ref refs/heads/main "+other)
			r := m.run("overwrite", overwrite)
			r.before["refs/heads/main"] = other
			r.keeps("refs/heads/main")
		})
	}
}

// keeps checks that these refs are unchanged and reported, and that topic was
// pushed.
func (r result) keeps(refs ...string) {
	r.t.Helper()
	after, source := r.m.mirror.refs(), r.m.source.refs()
	if r.code != 6 || after["refs/heads/topic"] != source["refs/heads/topic"] {
		r.t.Errorf("the exit code is %d, and the mirror has %v\n%s", r.code, after, r.log)
	}
	for _, ref := range refs {
		if after[ref] != r.before[ref] {
			r.t.Errorf("%s was overwritten", ref)
		}
		if !strings.Contains(r.outputs["refs"], `"`+ref+`"`) {
			r.t.Errorf("%s isn't named: %s", ref, r.outputs["refs"])
		}
	}
}

// A hook declines one of many branches. That branch is reported with the hook's
// message, and the others are pushed, although Bitbucket's branch restrictions
// decline the whole push because of one branch.
func TestMirrorDeclined(t *testing.T) {
	for _, hook := range []bitbuckettest.Hook{bitbuckettest.Update, bitbuckettest.PreReceive} {
		t.Run(string(hook), func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			want := []string{"refused refs/heads/main", "updated refs/heads/topic"}
			m.source.commit("main", "four", "text")
			m.source.commit("topic", "more", "text")
			for _, name := range []string{"a", "b", "z"} {
				m.source.set("refs/heads/"+name, m.source.object("main"))
				want = append(want, "created refs/heads/"+name)
			}
			m.fake.Decline(t, copied, hook, bitbuckettest.BranchRestricted+"\n::error::owned\n<b>|", "refs/heads/main")
			r := m.run()
			r.wants(6, want...)
			r.says(bitbuckettest.BranchRestricted)
			if strings.Contains(r.log, "##[error]owned") || strings.Contains(r.summary, "<b>") {
				t.Errorf("what the hook says has an effect:\n%s\n%s", r.log, r.summary)
			}
		})
	}
}

// If Bitbucket refuses all pushes, the log says why.
func TestMirrorRefused(t *testing.T) {
	for says, test := range map[string]struct {
		refuse func(m *mirroring)
		code   fault.Code
	}{
		"size limit": {func(m *mirroring) {
			m.fake.Decline(m.T, copied, bitbuckettest.PreReceive, bitbuckettest.OverSize, "*")
		}, fault.ReadOnly},
		"read only": {func(m *mirroring) {
			m.fake.Decline(m.T, copied, bitbuckettest.PreReceive, bitbuckettest.ReadOnly, "*")
		}, fault.ReadOnly},
		"user limit": {func(m *mirroring) {
			m.fake.AnswerAlways("GET /"+copied+".git/info/refs?service=git-receive-pack", bitbuckettest.UserLimit())
		}, fault.UserLimit},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			m.source.commit("topic", "more", "text")
			test.refuse(m)
			before := m.mirror.refs()
			r := m.run()
			if r.code != test.code.Exit || !strings.Contains(r.log, test.code.ID) || !maps.Equal(before, m.mirror.refs()) {
				t.Errorf("the exit code is %d, want %d and %s:\n%s", r.code, test.code.Exit, test.code.ID, r.log)
			}
			r.says(says)
		})
	}
}

// A server's own sentence comes first.
func TestMirrorSentences(t *testing.T) {
	const sentence = "You must enable two-step verification, see https://example.com/2fa."
	for name, test := range map[string]struct {
		side   func(m *mirroring) *front
		suffix string
		status int
		code   int
		says   []string
	}{
		"the source is read":                  {func(m *mirroring) *front { return m.github }, "/info/refs", 403, 5, []string{"BBA411", "the source's server says: " + sentence}},
		"the source isn't found":              {func(m *mirroring) *front { return m.github }, "/info/refs", 404, 5, []string{"BBA412", "the source's server says: " + sentence}},
		"Bitbucket is read":                   {func(m *mirroring) *front { return m.bitbucket }, "/info/refs", 403, 4, []string{"BBA207", "Bitbucket says: " + sentence}},
		"the source's size limit":             {func(m *mirroring) *front { return m.github }, "/git-upload-pack", 413, 5, []string{"BBA414", "(413)"}},
		"Bitbucket is written, with a status": {func(m *mirroring) *front { return m.bitbucket }, "/git-receive-pack", 413, 4, []string{"BBA424", "(413)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			test.side(m).intercept(refuse(test.suffix, test.status, sentence))
			r := m.run()
			if r.code != test.code {
				t.Errorf("the exit code is %d\n%s", r.code, r.log)
			}
			r.says(test.says...)
		})
	}
}

// A missing repository is created if create says so.
func TestMirrorCreates(t *testing.T) {
	for create, private := range map[string]bool{"private": true, "public": false} {
		t.Run(create, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.allow("repository:admin", "repository:write")
			m.mirror.dir = m.fake.Dir("acme/new")
			m.created("repository", "acme/new", "create", create, "project", "KEY").
				wants(0, "created refs/heads/main", "created refs/heads/topic", "created refs/tags/v1", "created refs/tags/v2")
			if got, _ := m.fake.Repository("acme/new"); got.Private != private || got.Project != "KEY" {
				t.Errorf("the repository is %+v", got)
			}
			m.run("repository", "acme/new", "create", create).wants(0)
		})
	}
	t.Run("a dry run", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.allow("repository:admin", "repository:write")
		m.run("repository", "acme/new", "create", "private", "dry-run", "true")
		if _, ok := m.fake.Repository("acme/new"); ok {
			t.Error("a dry run creates a repository")
		}
	})
	t.Run("without the scope", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.run("repository", "acme/new", "create", "private").wants(4)
	})
	t.Run("from an empty source", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.allow("repository:admin", "repository:write")
		m.source.clear("refs/")
		m.run("repository", "acme/new", "create", "private").wants(2)
		if _, ok := m.fake.Repository("acme/new"); ok {
			t.Error("a repository is created for nothing")
		}
	})
}

// Bitbucket lacks more history than a shallow fetch contains.
func TestMirrorShallowUpdate(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	// A long branch that was never mirrored is merged.
	var stream strings.Builder
	for i := range 100 {
		stream.WriteString(commitOf("refs/heads/long", "long", fmt.Sprint(i), parents(i, "refs/heads/main~2")...))
	}
	m.source.load(stream.String())
	m.source.commit("main", "four", "text", "refs/heads/main^0", "refs/heads/long")
	m.source.set("refs/heads/long", "")
	m.run().wants(0, "updated refs/heads/main")
}

// Without git, or with one that is too old, the step fails and says so.
func TestMirrorWithoutGit(t *testing.T) {
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	for name, git := range map[string]string{
		"missing": "",
		// Before 2.31, this configuration isn't known.
		"too old": "#!/bin/sh\nunset GIT_CONFIG_COUNT\nexec " + real + ` "$@"` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			bin := t.TempDir()
			if git != "" {
				if err := os.WriteFile(filepath.Join(bin, "git"), []byte(git), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			cmd, files := m.step()
			cmd.Env = append(cmd.Env, "PATH="+bin)
			before := m.mirror.refs()
			text, _ := cmd.CombinedOutput()
			r := m.result(cmd, files, before, string(text))
			r.wants(5)
			r.says("git 2.32 or later", "BBA431")
		})
	}
}

// Bitbucket's certificate was issued by a company's own CA.
func TestMirrorCertificate(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	server := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{copied}, TLS: true})
	m.mirror.dir = server.Dir(copied)
	m.token = server.Add(e2etest.AccessToken.Reach(copied).Token)
	m.KeepSecret(m.token.Secret)
	m.source.commit("main", "large.bin", m.upload(m.hub, origin, "large"))
	inputs := []string{"server-url", server.URL, "token", m.token.Secret}
	r := m.run(inputs...)
	r.wants(5)
	r.says("certificate")
	m.run(append(inputs, "ca-certificate", server.CA())...).
		wants(0, "created refs/heads/main", "created refs/heads/topic", "created refs/tags/v1", "created refs/tags/v2")
}

// A signal ends the run, its child processes, and its temporary files.
func TestMirrorSignals(t *testing.T) {
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129, syscall.SIGQUIT: 131} {
		for _, at := range []string{"/git-upload-pack", "/git-receive-pack"} {
			t.Run(signal.String()+" at "+at, func(t *testing.T) {
				t.Parallel()
				m := newMirroring(t)
				m.source.commit("main", "four", "text")
				// The source's first upload-pack request lists, the second one fetches.
				arrived := m.github.stall(t, at, 1)
				if at == "/git-receive-pack" {
					arrived = m.bitbucket.stall(t, at, 0)
				}
				cmd, files := m.step()
				before := m.mirror.refs()
				var text bytes.Buffer
				cmd.Stdout, cmd.Stderr = &text, &text
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				select {
				case <-arrived:
				case <-time.After(patience):
					t.Errorf("%s isn't asked for", at)
				}
				_ = cmd.Process.Signal(signal)
				_ = cmd.Wait()
				if code != cmd.ProcessState.ExitCode() {
					t.Errorf("it ends with %v, want %d\n%s", cmd.ProcessState, code, text.String())
				}
				r := m.result(cmd, files, before, text.String())
				if at == "/git-upload-pack" {
					r.wants(code)
					r.says("nothing was handed over")
					return
				}
				r.says("it may be in Bitbucket")
				if strings.Contains(r.log, "nothing was handed over") || r.outputs["refused"] != "1" || r.outputs["error-code"] == "" {
					t.Errorf("the outputs are %v\n%s", r.outputs, r.log)
				}
			})
		}
	}
}

// If source and mirror are on one server, each token is used for its own
// repository only.
func TestMirrorWithinBitbucket(t *testing.T) {
	t.Parallel()
	const other = "acme/site-source"
	m := newMirroringTo(t, e2etest.AccessToken.Reach(copied))
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{copied, other}})
	m.fake, m.bitbucket = fake, newFront(t, proxy(t, fake.URL))
	m.mirror.dir, m.source.dir = fake.Dir(copied), fake.Dir(other)
	m.source.load(seed)
	m.token = fake.Add(e2etest.AccessToken.Reach(copied).Token)
	source := fake.Add(e2etest.AccessToken.Reach(other).Token)
	m.KeepSecret(m.token.Secret)
	m.KeepSecret(source.Secret)
	var strayed []string
	m.bitbucket.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		_, password, _ := r.BasicAuth()
		if password != "" && (password == source.Secret) != strings.Contains(r.URL.Path, other) {
			strayed = append(strayed, r.Method+" "+r.URL.Path)
		}
		return false
	})
	m.sourceToken = "nothing-like-it"
	m.run(
		"server-url", m.bitbucket.URL, "token", m.token.Secret,
		"source", m.bitbucket.URL+"/"+other, "source-username", "x-token-auth", "source-token", source.Secret,
	).wants(0, "created refs/heads/main", "created refs/heads/topic", "created refs/tags/v1", "created refs/tags/v2")
	if len(strayed) > 0 {
		t.Errorf("the other repository's token was sent to %q", strayed)
	}
}

// If a server stalls, the step fails after the timeout.
func TestMirrorStalls(t *testing.T) {
	for name, stall := range map[string]func(m *mirroring) *front{
		"source":    func(m *mirroring) *front { return m.github },
		"Bitbucket": func(m *mirroring) *front { return m.bitbucket },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			m.source.commit("main", "four", "text")
			stall(m).stall(t, "", 0)
			start := time.Now()
			r := m.run("timeout", "1s")
			r.wants(5)
			r.says("timeout")
			if took := time.Since(start); took > patience {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// If the disk is full, nothing is pushed.
func TestMirrorFullDisk(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.commit("main", "four", noise(500_000))
	small := []string{
		"unshare", "--user", "--map-root-user", "--mount", "bash", "-c",
		`mount -t tmpfs -o size=128k tmpfs "$TMPDIR" || exit; "$@"; code=$?; ls -A "$TMPDIR"; exit $code`, "bash",
	}
	// Ubuntu refuses ordinary users what unshare does, and every kernel a chroot.
	if text, err := m.Command(nil, append(small, "true")...).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be mounted here: %v %s", err, text)
	}
	cmd, files := m.step()
	cmd.Path, _ = exec.LookPath(small[0])
	cmd.Args = append(small, cmd.Args...)
	before := m.mirror.refs()
	text, _ := cmd.CombinedOutput()
	r := m.result(cmd, files, before, string(text))
	r.wants(5)
	r.says("space")
}

// The mirror ignores git's settings in the environment and the user's
// configuration.
func TestMirrorHostileGit(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.commit("main", "four", "text")
	trap := m.Path("trap")
	m.Write("trap", "#!/bin/sh\necho trapped >>"+m.Path("trapped")+"\nexit 1\n")
	if err := os.Chmod(trap, 0o700); err != nil {
		t.Fatal(err)
	}
	m.Write("../home/.gitconfig", "[core]\n\thooksPath = "+m.Dir+"\n\tsshCommand = "+trap+"\n\taskPass = "+trap+"\n[credential]\n\thelper = store\n\thelper = !"+trap+
		"\n[url \"http://127.0.0.1:1/\"]\n\tinsteadOf = http://127.0.0.1\n[http]\n\tproxy = http://127.0.0.1:1\n\textraHeader = X-Trap: yes\n[init]\n\ttemplateDir = "+m.Dir+"\n")
	m.Write("../home/.netrc", "machine 127.0.0.1 login x password wrong\n")
	for name, value := range map[string]string{
		"GIT_DIR": m.mirror.dir, "GIT_WORK_TREE": m.Dir, "GIT_INDEX_FILE": trap, "GIT_OBJECT_DIRECTORY": m.Dir, "GIT_NAMESPACE": "x", "GIT_EXEC_PATH": m.Dir,
		"GIT_TRACE": m.Path("trace"), "GIT_TRACE_CURL": m.Path("trace-curl"), "GIT_TRACE_REDACT": "0", "GIT_CURL_VERBOSE": "1", "GIT_TRACE2_EVENT": m.Path("trace2"),
		"GIT_ASKPASS": trap, "SSH_ASKPASS": trap, "GIT_SSH_COMMAND": trap, "GIT_PROXY_COMMAND": trap, "GIT_TEMPLATE_DIR": m.Dir,
		"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": "Authorization: Basic d3Jvbmc=",
		"GIT_CONFIG_PARAMETERS": "'http.extraHeader=X-Trap: yes'", "GIT_CONFIG_GLOBAL": m.Path("../home/.gitconfig"), "GIT_ALTERNATE_OBJECT_DIRECTORIES": m.source.dir,
		"GIT_SHALLOW_FILE": trap, "GIT_CEILING_DIRECTORIES": "/", "GIT_ALLOW_PROTOCOL": "none", "GIT_PROTOCOL_FROM_USER": "0", "GIT_SSL_NO_VERIFY": "1",
	} {
		m.Env[name] = value
	}
	trapped := false
	m.bitbucket.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		trapped = trapped || r.Header.Get("X-Trap") != ""
		return false
	})
	cmd, files := m.step()
	for name := range m.Env {
		if strings.HasPrefix(name, "GIT_") {
			delete(m.Env, name) // the tests' own git does without
		}
	}
	before := m.mirror.refs()
	text, _ := cmd.CombinedOutput()
	m.result(cmd, files, before, string(text)).wants(0, "updated refs/heads/main")
	entries, _ := filepath.Glob(m.Path("*"))
	if len(entries) != 1 || trapped {
		t.Errorf("the workspace has %q, trapped: %v", entries, trapped)
	}
}

// No credential follows a redirect to another server.
func TestMirrorRedirect(t *testing.T) {
	for name, test := range map[string]struct {
		side func(m *mirroring) *front
		code int
	}{
		"source":    {sourceSide, 2},
		"Bitbucket": {bitbucketSide, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			elsewhere := newFront(t, http.NotFoundHandler())
			elsewhere.intercept(func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
				w.WriteHeader(http.StatusUnauthorized)
				return true
			})
			test.side(m).intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if _, _, ok := r.BasicAuth(); !ok {
					return false
				}
				http.Redirect(w, r, elsewhere.URL+r.URL.RequestURI(), http.StatusFound)
				return true
			})
			if r := m.run(); r.code != test.code {
				t.Errorf("the exit code is %d\n%s", r.code, r.log)
			}
			if got := elsewhere.authorizations; len(got) > 0 {
				t.Errorf("credentials went to another server: %d", len(got))
			}
			if got := elsewhere.asked(""); len(got) > 0 {
				t.Errorf("the redirect was followed: %q", got)
			}
		})
	}
}

// A server can name a branch after the token that it was sent. It is left alone,
// and the log, the outputs, the summary and git's command line don't show it.
func TestMirrorNamesToken(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	branch := "refs/heads/" + m.sourceToken[:min(len(m.sourceToken), 200)] // no file can be named after all of it
	m.source.commit("main", "four", "text")
	m.source.set(branch, m.source.object("main"))
	r := m.run()
	if r.code != 6 || r.outputs["updated"] != "1" || r.outputs["refused"] != "1" || m.mirror.refs()[branch] != "" {
		t.Errorf("the exit code is %d, the outputs are %v\n%s", r.code, r.outputs, r.log)
	}
}

// Two mirrors in one job don't affect each other.
func TestMirrorTwice(t *testing.T) {
	t.Parallel()
	m, other := newMirroring(t), newMirroring(t)
	m.source.commit("main", "four", "text")
	m.run().wants(0, "updated refs/heads/main")
	m.inputs, m.bitbucket, m.mirror, m.token = other.inputs, other.bitbucket, other.mirror, other.token
	m.inputs["source-token"] = m.sourceToken
	m.run().wants(0, "updated refs/heads/main")
}

// parents returns the parents of the i-th commit of a branch in a stream: only the
// first commit has to name one.
func parents(i int, first string) []string {
	if i == 0 {
		return []string{first}
	}
	return nil
}

// noise returns text that can't be compressed.
func noise(size int) string {
	text := make([]byte, size)
	_, _ = rand.Read(text)
	return string(text)
}
