package action

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-e1d06701/bitbucket-auth/internal/fault"
	"github.com/seed-e1d06701/bitbucket-auth/internal/input"
	"github.com/seed-e1d06701/bitbucket-auth/internal/server"
)

// Each character that has a meaning in GitHub's Markdown is shown as itself (GitHub
// Flavored Markdown, 2.4 and 6.1), and so are mentions and issues.
func TestLiteral(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain text-1.2/x:y": "plain text-1.2/x:y", "": "",
		"&": "&amp;", "<": "&lt;", ">": "&gt;", `\`: `\\`, "`": "\\`", "*": `\*`, "_": `\_`, "[": `\[`, "]": `\]`, "|": `\|`,
		"~": `\~`, "@": `\@`, "#": `\#`, "!": `\!`, "$": `\$`, "a~~b~~": `a\~\~b\~\~`,
		"two\nlines\r|": `two lines \|`, "::error::x": ": :error::x", "##[group]": `\#\# \[group\]`,
		"éééééé": "éééééé", "0123456789": "0123456789", "0123456789é": "0123456789…", "éééééééééé1": "éééééééééé…",
	} {
		length := 10
		if len(text) > len("0123456789") && !strings.ContainsAny(text, "é") {
			length = 100
		}
		if got := literal(text, length); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if full := strings.Repeat("x", 120); cell(full) != full || cell(full+"x") != full+"…" {
		t.Errorf("a cell of 121 characters: got %q", cell(full+"x"))
	}
}

// Times are shown in UTC, wherever the clock is.
func TestTimestamp(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 0, 30, 0, 0, time.FixedZone("CET", 3600))
	if got := timestamp(at); got != "2026-11-20T23:30:00Z" {
		t.Errorf("got %s", got)
	}
	if got := timestamp(time.Time{}); got != "" {
		t.Errorf("no time: got %s", got)
	}
}

// Bitbucket knows better than expires-on when a minted token expires.
func TestExpiryInSummaries(t *testing.T) {
	t.Parallel()
	minted, set := time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC), time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		minted, set time.Time
		want        string
	}{
		{want: ""},
		{set: set, want: "2027-01-31 (set by expires-on)"},
		{minted: minted, want: "2026-11-20T23:30:00Z"},
		{minted: minted, set: set, want: "2026-11-20T23:30:00Z"},
	} {
		o := outcome{settings: &input.Settings{Common: input.Common{ExpiresOn: test.set}}, verification: verification{expiresAt: test.minted}}
		if got := o.expiry(); got != test.want {
			t.Errorf("%v, %v: got %q, want %q", test.minted, test.set, got, test.want)
		}
	}
}

// Later steps don't have the folders that the runner mounts for a container action.
func TestFilesOfLaterSteps(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"": "", "/github/workspace/ca.pem": "", "/github/home/ca.pem": "", "/github/file_commands/x": "",
		"/etc/ssl/ca.pem": "/etc/ssl/ca.pem", "/home/github/ca.pem": "/home/github/ca.pem", "/githubber/ca.pem": "/githubber/ca.pem",
	} {
		if got := laterCAFile(input.CA{File: file}); got != want {
			t.Errorf("%s: got %q", file, got)
		}
	}
}

// Git logs in to a path as Bitbucket spells it, as it is set, and in lower case.
func TestSpellings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		normal, set string
		want        []string
	}{
		{"team/repo", "team/repo", []string{"team/repo"}},
		{"team/repo", "Team/Repo", []string{"Team/Repo", "team/repo"}},
		{"PROJ/Repo", "Proj/REPO", []string{"PROJ/Repo", "Proj/REPO", "proj/repo"}},
	} {
		if got := spellings(test.normal, test.set); !slices.Equal(got, test.want) {
			t.Errorf("%s, %s: got %q", test.normal, test.set, got)
		}
	}
}

// SSH addresses are those of the server's own ports, and of the port that was seen.
func TestSSHAddresses(t *testing.T) {
	t.Parallel()
	ports := func(on server.Server, seen string) (found []string) {
		for _, address := range sshAddresses(on, seen) {
			if rest, isURL := strings.CutPrefix(address, "ssh://"); isURL {
				if _, port, ok := strings.Cut(strings.TrimSuffix(rest, "/"), ":"); ok {
					found = append(found, port)
				}
			}
		}
		return found
	}
	dataCenter := server.Cloud
	dataCenter.DataCenter = true
	for seen, want := range map[string][]string{"": {"22", "7999"}, "22": {"22", "7999"}, "7999": {"22", "7999"}, "2222": {"22", "7999", "2222"}} {
		if got := ports(dataCenter, seen); !slices.Equal(got, want) {
			t.Errorf("a Data Center, port %q: got %q", seen, got)
		}
		if got := ports(server.Cloud, seen); !slices.Equal(got, []string{"22", "443"}) {
			t.Errorf("Cloud, port %q: got %q", seen, got)
		}
	}
}

// A summary contains the log's warnings without the rest, each of them and all together cut
// to a readable length.
func TestWarningsOfASummary(t *testing.T) {
	t.Parallel()
	warning := func(length int) fault.Remark {
		return fault.Warn(fault.New(fault.Pattern, strings.Repeat("x", length)))
	}
	const more = "- ⚠️ more warnings are in the log\n"
	line := func(length int) string {
		return "- ⚠️ " + strings.Repeat("x", length) + " (" + fault.Pattern.ID + ")\n"
	}
	for name, test := range map[string]struct {
		reported []fault.Remark
		want     string
	}{
		"none":         {nil, ""},
		"others":       {[]fault.Remark{fault.Noticef("a notice"), fault.Infof("an information")}, ""},
		"short ones":   {[]fault.Remark{warning(10), fault.Noticef("a notice"), warning(20)}, line(10) + line(20) + "\n"},
		"a long one":   {[]fault.Remark{warning(500)}, "- ⚠️ " + strings.Repeat("x", 200) + "…\n\n"},
		"many of them": {slices.Repeat([]fault.Remark{warning(150)}, 9), strings.Repeat(line(150), 5) + more + "\n"},
		"1000 bytes":   {slices.Repeat([]fault.Remark{warning(181)}, 5), strings.Repeat(line(181), 5) + "\n"},
		"1001 bytes":   {append(slices.Repeat([]fault.Remark{warning(181)}, 4), warning(182), warning(1)), strings.Repeat(line(181), 4) + more + "\n"},
	} {
		b := strings.Builder{}
		b.WriteString(strings.Repeat("before ", 200))
		start := b.Len()
		warnings(&b, test.reported)
		if got := b.String()[start:]; got != test.want {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, test.want)
		}
	}
}

// A fault in a summary contains nothing secret, and its sentence and hints are cut.
func TestFaultOfASummary(t *testing.T) {
	t.Parallel()
	r := &run{masked: []string{"s3cret"}}
	long := strings.Repeat("y", 700)
	page := r.pageOfFault(fault.New(fault.Pattern, "s3cret "+long, "a hint with s3cret", "z"+long))
	cut := strings.Repeat("y", 600-len("*** "))
	for _, want := range []string{`❌ \*\*\* ` + cut + "… ([" + fault.Pattern.ID + "](", "\n- a hint with \\*\\*\\*\n", "\n- z" + strings.Repeat("y", 599) + "…\n"} {
		if !strings.HasPrefix(page, "### Bitbucket credential\n\n") || !strings.Contains(page, want) {
			t.Errorf("%q isn't in %q", want, page)
		}
	}
}
