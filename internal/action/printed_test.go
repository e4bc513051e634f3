package action_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/host/hosttest"
)

// printed is a part of a page that shows what a step prints.
var printed = regexp.MustCompile("(?s)(<!-- printed (\\w+): written by `go test ./internal/action -run TestPrinted -update` -->\n)(.*?)(<!-- end -->)")

// The pages show what steps print on GitHub, and the mirror's job summary.
func TestPrinted(t *testing.T) {
	fake := newFake(t)
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Reach: []string{"team/repo"}, Scopes: []string{"pullrequest", "repository:write"}})
	checked := settings(fake, token).with(env{"INPUT_VERIFY": "strict", "INPUT_GIT": "repository"})

	source := newSource(t, "main", "topic", "old")
	s := newSite(t, source)
	if o := s.mirror(context.Background(), nil); o.exit != 0 {
		t.Fatal(o.stdout)
	}
	newCommit(t, source, "rewritten", "topic")
	next := gitIn(t, source, "commit-tree", "-p", "main", "-m", "two", "main^{tree}")
	gitIn(t, source, "update-ref", "refs/heads/main", next)
	gitIn(t, source, "tag", "v1.0.0", next)
	gitIn(t, source, "update-ref", "-d", "refs/heads/old")
	mirrored := s.mirror(context.Background(), nil)

	names := strings.NewReplacer(
		fake.URL, "https://bitbucket.org", s.fake.URL, "https://bitbucket.org",
		strings.TrimPrefix(fake.URL, "http://"), "bitbucket.org", strings.TrimPrefix(s.fake.URL, "http://"), "bitbucket.org",
		source, "https://github.com/my-team/my-repo", "team/repo", "my-team/my-repo", siteName, "my-team/my-repo", "/blob/main/", "/blob/v1.0.0/",
	)
	log := func(o outcome) string {
		return "```text\n" + withoutChance(names.Replace(strings.Join(hosttest.GitHub.Show(o.stdout).Lines, "\n"))) + "\n```\n"
	}
	blocks := map[string]string{
		"success": log(onGitHub(t, checked)),
		"failure": log(onGitHub(t, checked.with(env{"INPUT_REQUIRED-SCOPES": "Pipelines: Write"}))),
		"mirror":  log(mirrored),
		"summary": "> " + strings.ReplaceAll(withoutChance(strings.TrimSpace(names.Replace(mirrored.summary))), "\n", "\n> ") + "\n",
	}
	shown := 0
	for _, page := range []string{"README.md", "docs/mirror.md"} {
		path := filepath.Join("../..", page)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := printed.ReplaceAllStringFunc(string(text), func(old string) string {
			shown++
			match := printed.FindStringSubmatch(old)
			return match[1] + blocks[match[2]] + match[4]
		})
		equal(t, page, string(text), got)
		golden(t, path, got)
	}
	equal(t, "parts that show what a step prints", shown, len(blocks))
}

// withoutChance replaces what differs between runs: object IDs, and sizes.
func withoutChance(text string) string {
	ids := map[string]string{}
	text = regexp.MustCompile(`\b[0-9a-f]{9}\b`).ReplaceAllStringFunc(text, func(id string) string {
		if ids[id] == "" {
			ids[id] = strings.Repeat(string(rune('1'+len(ids))), 3) + "c0ffee"
		}
		return ids[id]
	})
	return regexp.MustCompile(`\b\d+ bytes\b`).ReplaceAllString(text, "512 bytes")
}
