package action_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/bitbucket/bitbuckettest"
	"github.com/seed-e1d06701/bitbucket-auth/internal/credential/credentialtest"
)

// To set the main branch, or to create a repository, takes REST, for which an API token
// needs its identity. That is said before any request.
func TestMirrorWithRESTNeedsIdentity(t *testing.T) {
	e := env{
		"BITBUCKET_AUTH_TOKEN": credentialtest.APIToken(), "BITBUCKET_AUTH_REPOSITORY": "acme/site",
		"BITBUCKET_AUTH_SOURCE": "/nowhere", "HTTPS_PROXY": "http://127.0.0.1:1",
	}
	if o := mirrors(t, e); strings.Contains(o.stderr, "BBA102") {
		t.Errorf("without follow: %s", o.stderr)
	}
	for _, needs := range []env{{"BITBUCKET_AUTH_MAIN_BRANCH": "follow"}, {"BITBUCKET_AUTH_CREATE": "private"}, {"BITBUCKET_AUTH_CREATE": "public"}} {
		if o := mirrors(t, e.with(needs)); o.exit != 2 || !strings.Contains(o.stderr, "(BBA102)") {
			t.Errorf("%v: got %d\n%s", needs, o.exit, o.stderr)
		}
	}
}

// The first mirror of a checkout without a main branch: the host's default branch
// becomes Bitbucket's main one, if the checkout is that of the job's repository. If
// nothing is known, the first one does, with a notice.
func TestMirrorDefaultBranch(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the hook is a shell script")
	}
	for _, test := range []struct {
		name   string
		job    func(checkout string) env
		first  string
		notice bool
	}{
		{"GitLab", func(checkout string) env {
			return env{"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "dev", "CI_PROJECT_DIR": checkout}
		}, "refs/heads/dev", false},
		{"Jenkins", func(string) env { return env{"JENKINS_URL": "http://127.0.0.1:1"} }, "refs/heads/a", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := newSource(t, "b", "a", "dev")
			gitIn(t, source, "update-ref", "--no-deref", "HEAD", "refs/heads/dev")
			fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"acme/site"}})
			token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Scopes: []string{"repository:write"}})
			hooks := t.TempDir()
			order := filepath.Join(hooks, "order")
			writeHook(t, fake.Dir("acme/site"), hooks, "echo $1 >>"+order)
			o := mirrors(t, test.job(source).with(env{
				"BITBUCKET_AUTH_TOKEN": token.Secret, "BITBUCKET_AUTH_SERVER_URL": fake.URL,
				"BITBUCKET_AUTH_REPOSITORY": "acme/site", "BITBUCKET_AUTH_SOURCE": source,
			}))
			pushed, err := os.ReadFile(order)
			if err != nil || o.exit != 0 {
				t.Fatalf("%v, %d\n%s", err, o.exit, o.stderr)
			}
			if first, _, _ := strings.Cut(string(pushed), "\n"); first != test.first {
				t.Errorf("%s came first, want %s", first, test.first)
			}
			if notice := strings.Contains(o.stderr, "becomes its main branch"); notice != test.notice {
				t.Errorf("a notice: %v\n%s", notice, o.stderr)
			}
		})
	}
}

// The first mirror of a server's repository: its main branch becomes Bitbucket's.
func TestMirrorMainBranchOfServer(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the hook is a shell script")
	}
	source := newSource(t, "b", "a", "dev")
	fake := bitbuckettest.New(t, bitbuckettest.Options{Repositories: []string{"acme/site", "acme/source"}})
	gitIn(t, fake.Dir("acme/source"), "fetch", "--quiet", source, "refs/heads/*:refs/heads/*")
	gitIn(t, fake.Dir("acme/source"), "symbolic-ref", "HEAD", "refs/heads/dev")
	token := fake.Add(bitbuckettest.Token{Kind: bitbuckettest.WorkspaceAccessToken, Scopes: []string{"repository:write"}})
	e := env{
		"BITBUCKET_AUTH_TOKEN": token.Secret, "BITBUCKET_AUTH_SERVER_URL": fake.URL, "BITBUCKET_AUTH_REPOSITORY": "acme/site",
		"BITBUCKET_AUTH_SOURCE": fake.URL + "/acme/source.git", "BITBUCKET_AUTH_SOURCE_TOKEN": token.Secret, "BITBUCKET_AUTH_SOURCE_USERNAME": "x-token-auth",
	}
	hooks := t.TempDir()
	order := filepath.Join(hooks, "order")
	writeHook(t, fake.Dir("acme/site"), hooks, "echo $1 >>"+order)
	o := mirrors(t, e)
	pushed, err := os.ReadFile(order)
	if err != nil || o.exit != 0 || !strings.HasPrefix(string(pushed), "refs/heads/dev\n") || strings.Contains(o.stderr, "becomes its main branch") {
		t.Errorf("%v, %d, pushed %q\n%s", err, o.exit, pushed, o.stderr)
	}
}

// writeHook runs a line of a shell for each ref that is pushed to a repository.
func writeHook(t *testing.T, repository, hooks, line string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(hooks, "update"), []byte("#!/bin/sh\n"+line+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	gitIn(t, repository, "config", "core.hooksPath", hooks)
}

// With main-branch: follow, Bitbucket's main branch becomes the source's, also if nothing
// else has to be changed. A dry run says so, and a refusal is a warning.
func TestMirrorFollowsMainBranch(t *testing.T) {
	t.Parallel()
	source := newSource(t, "trunk", "main")
	for name, test := range map[string]struct {
		scopes []string
		more   env
		main   string // afterwards
		says   string
	}{
		"follow":    {[]string{"repository:write", "repository:admin"}, env{}, "trunk", "\nset the main branch of Bitbucket's repository to trunk\n"},
		"a dry run": {[]string{"repository:write", "repository:admin"}, env{"INPUT_DRY-RUN": "true"}, "main", "\nwould set the main branch of Bitbucket's repository to trunk\n"},
		"refused":   {[]string{"repository:write"}, env{}, "main", "::warning title=bitbucket-auth BBA205::the main branch of Bitbucket's repository wasn't set to trunk: "},
	} {
		s := newSite(t, source)
		s.git("fetch", "--quiet", source, "refs/heads/*:refs/heads/*")
		token := s.fake.Add(bitbuckettest.Token{Kind: bitbuckettest.RepositoryAccessToken, Reach: []string{siteName}, Scopes: test.scopes})
		o := s.mirror(t.Context(), test.more.with(env{"INPUT_TOKEN": token.Secret, "INPUT_MAIN-BRANCH": "follow"}))
		warned := strings.Contains(o.stdout, "::warning ")
		if o.exit != 0 || !strings.Contains(o.stdout, test.says) || warned != (name == "refused") || strings.Contains(o.stdout, "pushing ") {
			t.Errorf("%s: exit code %d\n%s", name, o.exit, unmasked(o.stdout))
		}
		if hinted := strings.Contains(o.stdout, "or choose the main branch in the browser: "); hinted != warned {
			t.Errorf("%s: a hint: %t\n%s", name, hinted, unmasked(o.stdout))
		}
		equal(t, name+": changed", o.outputs["changed"], strconv.FormatBool(name != "refused"))
		equal(t, name+": the main branch", s.fake.MainBranch(siteName), "refs/heads/"+test.main)
	}
}
