package mirror_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

// The list of namespaces is the only place that knows their prefixes. Fakes for
// tests are independent of it.
func TestPrefixes(t *testing.T) {
	fakes := []string{"bitbuckettest", "gittest", "testdata", "e2e", "bench", "tools"}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if slices.Contains(fakes, entry.Name()) || len(entry.Name()) > 2 && entry.Name()[0] == '.' {
				return filepath.SkipDir
			}
			return nil
		case filepath.Ext(path) != ".go", strings.HasSuffix(path, "_test.go"), entry.Name() == "namespace.go":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			literal, ok := node.(*ast.BasicLit)
			for _, n := range mirror.Namespaces {
				if ok && strings.Contains(literal.Value, n.Prefix) {
					t.Errorf("%s contains %s", path, literal.Value)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The namespaces, and the options that list them (git-ls-remote(1)).
func TestNamespaces(t *testing.T) {
	t.Parallel()
	var got []string
	for _, n := range mirror.Namespaces {
		got = append(got, fmt.Sprintf("%s %s %s %s, grows: %v %v", n.Prefix, n.Singular, n.Plural, n.Option, n.Grows, mirror.Grows(n.Prefix+"x")))
	}
	want := []string{"refs/heads/ branch branches --heads, grows: true true", "refs/tags/ tag tags --tags, grows: false false"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := mirror.ShortName("refs/pull/1/head"); got != "refs/pull/1/head" {
		t.Errorf("a ref of no namespace is %s", got)
	}
}

// Git allows these names, or doesn't (git-check-ref-format(1)).
func TestIsName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"a!b": true, "a": true, "a@b": true, "@": true, "{a}": true, "é": true, "a b": false, "a\x7fb": false, "a\x1fb": false, ".a": false, "a/.b": false,
		"a.lock": false, "a.lock/b": false, "a.": false, "a./b": true, "a..b": false, "a@{b": false, "a//b": false, "a/": false,
	} {
		if got := mirror.IsName("refs/heads/" + name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

// A push needs each object once, and none for a deletion.
func TestNewValues(t *testing.T) {
	t.Parallel()
	if got := mirror.NewValues([]mirror.Change{{New: "2"}, {New: "1"}, {Old: "3"}, {New: "2"}}); !slices.Equal(got, []string{"2", "1"}) {
		t.Errorf("got %q", got)
	}
}

// A further namespace is one row: its refs are mirrored, and texts name them.
func TestNamespace(t *testing.T) {
	saved := mirror.Namespaces
	t.Cleanup(func() { mirror.Namespaces = saved })
	mirror.Namespaces = append(slices.Clone(saved[:2]), mirror.Namespace{Prefix: "refs/notes/", Singular: "note", Plural: "notes", Grows: true})

	listing := func(id string) mirror.Listing {
		return mirror.Listing{Refs: map[string]string{"refs/heads/main": id, "refs/notes/commits": id}}
	}
	plan, err := mirror.New(t.Context(), listing("2"), listing("1"), mirror.Rules{Patterns: patterns("", "!*")})
	if err != nil {
		t.Fatal(err)
	}
	plan.Diverged("refs/notes/commits", 0)
	if got, want := fates(plan.Changes()), []string{"updated main", "refused refs/notes/commits"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if parts, _ := plan.Pushes(); len(parts) != 5 || len(parts[2]) != 1 {
		t.Errorf("it is pushed in %v", parts)
	}
	if !mirror.IsMirrored("refs/notes/commits") || mirror.IsMirrored("refs/pull/1/head") || mirror.ShortName("refs/notes/commits") != "commits" {
		t.Error("its names aren't known")
	}
	for want, refs := range map[string][]string{
		"no branches, tags and notes": nil,
		"1 branch":                    {"refs/heads/main"},
		"2 tags":                      {"refs/tags/v1", "refs/tags/v2"},
		"1 tag":                       {"refs/tags/refs/heads/v1"},
		"1 branch and 1 note":         {"refs/notes/commits", "refs/heads/main"},
		"1 branch, 1 tag and 2 notes": {"refs/notes/commits", "refs/heads/main", "refs/tags/v1", "refs/notes/review"},
	} {
		if got := mirror.Quantity(refs); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// What people put into a source is named by its namespace, once, and what its host
// keeps there isn't.
func TestAddOther(t *testing.T) {
	var l mirror.Listing
	for _, ref := range []string{
		"HEAD", "refs/pull/1/head", "refs/notes/commits", "refs/notes/review", "refs/stash", "refs/remotes/origin/main", "refs/meta/config",
		"refs/" + strings.Repeat("x", 2000) + "/y",
	} {
		l.AddOther(ref)
	}
	if want := []string{"refs/notes/", "refs/meta/"}; !slices.Equal(l.Others, want) {
		t.Errorf("got %q, want %q", l.Others, want)
	}
	for _, kept := range []string{
		"pull", "pull-requests", "merge-requests", "changes", "keep-around", "environments", "pipelines", "github-services", "remotes", "prefetch",
		"bisect", "rewritten", "worktree",
	} {
		l = mirror.Listing{}
		if l.AddOther("refs/" + kept + "/1/head"); len(l.Others) != 0 {
			t.Errorf("got %q", l.Others)
		}
	}
	l = mirror.Listing{}
	for _, length := range []int{1024, 1025} {
		l.AddOther("refs/" + strings.Repeat("x", length-len("refs//y")) + "/y")
	}
	if len(l.Others) != 1 || len(l.Others[0]) != 1023 {
		t.Errorf("%d namespaces of long names are named", len(l.Others))
	}
	for i := range 20 {
		l.AddOther(fmt.Sprintf("refs/other-%d/x", i))
	}
	if len(l.Others) != 10 {
		t.Errorf("%d namespaces are named", len(l.Others))
	}
}
