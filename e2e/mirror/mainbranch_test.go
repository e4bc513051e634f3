//go:build linux

package mirror

import (
	"maps"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/e2e/e2etest"
)

// rename renames the source's main branch, as the page of its repository does.
func (m *mirroring) rename(to string) {
	m.T.Helper()
	m.source.set("refs/heads/"+to, m.source.object("main"))
	m.source.git("symbolic-ref", "HEAD", "refs/heads/"+to)
	m.source.set("refs/heads/main", "")
}

// A main branch that was renamed in the source: the old one is kept in Bitbucket, and
// somebody is told what to do. That isn't a failure.
func TestMirrorRenamedMain(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.rename("trunk")
	m.source.set("refs/heads/topic", "")
	r := m.run("prune", "true")
	r.wants(0, "created refs/heads/trunk", "deleted refs/heads/topic")
	r.says("refs/heads/main is kept", "Repository settings → Repository details → Main branch")
	if r.outputs["kept"] != "1" || !strings.Contains(r.summary, "is kept") {
		t.Errorf("kept is %s, and the summary is\n%s", r.outputs["kept"], r.summary)
	}
	// The next one has nothing to do.
	r = m.run("prune", "true")
	r.wants(0)
	r.says("everything in the source is in Bitbucket; 1 more is kept: refs/heads/main", "refs/heads/main is kept")
}

// With follow, Bitbucket's main branch becomes the source's, after the pushes and
// before the deletions.
func TestMirrorFollowsMain(t *testing.T) {
	t.Run("with prune", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.allow("repository:admin", "repository:write")
		m.rename("trunk")
		r := m.run("prune", "true", "main-branch", "follow")
		r.wants(0, "created refs/heads/trunk", "deleted refs/heads/main")
		r.says("set the main branch of Bitbucket's repository to trunk")
		if got := m.fake.MainBranch(copied); got != "refs/heads/trunk" || r.outputs["kept"] != "0" {
			t.Errorf("the main branch is %s, and %s are kept", got, r.outputs["kept"])
		}
		before := map[*front]int{m.github: len(m.github.asked("")), m.bitbucket: len(m.bitbucket.asked(""))}
		m.run("prune", "true", "main-branch", "follow").wants(0)
		for side, number := range before {
			if got := side.asked("")[number:]; len(got) > 3 {
				t.Errorf("with nothing to do, the requests are %q", got)
			}
		}
	})
	t.Run("nothing else differs", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.allow("repository:admin", "repository:write")
		m.source.git("symbolic-ref", "HEAD", "refs/heads/topic")
		dry := m.run("main-branch", "follow", "dry-run", "true")
		dry.says("would set the main branch of Bitbucket's repository to topic")
		if got := m.fake.MainBranch(copied); got != "refs/heads/main" || dry.outputs["changed"] != "true" {
			t.Errorf("after a dry run, the main branch is %s, changed is %s", got, dry.outputs["changed"])
		}
		before := len(m.bitbucket.asked(""))
		r := m.run("main-branch", "follow")
		if got := m.fake.MainBranch(copied); r.code != 0 || got != "refs/heads/topic" || r.outputs["changed"] != "true" || len(r.refs) > 0 {
			t.Errorf("the exit code is %d, the main branch %s, changed %s, refs %v\n%s", r.code, got, r.outputs["changed"], r.refs, r.log)
		}
		if got := m.bitbucket.asked("")[before:]; len(got) > 4 {
			t.Errorf("%d requests to Bitbucket: %q", len(got), got)
		}
		r = m.run("main-branch", "follow")
		if r.wants(0); r.outputs["changed"] != "false" {
			t.Error("it is set again")
		}
	})
	t.Run("without the right to", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.rename("trunk")
		r := m.run("prune", "true", "main-branch", "follow")
		r.wants(0, "created refs/heads/trunk")
		r.says("wasn't set to trunk", "repository:admin", "refs/heads/main is kept")
		if r.outputs["kept"] != "1" {
			t.Errorf("%s are kept", r.outputs["kept"])
		}
	})
	t.Run("the main branch is left alone", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.allow("repository:admin", "repository:write")
		m.source.git("symbolic-ref", "HEAD", "refs/heads/topic")
		m.source.commit("topic", "here", "text")
		m.mirror.commit("topic", "there", "text")
		r := m.run("main-branch", "follow")
		r.wants(6, "refused refs/heads/topic")
		r.says("refs/heads/topic, was left alone, so that Bitbucket's main branch stays what it is")
		if got := m.fake.MainBranch(copied); got != "refs/heads/main" {
			t.Errorf("the main branch is %s", got)
		}
	})
	t.Run("it is declined", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.allow("repository:admin", "repository:write")
		m.rename("trunk")
		m.mirror.hook("update", `[ "$1" != refs/heads/trunk ] || { echo "protected"; exit 1; }`)
		r := m.run("main-branch", "follow", "prune", "true")
		r.wants(6, "refused refs/heads/trunk")
		if got := m.fake.MainBranch(copied); got != "refs/heads/main" {
			t.Errorf("the main branch is %s", got)
		}
	})
	t.Run("Data Center", func(t *testing.T) {
		t.Parallel()
		l := e2etest.PersonalToken
		l.Token.Scopes, l.Token.Reach = []string{"REPO_ADMIN"}, nil
		m := newMirroringTo(t, l)
		for _, r := range []repo{m.source, m.mirror} {
			r.load(seed)
		}
		m.rename("trunk")
		m.run("prune", "true", "main-branch", "follow").wants(0, "created refs/heads/trunk", "deleted refs/heads/main")
		if got := m.fake.MainBranch(copied); got != "refs/heads/trunk" {
			t.Errorf("the main branch is %s", got)
		}
	})
}

