package mirror_test

import (
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		patterns, name string
		want           bool
	}{
		{"", "main", true},
		{" , \n", "main", true},
		{"main", "main", true},
		{"main", "main2", false},
		{"refs/heads/main", "main", true},
		{"main,release/*", "release/1/fix", true},
		{"main\r\nrelease/*", "release/", true},
		{"main\nrelease/*", "release/1", true},
		{"main\rrelease/*", "release/1", true},
		{"main", "Main", false},
		{"release/*", "my/release/1", false},
		{"*/fix", "release/1/fix", true},
		{"*/fix", "fix", false},
		{"*/fix", "a/fix/b", false},
		{"v*.*-rc*", "v1.2-rc3", true},
		{"v*.*-rc*", "v12-rc3", false},
		{"a*a", "a", false},
		{"a*b*a", "aba", true},
		{"a*b*bc", "abbc", true},
		{"a*ab", "ab", false},
		{"**", "any/thing", true},
		{"!wip/*", "main", true},
		{"!wip/*", "wip/x", false},
		{"!release/old, release/*", "release/old", false},
		{"! *", "main", false},
		{"!refs/heads/wip/*", "wip/x", false},
		{"! refs/heads/old, refs/heads/*", "old", false},
		{"! refs/heads/old, refs/heads/*", "main", true},
		{"refs/tags/*", "main", false},
	} {
		patterns, err := mirror.ParsePatterns("branches", test.patterns)
		if err != nil {
			t.Errorf("%q: %v", test.patterns, err)
		}
		if got := patterns.Match(test.name); got != test.want {
			t.Errorf("%q matches %q: %v, want %v", test.patterns, test.name, got, test.want)
		}
	}
	if tags, err := mirror.ParsePatterns("tags", "!refs/tags/v0*"); err != nil || tags.Match("v0.1") || !tags.Match("v1") {
		t.Errorf("full names of tags to exclude: got %v, %v", tags, err)
	}
	if _, err := mirror.ParsePatterns("tags", strings.Repeat("[x", 600)); err == nil || len(err.Error()) > 200 {
		t.Errorf("a long pattern: %v", err)
	}
	for _, wrong := range []string{"!", "main release", "main, !", "a\tb", "[m]ain", "mai?", "v[0-9]*", "main, release/[0-9]*", "!internal/[0-9]*", "/*", "*/", "*.lock", "*/.x", "refs/tags/"} {
		if _, err := mirror.ParsePatterns("tags", wrong); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}
