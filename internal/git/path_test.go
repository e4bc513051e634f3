package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/secret"
)

// openPath opens a path as source.
func openPath(t *testing.T, path string) *git.Git {
	t.Helper()
	g, err := git.Open(git.Options{
		Program: "git",
		Source:  path, SourceLocal: true, Bitbucket: "https://bitbucket.org/acme/site.git",
		Lookup: os.LookupEnv, Scrub: func(text string) string { return text }, IsSecret: func(string) bool { return false },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

// files writes files with these texts below a folder, by their paths. A path that ends in a
// slash is a folder. In a text, FOLDER is the first one's path.
func files(t *testing.T, folder string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "FOLDER", filepath.ToSlash(folder))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A path is a source if git finds a repository there (path.c, enter_repo), in each of the
// forms that one can have. The later commands use that one, wherever the path leads by then.
func TestCheckPathFindsRepositories(t *testing.T) {
	t.Parallel()
	const head = "ref: refs/heads/main\n"
	for name, test := range map[string]struct {
		files map[string]string
		path  string
		uses  string // none: it isn't found
		says  string
	}{
		"a bare repository":                    {map[string]string{"r/HEAD": head}, "r", "r", ""},
		"a bare repository without its ending": {map[string]string{"r.git/HEAD": head}, "r", "r.git", ""},
		"a work tree":                          {map[string]string{"r/.git/HEAD": head, "r/a": ""}, "r", "r/.git", ""},
		"a work tree called like a repository": {map[string]string{"r.git/.git/HEAD": head}, "r", "r.git/.git", ""},
		"the folder of a work tree":            {map[string]string{"r/.git/HEAD": head}, "r/.git", "r/.git", ""},
		"a linked work tree":                   {map[string]string{"w/.git": "gitdir: ../r\n", "r/HEAD": head}, "w", "r", ""},
		"a linked work tree, with CR LF":       {map[string]string{"w/.git": "gitdir: ../r\r\n", "r/HEAD": head}, "w", "r", ""},
		"a submodule":                          {map[string]string{"w/m/.git": "gitdir: ../../r", "r/HEAD": head}, "w/m", "r", ""},
		"a linked work tree, in full":          {map[string]string{"w/.git": "gitdir: FOLDER/r\n", "r/HEAD": head}, "w", "r", ""},
		"a repository beside one of its name":  {map[string]string{"r/HEAD": head, "r.git/HEAD": head}, "r", "r", ""},
		"a work tree beside a repository":      {map[string]string{"r/.git/HEAD": head, "r.git/HEAD": head}, "r", "r/.git", ""},
		"a work tree in a repository":          {map[string]string{"r/.git/HEAD": head, "r/HEAD": head}, "r", "r/.git", ""},
		"a folder beside a repository":         {map[string]string{"r/a": "", "r.git/HEAD": head}, "r", "r.git", ""},
		"nothing":                              {nil, "r", "", "nothing is there"},
		"an empty folder":                      {map[string]string{"r/": ""}, "r", "", "isn't a git repository"},
		"a folder of other files":              {map[string]string{"r/config": "x"}, "r", "", "isn't a git repository"},
		"a file":                               {map[string]string{"r": "x"}, "r", "", "isn't a git repository"},
		"a link without its key":               {map[string]string{"w/.git": "../r", "r/HEAD": head}, "w", "", "isn't a git repository"},
		"a link to nothing":                    {map[string]string{"w/.git": "gitdir: ../r"}, "w", "", "isn't a git repository"},
		"a link without a path":                {map[string]string{"w/.git": "gitdir: \n"}, "w", "", "isn't a git repository"},
		"a link to a file":                     {map[string]string{"w/.git": "gitdir: ../r", "r": head}, "w", "", "isn't a git repository"},
		"a link that is too long":              {map[string]string{"w/.git": "gitdir: ../r" + strings.Repeat("/", 1<<20), "r/HEAD": head}, "w", "", "isn't a git repository"},
		"a work tree of nothing in common":     {map[string]string{"r/HEAD": head, "r/commondir": "\n"}, "r", "", "isn't a git repository"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			files(t, folder, test.files)
			g := openPath(t, filepath.Join(folder, filepath.FromSlash(test.path)))
			err := g.CheckPath(t.Context(), true)
			if want := filepath.Join(folder, filepath.FromSlash(test.uses)); test.uses != "" && (err != nil || g.SourceURL() != want || !g.ReadsFrom(want)) {
				t.Errorf("got %s, %v, want %s", g.SourceURL(), err, want)
			}
			if test.uses == "" && (err == nil || fault.From(err).Code != fault.SourceNotFound || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
	folder := t.TempDir()
	files(t, folder, map[string]string{"r/": ""})
	if err := os.Symlink("refs/heads/main", filepath.Join(folder, "r", "HEAD")); err != nil {
		t.Fatal(err)
	}
	if err := openPath(t, filepath.Join(folder, "r")).CheckPath(t.Context(), true); err != nil {
		t.Errorf("HEAD as a link to a branch that isn't there yet: %v", err)
	}
}

// A source that lacks a part of its repository isn't mirrored: never a partial or a shallow
// clone, and with prune no clone that may lack branches.
func TestCheckPathFindsIncompleteSources(t *testing.T) {
	t.Parallel()
	none := fault.Code{}
	const origin = "[remote \"origin\"]\n\turl = https://github.com/octo/site\n"
	many := ""
	for i := range 101 {
		many += fmt.Sprintf("[include]\n\tpath = c%d\n", i)
	}
	for name, test := range map[string]struct {
		files map[string]string
		want  [2]fault.Code // without prune, and with it
	}{
		"a repository":                       {nil, [2]fault.Code{}},
		"a clone":                            {map[string]string{"config": origin}, [2]fault.Code{none, fault.SourcePartial}},
		"a clone of all":                     {map[string]string{"config": origin + "\tmirror = true\n"}, [2]fault.Code{}},
		"a clone of all, in another order":   {map[string]string{"config": "[remote \"origin\"]\n\tmirror = true\n\turl = x\n"}, [2]fault.Code{}},
		"a clone of all, without a value":    {map[string]string{"config": origin + "\tmirror\n"}, [2]fault.Code{}},
		"a clone of all, by its refs":        {map[string]string{"config": origin + "\tfetch = +refs/*:refs/*\n"}, [2]fault.Code{}},
		"a clone of all branches":            {map[string]string{"config": origin + "\tfetch = +refs/heads/*:refs/heads/*\n"}, [2]fault.Code{none, fault.SourcePartial}},
		"a clone of two lines":               {map[string]string{"config": "[remote \"origin\"]\n\turl = \"a\\nb\"\n"}, [2]fault.Code{none, fault.SourcePartial}},
		"a clone of all, no longer":          {map[string]string{"config": origin + "\tmirror = off\n"}, [2]fault.Code{none, fault.SourcePartial}},
		"a clone of all, and of another":     {map[string]string{"config": origin + "\tmirror = 1\n[remote \"other\"]\n\turl = x\n"}, [2]fault.Code{none, fault.SourcePartial}},
		"a remote-tracking branch":           {map[string]string{"refs/remotes/origin/main": "x"}, [2]fault.Code{none, fault.SourcePartial}},
		"no remote-tracking branch":          {map[string]string{"refs/remotes/": ""}, [2]fault.Code{}},
		"a packed remote-tracking branch":    {map[string]string{"packed-refs": "1 refs/heads/main\n1 refs/remotes/origin/main\n"}, [2]fault.Code{none, fault.SourcePartial}},
		"packed branches":                    {map[string]string{"packed-refs": "1 refs/heads/refs/remotes/x\n"}, [2]fault.Code{}},
		"packed branches that can't be read": {map[string]string{"packed-refs/": ""}, [2]fault.Code{none, fault.SourcePartial}},
		"a shallow clone":                    {map[string]string{"shallow": "1\n"}, [2]fault.Code{fault.SourceShallow, fault.SourceShallow}},
		"a clone that was shallow":           {map[string]string{"shallow": ""}, [2]fault.Code{}},
		"a partial clone":                    {map[string]string{"config": "[extensions]\n\tpartialClone = origin\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"a promisor":                         {map[string]string{"config": "[remote \"a.b\"]\n\tpromisor = true\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"a promisor no longer":               {map[string]string{"config": "[remote \"a\"]\n\tpromisor = no\n"}, [2]fault.Code{}},
		"a promisor no longer, in capitals":  {map[string]string{"config": "[remote \"a\"]\n\tpromisor = FALSE\n"}, [2]fault.Code{}},
		"a promisor, of nothing":             {map[string]string{"config": "[remote \"a\"]\n\tpromisor =\n"}, [2]fault.Code{}},
		"a promisor, without a value":        {map[string]string{"config": "[remote \"a\"]\n\tpromisor\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"a promisor, 0":                      {map[string]string{"config": "[remote \"a\"]\n\tpromisor = 0\n"}, [2]fault.Code{}},
		"a promisor, 2":                      {map[string]string{"config": "[remote \"a\"]\n\tpromisor = 2\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"a filter":                           {map[string]string{"config": "[remote \"a\"]\n\tpartialCloneFilter = blob:none\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"variables of another section":       {map[string]string{"config": "[branch \"a\"]\n\tpromisor = true\n\turl = x\n[core]\n\tpartialClone = x\n"}, [2]fault.Code{}},
		"a file of the work tree":            {map[string]string{"config.worktree": "[extensions]\n\tpartialClone = origin\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"an included file":                   {map[string]string{"config": "[include]\n\tpath = more\n", "more": origin}, [2]fault.Code{none, fault.SourcePartial}},
		"an included file, in full":          {map[string]string{"config": "[include]\n\tpath = FOLDER/more\n", "more": origin}, [2]fault.Code{none, fault.SourcePartial}},
		"an included file of an odd name":    {map[string]string{"config": "[include]\n\tpath = a~/b%(c\n", "a~/b%(c": origin}, [2]fault.Code{none, fault.SourcePartial}},
		"a file that an included one names":  {map[string]string{"config": "[include]\n\tpath = a/more\n", "a/more": "[include]\n\tpath = b\n", "a/b": origin}, [2]fault.Code{none, fault.SourcePartial}},
		"a file that includes itself":        {map[string]string{"config": "[include]\n\tpath = config\n"}, [2]fault.Code{}},
		"a file included on a condition":     {map[string]string{"config": "[includeIf \"gitdir:/x\"]\n\tpath = more\n", "more": origin}, [2]fault.Code{none, fault.SourcePartial}},
		"an included file that isn't there":  {map[string]string{"config": "[include]\n\tpath = more\n"}, [2]fault.Code{}},
		"a file of the user":                 {map[string]string{"config": "[include]\n\tpath = ~/more\n"}, [2]fault.Code{}},
		"a file of another user":             {map[string]string{"config": "[include]\n\tpath = ~other/more\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"an included folder":                 {map[string]string{"config": "[include]\n\tpath = more\n", "more/": ""}, [2]fault.Code{}},
		"a file of git's":                    {map[string]string{"config": "[include]\n\tpath = %(prefix)/more\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"more files than anybody has":        {map[string]string{"config": many}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"a file that isn't configuration":    {map[string]string{"config": "[remote\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"a work tree of a shallow clone":     {map[string]string{"commondir": "common\n", "common/shallow": "1\n"}, [2]fault.Code{fault.SourceShallow, fault.SourceShallow}},
		"a promisor among others":            {map[string]string{"config": "[remote \"a\"]\n\tpromisor = true\n[remote \"b\"]\n\tpromisor = false\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"a file of a linked work tree":       {map[string]string{"commondir": "common", "common/": "", "config.worktree": "[extensions]\n\tpartialClone = origin\n"}, [2]fault.Code{fault.SourceIncomplete, fault.SourceIncomplete}},
		"a work tree of a fetched clone":     {map[string]string{"commondir": "common", "common/refs/remotes/origin/main": "x"}, [2]fault.Code{none, fault.SourcePartial}},
		"a work tree of a packed clone":      {map[string]string{"commondir": "common", "common/packed-refs": "1 refs/remotes/origin/main\n"}, [2]fault.Code{none, fault.SourcePartial}},
		"a work tree of a clone":             {map[string]string{"commondir": "common", "common/config": origin}, [2]fault.Code{none, fault.SourcePartial}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "r")
			files(t, folder, map[string]string{"HEAD": "ref: refs/heads/main\n"})
			files(t, folder, test.files)
			g := openPath(t, folder)
			for i, prune := range []bool{false, true} {
				if code := codeOf(g.CheckPath(t.Context(), prune)); code != test.want[i] {
					t.Errorf("prune %v: got %s, want %s", prune, code.ID, test.want[i].ID)
				}
			}
		})
	}
}

// Only a status that names another address is a redirect.
func TestIsRedirect(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{200: false, 299: false, 300: true, 301: true, 308: true, 399: true, 400: false, 404: false} {
		stderr := fmt.Sprintf("fatal: unable to access 'https://git.example.com/octo/site/': The requested URL returned error: %d", status)
		if got := git.IsRedirect(stderr); got != want {
			t.Errorf("%d: got %v", status, got)
		}
	}
}

// Where the source has moved within its server, git logs in anew. Anything else is a fault,
// and the address stays.
func TestFollow(t *testing.T) {
	t.Parallel()
	const source, moved = "https://git.example.com/octo/site", "https://git.example.com/octo/renamed"
	lost, refused := errors.New("it can't be located"), errors.New("no login")
	for _, test := range []struct {
		name, to  string
		located   error
		login     error
		want      error
		says, url string
	}{
		{"moved", moved, nil, nil, nil, "", moved},
		{"no answer", "", lost, nil, lost, "", source},
		{"elsewhere", "https://evil.example/octo/site", nil, nil, nil, "https://evil.example", source},
		{"the start page", "https://git.example.com/", nil, nil, nil, "a page that isn't a repository", source},
		{"the start page, without a slash", "https://git.example.com", nil, nil, nil, "a page that isn't a repository", source},
		{"no login", moved, nil, refused, refused, "", source},
	} {
		url, loggedIn, err := git.Follow(git.Options{
			Source:   source,
			Lookup:   func(string) (string, bool) { return "", false },
			Scrub:    func(text string) string { return text },
			IsSecret: func(string) bool { return false },
			Locate:   func(context.Context, string) (string, error) { return test.to, test.located },
			LogIn: func(url string) ([]secret.Value, error) {
				return []secret.Value{{Name: "LOGIN", Text: secret.New("at " + url)}}, test.login
			},
		}, "LOGIN=at "+moved)
		if url != test.url || loggedIn != (url == moved) || test.want != nil && !errors.Is(err, test.want) || url == moved && err != nil {
			t.Errorf("%s: source at %q, logged in: %v, %v", test.name, url, loggedIn, err)
		}
		if test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.says)
		}
	}
}

// A redirect is followed within the source's server, and to https there. To any other place
// it is a fault, which shows the address unless that contains a secret.
func TestRedirectElsewhere(t *testing.T) {
	t.Parallel()
	const source = "https://git.example.com/octo/site"
	for _, test := range []struct{ source, to, says string }{
		{source, "https://git.example.com/octo/renamed", ""},
		{source, "https://GIT.example.com:443/octo/renamed", ""},
		{"http://git.example.com/octo/site", "https://git.example.com/octo/site", ""},
		{"http://git.example.com/octo/site", "https://GIT.example.com:8443/octo/site", ""},
		{source, "http://git.example.com/octo/site", "http://git.example.com"},
		{source, "https://git.example.com:8443/octo/site", "https://git.example.com:8443"},
		{"https://git.example.com:8443/octo/site", "http://git.example.com:8443/octo/site", "http://git.example.com:8443"},
		{source, "https://git.example.com.evil.example/octo/site", "https://git.example.com.evil.example"},
		{"http://git.example.com/octo/site", "https://evil.example/octo/site", "https://evil.example"},
		{source, "https://s3cret.example.com/octo/site", "another address"},
		{source, "https://half-a-t0ken.example.com/octo/site", "another address"},
		{source, "", "another address"},
		{source, "https:git.example.com", "another address"},
		{source, "%zz", "another address"},
	} {
		err := git.Elsewhere(test.source, test.to)
		if test.says == "" && err != nil {
			t.Errorf("%s: got %v", test.to, err)
		}
		if test.says != "" && (err == nil || fault.From(err).Code != fault.SourceRedirected || !strings.Contains(err.Error(), "redirects git to "+test.says+", so nothing was changed")) {
			t.Errorf("%s: got %v, want %q", test.to, err, test.says)
		}
	}
}