// The first mirror of a checkout without a main branch: HEAD is detached, as on GitLab
// and Jenkins.
func TestMirrorFirstMain(t *testing.T) {
	for want, change := range map[string]func(m *mirroring){
		"refs/heads/topic": func(m *mirroring) {
			m.source.set("refs/heads/main", "")
			m.source.set("refs/heads/a", m.source.object("topic~1"))
			m.source.git("update-ref", "--no-deref", "HEAD", m.source.object("topic"))
		},
		"refs/heads/main": func(m *mirroring) {
			m.source.git("update-ref", "--no-deref", "HEAD", m.source.object("topic"))
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			l := e2etest.AccessToken
			l.Token.Reach = nil
			m := newMirroringTo(t, l)
			m.source.load(seed)
			change(m)
			m.mirror.hook("update", `echo "$1" >>`+m.order())
			r := m.run()
			if r.code != 0 {
				t.Fatalf("the exit code is %d:\n%s", r.code, r.log)
			}
			if first, _, _ := strings.Cut(e2etest.Content(m.order()), "\n"); first != want {
				t.Errorf("%s came first, want %s", first, want)
			}
		})
	}
}

// order is a file for the refs of a push, in their order.
func (m *mirroring) order() string { return m.processes + ".order" }

// A dry run answers what a run would do: in its words, completely, and with its exit
// code, but that too many deletions are a warning.
func TestMirrorDryRunAnswers(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	for _, name := range []string{"a", "b", "c"} {
		m.mirror.set("refs/heads/"+name, m.mirror.object("main"))
	}
	before := m.mirror.refs()
	dry := m.run("dry-run", "true", "prune", "true", "max-deletions", "2")
	if !maps.Equal(before, m.mirror.refs()) {
		t.Error("a dry run changes something")
	}
	dry.says("refs/heads/a: would be deleted", "refs/heads/b: would be deleted", "refs/heads/c: would be deleted", "would delete 3", "BBA408")
	if dry.code != 0 || dry.outputs["deleted"] != "3" || dry.outputs["kept"] != "0" || strings.Contains(dry.log, "see the list") {
		t.Errorf("the exit code is %d, the outputs are %v\n%s", dry.code, dry.outputs, dry.log)
	}
	if !strings.Contains(dry.summary, "would be deleted") || strings.Contains(dry.summary, "| deleted") {
		t.Errorf("the summary is\n%s", dry.summary)
	}
	real := m.run("prune", "true", "max-deletions", "2")
	real.wants(2)
	real.says("BBA408", "dry-run: true")

	m.source.commit("main", "here", "text")
	m.mirror.commit("main", "there", "text")
	before = m.mirror.refs()
	dry = m.run("dry-run", "true")
	dry.says("refs/heads/main: would be left alone", "would leave 1 alone", "would be left alone: refs/heads/main")
	if dry.code != 6 || !maps.Equal(before, m.mirror.refs()) {
		t.Errorf("the exit code is %d", dry.code)
	}
}

