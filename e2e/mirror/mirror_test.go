//go:build linux

package mirror

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// TestMirror changes one or both of two equal repositories and runs the mirror.
// Refs that a case doesn't name must not change.
func TestMirror(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(m *mirroring)
		inputs []string
		code   int
		want   []string
		says   []string
	}{
		{name: "nothing has changed"},
		{
			name:   "a commit",
			change: func(m *mirroring) { m.source.commit("main", "four", "text") },
			want:   []string{"updated refs/heads/main"},
		},
		{
			name: "new branches and tags",
			change: func(m *mirroring) {
				m.source.commit("new", "new", "text", "refs/heads/topic")
				m.source.set("refs/heads/copy", m.source.object("main"))
				m.source.set("refs/tags/v3", m.source.object("main"))
			},
			want: []string{"created refs/heads/new", "created refs/heads/copy", "created refs/tags/v3"},
		},
		{
			name: "a branch with an unrelated history",
			change: func(m *mirroring) {
				m.source.load("commit refs/heads/pages\ncommitter Dev <d@example.com> 1767225600 +0000\ndata 0\n")
				m.source.commit("pages", "index.html", "text")
			},
			want: []string{"created refs/heads/pages"},
		},
		{
			name: "a tag of a tag, and tags of a tree and a blob",
			change: func(m *mirroring) {
				m.source.git("tag", "-a", "-m", "again", "nested", "v2")
				m.source.set("refs/tags/tree", m.source.object("main^{tree}"))
				m.source.set("refs/tags/blob", m.source.object("main:one"))
			},
			want: []string{"created refs/tags/nested", "created refs/tags/tree", "created refs/tags/blob"},
		},
		{
			name: "a tag of a commit that isn't on a branch",
			change: func(m *mirroring) {
				m.source.set("refs/tags/lost", m.source.commit("gone", "gone", "text", "refs/heads/main"))
				m.source.set("refs/heads/gone", "")
			},
			want: []string{"created refs/tags/lost"},
		},
		{
			name: "an old branch is merged",
			change: func(m *mirroring) {
				m.source.commit("main", "four", "text", "refs/heads/main^0", "refs/heads/topic")
				m.source.set("refs/heads/topic", "")
			},
			want: []string{"updated refs/heads/main"},
		},
		{
			name: "a branch has diverged",
			change: func(m *mirroring) {
				m.source.commit("main", "here", "text")
				m.mirror.commit("main", "there", "text")
				m.source.commit("topic", "more", "text")
			},
			code: 6,
			want: []string{"refused refs/heads/main", "updated refs/heads/topic"},
			says: []string{"main", "overwrite"},
		},
		{
			name: "a diverged branch is overwritten",
			change: func(m *mirroring) {
				m.source.commit("main", "here", "text")
				m.mirror.commit("main", "there", "text")
			},
			inputs: []string{"overwrite", "true"},
			want:   []string{"overwritten refs/heads/main"},
		},
		{
			name:   "the mirror is ahead",
			change: func(m *mirroring) { m.mirror.commit("main", "there", "text") },
			code:   6,
			want:   []string{"refused refs/heads/main"},
		},
		{
			name:   "a branch was reset to an older commit",
			change: func(m *mirroring) { m.source.set("refs/heads/main", m.source.object("main~1")) },
			code:   6,
			want:   []string{"refused refs/heads/main"},
		},
		{
			name:   "a branch was reset, with overwrite",
			change: func(m *mirroring) { m.source.set("refs/heads/main", m.source.object("main~1")) },
			inputs: []string{"overwrite", "true"},
			want:   []string{"overwritten refs/heads/main"},
		},
		{
			name: "tags have moved",
			change: func(m *mirroring) {
				m.source.set("refs/tags/v1", m.source.object("main"))
				m.source.git("tag", "-f", "-a", "-m", "moved", "v2", "main")
				m.source.commit("main", "four", "text")
			},
			code: 6,
			want: []string{"refused refs/tags/v1", "refused refs/tags/v2", "updated refs/heads/main"},
		},
		{
			name: "moved tags are overwritten",
			change: func(m *mirroring) {
				m.source.set("refs/tags/v1", m.source.object("main"))
				m.source.git("tag", "-f", "-a", "-m", "the same commit, now annotated", "v2", "v2^{}")
			},
			inputs: []string{"overwrite", "true"},
			want:   []string{"overwritten refs/tags/v1", "overwritten refs/tags/v2"},
		},
		{
			name:   "an exclusion that can match no name",
			change: func(m *mirroring) { m.source.commit("internal/1", "secret", "text", "refs/heads/main") },
			inputs: []string{"branches", "!internal/[0-9]*"},
			code:   2,
			says:   []string{"BBA401", "only * is special"},
		},
		{
			name:   "a pattern for no tag",
			change: func(m *mirroring) { m.source.set("refs/tags/v3", m.source.object("main")) },
			inputs: []string{"tags", "v[0-9]*"},
			code:   2,
			says:   []string{"BBA401", "v[0-9]*"},
		},
		{
			name:   "one of two patterns matches nothing",
			change: func(m *mirroring) { m.source.commit("main", "four", "text") },
			inputs: []string{"branches", "main, relase/*"},
			want:   []string{"updated refs/heads/main"},
			says:   []string{"match this part of branches: relase/*"},
		},
		{
			name: "deleted in the source, without prune",
			change: func(m *mirroring) {
				m.source.set("refs/heads/topic", "")
				m.source.set("refs/tags/v1", "")
			},
		},
		{
			name: "deleted in the source, with prune",
			change: func(m *mirroring) {
				m.source.set("refs/heads/topic", "")
				m.source.set("refs/tags/v1", "")
			},
			inputs: []string{"prune", "true", "max-deletions", "2"},
			want:   []string{"deleted refs/heads/topic", "deleted refs/tags/v1"},
		},
		{
			name: "more deletions than max-deletions",
			change: func(m *mirroring) {
				m.source.set("refs/heads/topic", "")
				m.source.set("refs/tags/v1", "")
				m.source.commit("main", "four", "text")
			},
			inputs: []string{"prune", "true", "max-deletions", "1"},
			code:   2,
			says:   []string{"max-deletions", "2"},
		},
		{
			name: "prune with patterns",
			change: func(m *mirroring) {
				m.source.set("refs/heads/topic", "")
				m.mirror.set("refs/heads/release/1", m.mirror.object("main"))
				m.mirror.set("refs/heads/release/kept", m.mirror.object("main"))
				m.source.set("refs/tags/v1", "")
			},
			inputs: []string{"prune", "true", "branches", "main, release/*,!release/kept", "tags", "!*"},
			want:   []string{"deleted refs/heads/release/1"},
		},
		{
			name: "prune of Bitbucket's main branch",
			change: func(m *mirroring) {
				m.source.set("refs/heads/main", "")
				m.source.git("symbolic-ref", "HEAD", "refs/heads/topic")
			},
			inputs: []string{"prune", "true"},
			says:   []string{"refs/heads/main is kept", "Repository details → Main branch"},
		},
		{
			name: "some branches, no tags",
			change: func(m *mirroring) {
				for _, name := range []string{"release/1", "release/2/fix", "release/old", "other"} {
					m.source.set("refs/heads/"+name, m.source.object("main"))
				}
				m.source.set("refs/tags/v3", m.source.object("main"))
			},
			inputs: []string{"branches", "release/*\n!release/old", "tags", "!*"},
			want:   []string{"created refs/heads/release/1", "created refs/heads/release/2/fix"},
		},
		{
			name: "all branches but some",
			change: func(m *mirroring) {
				m.source.set("refs/heads/dependabot/go", m.source.object("main"))
				m.source.set("refs/heads/new", m.source.object("main"))
			},
			inputs: []string{"branches", "!dependabot/*"},
			want:   []string{"created refs/heads/new"},
		},
		{
			name: "tags only",
			change: func(m *mirroring) {
				m.source.commit("main", "four", "text")
				m.source.set("refs/tags/v3", m.source.object("main"))
			},
			inputs: []string{"branches", "!*"},
			want:   []string{"created refs/tags/v3"},
		},
		{
			name:   "patterns that match nothing",
			change: func(m *mirroring) { m.source.commit("main", "four", "text") },
			inputs: []string{"branches", "mian", "prune", "true"},
			code:   2,
			says:   []string{"mian"},
		},
		{
			name: "a branch became a folder",
			change: func(m *mirroring) {
				m.source.set("refs/heads/topic", "")
				m.source.set("refs/heads/topic/one", m.source.object("main"))
				m.source.commit("main", "four", "text")
			},
			code: 6,
			want: []string{"refused refs/heads/topic/one", "updated refs/heads/main"},
			says: []string{"topic"},
		},
		{
			name: "a branch became a folder, with prune",
			change: func(m *mirroring) {
				m.source.set("refs/heads/topic", "")
				m.source.set("refs/heads/topic/one", m.source.object("main"))
			},
			inputs: []string{"prune", "true"},
			want:   []string{"deleted refs/heads/topic", "created refs/heads/topic/one"},
		},
		{
			name: "a folder became a branch, with prune",
			change: func(m *mirroring) {
				m.mirror.set("refs/heads/fix/one", m.mirror.object("main"))
				m.source.set("refs/heads/fix", m.source.object("main"))
			},
			inputs: []string{"prune", "true"},
			want:   []string{"deleted refs/heads/fix/one", "created refs/heads/fix"},
		},
		{
			name: "an empty source",
			change: func(m *mirroring) {
				m.source.clear("refs/")
			},
			inputs: []string{"prune", "true", "overwrite", "true", "max-deletions", "1000"},
			code:   2,
		},
		{
			name: "a source with tags only",
			change: func(m *mirroring) {
				m.source.set("refs/heads/main", "")
				m.source.set("refs/heads/topic", "")
				m.source.set("refs/tags/v3", m.source.object("v1"))
			},
			inputs: []string{"prune", "true", "overwrite", "true", "max-deletions", "1000"},
			code:   2,
		},
		{
			name: "a shallow source",
			change: func(m *mirroring) {
				m.source.commit("main", "four", "text")
				m.source.write("shallow", m.source.object("main~1")+"\n")
			},
			inputs: []string{"prune", "true", "overwrite", "true"},
			code:   2,
			says:   []string{"shallow"},
		},
		{
			name:   "a source that can't be reached",
			change: func(m *mirroring) { m.github.Close() },
			code:   5,
		},
		{
			name:   "a source that doesn't exist",
			change: func(m *mirroring) { m.Env["GITHUB_REPOSITORY"] = "octo/nothing" },
			code:   5,
		},
		{
			name:   "a source that refuses the token",
			inputs: []string{"source-token", newSourceToken()},
			code:   5,
			says:   []string{"source"},
		},
		{
			name:   "Bitbucket can't be reached",
			change: func(m *mirroring) { m.bitbucket.Close() },
			code:   5,
		},
		{
			name:   "a token that Bitbucket refuses",
			change: func(m *mirroring) { m.fake.End(m.token.Secret) },
			code:   4,
		},
		{
			name: "a token that can only read",
			change: func(m *mirroring) {
				m.allow("repository")
				m.source.commit("main", "four", "text")
			},
			code: 4,
			says: []string{"write"},
		},
		{
			name:   "a Bitbucket repository that doesn't exist",
			inputs: []string{"repository", "acme/nothing"},
			code:   4,
			says:   []string{"acme/nothing"},
		},
		{
			name: "a source that can't filter",
			change: func(m *mirroring) {
				m.source.git("config", "uploadpack.allowFilter", "false")
				m.source.commit("main", "four", "text")
				m.source.commit("main", "large", strings.Repeat("large", 10000))
			},
			want: []string{"updated refs/heads/main"},
		},
		{
			name: "a source with git's old protocol",
			change: func(m *mirroring) {
				m.github.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
					r.Header.Del("Git-Protocol")
					return false
				})
				m.source.commit("main", "large", noise(100_000))
			},
			want: []string{"updated refs/heads/main"},
		},
		{
			name: "large files, a copy of an old one, and one that is already removed",
			change: func(m *mirroring) {
				m.source.commit("main", "large", noise(100_000))
				m.source.commit("main", "copy", "text")
				m.source.commit("main", "brief", noise(100_000))
				m.source.commit("main", "brief", "")
			},
			want: []string{"updated refs/heads/main"},
		},
		{
			name: "names with a meaning in shells, commands and Markdown",
			change: func(m *mirroring) {
				for _, name := range hostileNames {
					m.source.set("refs/heads/"+name, m.source.object("main"))
				}
			},
			want: func() (want []string) {
				for _, name := range hostileNames {
					want = append(want, "created refs/heads/"+name)
				}
				return want
			}(),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			if test.change != nil {
				test.change(m)
			}
			r := m.run(test.inputs...)
			r.wants(test.code, test.want...)
			r.says(test.says...)
		})
	}
}

