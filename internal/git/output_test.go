package git_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/git"
	"github.com/seed-e1d06701/bitbucket-auth/internal/mirror"
)

func TestListing(t *testing.T) {
	id := func(digit string) string { return strings.Repeat(digit, 40) }
	for _, name := range []string{
		"a:refs/heads/main", ":", "a b", "a*", "a?", "a[b", `a\b`, "a^", "a~1", "a\x1b[31m", "a\x7f", "../../evil", "a..b", "a@{1}", "a//b", ".a", "a/.b", "a.lock", "a.", "a/",
	} {
		if got, err := git.ParseListing(id("1")+"\trefs/heads/"+name+"\n", 1000); err != nil || len(got.Refs) > 0 {
			t.Errorf("%q is accepted: %v, %v", name, got.Refs, err)
		}
	}
	text := "ref: refs/heads/main\tHEAD\n" + id("1") + "\tHEAD\n" + id("1") + "\trefs/heads/main\n" + id("2") + "\trefs/heads/\u200b$(x)\n" +
		id("3") + "\trefs/tags/v1\n" + id("1") + "\trefs/tags/v1^{}\n" + id("4") + "\trefs/pull/1/head\n" + id("4") + "\trefs/x/refs/heads/main\n" +
		"ref: refs/heads/next\trefs/heads/alias\n" + id("1") + "\trefs/heads/alias\n" + id("4") + "\trefs/notes/commits\nno listing\n"
	got, err := git.ParseListing(text, 7)
	want := map[string]string{"refs/heads/main": id("1"), "refs/heads/\u200b$(x)": id("2"), "refs/tags/v1": id("3"), "refs/heads/alias": id("1")}
	if err != nil || got.Head != "refs/heads/main" || got.HeadID != id("1") || !maps.Equal(got.Refs, want) || !maps.Equal(got.Peeled, map[string]string{id("3"): id("1")}) || !slices.Contains(got.Others, "refs/notes/") {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = git.ParseListing(strings.Repeat("1", 64)+"\trefs/heads/main\n", 1000)
	if f := fault.From(err); err == nil || f.Code != fault.SourceFailed || !strings.Contains(f.What, "SHA-256") {
		t.Errorf("a SHA-256 repository: got %v", err)
	}
}

func TestSentSize(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0,
		"Writing objects:  50% (1/2)\rWriting objects: 100% (2/2), 280 bytes | 280.00 KiB/s, done.\n":               280,
		"Writing objects: 100% (3/3), 1.50 MiB | 9 MiB/s\rWriting objects: 100% (3/3), 2.00 MiB | 9 MiB/s, done.\n": 2 << 20,
		"remote: Writing objects: 100% (2/2), 9 KiB | x, done.\nTo https://bitbucket.org/team/repo.git\n":           0,
		"Writing objects: 100% (0/0), done.\n":                                       0,
		"Writing objects: 100% (1/1), 1 byte | 1.00 KiB/s, done.\n":                  1,
		"Writing objects: 100% (3/3), 280 bytes, done.\n":                            280, // without a speed
		"Writing objects: 100% (3/3), 1.50 KiB | 9 MiB/s, done.\n":                   1536,
		"Writing objects: 100% (3/3), 1.50 GiB | 9 MiB/s, done.\n":                   3 << 29,
		"Writing objects: 100% (3/3), 1.50 KiB | 9 MiB/s\nerror: something failed\n": 0,
	} {
		if got := git.SentSize([]byte(text)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestResults(t *testing.T) {
	got := git.ResultsOf([]byte("To https://bitbucket.org/acme/site.git\n" +
		" \t1:refs/heads/a\t1..2\n" +
		"!\t1:refs/heads/b\t[rejected] (stale info)\n" +
		"!\t1:refs/heads/c(d)\t[remote rejected] (pre-receive hook declined)\n" +
		"!\t(delete):refs/heads/e\t[remote rejected] (deletion (of main) prohibited)\n" +
		"!\t1:refs/heads/f\t[remote failure] (remote failed to report status)\n" +
		"!\t1:refs/heads/g\t[remote rejected]\n" +
		"!\t1:refs/heads/h\t[remote rejected] (cannot lock ref 'refs/heads/h': is at 1 but expected 2)\n" +
		"!\t1:refs/heads/i\t[remote rejected] (failed to update ref)\n" +
		"!\t1:refs/heads/n\t[remote rejected] (failed to lock)\n" +
		"!\t1:refs/heads/o\t[remote rejected] (reference already exists)\n" +
		"!\t1:refs/heads/p\t[remote rejected] (reference does not exist)\n" +
		"!\t1:refs/heads/q\t[remote rejected] (incorrect old value provided)\n" +
		"!\t1:refs/heads/r\t[remote rejected] (after a [remote failure] (see the log))\n" +
		"=\t1:refs/heads/j\t[up to date]\n*\t1:refs/tags/k\t[new tag]\n+\t1:refs/heads/l\t1...2 (forced update)\n-\t:refs/heads/m\t[deleted]\nDone\n"))
	pushed, present := mirror.Result{Outcome: mirror.Pushed}, mirror.Result{Outcome: mirror.Present}
	declined := func(why string) mirror.Result { return mirror.Result{Outcome: mirror.Declined, Reason: why} }
	raced := func(why string) mirror.Result { return mirror.Result{Outcome: mirror.Raced, Reason: why} }
	want := map[string]mirror.Result{
		"refs/heads/a": pushed, "refs/heads/b": raced("stale info"), "refs/heads/c(d)": declined("pre-receive hook declined"),
		"refs/heads/e": declined("deletion (of main) prohibited"), "refs/heads/f": {Outcome: mirror.InFlight}, "refs/heads/g": declined("rejected"),
		"refs/heads/h": raced("cannot lock ref 'refs/heads/h': is at 1 but expected 2"), "refs/heads/i": raced("failed to update ref"),
		"refs/heads/n": raced("failed to lock"), "refs/heads/o": raced("reference already exists"), "refs/heads/p": raced("reference does not exist"),
		"refs/heads/q": raced("incorrect old value provided"), "refs/heads/r": declined("after a [remote failure] (see the log)"),
		"refs/heads/j": present, "refs/tags/k": pushed, "refs/heads/l": pushed, "refs/heads/m": pushed,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// changes are new refs by short names.
func changes(names ...string) []mirror.Change {
	var list []mirror.Change
	for _, name := range names {
		list = append(list, mirror.Change{Ref: "refs/heads/" + name, Action: mirror.Created, New: strings.Repeat("1", 40)})
	}
	return list
}

func namesOf(parts [][]mirror.Change) string {
	var texts []string
	for _, part := range parts {
		var names []string
		for _, c := range part {
			names = append(names, strings.TrimPrefix(c.Ref, "refs/heads/"))
		}
		texts = append(texts, strings.Join(names, " "))
	}
	return strings.Join(texts, " | ")
}

// A declined push is divided by the refs that the hook names, or else in halves.
func TestSplit(t *testing.T) {
	for said, want := range map[string]string{
		"remote: Permission denied to update branch b.\n":     "a c | b",
		"remote: refs/heads/c is protected\n":                 "a b | c",
		"remote: 'a' and (c) are protected\n":                 "b | a | c",
		"remote: 'a', 'b' and (c) are protected\n":            "a b | c", // each of them
		"remote: no\nremote: Counting: 100% (1/1), a done.\n": "a b | c",
		"remote: a b c\n": "a b | c",
		"fatal: a\n":      "a b | c",
	} {
		if got := namesOf(git.Split(changes("a", "b", "c"), git.ReadAnswer([]byte(said)))); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
}

// A word of a sentence names a ref only if the sentence marks it as a name.
func TestNaming(t *testing.T) {
	for _, test := range []struct{ line, name, want string }{
		{"a repository is in read only mode", "a", "no"},
		{"a repository is in read only mode", "mode", "no"},
		{"You can't push to a protected branch (with a hook).", "a", "no"},
		{"You can't push(es) here", "t", "no"},
		{"You can't push(es) here", "es", "no"},
		{"no access to branches; ask the admin", "admin", "no"},
		{"Permission denied to update branch a.", "a", "yes"},
		{"Permission denied to update Branch 'a'.", "a", "yes"},
		{"Permission denied to update Branch a.", "a", "yes"},
		{"a: not allowed", "a", "yes"},
		{"no pushes to 'main', \"a\" and [topic]", "a", "yes"},
		{"no pushes to 'main', \"a\" and [topic]", "main", "yes"},
		{"no pushes to 'main', \"a\" and [topic]", "topic", "yes"},
		{"closed:main,a", "a", "yes"},
		{"closed:main,'a'", "a", "yes"},
		{"closed:v1.2,main", "v1.2", "yes"},
		{"closed:o'neil,main", "o'neil", "yes"},
		{"not allowed (a: closed)", "a", "yes"},
		{"refs/heads/a is closed", "a", "yes"},
		{"fix-7 is closed", "fix-7", "yes"},
		{"release/x is closed", "release/x", "yes"},
		{"v1.2 is closed", "v1.2", "yes"},
		{"the branch a is closed", "a", "yes"},
		{"the branches a are closed", "a", "yes"},
		{"the tag a is closed", "a", "yes"},
		{"the tags a are closed", "a", "yes"},
		{"the ref a is closed", "a", "yes"},
		{"the refs a are closed", "a", "yes"},
		{"the reference a is closed", "a", "yes"},
		{"`a' is closed", "a", "yes"},
		{"`a` is closed", "a", "yes"},
		{"<a> is closed", "a", "yes"},
	} {
		// A second branch, which nothing names, shows whether the first one is set apart.
		got := "no"
		if split := namesOf(git.Split(changes(test.name, "zz9", "zz8"), git.ReadAnswer([]byte("remote: "+test.line+"\n")))); split == "zz9 zz8 | "+test.name {
			got = "yes"
		}
		if got != test.want {
			t.Errorf("%q in %q: got %s", test.name, test.line, got)
		}
	}
}

// Of what a server writes, its progress and git's own line about a hook aren't shown.
func TestAnswerLeavesOut(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"Enumerating objects: 5", "Counting objects: 5", "Compressing objects: 5", "Finding sources: 5", "Getting sizes: 5", "Writing objects: 5",
		"Receiving objects: 5", "Resolving deltas: 5", "Updating references: 5", "Checking connectivity: 5", "Processing changes: refs: 1",
		"Indexing:  20% (1/5)", "Indexing: 5, done.", "Total 5 (delta 0), reused 0 (delta 0)",
		"error: hook declined to update refs/heads/main", "", " ",
	} {
		if got := git.Lines(git.ReadAnswer([]byte("remote: before\nremote: " + line + "\nremote: after\n"))); !slices.Equal(got, []string{"before", "after"}) {
			t.Errorf("%q: got %q", line, got)
		}
	}
	// What only resembles that is shown; a secret is hidden, and a line with a piece of a token left out.
	said := "remote: Total of 5 commits\nremote: stop Counting objects: 5\nremote: no s3cret\nremote: half-a-t0ken\nnot the server's\nremote: hook declined to update refs/heads/main\n"
	if got, want := git.Lines(git.ReadAnswer([]byte(said))), []string{"Total of 5 commits", "stop Counting objects: 5", "no ***", "hook declined to update refs/heads/main"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// The error in place of an answer ends where the process that started git writes.
	for _, end := range []string{"fatal: the remote end hung up", "error: failed to push some refs"} {
		if got := git.Lines(git.ReadAnswer([]byte("fatal: remote error: no\nmore\n" + end + "\nand this\n"))); !slices.Equal(got, []string{"no", "more"}) {
			t.Errorf("%s: got %q", end, got)
		}
	}
}

// The messages by which a push is recognised that ended before anything was sent, or that
// needs objects which aren't here. A server's words aren't git's.
func TestMessagesOfAPush(t *testing.T) {
	t.Parallel()
	for stderr, want := range map[string][2]bool{ // refused at once, lacks objects
		"fatal: unable to access 'https://bitbucket.org/acme/site.git/': The requested URL returned error: 403": {true, false},
		"fatal: Authentication failed for 'https://bitbucket.org/acme/site.git/'":                               {true, false},
		"fatal: could not read Username for 'https://bitbucket.org': terminal prompts disabled":                 {true, false},
		"fatal: repository 'https://bitbucket.org/acme/site.git/' not found":                                    {true, false},
		"fatal: '/srv/site.git' does not appear to be a git repository":                                         {true, false},
		"remote: Authentication failed for 'https://bitbucket.org/acme/site.git/'":                              {false, false},
		"fatal: unable to access '/srv/attributes': Permission denied":                                          {false, false},
		"error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413":                             {false, false},
		"fatal: unable to read 1111111111111111111111111111111111111111":                                        {false, true},
		"error: Could not read 1\nfatal: could not read 1111111111111111111111111111111111111111":               {false, true},
		"fatal: bad object 1111111111111111111111111111111111111111":                                            {false, true},
		"error: src refspec refs/push/heads/main does not match any":                                            {false, true},
		"fatal: missing blob object '1111111111111111111111111111111111111111'":                                 {false, true},
		"error: unable to parse object: 1111111111111111111111111111111111111111":                               {false, true},
		"fatal: the remote end hung up unexpectedly":                                                            {false, false},
	} {
		if got := [2]bool{git.IsRefusedAtOnce([]byte(stderr)), git.LacksObjects([]byte(stderr))}; got != want {
			t.Errorf("%s\nrefused at once, lacks objects: %v, want %v", stderr, got, want)
		}
	}
}

// The address of a repository's LFS objects.
func TestLFSURL(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"https://github.com/octo/site":          "https://github.com/octo/site.git/info/lfs",
		"https://github.com/octo/site/":         "https://github.com/octo/site.git/info/lfs",
		"https://github.com/octo/site.git":      "https://github.com/octo/site.git/info/lfs",
		"https://github.com/octo/site.git/":     "https://github.com/octo/site.git/info/lfs",
		"https://github.com/octo/site.git.wiki": "https://github.com/octo/site.git.wiki.git/info/lfs",
		"/srv/site.git":                         "file:///srv/site.git",
	} {
		if got := git.LFSURL(remote); got != want {
			t.Errorf("%s: got %s, want %s", remote, got, want)
		}
	}
}

// Thousands of refs are pushed in parts that fit on a command line.
func TestBatches(t *testing.T) {
	limit := 256 << 10
	if runtime.GOOS == "windows" {
		limit = 32_767
	}
	for _, form := range []string{"branch-%d", "branch-%d-" + strings.Repeat("x", 1000)} {
		var names []string
		for i := range 5000 {
			names = append(names, fmt.Sprintf(form, i))
		}
		batches := git.BatchesOf(changes(names...))
		if len(batches) < 2 || strings.ReplaceAll(namesOf(batches), " | ", " ") != strings.Join(names, " ") {
			t.Errorf("%d parts", len(batches))
		}
		for _, batch := range batches {
			// The command line of git send-pack has a lease for each, even for a new one.
			length := 0
			for _, c := range batch {
				length += len("--force-with-lease=" + c.Ref + ":" + strings.Repeat("0", 40) + " ")
			}
			if len(batch) > 2000 || length > limit {
				t.Errorf("a part of %d refs, and a command line of %d bytes", len(batch), length)
			}
		}
	}
}

// A part is as large as its limits allow, and not larger.
func TestBatchesAtTheirLimits(t *testing.T) {
	t.Parallel()
	limit := 200_000
	if runtime.GOOS == "windows" {
		limit = 24_000
	}
	// The lease of a ref, and the refspec that deletes it, each with a space and quotes.
	lengthOf := func(c mirror.Change) int {
		length := len("--force-with-lease=:") + len(c.Ref) + 40 + 3
		if c.New == "" {
			length += len(":") + len(c.Ref) + 3
		}
		return length
	}
	for name, c := range map[string]mirror.Change{
		"short":        {Ref: "refs/heads/a", New: "1"},
		"of 1000":      {Ref: "refs/heads/" + strings.Repeat("a", 926), New: "1"},
		"deletions":    {Ref: "refs/heads/" + strings.Repeat("a", 268)},
		"long, delete": {Ref: "refs/heads/" + strings.Repeat("a", 900)},
	} {
		most := min(1000, limit/lengthOf(c))
		for count, want := range map[int]int{1: 1, most: 1, most + 1: 2, 2*most + 1: 3} {
			if got := len(git.BatchesOf(slices.Repeat([]mirror.Change{c}, count))); got != want {
				t.Errorf("%s: %d refs are %d parts, want %d", name, count, got, want)
			}
		}
	}
}

func TestPointers(t *testing.T) {
	oid := strings.Repeat("ab", 32)
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid + "\nsize 12\n"
	object := func(kind, content string) string {
		return fmt.Sprintf("%s %s %d\n%s\n", strings.Repeat("1", 40), kind, len(content), content)
	}
	output := object("commit", "tree 1\n\n"+pointer) + object("blob", "text\n"+pointer) + strings.Repeat("2", 40) + " missing\n" +
		object("blob", pointer) + object("blob", pointer) +
		object("blob", strings.Replace(pointer, "ab", "zz", 1)) + object("blob", strings.Replace(pointer, "12", "x", 1)) + object("blob", "")
	for _, size := range []int{1, 7, 4096} {
		got, err := git.Pointers(output, size)
		if want := []git.Pointer{{Blob: strings.Repeat("1", 40), OID: oid, Size: 12}}; err != nil || !slices.Equal(got, want) {
			t.Errorf("in parts of %d: %v, %v", size, got, err)
		}
		if got, err := git.Pointers(object("blob", pointer), size); err != nil || len(got) != 1 {
			t.Errorf("at the end, in parts of %d: %v, %v", size, got, err)
		}
	}
}

// Listings are asked for the mirrored namespaces only.
func TestListOptions(t *testing.T) {
	t.Parallel()
	if got := git.ListOptions(); !slices.Equal(got, []string{"--heads", "--tags"}) {
		t.Errorf("got %q", got)
	}
}

// Output that reaches its limit is kept; with any more, the command fails.
func TestCappedOutput(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		parts   []string
		want    string
		dropped bool
	}{
		{[]string{"abc"}, "abc", false},
		{[]string{"abc", "de"}, "abcde", false},
		{[]string{"abcdef"}, "", true},
		{[]string{"abc", "def"}, "abc", true},
	} {
		if got, dropped := git.Cap(5, test.parts...); got != test.want || dropped != test.dropped {
			t.Errorf("%q: got %q, %v", test.parts, got, dropped)
		}
	}
}

// Of messages, the last 256 KiB are kept.
func TestLastMessages(t *testing.T) {
	t.Parallel()
	most := strings.Repeat("x", 256<<10)
	for _, test := range []struct {
		parts []string
		want  string
	}{
		{[]string{"one ", "two"}, "one two"},
		{[]string{most}, most},
		{[]string{"one", most}, most},
		{[]string{most, "one"}, most[3:] + "one"},
	} {
		if got := git.LastMessages(test.parts...); got != test.want {
			t.Errorf("of %d parts, %d bytes are kept, want %d", len(test.parts), len(got), len(test.want))
		}
	}
}

func TestIsOldLFS(t *testing.T) {
	for version, want := range map[string]bool{
		"2.13.3": true, "3.3.0": true, "3.6.0": true, "3.6.0-pre": true,
		"3.6.1": false, "3.7.0": false, "3.10.0": false, "4.0.0": false, "10.0.0": false, "3.7.0-pre": false, "": false, "unknown": false,
	} {
		if got := git.IsOldLFS(version); got != want {
			t.Errorf("%s: got %v", version, got)
		}
	}
}