// The log begins with what was left alone, and shows both values of each change.
func TestMirrorLog(t *testing.T) {
	t.Parallel()
	m := newMirroring(t)
	m.source.git("config", "uploadpack.allowAnySHA1InWant", "true")
	old, theirs := m.mirror.object("main"), m.mirror.object("v1")
	m.source.set("refs/heads/keep/old-main", old)
	m.source.set("refs/heads/main", m.source.object("main~2"))
	rewritten := m.source.commit("main", "rewritten", "text")
	created := m.source.commit("new", "new", "text", "refs/heads/topic")
	m.mirror.set("refs/heads/extra", m.mirror.object("main"))
	m.source.set("refs/notes/commits", m.source.object("main"))
	r := m.run("overwrite", "true", "source", m.source.dir, "source-token", "")
	r.wants(0, "overwritten refs/heads/main", "created refs/heads/new", "created refs/heads/keep/old-main")
	r.says(
		"refs/heads/main: overwritten ("+old[:9]+".."+rewritten[:9]+"), 2 commits are no longer reachable from it",
		"refs/heads/new: created ("+created[:9]+")",
		"1 more is kept: refs/heads/extra",
		"the source also has refs/notes/*",
	)
	if strings.Count(r.log, "refs/notes") != 1 || strings.Contains(r.log, "refs/pull") {
		t.Errorf("what isn't mirrored is said\n%s", r.log)
	}

	m.source.set("refs/tags/v1", m.source.object("main"))
	newer := m.source.commit("main", "more", "text")
	r = m.run()
	r.wants(6, "refused refs/tags/v1", "updated refs/heads/main")
	tag, branch := "refs/tags/v1: left alone ("+theirs[:9]+".."+rewritten[:9]+"), since the tag has moved", "refs/heads/main: updated ("+rewritten[:9]+".."+newer[:9]+")"
	r.says(tag, branch)
	if strings.Index(r.log, tag) > strings.Index(r.log, branch) {
		t.Errorf("what was left alone isn't first:\n%s", r.log)
	}
}

// What can be done about a ref that was left alone depends on the reason. The summary
// says it, too.
func TestMirrorHints(t *testing.T) {
	const overwrite = "overwrite: true"
	for _, test := range []struct {
		name   string
		change func(m *mirroring)
		says   string
		not    string
	}{
		{"diverged", func(m *mirroring) {
			m.source.commit("main", "here", "text")
			m.mirror.commit("main", "there", "text")
		}, overwrite, "branch restriction"},
		{"declined", func(m *mirroring) {
			m.source.commit("main", "here", "text")
			m.mirror.hook("update", `[ "$1" != refs/heads/main ] || { echo "protected"; exit 1; }`)
		}, "use an API token of a user who may push", overwrite},
		{"in the way", func(m *mirroring) {
			m.source.commit("fix/one", "fix", "text", "refs/heads/main")
			m.mirror.set("refs/heads/fix", m.mirror.object("main"))
		}, "prune: true", overwrite},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirroring(t)
			test.change(m)
			r := m.run()
			r.says(test.says)
			if r.code != 6 || strings.Contains(r.log, test.not) {
				t.Errorf("the exit code is %d, and it says %q:\n%s", r.code, test.not, r.log)
			}
			if !strings.Contains(r.summary, "BBA441") || !strings.Contains(r.summary, test.says) {
				t.Errorf("the summary is\n%s", r.summary)
			}
		})
	}
	t.Run("another fault", func(t *testing.T) {
		t.Parallel()
		m := newMirroring(t)
		m.source.clear("refs/heads/")
		r := m.run()
		r.wants(2)
		if !strings.Contains(r.summary, "BBA405") || !strings.Contains(r.summary, "check that source is") || strings.Contains(r.summary, "up to date") {
			t.Errorf("the summary is\n%s", r.summary)
		}
	})
}

// If git's login is refused, Cloud is asked once for the reason.
func TestMirrorAsksWhy(t *testing.T) {
	for _, test := range []struct {
		name   string
		login  e2etest.Login
		end    bool // the token
		inputs []string
		says   string
		asks   int
	}{
		{"no such repository", e2etest.AccessToken, false, []string{"repository", "acme/sight"}, "there is no such repository", 1},
		{"an expired token", e2etest.AccessToken, true, nil, "wrong, expired or revoked", 1},
		{"an API token", e2etest.APIToken, true, nil, "wrong, expired or revoked", 1},
		{"Data Center", e2etest.PersonalToken, true, []string{"identity", ""}, "verify: strict", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.login.Token.Reach = nil
			m := newMirroringTo(t, test.login)
			m.source.load(seed)
			m.mirror.load(seed)
			if test.end {
				m.fake.End(m.token.Secret)
			}
			r := m.run(test.inputs...)
			r.wants(4)
			r.says(test.says)
			asks := 0
			for _, request := range m.fake.Requests() {
				if strings.HasPrefix(request.Path, "/2.0/") || strings.Contains(request.Path, "/rest/api/") {
					asks++
				}
			}
			if asks != test.asks || test.asks > 0 && strings.Contains(r.log, "verify: strict") {
				t.Errorf("%d questions\n%s", asks, r.log)
			}
		})
	}
}