// hostileNames are branch names that a shell, a workflow command, a Markdown table
// or git itself could misread.
var hostileNames = []string{
	"$(touch${IFS}pwned)", "`touch${IFS}pwned`", "'\"&&touch$IFS'pwned", "-d", "--force", "+main", "!main", "refs/heads/main", "HEAD",
	"%0A%3A%3Aerror%3A%3Aowned", "|a|b|", "<img/src=x>", "](b)", "__a__", "#1", "@x", "日本", "é\u2028x", strings.Repeat("long/", 40) + "name",
}

// TestMirrorBegins fills an empty repository, with each kind of token.
func TestMirrorBegins(t *testing.T) {
	for _, l := range e2etest.Logins {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			l.Token.Reach = nil
			m := newMirroringTo(t, l)
			m.source.load(seed)
			m.source.commit("main", "large.bin", m.upload(m.hub, origin, "large"))
			m.source.git("update-ref", "refs/notes/commits", "refs/heads/main")
			first := m.run()
			first.wants(0, "created refs/heads/main", "created refs/heads/topic", "created refs/tags/v1", "created refs/tags/v2")
			first.says("the source also has refs/notes/*, which aren't mirrored: only branches and tags are")
			if puts := m.bitbucket.asked("/" + oid("large")); len(puts) != 1 || !strings.HasPrefix(puts[0], "PUT ") {
				t.Errorf("the LFS object was asked for by %q", puts)
			}
			m.run().wants(0)
		})
	}
}

// TestMirrorThousands creates and deletes thousands of branches.
func TestMirrorThousands(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	var stream strings.Builder
	var want []string
	for i := range 2000 {
		fmt.Fprintf(&stream, "reset refs/heads/issue/%d-a-name-of-some-length\nfrom refs/heads/main\n\n", i)
		want = append(want, fmt.Sprintf("created refs/heads/issue/%d-a-name-of-some-length", i))
	}
	m.source.load(stream.String())
	m.run().wants(0, want...)

	for i, created := range want {
		name := strings.TrimPrefix(created, "created ")
		want[i] = "deleted " + name
	}
	m.source.clear("refs/heads/issue/")
	m.run("prune", "true").wants(2)
	m.run("prune", "true", "max-deletions", "2000").wants(0, want...)
}
